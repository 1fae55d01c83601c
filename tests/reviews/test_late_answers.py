"""A verifier that says 202 lets its case wait as `verifying`: its answer or its deadline judges it,
and nothing else does. What comes too late is kept and changes nothing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from assurance.controls.live_set import live_set
from assurance.controls.models import Assessment, CheckRun, Verifier
from assurance.delivery import network
from assurance.delivery.models import Delivery
from assurance.errors import DomainError
from assurance.record.ledger import Stream, types, verify
from reviews import aftermath, intake, verifying
from reviews.answers import case_answer
from reviews.models import Case
from reviews.presenting import why
from tests.accounts_factories import ClientFactory
from tests.delivery_factories import EndpointFactory
from tests.reviews.conftest import MINUTE, NOON, SECOND, SYSTEM
from tests.reviews.verifying import (
    LATER,
    asks,
    body_of,
    known_as,
    policy,
    posted,
    workflow_asking,
)
from tests.verifier_double import ACCEPTED, FAULT, HANGS, JUNK, VerifierDouble, says

pytestmark = pytest.mark.django_db
DEADLINE = NOON + 15 * MINUTE


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""


@pytest.fixture
def double():
    with VerifierDouble(behave=ACCEPTED) as one:
        yield one


@pytest.fixture
def judge(double) -> Verifier:
    return known_as("judge", double)


@pytest.fixture
def workflow(cast, judge):
    return workflow_asking(cast, asks(answer_within=LATER))


@pytest.fixture
def case(workflow) -> Case:
    return posted(workflow)


def late(double, outcome="pass", *, at=NOON + MINUTE, token=None, **more) -> CheckRun:
    """Send the announced answer to the last question."""
    question = double.last
    run_id = question.body["check_run_id"]
    data = json.dumps(question.answer(outcome, **more)).encode()
    return verifying.take_answer(
        CheckRun.objects.get(pk=run_id).pk,
        question.body["answer"]["token"] if token is None else token,
        data,
        at=at,
    )


def now(case: Case) -> Case:
    return Case.objects.for_list().get(pk=case.pk)


def test_a_case_is_verifying_until_the_announced_answer_comes(case):
    said = case_answer(case, at=NOON)

    assert said["status"] == "verifying"
    assert [said[name] for name in ("disposition", "queue", "due_at", "proceed", "end")] == [
        None
    ] * 5
    assert case.verify_by == DEADLINE
    assert said["controls"][0]["outcome"] == "not_run"
    assert types(Stream.case(case.id)) == ["case.received", "case.assessed", "case.verifying"]
    assert not list(verify())


def test_the_token_is_sent_and_only_its_hash_is_kept(case, double):
    told = double.last.body["answer"]

    run = CheckRun.objects.get()
    assert told["url"].endswith(f"/api/v1/verifications/{run.id}/")
    assert told["deadline"] == "2031-01-06T12:15:00Z"
    assert told["token"] not in json.dumps(CheckRun.objects.values().get(), default=str)


@pytest.mark.parametrize(
    ("outcome", "state", "disposition", "proceed"),
    [("pass", "continued", "continue", True), ("fail", "open", "review", None)],
)
def test_the_late_answer_judges_and_places_the_case(
    outcome, state, disposition, proceed, case, double
):
    run = late(double, outcome)

    after = now(case)
    assert (after.state, after.disposition, after.proceed) == (state, disposition, proceed)
    assert after.verify_by is None
    assert (run.status, run.outcome, run.milliseconds is not None) == ("closed", outcome, True)
    assert after.assessment.purpose == "intake"
    assert "case.verified" in types(Stream.case(case.id))
    assert not list(verify())


def test_who_waits_hears_of_the_end_that_the_201_could_not_say(cast, judge, double):
    client = ClientFactory(workflows=["credit-decisions"])
    EndpointFactory(client=client)
    workflow = workflow_asking(cast, asks(answer_within=LATER))
    posted(workflow)
    before = Delivery.objects.count()

    late(double, "pass")

    assert before == Delivery.objects.filter(event_type="control_set.published").count()
    told = Delivery.objects.latest("pk")
    said = json.loads(bytes(told.body))["data"]
    assert (told.event_type, said["status"], said["proceed"]) == (
        "case.closed", "continued", True,
    )  # fmt: skip


def test_a_token_is_good_for_one_answer(case, double):
    late(double, "fail")

    with pytest.raises(DomainError) as refusal:
        late(double, "pass", at=NOON + 2 * MINUTE)

    assert refusal.value.code == "verification_answered"
    assert now(case).disposition == "review"
    assert CheckRun.objects.get().outcome == "fail"


@pytest.mark.parametrize("token", ["", "wrong", "0" * 43])
def test_another_token_is_told_nothing(token, case, double):
    with pytest.raises(DomainError) as refusal:
        late(double, token=token)

    assert (refusal.value.code, refusal.value.status) == ("not_authenticated", 401)
    assert now(case).state == "verifying"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"output_sha256": "0" * 64}, "wrong_binding"),
        ({"check_run_id": "0193f0a0-0000-7000-8000-000000000001"}, "wrong_binding"),
        ({"verifier": None}, "malformed"),
        ({"outcome": "fine"}, "malformed"),
    ],
)
def test_a_late_answer_that_is_none_sends_the_case_to_a_person(more, code, cast, judge, double):
    control = asks(answer_within=LATER, failure_policy="open_flagged")
    case = posted(workflow_asking(cast, control, tier="low"))
    outcome = more.pop("outcome", "pass")

    with pytest.raises(DomainError) as refusal:
        late(double, outcome, **more)

    assert (refusal.value.code, refusal.value.status) == ("verification_refused", 422)
    after = now(case)
    assert (after.state, after.disposition) == ("open", "review")
    assert CheckRun.objects.get().reason_code == code


def test_a_case_whose_answer_never_comes_goes_to_a_person_at_the_deadline(case):
    assert verifying.sweep(DEADLINE) == 0
    assert verifying.sweep(DEADLINE + SECOND) == 1

    after = now(case)
    assert (after.state, after.disposition, after.queue.slug) == ("open", "review", "credit-review")
    told = case_answer(after, at=NOON)["controls"][0]
    assert (told["outcome"], told["effect"]) == ("timeout", "review")
    assert "announced an answer that did not come in time" in told["message"]
    assert Verifier.objects.get().failures == 1
    assert not list(verify())


def test_an_answer_after_the_deadline_is_kept_and_changes_nothing(case, double):
    verifying.sweep(DEADLINE + SECOND)

    for minutes in (16, 17):
        with pytest.raises(DomainError) as refusal:
            late(double, "pass", at=NOON + minutes * MINUTE)
        assert (refusal.value.code, refusal.value.status) == ("verification_closed", 409)

    run = CheckRun.objects.get()
    assert (run.outcome, run.late_answer["outcome"]) == ("timeout", "pass")
    assert run.late_at == NOON + 16 * MINUTE
    assert now(case).disposition == "review"


def test_an_answer_between_the_deadline_and_the_sweep_is_too_late_as_well(case, double):
    with pytest.raises(DomainError, match="ended at"):
        late(double, "pass", at=DEADLINE + SECOND)

    assert now(case).state == "verifying"
    assert verifying.sweep(DEADLINE + 2 * SECOND) == 1
    assert now(case).disposition == "review"


def test_a_case_whose_answers_are_there_is_judged_by_the_sweep_if_nobody_else_did(case, double):
    CheckRun.objects.update(
        status="closed",
        outcome="pass",
        answered_at=NOON,
        answer={
            **double.last.answer(), "check_sha256": CheckRun.objects.get().check_sha256,
            "check_run": str(CheckRun.objects.get().pk), "message": "", "findings": [],
        },
    )  # fmt: skip

    assert verifying.sweep(NOON + SECOND) == 1
    assert now(case).state == "continued"


def test_a_withdrawn_case_is_not_judged_by_a_late_answer(case, double):
    aftermath.withdraw(case, actor=SYSTEM, at=NOON)

    run = late(double, "pass")

    assert run.outcome == "pass"
    after = now(case)
    assert (after.state, after.end) == ("closed", "withdrawn")
    assert not list(verify())


def test_of_two_verifiers_both_must_have_answered(cast, double, judge):
    with VerifierDouble(behave=ACCEPTED) as other:
        known_as("second", other)
        workflow = workflow_asking(
            cast,
            asks(answer_within=LATER),
            asks("EXT-02", verifier="second", answer_within=LATER),
        )
        case = posted(workflow)

        late(double, "pass")
        assert now(case).state == "verifying"
        late(other, "pass")

    assert now(case).state == "continued"


def test_in_observe_nothing_waits_for_an_answer(cast, judge, double):
    workflow = workflow_asking(cast, asks(answer_within=LATER), stage="observe")

    case = posted(workflow)

    assert (case.state, case.end, case.proceed) == ("closed", "observed", True)
    assert late(double, "fail").outcome == "fail"


def test_a_batch_asks_nobody_inline_and_a_worker_asks_later(workflow, double):
    double.behave = says("pass")

    case = intake.submit(
        body_of(workflow), workflow=workflow, client=None, actor=SYSTEM, at=NOON
    ).case

    assert (case.state, double.questions) == ("verifying", [])
    assert verifying.ask_queued(lambda: NOON + SECOND) == 1
    assert now(case).state == "continued"
    assert len(double.questions) == 1


@pytest.mark.parametrize("behave", [FAULT, JUNK, HANGS], ids=["500", "junk", "hangs"])
def test_what_a_worker_gets_no_answer_to_goes_to_a_person(behave, workflow, double):
    double.behave = behave
    case = intake.submit(
        body_of(workflow), workflow=workflow, client=None, actor=SYSTEM, at=NOON
    ).case

    verifying.ask_queued(lambda: NOON + SECOND)

    assert (now(case).state, now(case).disposition) == ("open", "review")


def test_a_queued_question_that_no_worker_takes_ends_at_its_deadline(workflow, double):
    case = intake.submit(
        body_of(workflow), workflow=workflow, client=None, actor=SYSTEM, at=NOON
    ).case

    assert verifying.sweep(NOON + timedelta(days=1)) == 1

    assert (now(case).state, now(case).disposition) == ("open", "review")
    assert double.questions == []


@pytest.mark.parametrize("mode", ["shadow", "advise"])
def test_a_control_without_effect_is_asked_in_the_background_and_delays_nothing(
    mode, cast, judge, double
):
    double.behave = says("fail")
    workflow = workflow_asking(cast, asks(mode=mode), policy())

    case = posted(workflow)

    assert (case.state, double.questions) == ("continued", [])
    assert verifying.ask_queued(lambda: NOON + SECOND) == 1
    run = CheckRun.objects.get()
    assert (run.mode, run.outcome) == (mode, "fail")
    assert double.last.body["mode"] == mode
    assert now(case).state == "continued"
    assert Assessment.objects.count() == 1


def shown(case):
    """The verifier's result as the reviewer of a case sees it now."""
    catalogue = live_set(case.control_set).catalogue
    return next(row for row in why.told(now(case), catalogue) if row["key"] == "EXT-01")


