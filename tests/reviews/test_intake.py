"""Intake: judged, kept, routed and promised in one transaction, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls.models import Assessment
from assurance.delivery.models import Delivery
from assurance.errors import DomainError
from assurance.record import ledger
from reviews import aftermath, intake, resuming
from reviews.answers import case_answer
from reviews.decisions import Verdict
from reviews.models import Case, Submission
from tests.controls_factories import make_workflow, policy
from tests.racing import race, refusals
from tests.reviews.conftest import MINUTE, NOON, SYSTEM, closed, decided

pytestmark = pytest.mark.django_db

BODY = {"workflow": "credit-decisions", "external_id": "a-1", "output": {"amount": 4820}}


def submit(workflow, *, at=NOON, **body):
    return intake.submit({**BODY, **body}, workflow=workflow, client=None, actor=SYSTEM, at=at)


def answer(case, at=NOON):
    return case_answer(Case.objects.for_list().get(pk=case.pk), at=at)


def test_what_may_go_on_goes_on_at_once(credit):
    said = answer(submit(credit, output={"amount": 100}).case)

    assert (said["status"], said["disposition"], said["proceed"]) == ("continued", "continue", True)
    assert (said["end"], said["queue"], said["due_at"]) == (None, None, None)
    assert Delivery.objects.count() == 0


def test_what_may_not_waits_in_the_right_queue_with_its_reason(credit):
    said = answer(submit(credit).case)

    assert (said["status"], said["queue"], said["priority"]) == ("waiting", "credit-review", "high")
    assert said["decided_by"] == ["LIM-01"]
    assert said["controls"][0]["operands"][0]["value"] == 4820


def test_the_same_body_again_is_the_same_case_and_another_is_refused_with_a_link(credit):
    first = submit(credit)
    again = submit(credit, at=NOON + MINUTE)
    with pytest.raises(DomainError) as other:
        submit(credit, output={"amount": 1})

    assert (again.case, again.replayed) == (first.case, True)
    assert (other.value.code, other.value.status) == ("external_id_used", 409)
    assert other.value.extra["case"] == f"/api/v1/cases/{first.case.id}/"
    assert Case.objects.count() == Submission.objects.count() == Assessment.objects.count() == 1


@pytest.mark.parametrize(
    ("effect", "status", "end", "proceed"),
    [
        ("return", "returned", None, False),
        ("review", "waiting", None, None),
        ("specialist", "waiting", None, None),
        ("governance", "waiting", None, None),
        ("reroute", "closed", "rerouted", False),
        ("pause", "paused", None, None),
        ("block", "closed", "blocked", False),
    ],
)
def test_every_disposition_leads_where_the_contract_says(cast, effect, status, end, proceed):
    control = policy(
        effect=effect, reroute_to="the branch", instructions="Name the fee.", boundary=None
    )
    workflow = make_workflow(controls=[control], owner=cast.grace)
    said = answer(submit(workflow).case)

    assert (said["status"], said["end"], said["proceed"]) == (status, end, proceed)
    assert said["disposition"] == effect
    assert said["reroute_to"] == ("the branch" if effect == "reroute" else None)
    assert said["instructions"] == ("Name the fee." if effect == "return" else None)


def test_in_observe_nothing_is_held_but_the_callers_own_escalate(cast):
    workflow = make_workflow(controls=[policy()], owner=cast.grace, stage="observe")
    observed = answer(submit(workflow).case)
    asked = answer(submit(workflow, external_id="a-2", escalate={"to": "specialist"}).case)

    assert (observed["status"], observed["end"], observed["proceed"]) == (
        "closed",
        "observed",
        True,
    )
    assert (observed["enforced"], observed["would_be"]) == (False, "review")
    assert (asked["status"], asked["enforced"], asked["queue"]) == (
        "waiting",
        True,
        "credit-specialists",
    )


def test_a_title_of_which_the_case_has_nothing_gives_way_to_the_id(cast):
    workflow = make_workflow(title_template="{output.amount} for {context.purpose}")

    assert submit(workflow, external_id="b-1").case.title == "4,820 for (missing)"
    assert submit(workflow, external_id="b-2", output="Lend it").case.title.endswith(" b-2")


def test_a_dry_run_gives_the_same_answer_and_stores_nothing(credit):
    said = case_answer(intake.dry_run(BODY, workflow=credit, at=NOON), at=NOON)

    assert (said["disposition"], said["queue"]) == ("review", "credit-review")
    assert Case.objects.count() == Assessment.objects.count() == Submission.objects.count() == 0
    assert ledger.types(ledger.Stream.workflow("credit-decisions")) == ["control_set.published"]


def test_a_time_far_ahead_is_refused(credit):
    with pytest.raises(DomainError) as refusal:
        submit(credit, occurred_at="2031-01-08T12:00:00Z")

    assert (refusal.value.status, refusal.value.errors[0]["pointer"]) == (422, "/occurred_at")


def test_a_new_draft_is_judged_anew_and_only_after_a_return(cast, credit, waiting):
    with pytest.raises(DomainError) as early:
        intake.revise(waiting, {"output": {"amount": 1}}, actor=SYSTEM, at=NOON)
    closed(waiting, cast.ada, Verdict("return", ["tone"], "Say it in plainer words, please."))
    again = intake.revise(waiting, {"output": {"amount": 900}}, actor=SYSTEM, at=NOON + MINUTE)

    assert early.value.code == "not_returned"
    assert (again.revision, again.state) == (2, "continued")
    assert again.submissions.count() == 2


def test_a_third_return_by_a_control_becomes_a_review(cast):
    control = policy(effect="return", instructions="Name the fee.", boundary=None)
    workflow = make_workflow(controls=[control], owner=cast.grace)
    case = submit(workflow).case
    for _ in range(2):
        assert case.state == "returned"
        case = intake.revise(case, {"output": {"amount": 9000}}, actor=SYSTEM, at=NOON)

    assert (case.disposition, case.state, case.returns) == ("review", "open", 2)


def test_withdrawing_ends_the_case_and_its_pending_decision(cast, waiting):
    decision = decided(waiting, cast.ada)
    case = aftermath.withdraw(waiting, actor=SYSTEM, at=NOON)
    decision.refresh_from_db()
    with pytest.raises(DomainError) as again:
        aftermath.withdraw(case, actor=SYSTEM, at=NOON)

    assert (case.end, case.proceed) == ("withdrawn", False)
    assert decision.withdrawn_at == NOON
    assert again.value.code == "case_closed"


@pytest.mark.parametrize(
    ("sha", "problem"), [("right", ""), ("f" * 64, "other_output")], ids=["allowed", "another"]
)
def test_an_execution_is_held_against_the_answer(credit, sha, problem):
    case = submit(credit, output={"amount": 100}).case
    report = aftermath.report_execution(
        case,
        executed=True,
        output_sha256=case.output_sha256 if sha == "right" else sha,
        done_at=NOON,
        actor=SYSTEM,
        at=NOON,
    )

    assert report.problem == problem
    alarmed = "alert.raised" in ledger.types(ledger.Stream.workflow(credit.slug))
    assert alarmed == bool(problem)


def test_an_execution_without_or_after_its_go_ahead_is_invalid(cast):
    workflow = make_workflow(
        controls=[policy()], owner=cast.grace, proceed_validity=timedelta(hours=1)
    )
    held = submit(workflow).case
    free = submit(workflow, external_id="a-2", output={"amount": 1}).case
    reports = [
        aftermath.report_execution(
            case,
            executed=True,
            output_sha256=case.output_sha256,
            done_at=done,
            actor=SYSTEM,
            at=done,
        )
        for case, done in ((held, NOON), (free, NOON + 59 * MINUTE), (free, NOON + 61 * MINUTE))
    ]

    assert [report.problem for report in reports] == ["not_allowed", "", "too_late"]


def test_a_governance_owner_resumes_a_held_case_and_it_is_judged_again(cast):
    workflow = make_workflow(
        controls=[policy(effect="pause")], owner=cast.grace, governors=[cast.grace]
    )
    case = submit(workflow).case
    with pytest.raises(DomainError) as refusal:
        resuming.resume(case, reason="Looked at it.", by=cast.dev, at=NOON)
    resumed = resuming.resume(case, reason="Looked at it.", by=cast.grace, at=NOON)

    assert refusal.value.status == 403
    assert (resumed.state, resumed.disposition, resumed.queue.slug) == (
        "open",
        "review",
        "credit-review",
    )
    assert "case.resumed" in ledger.types(ledger.Stream.case(case.id))


@pytest.mark.django_db(transaction=True)
def test_fifty_posts_of_one_external_id_make_one_case(credit):
    results = race([lambda: submit(credit)] * 50)

    assert len({one.case.pk for one in results}) == 1
    assert [one.replayed for one in results].count(False) == 1
    assert Case.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_different_bodies_under_one_external_id_make_one_case_and_49_refusals(credit):
    results = race([lambda n=n: submit(credit, output={"amount": n}) for n in range(50)])

    refused = refusals(results, "external_id_used")
    assert len(refused) == 49
    assert {one.extra["reference"] for one in refused} == {Case.objects.get().reference}
