"""The gate page and its REST act: signing by two, moving back by one, drills."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assurance import clock
from assurance.controls import gate
from assurance.controls.gate import holds
from assurance.controls.models import Drill, GateSnapshot, StageMove, Workflow
from reviews import intake
from tests.controls_factories import make_workflow, policy, verification
from tests.reviews.api.conftest import Caller, assert_problem
from tests.reviews.conftest import NOON, SYSTEM

pytestmark = pytest.mark.django_db

PAGE = "/workflows/credit-decisions/gate/"
STEP = "workflows/credit-decisions/stage/"


@pytest.fixture
def pilot(cast) -> Workflow:
    return make_workflow(
        controls=[policy(), verification()],
        owner=cast.grace,
        members=[cast.ada],
        governors=[cast.grace, cast.gus],
        stage="pilot",
    )


@pytest.fixture
def sign_in(client, cast, settings):
    settings.PLAIN_HTTP, settings.COUNTERMARK_RATE = True, 0

    def _sign_in(name: str):
        client.force_login(getattr(cast, name))
        return client

    return _sign_in


@pytest.fixture
def open_gate(monkeypatch):
    measures = {number: [lambda w, at: [holds("It does.", 1)]] for number in gate.CRITERIA}
    monkeypatch.setattr(gate, "_measures", measures)


def main_of(answer) -> str:
    return answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]


def test_the_page_says_of_each_criterion_what_it_rests_on_and_which_bind(pilot, sign_in):
    text = main_of(sign_in("grace").get(PAGE))

    for number, title in gate.CRITERIA.items():
        assert f"{number}. </span>{title}" in text
    assert "To go to Limited, a workflow of high tier meets 8 criteria" in text
    assert "Cannot say (n=0)" in text
    assert "not asked for Limited" in text
    assert "It can be signed once every criterion that binds holds." in text
    assert "Why is it ready?" not in text


def test_two_owners_sign_on_the_page_and_the_hash_is_shown_between(pilot, sign_in, open_gate):
    grace = sign_in("grace")
    assert "Sign for Limited" in main_of(grace.get(PAGE))
    assert grace.post(f"{PAGE}stage/", {"to": "limited", "reason": "Ready."}).url == PAGE
    between = main_of(grace.get(PAGE))
    assert GateSnapshot.objects.get().sha256 in between
    assert "You signed." in between
    assert "Sign second" not in between

    gus = sign_in("gus")
    assert "Sign second for Limited" in main_of(gus.get(PAGE))
    gus.post(f"{PAGE}stage/", {"to": "limited", "reason": "Agreed."})

    assert Workflow.objects.get().stage == "limited"
    assert "Pilot to Limited" in main_of(gus.get(PAGE))


def test_the_page_takes_as_many_queries_with_fifty_cases_as_with_five(pilot, sign_in):
    def fill(*numbers: int) -> None:
        for number in numbers:
            at = NOON + timedelta(minutes=number)
            body = {"workflow": pilot.slug, "external_id": f"a-{number}",
                    "output": {"amount": number}}  # fmt: skip
            intake.submit(body, workflow=pilot, client=None, actor=SYSTEM, at=at)

    def ask() -> int:
        with clock.shifted(NOON + timedelta(hours=2) - clock.now()):
            grace = sign_in("grace")
            grace.get(PAGE)
            with CaptureQueriesContext(connection) as queries:
                assert "20 stored judgements" in main_of(grace.get(PAGE))
        return len(queries)

    fill(*range(25))
    few = ask()

    fill(*range(25, 75))

    assert ask() == few < 70


def test_a_closed_gate_names_what_does_not_hold(pilot, sign_in):
    answer = sign_in("grace").post(f"{PAGE}stage/", {"to": "limited", "reason": "Ready."})

    assert answer.status_code == 409
    assert "8. No serious incident is open: No record of this is kept yet." in main_of(answer)


def test_one_owner_moves_it_back_on_the_page(pilot, sign_in):
    gus = sign_in("gus")
    assert "Move it back" in main_of(gus.get(PAGE))

    gus.post(f"{PAGE}stage/", {"to": "suspended", "reason": "It errs."})

    assert Workflow.objects.get().is_paused
    assert "It is suspended. It is moved to pilot first" in main_of(gus.get(PAGE))


@pytest.mark.parametrize("who", ["dev", "otto", "ada"])
def test_who_only_reads_gets_no_form_and_acts_on_nothing(pilot, sign_in, who):
    reader = sign_in(who)

    text = main_of(reader.get(PAGE))
    step = reader.post(f"{PAGE}stage/", {"to": "suspended", "reason": "x"})
    drill = reader.post(f"{PAGE}drills/", {"kind": "kill_switch", "held_at": "2026-01-01T10:00"})

    assert "<form" not in text
    assert (step.status_code, drill.status_code) == (403, 403)
    assert not StageMove.objects.exists()
    assert not Drill.objects.exists()


def test_whom_it_does_not_concern_finds_nothing(pilot, sign_in):
    mallory = sign_in("mallory")

    assert mallory.get(PAGE).status_code == 404
    for act in ("stage/", "drills/", "drills/1/confirm/"):
        assert mallory.post(PAGE + act, {"to": "pilot", "reason": "x"}).status_code == 404


def test_a_drill_is_entered_by_one_and_confirmed_by_another_on_the_page(pilot, sign_in, cast):
    said = {
        "kind": "escalation", "held_at": "2026-01-02T10:30", "result": "passed",
        "evidence": "https://example.com/d", "note": "Three minutes.",
    }  # fmt: skip
    grace = sign_in("grace")
    assert grace.post(f"{PAGE}drills/", said).status_code == 302
    drill = Drill.objects.get()
    own = main_of(grace.get(PAGE))
    assert "not confirmed yet" in own
    assert f"drills/{drill.pk}/confirm/" not in own

    gus = sign_in("gus")
    assert f"drills/{drill.pk}/confirm/" in main_of(gus.get(PAGE))
    gus.post(f"{PAGE}drills/{drill.pk}/confirm/")

    assert "confirmed by Gus Lind" in main_of(gus.get(PAGE))


@pytest.mark.parametrize("when", ["", "yesterday", "2026-13-45T10:00", "0001-01-01T00:00"])
def test_a_drill_without_a_moment_is_refused_and_what_was_typed_stays(pilot, sign_in, when):
    answer = sign_in("grace").post(
        f"{PAGE}drills/",
        {"kind": "escalation", "held_at": when, "result": "passed", "note": "Three minutes.",
         "evidence": "https://example.com/d"},
    )  # fmt: skip

    assert answer.status_code == 422
    assert "Say when the drill was held" in main_of(answer)
    assert "Three minutes." in main_of(answer)


def test_rest_signs_in_two_steps_and_says_which_is_missing(pilot, sign_in, open_gate):
    caller = Caller(sign_in("grace"))
    first = caller.post(STEP, {"to": "limited", "reason": "Ready."})
    assert first.status_code == 202, first.content
    told = first.json()
    assert (told["stage"], told["snapshot"]["waiting"]) == ("pilot", True)
    assert told["snapshot"]["signed_by"] == ["grace"]
    assert_problem(
        caller.post(STEP, {"to": "limited", "reason": "Ready."}), 403, "second_person_needed"
    )

    second = Caller(sign_in("gus")).post(STEP, {"to": "limited", "reason": "Agreed."})

    assert second.status_code == 200
    assert second.json()["stage"] == "limited"
    assert second.json()["snapshot"]["sha256"] == told["snapshot"]["sha256"]
    assert second.json()["snapshot"]["signed_by"] == ["grace", "gus"]


def test_rest_refuses_with_a_place_for_each_criterion(pilot, sign_in):
    answer = Caller(sign_in("grace")).post(STEP, {"to": "limited", "reason": "Ready."})

    document = assert_problem(answer, 409, "gate_closed", "/to")
    assert "criterion_8" in {one["code"] for one in document["errors"]}


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("grace", {"to": "nowhere", "reason": "x"}, 422, "not_a_choice"),
        ("grace", {"to": "governed", "reason": "x"}, 409, "stage_skipped"),
        ("grace", {"to": "observe", "reason": "x"}, 409, "not_back"),
        ("grace", {"to": "suspended", "reason": " "}, 422, "required"),
        ("grace", {"to": "suspended"}, 400, "body_invalid"),
        ("dev", {"to": "suspended", "reason": "x"}, 403, "role_missing"),
        ("mallory", {"to": "suspended", "reason": "x"}, 404, "not_found"),
    ],
)
def test_rest_refusals(pilot, sign_in, who, body, status, code):
    answer = Caller(sign_in(who)).post(STEP, body)

    assert answer.status_code == status, answer.content
    if code != "body_invalid":
        assert answer.json()["code"] == code