def test_what_an_advising_verifier_said_is_shown_to_the_reviewer(cast, judge, double):
    found = {"path": "output.amount", "message": "No source says 4,820."}
    double.behave = says("fail", findings=[found])
    workflow = workflow_asking(cast, asks(mode="advise"), policy())
    case = posted(workflow, output={"amount": 4820, "text": "We lend it."})
    before = shown(case)

    verifying.ask_queued(lambda: NOON + SECOND)

    after = shown(case)
    assert (before["outcome"], before["effect"]) == ("not_run", None)
    assert (after["outcome"], after["effect"], after["findings"]) == ("fail", None, [found])
    assert now(case).decided_by == ["LIM-01"]


def test_no_answer_of_a_verifier_passes_for_one_that_is_still_awaited(workflow, double):
    for code in ("awaited", "in_background", "dry_run"):
        double.behave = says("not_run", reason_code=code)

        case = posted(workflow, external_id=code)

        assert (case.state, case.disposition) == ("open", "review")


def test_a_background_answer_that_never_comes_is_closed(cast, judge, double):
    workflow = workflow_asking(cast, asks(mode="shadow", answer_within=LATER), policy())
    posted(workflow)
    verifying.ask_queued(lambda: NOON)

    verifying.sweep(NOON + 20 * MINUTE)

    assert CheckRun.objects.get().reason_code == "no_answer"


def test_a_question_whose_time_ends_while_it_is_asked_stays_closed(workflow, double):
    case = intake.submit(
        body_of(workflow), workflow=workflow, client=None, actor=SYSTEM, at=NOON
    ).case

    network_post = network.post
    double.behave = says("pass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            network,
            "post",
            lambda *args, **kwargs: (
                verifying.sweep(NOON + timedelta(days=1)),
                network_post(*args, **kwargs),
            )[1],
        )
        verifying.ask_queued(lambda: NOON + SECOND)

    run = CheckRun.objects.get()
    assert (run.outcome, run.reason_code) == ("not_run", "not_asked")
    assert run.late_answer["outcome"] == "pass"
    assert (now(case).state, now(case).disposition) == ("open", "review")


def test_two_workers_ask_a_question_once(workflow, double):
    intake.submit(body_of(workflow), workflow=workflow, client=None, actor=SYSTEM, at=NOON)
    first = verifying._taken(NOON)

    assert len(first) == 1
    assert verifying._taken(NOON + SECOND) == []
    assert len(verifying._taken(NOON + MINUTE)) == 1
