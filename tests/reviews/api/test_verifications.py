"""`POST verifications/{check_run_id}/`, and what callers see of a case that a verifier judges."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from assurance import clock
from assurance.controls.models import CheckRun
from assurance.controls.verifiers import create_verifier
from assurance.delivery import network
from reviews import verifying
from reviews.models import Case
from tests.controls_factories import make_workflow
from tests.reviews.api.conftest import (
    NOBODY,
    Caller,
    a_case,
    assert_case,
    assert_problem,
    claimed,
    system_of,
)
from tests.reviews.conftest import WHY
from tests.reviews.verifying import LATER, asks
from tests.verifier_double import (
    ACCEPTED,
    HANGS,
    JUNK,
    SECRET,
    TEN_MB,
    WRONG_HASH,
    VerifierDouble,
    says,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def double(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""
    with VerifierDouble() as one:
        create_verifier("judge", one.url, by=None, at=clock.now(), secret=SECRET, name="Judge")
        yield one


@pytest.fixture
def credit(cast, double):
    """Instead of the usual one: its only control asks the verifier."""
    return make_workflow(
        "credit-decisions",
        controls=[asks(answer_within=LATER)],
        owner=cast.grace,
        members=[cast.ada, cast.ben, cast.dev],
        specialists=[cast.cleo],
        governors=[cast.grace, cast.gus],
    )


def answered(
    double: VerifierDouble, body: Any = None, *, token: str | None = None, run: str = ""
) -> Any:
    question = double.last
    token = question.body["answer"]["token"] if token is None else token
    run = run or question.body["check_run_id"]
    said = question.answer() if body is None else body
    return Caller().post(f"verifications/{run}/", said, Authorization=f"Bearer {token}")


def test_a_verifier_that_answers_at_once_is_part_of_the_201(scorecard, double):
    double.behave = says("fail", findings=[{"path": "output.amount", "message": "Not 900."}],
                         suggested_value={"amount": 800})  # fmt: skip

    said = scorecard.post("cases/", a_case(900)).json()

    assert_case(said)
    assert (said["status"], said["disposition"], said["proceed"]) == ("waiting", "review", None)
    assert said["decided_by"] == ["EXT-01"]
    assert said["controls"][0]["findings"][1]["suggested_value"] == {"amount": 800}
    assert said["id"] == double.last.body["case_id"]


def test_a_verifying_case_says_so_and_its_late_answer_is_taken_once(scorecard, double):
    double.behave = ACCEPTED
    said = scorecard.post("cases/", a_case(900)).json()

    assert_case(said)
    assert (said["status"], said["disposition"], said["proceed"]) == ("verifying", None, None)
    assert (said["queue"], said["due_at"], said["decision"]) == (None, None, None)
    assert [one["id"] for one in scorecard.get("cases/", status="verifying").json()["results"]] == [
        said["id"]
    ]

    taken = answered(double)
    again = answered(double)

    assert taken.status_code == 200
    assert taken.json()["outcome"] == "pass"
    assert_problem(again, 409, "verification_answered")
    read = scorecard.get(f"cases/{said['id']}/").json()
    assert (read["status"], read["disposition"], read["proceed"]) == ("continued", "continue", True)


def test_after_the_deadline_the_answer_is_refused_and_the_case_stays_with_people(scorecard, double):
    double.behave = ACCEPTED
    said = scorecard.post("cases/", a_case(900)).json()
    CheckRun.objects.update(deadline=clock.now() - timedelta(seconds=1))
    Case.objects.update(verify_by=clock.now() - timedelta(seconds=1))

    refused = answered(double)
    verifying.sweep(clock.now())

    assert_problem(refused, 409, "verification_closed")
    read = scorecard.get(f"cases/{said['id']}/").json()
    assert (read["status"], read["disposition"]) == ("waiting", "review")


@pytest.mark.parametrize("token", ["", "wrong", "cm_live_x_y"])
def test_without_its_token_a_question_is_as_unknown_as_none(token, scorecard, double):
    double.behave = ACCEPTED
    scorecard.post("cases/", a_case(900))

    there = answered(double, token=token)
    missing = answered(double, token=token, run=NOBODY)
    nonsense = answered(double, token=token, run="nonsense")

    for answer in (there, missing, nonsense):
        assert_problem(answer, 401, "not_authenticated")
    assert there.json()["detail"] == missing.json()["detail"] == nonsense.json()["detail"]
    assert Case.objects.get().state == "verifying"


def test_nobodys_session_and_no_key_opens_a_question(scorecard, people, double):
    double.behave = ACCEPTED
    scorecard.post("cases/", a_case(900))
    path = f"verifications/{double.last.body['check_run_id']}/"

    for caller in (scorecard, people.ada, people.grace, people.otto, system_of()):
        assert caller.post(path, double.last.answer()).status_code == 401


def test_the_token_of_one_question_opens_no_other(scorecard, double):
    double.behave = ACCEPTED
    scorecard.post("cases/", a_case(900))
    first = double.last
    scorecard.post("cases/", a_case(900))

    assert_problem(answered(double, token=first.body["answer"]["token"]), 401, "not_authenticated")


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"[]", b'{"outcome": "pass"}', b" " * 70_000, b"\xff\xfe{}"],
    ids=["html", "nothing", "a list", "unbound", "too large", "utf-16"],
)
def test_a_late_answer_that_is_none_is_refused_and_a_person_decides(body, scorecard, double):
    double.behave = ACCEPTED
    said = scorecard.post("cases/", a_case(900)).json()

    assert_problem(answered(double, body), 422, "verification_refused")

    read = scorecard.get(f"cases/{said['id']}/").json()
    assert (read["status"], read["disposition"]) == ("waiting", "review")


def test_an_answer_before_it_was_announced_is_told_to_come_again(scorecard, double):
    double.behave = ACCEPTED
    scorecard.post("cases/", a_case(900))
    CheckRun.objects.update(status="asking")

    answer = answered(double)

    assert_problem(answer, 409, "verification_not_announced")
    assert answer["Retry-After"] == "1"


def test_the_same_request_again_asks_no_verifier_again(scorecard, double):
    body = a_case(900)

    first = scorecard.post("cases/", body, idempotency_key="k")
    again = scorecard.post("cases/", body, idempotency_key="k")
    third = scorecard.post("cases/", body)

    assert first.content == again.content
    assert third.json()["id"] == first.json()["id"]
    assert len(double.questions) == 1


def test_a_dry_run_asks_nobody_and_says_so(scorecard, double):
    said = scorecard.post("assessments/", a_case(900)).json()

    assert double.questions == []
    assert CheckRun.objects.count() == 0
    assert said["disposition"] == "review"
    assert "a dry run calls nobody" in said["controls"][0]["message"]


def test_a_batch_asks_nobody_inline(scorecard, double):
    answer = scorecard.post("cases/batch/", {"cases": [a_case(900), a_case(901)]})

    assert [one["body"]["status"] for one in answer.json()["results"]] == ["verifying"] * 2
    assert double.questions == []
    assert verifying.ask_queued(clock.now) == 2
    assert set(Case.objects.values_list("state", flat=True)) == {"continued"}


def test_a_new_draft_is_shown_to_the_verifier_anew(cast, double):
    make_workflow(
        "claims-letters",
        controls=[asks("EXT-09", effects={"fail": "return"}, instructions="Do better.")],
        owner=cast.gus,
    )
    writer = system_of("claims-letters")
    double.behave = says("fail")
    said = writer.post("cases/", a_case(900, workflow="claims-letters")).json()
    double.behave = says("pass")

    again = writer.post(f"cases/{said['id']}/revisions/", {"output": {"amount": 800}})

    assert said["status"] == "returned"
    assert again.json()["status"] == "continued"
    assert double.last.body["output"]["payload"] == {"amount": 800}
    assert double.last.body["case_id"] == said["id"]


def corrected(person: Caller, case: dict[str, Any]) -> Any:
    body = {
        "lease": claimed(person, case),
        "outcome": "correct",
        "reasons": ["figure-wrong"],
        "rationale": WHY,
        "output": {"amount": 800},
    }
    return person.post(f"cases/{case['id']}/decisions/", body)


def test_a_correction_is_shown_to_the_verifier_too(scorecard, people, double):
    double.behave = says("fail")
    case = scorecard.post("cases/", a_case(900)).json()
    double.behave = says("pass")

    answer = corrected(people.ada, case)

    assert answer.status_code == 201, answer.content
    assert double.last.body["output"]["payload"] == {"amount": 800}
    assert "answer" not in double.last.body


@pytest.mark.parametrize("behave", [says("fail"), WRONG_HASH, JUNK, HANGS, ACCEPTED, TEN_MB])
def test_a_correction_that_the_verifier_does_not_pass_is_refused(behave, scorecard, people, double):
    double.behave = says("fail")
    case = scorecard.post("cases/", a_case(900)).json()
    double.behave = behave

    answer = corrected(people.ada, case)

    assert_problem(answer, 422, "correction_refused")


def test_who_may_not_decide_makes_no_verifier_work(scorecard, people, double):
    double.behave = says("fail")
    case = scorecard.post("cases/", a_case(900)).json()
    claimed(people.ben, case)
    body = {"lease": 1, "outcome": "correct", "output": {"amount": 800}, "rationale": WHY,
            "reasons": ["figure-wrong"]}  # fmt: skip

    assert people.ada.post(f"cases/{case['id']}/decisions/", body).status_code == 409
    assert len(double.questions) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [{}, {"idempotency_key": "k"}], ids=["plain", "with a key"])
def test_no_verifier_is_called_inside_a_transaction(key, scorecard, people, double, monkeypatch):
    seen, really = [], network.post

    def watched(*args: Any, **kwargs: Any) -> network.Reply:
        seen.append(connection.in_atomic_block)
        return really(*args, **kwargs)

    monkeypatch.setattr(network, "post", watched)
    double.behave = says("fail")
    case = scorecard.post("cases/", a_case(900), **key).json()
    double.behave = says("pass")
    corrected(people.ada, case)
    scorecard.post("cases/batch/", {"cases": [a_case(900)]})
    verifying.ask_queued(clock.now)

    assert seen == [False, False, False]


def test_the_page_of_the_case_says_why_the_check_did_not_run(scorecard, people, double):
    double.behave = JUNK
    case = scorecard.post("cases/", a_case(900)).json()

    page = people.ada.client.get(f"/cases/{case['reference']}/").content.decode()

    assert "answered something that cannot be read" in page
    assert "The outside judge agrees: could not run" in page


def test_the_page_of_a_verifying_case_is_shown(scorecard, people, double):
    double.behave = ACCEPTED
    case = scorecard.post("cases/", a_case(900)).json()

    page = people.grace.client.get(f"/cases/{case['reference']}/")
    listed = people.grace.client.get("/cases/?status=verifying")

    assert page.status_code == 200
    assert "Verifying" in page.content.decode()
    assert case["reference"] in listed.content.decode()


def test_the_question_is_answered_by_the_json_that_was_documented(scorecard, double):
    double.behave = ACCEPTED
    scorecard.post("cases/", a_case(900))
    run = CheckRun.objects.get()

    answer = answered(double, {**double.last.answer("fail"), "unknown": 1})

    assert answer.json() == {
        "check_run_id": str(run.id),
        "outcome": "fail",
        "reason_code": "not-supported",
        "answered_at": answer.json()["answered_at"],
    }
    assert json.dumps(answer.json())
