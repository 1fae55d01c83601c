"""A verifier that fails, lies or stays away costs a person's look and never lets a case through
(P15); what it said, or why it said nothing, stands in the answer and on the page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls import breaker
from assurance.controls.models import Assessment, CheckRun, Verifier
from assurance.delivery.models import Alert
from assurance.record.canonical import sha256_of
from assurance.record.ledger import verify
from reviews.answers import case_answer
from reviews.models import Case
from tests.reviews.conftest import MINUTE, NOON, SECOND
from tests.reviews.verifying import asks, known_as, policy, posted, workflow_asking
from tests.verifier_double import (
    FAULT,
    MAY_BE_OPEN,
    MISBEHAVIOURS,
    NEVER_OPEN,
    VerifierDouble,
    says,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""


@pytest.fixture
def double():
    with VerifierDouble() as one:
        yield one


@pytest.fixture
def judge(double) -> Verifier:
    return known_as("judge", double)


@pytest.fixture
def workflow(cast, judge):
    return workflow_asking(cast)


def spoken(case: Case) -> dict:
    """What the answer says of the control that asked."""
    said = case_answer(case, at=NOON)["controls"]
    return next(one for one in said if one["key"] == "EXT-01")


def test_a_case_goes_on_when_the_verifier_passes_it(workflow, double):
    case = posted(workflow)

    assert (case.state, case.disposition, case.proceed) == ("continued", "continue", True)
    run = CheckRun.objects.get()
    assert (run.status, run.outcome, run.case_id) == ("closed", "pass", case.id)
    assert (run.verifier_name, run.verifier_version, run.attempts) == ("reference", "1.4", 1)
    assert Assessment.objects.get().facts["external"]["EXT-01"]["check_run"] == str(run.id)


def test_the_question_holds_what_the_contract_says_and_nothing_else(cast, judge, double):
    workflow = workflow_asking(cast, asks(context=["context.purpose", "subject"]))

    case = posted(
        workflow,
        subject="customer-7781",
        context={"purpose": "car", "age": 34},
        evidence=[{"label": "Form", "kind": "text", "content": "Amount 900"}],
    )

    run = CheckRun.objects.get()
    asked = double.last.body
    assert asked == {
        "schema_version": 1,
        "check_run_id": str(run.id),
        "attempt": 1,
        "case_id": str(case.id),
        "workflow": "credit-decisions",
        "tier": "high",
        "mode": "enforced",
        "control": {"key": "EXT-01", "version": 1, "hash": asked["control"]["hash"]},
        "output": {
            "payload": {"amount": 900, "text": "We lend it."},
            "sha256": sha256_of({"amount": 900, "text": "We lend it."}),
        },
        "context": {"context.purpose": "car", "subject": "customer-7781"},
        "deadline": "2031-01-06T12:00:01Z",
    }
    headers = double.last.request.headers
    assert headers["webhook-id"] == headers["idempotency-key"] == str(run.id)


def test_the_evidence_is_sent_only_where_the_control_allows_it(cast, judge, double):
    workflow = workflow_asking(cast, asks(evidence=True))
    source = {"label": "Form", "kind": "text", "content": "Amount 900"}

    posted(workflow, evidence=[source])

    assert double.last.body["context"] == {"evidence": [source]}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_every_misbehaviour_ends_with_the_case_at_a_person(name, workflow, double):
    double.behave, code = MISBEHAVIOURS[name]

    case = posted(workflow)

    assert (case.state, case.disposition, case.proceed) == ("open", "review", None)
    assert case.queue.slug == "credit-review"
    told = spoken(case)
    assert told["outcome"] in ("error", "timeout")
    assert told["effect"] == "review"
    assert told["message"].startswith("The verifier “Judge” ")
    run = CheckRun.objects.get()
    assert (run.status, run.reason_code, run.case_id) == ("closed", code, case.id)
    assert not list(verify())


@pytest.mark.parametrize("name", NEVER_OPEN)
def test_an_open_control_stays_shut_for_what_may_be_somebody_elses_answer(
    name, cast, judge, double
):
    workflow = workflow_asking(cast, asks(failure_policy="open_flagged"), tier="low")
    double.behave, _ = NEVER_OPEN[name]

    assert posted(workflow).disposition == "review"


@pytest.mark.parametrize("name", MAY_BE_OPEN)
def test_an_open_control_lets_a_case_go_on_when_nobody_answered(name, cast, judge, double):
    workflow = workflow_asking(cast, asks(failure_policy="open_flagged"), tier="low")
    double.behave, _ = MAY_BE_OPEN[name]

    case = posted(workflow)

    assert (case.disposition, spoken(case)["effect"]) == ("continue", "continue")


def test_a_failure_carries_the_findings_and_the_proposal_of_the_verifier(workflow, double):
    found = {"path": "output.amount", "message": "No source says 900."}
    double.behave = says("fail", findings=[found], suggested_value={"amount": 800}, score=0.2)

    case = posted(workflow)

    told = spoken(case)
    assert (told["outcome"], told["effect"]) == ("fail", "review")
    assert told["message"] == "The verifier “Judge” says fail: not-supported. No source says 900."
    assert list(told["findings"]) == [
        found,
        {
            "path": "output",
            "message": "The verifier “Judge” proposes another value.",
            "suggested_value": {"amount": 800},
        },
    ]
    assert case.submissions.get().body["output"]["amount"] == 900


@pytest.mark.parametrize(
    ("outcome", "disposition"),
    [("inconclusive", "specialist"), ("error", "governance"), ("not_run", "governance")],
)
def test_what_the_verifier_says_is_mapped_by_the_control(outcome, disposition, cast, judge, double):
    control = asks(effects={"inconclusive": "specialist"}, on_error="governance")
    workflow = workflow_asking(cast, control)
    double.behave = says(outcome)

    assert posted(workflow).disposition == disposition


def test_a_verifier_at_a_private_address_is_never_connected_to(cast, settings, judge, double):
    workflow = workflow_asking(cast)
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = False

    case = posted(workflow)

    assert case.disposition == "review"
    assert CheckRun.objects.get().reason_code == "address_not_public"
    assert double.questions == []


def test_a_verifier_that_nobody_knows_or_that_is_off_counts_as_not_run(cast, judge, double):
    Verifier.objects.update(active=False)
    workflow = workflow_asking(cast, asks(), asks("EXT-02", verifier="nobody"))

    case = posted(workflow)

    assert case.disposition == "review"
    assert {run.reason_code for run in CheckRun.objects.all()} == {"no_verifier"}
    assert double.questions == []


def test_nobody_is_asked_once_a_policy_control_blocks_the_case(cast, judge, double):
    block = policy("BLK-01", effect="block", condition={"field": "output.amount", "op": ">",
                                                        "value": 800})  # fmt: skip
    workflow = workflow_asking(cast, asks(), block)

    case = posted(workflow)

    assert (case.end, double.questions) == ("blocked", [])
    answer = Assessment.objects.get().facts["external"]["EXT-01"]
    assert (answer["outcome"], answer["reason_code"]) == ("not_run", "superseded")


def test_a_condition_that_is_false_excuses_the_verifier(cast, judge, double):
    small = {"field": "output.amount", "op": ">", "value": 5000}
    workflow = workflow_asking(cast, asks(condition=small), policy())

    assert posted(workflow).disposition == "continue"
    assert double.questions == []


def test_a_known_submission_asks_nobody_again(workflow, double):
    first = posted(workflow)

    again = posted(workflow)

    assert again.pk == first.pk
    assert len(double.questions) == 1


def test_a_server_error_is_tried_again_within_the_time(workflow, double):
    calm = says("pass")
    double.behave = lambda q: FAULT(q) if q.body["attempt"] == 1 else calm(q)

    case = posted(workflow)

    assert case.disposition == "continue"
    assert [one.body["attempt"] for one in double.questions] == [1, 2]
    assert {one.request.id for one in double.questions} == {str(CheckRun.objects.get().id)}


def test_nobody_is_asked_more_than_three_times(workflow, double):
    double.behave = FAULT

    posted(workflow)

    assert len(double.questions) == 3


def test_five_failures_in_a_row_open_the_breaker_and_raise_one_alert(workflow, double):
    double.behave = MISBEHAVIOURS["junk"][0]

    for number in range(8):
        posted(workflow, external_id=f"a-{number}", at=NOON + number * SECOND)

    assert len(double.questions) == breaker.OPENS_AFTER
    codes = list(CheckRun.objects.order_by("asked_at").values_list("reason_code", flat=True))
    assert codes == ["malformed"] * 5 + ["breaker_open"] * 3
    alert = Alert.objects.get(code="verifier_failing")
    assert alert.count == 1
    assert set(Case.objects.values_list("disposition", flat=True)) == {"review"}


def test_after_a_minute_one_question_is_let_through_and_closes_the_breaker(workflow, double):
    double.behave = FAULT
    for number in range(5):
        posted(workflow, external_id=f"a-{number}")
    double.behave = says("pass")

    still = posted(workflow, external_id="b-1", at=NOON + 59 * SECOND)
    later = posted(workflow, external_id="b-2", at=NOON + 2 * MINUTE)

    assert (still.disposition, later.disposition) == ("review", "continue")
    judge = Verifier.objects.get()
    assert (judge.failures, judge.opened_at) == (0, None)


def test_a_failed_probe_starts_the_minute_anew_without_another_alert(workflow, double):
    double.behave = MISBEHAVIOURS["junk"][0]
    for number in range(5):
        posted(workflow, external_id=f"a-{number}")

    posted(workflow, external_id="b-1", at=NOON + 2 * MINUTE)
    posted(workflow, external_id="b-2", at=NOON + 2 * MINUTE + SECOND)

    assert len(double.questions) == 6
    assert Alert.objects.get(code="verifier_failing").count == 1


def test_while_half_open_only_one_question_gets_through(judge):
    Verifier.objects.update(failures=5, opened_at=NOON)
    judge.refresh_from_db()
    at = NOON + timedelta(seconds=61)

    assert [breaker.admit(judge, at) for _ in range(3)] == [True, False, False]


def test_the_stored_facts_judge_the_case_again_to_the_same_end(workflow, double):
    from assurance.controls.assess import assess
    from assurance.controls.live_set import live_set

    double.behave = says("fail")
    posted(workflow)
    kept = Assessment.objects.select_related("control_set").get()

    again = assess(kept.facts, live_set(kept.control_set))

    assert again.disposition == kept.disposition == "review"
    assert len(double.questions) == 1
