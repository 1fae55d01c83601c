"""REST: where a workflow stands, pausing it and resuming it, and how each is refused."""

from __future__ import annotations

import pytest

from assurance.controls.models import Workflow
from assurance.record import ledger
from tests.reviews.api.conftest import a_case, assert_instants, assert_problem, claimed

pytestmark = pytest.mark.django_db

PLACE = "workflows/credit-decisions/"
KEYS = {
    *("slug", "name", "tier", "stage", "paused", "reason", "since", "all_review", "owner"),
    *("deputy", "builders", "control_set", "counts", "url", "web_url"),
}


def test_a_person_and_the_system_read_where_the_workflow_stands(credit, people, scorecard, submit):
    claimed(people.ada, submit())
    submit()

    for caller in (people.ada, people.dev, people.otto, scorecard):
        answer = caller.get(PLACE)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert set(told) == KEYS
        assert (told["stage"], told["paused"], told["since"]) == ("limited", False, None)
        assert told["counts"] == {
            "waiting": 1, "in_review": 1, "decided": 0, "paused": 0, "returned": 0,
        }  # fmt: skip
        assert told["owner"] == "grace"
        assert told["control_set"]["number"] == 1


def test_while_paused_a_post_answers_pause_and_after_it_the_case_waits(
    credit, people, scorecard, submit
):
    paused = people.dev.post(f"{PLACE}pause/", {"reason": "Wrong sums."})
    assert paused.status_code == 200, paused.content
    assert (paused.json()["paused"], paused.json()["reason"]) == (True, "Wrong sums.")
    assert_instants(paused.json())
    held = submit(10)
    assert (held["status"], held["disposition"], held["proceed"]) == ("paused", "pause", None)
    assert people.dev.get(PLACE).json()["counts"]["paused"] == 1

    resumed = people.grace.post(f"{PLACE}resume/", {"reason": "Mended."})

    assert resumed.status_code == 200, resumed.content
    assert resumed.json()["paused"] is False
    now = scorecard.get(f"cases/{held['id']}/").json()
    assert (now["status"], now["disposition"]) == ("waiting", "review")
    assert submit(10)["status"] == "continued"


def test_a_paused_workflow_says_so_in_a_dry_run_and_on_a_revision_too(credit, people, scorecard):
    people.dev.post(f"{PLACE}pause/", {"reason": "Wrong sums."})

    answer = scorecard.post("assessments/", a_case(10))

    assert answer.json()["disposition"] == "pause"


@pytest.mark.parametrize(
    ("who", "act", "status", "code"),
    [
        ("ada", "pause", 403, "role_missing"),
        ("otto", "pause", 403, "role_missing"),
        ("mallory", "pause", 404, "not_found"),
        ("dev", "resume", 403, "role_missing"),
        ("grace", "resume", 409, "not_paused"),
    ],
)
def test_refusals_are_sentences(credit, people, who, act, status, code):
    answer = getattr(people, who).post(f"{PLACE}{act}/", {"reason": "Because."})

    assert_problem(answer, status, code)
    assert not Workflow.objects.paused().exists()


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({}, 400, "required", "/reason"),
        ({"reason": 7}, 400, "wrong_type", "/reason"),
        ({"reason": "x", "until": "tomorrow"}, 400, "unknown_field", "/until"),
        ({"reason": "   "}, 422, "required", "/reason"),
        ({"reason": "x" * 2001}, 422, "too_long", "/reason"),
    ],
)
def test_a_bad_reason_is_refused_with_its_place(credit, people, body, status, code, pointer):
    answer = people.dev.post(f"{PLACE}pause/", body)

    document = answer.json()
    assert answer.status_code == status, document
    assert document["errors"][0]["pointer"] == pointer
    assert document["errors"][0]["code"] == code, document


def test_a_second_pause_names_the_reason_of_the_first(credit, people):
    people.dev.post(f"{PLACE}pause/", {"reason": "Wrong sums."})

    document = assert_problem(
        people.grace.post(f"{PLACE}pause/", {"reason": "Too."}), 409, "already_paused"
    )

    assert "Wrong sums." in document["detail"]
    assert document["since"]


def test_the_same_key_pauses_once(credit, people):
    first = people.dev.post(f"{PLACE}pause/", {"reason": "Wrong."}, idempotency_key="p-1")
    again = people.dev.post(f"{PLACE}pause/", {"reason": "Wrong."}, idempotency_key="p-1")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert ledger.types(ledger.Stream.workflow(credit.slug)).count("workflow.paused") == 1


def test_a_system_reads_and_never_pauses(credit, scorecard):
    assert_problem(scorecard.post(f"{PLACE}pause/", {"reason": "I want."}), 403, "role_missing")
