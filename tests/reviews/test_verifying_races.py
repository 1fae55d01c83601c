"""Answers, deadlines and withdrawals that come together: one counts. On real connections."""

from __future__ import annotations

import json

import pytest

from assurance.controls.models import CheckRun
from assurance.record.ledger import Stream, types, verify
from reviews import aftermath, verifying
from reviews.models import Case
from tests.racing import race, refusals
from tests.reviews.conftest import MINUTE, NOON, SECOND, SYSTEM
from tests.reviews.verifying import LATER, asks, known_as, posted, workflow_asking
from tests.verifier_double import ACCEPTED, VerifierDouble

pytestmark = pytest.mark.django_db(transaction=True)
DEADLINE = NOON + 15 * MINUTE


@pytest.fixture
def double(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""
    with VerifierDouble(behave=ACCEPTED) as one:
        known_as("judge", one)
        yield one


@pytest.fixture
def case(cast, double) -> Case:
    return posted(workflow_asking(cast, asks(answer_within=LATER)))


def late(double, outcome, *, at=NOON + MINUTE):
    question = double.last
    run = CheckRun.objects.get()
    token, data = question.body["answer"]["token"], json.dumps(question.answer(outcome)).encode()
    return lambda: verifying.take_answer(run.pk, token, data, at=at)


def test_of_eight_answers_with_one_token_one_counts(case, double):
    answers = [late(double, outcome) for outcome in ("pass", "fail") * 4]

    results = race(answers)

    taken = [one for one in results if isinstance(one, CheckRun)]
    assert len(taken) == 1
    assert len(refusals(results, "verification_answered")) == 7
    after = Case.objects.get()
    assert after.state == ("continued" if taken[0].outcome == "pass" else "open")
    assert types(Stream.case(case.id)).count("case.verified") == 1
    assert not list(verify())


def test_an_answer_and_many_sweeps_judge_a_case_once(case, double):
    sweeps = [lambda: verifying.sweep(DEADLINE + SECOND)] * 5

    results = race([late(double, "pass"), late(double, "pass", at=DEADLINE + SECOND), *sweeps])

    assert types(Stream.case(case.id)).count("case.verified") == 1
    after, run = Case.objects.get(), CheckRun.objects.get()
    assert (after.state, run.outcome) in {("continued", "pass"), ("open", "timeout")}
    assert all(one is not None for one in results)
    assert not list(verify())


def test_a_withdrawal_and_an_answer_leave_the_case_in_one_end(case, double):
    def withdraw():
        return aftermath.withdraw(Case.objects.get(), actor=SYSTEM, at=NOON + MINUTE)

    race([late(double, "pass"), withdraw, lambda: verifying.sweep(DEADLINE + SECOND)])

    after = Case.objects.get()
    story = types(Stream.case(case.id))
    assert after.state in {"closed", "continued", "open"}
    assert story.count("case.verified") + story.count("case.closed") >= 1
    assert not list(verify())


def test_many_workers_put_each_question_once(cast, double):
    from assurance.controls.models import Workflow
    from reviews import intake
    from tests.reviews.verifying import body_of

    workflow_asking(cast, asks())
    workflow = Workflow.objects.get()
    double.behave = lambda question: ACCEPTED(question)
    for number in range(6):
        body = body_of(workflow, external_id=f"b-{number}")
        intake.submit(body, workflow=workflow, client=None, actor=SYSTEM, at=NOON)

    counts = race([lambda: verifying.ask_queued(lambda: NOON)] * 4)

    assert sum(counts) == 6
    assert len({one.body["check_run_id"] for one in double.questions}) == len(double.questions) == 6
    assert set(Case.objects.values_list("state", flat=True)) == {"open"}
