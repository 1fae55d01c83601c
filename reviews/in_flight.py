"""What a new control set means for cases that are under way.

A case keeps the set that judged it. Two things ask the new one: its publisher may want open cases
judged again, and a decision about to leave is held where the new set would block what it lets go.
Neither ever shows a case to more people than before: a case only moves to a stricter place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from assurance.controls.choices import ChangeStatus, Disposition, InFlight
from assurance.controls.control_sets import newest_set
from assurance.controls.judgement import ControlResult
from assurance.controls.locks import lock_workflow
from assurance.controls.models import Assessment, ControlChange, Workflow
from assurance.delivery.alerts import raise_alert
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record_all
from reviews import intake, placing
from reviews.choices import Outcome
from reviews.models import Case, Decision

SLICE = 100
REASSESS = Actor.system("reassess")
RELEASE = Actor.system("release")
# Only what speaks of the output itself holds a release: a check that could not run is no new block.
SPOKE = ("fired", "fail")


def reassess(at: datetime) -> int:
    """Judge again the open cases of workflows whose newest set was published with that wish, a
    slice at a time. Returns how many; any number of sweeps may run at once."""
    done = 0
    wanted = ControlChange.objects.filter(
        status=ChangeStatus.PUBLISHED, in_flight=InFlight.REASSESS
    ).select_related("workflow", "published_set")
    for change in wanted:
        live = newest_set(change.workflow)
        if live.pk != change.published_set.pk:
            continue  # a later set went live, with a choice of its own
        for pk in to_reassess(change.workflow, live.pk, at).values_list("pk", flat=True)[:SLICE]:
            with transaction.atomic():
                lock_workflow(change.workflow, shared=True)
                done += _judge_again(pk, change, at=at)
    return done


def to_reassess(workflow: Workflow, live: int, at: datetime) -> QuerySet[Case]:
    """Waiting cases that an older set judged and this one has not looked at yet. Who works on a
    case is not disturbed: it comes when it waits again, and its release is checked anyway."""
    looked_at = Assessment.objects.filter(
        case_id=OuterRef("pk"),
        revision=OuterRef("revision"),
        purpose=Assessment.Purpose.REASSESS,
        control_set=live,
    )
    return (
        Case.objects.waiting(at)
        .filter(~Exists(looked_at), workflow=workflow)
        .exclude(control_set=live)
        .order_by("rank_at", "id")
    )


def _judge_again(pk: Any, change: ControlChange, *, at: datetime) -> bool:
    """One case under the live set. It moves where that is stricter, else only the record tells."""
    if not Case.objects.lock(pk, skip_locked=True):
        return False
    case = Case.objects.for_list().get(pk=pk)
    if not to_reassess(change.workflow, change.published_set.pk, at).filter(pk=pk).exists():
        return False
    judged = _judged(case, _output_of(case), at=at)
    before = Disposition(case.disposition)
    moves = judged.judgement.disposition.rank > before.rank
    entry = {"change": change.number, "from": str(before), "moved": moves}
    if moves:
        placing.apply(case, judged, purpose=Assessment.Purpose.REASSESS, at=at)
        case.save()
        entries = [("case.assessed", placing.assessed_entry(case)), *placing.placed_entries(case)]
    else:
        kept = placing.assessment_of(case, judged, purpose=Assessment.Purpose.REASSESS, at=at)
        kept.save()
        entry["would_be"] = str(judged.judgement.disposition)
        entries = []
    record_all(
        Stream.case(case.id),
        [("case.reassessed", entry), *entries],
        actor=REASSESS,
        at=at,
        workflow=case.workflow.slug,
    )
    if moves:
        placing.tell(case, at=at)
    return True


def held_at_release(decision: Decision, *, at: datetime) -> bool:
    """Whether the live set, if another than the decider's, blocks what is about to leave. Then the
    decision is taken back and the case waits for a governance owner; both judgements are kept."""
    lets_go = decision.outcome in (Outcome.APPROVE, Outcome.CORRECT)
    if not lets_go or decision.supersedes_id is not None:
        return False
    case = decision.case
    if newest_set(case.workflow).pk == decision.assessment.control_set_id:
        return False
    output = decision.output if decision.outcome == Outcome.CORRECT else _output_of(case)
    judged = _judged(case, output, at=at, arithmetic=decision.arithmetic)
    blocking = [result.key for result in judged.judgement.results if _blocks(result)]
    known = {one["key"] for one in decision.assessment.results if one["effect"] == "block"}
    if not set(blocking) - known:
        return False
    decision.withdrawn_at, decision.is_current = at, False
    decision.save(update_fields=["withdrawn_at", "is_current"])
    case.pending = None
    placing.apply(
        case,
        judged,
        purpose=Assessment.Purpose.RELEASE,
        at=at,
        disposition=Disposition.GOVERNANCE,
    )
    case.save()
    record_all(
        Stream.case(case.id),
        [
            ("case.release_held", {"decision": decision.pk, "blocked_by": blocking}),
            ("case.assessed", placing.assessed_entry(case)),
            *placing.placed_entries(case),
        ],
        actor=RELEASE,
        at=at,
        workflow=case.workflow.slug,
    )
    raise_alert(
        "release_held",
        f"{case.reference} was decided, and {', '.join(blocking)} of the set that went live since "
        "blocks it. It waits for a governance owner.",
        workflow=case.workflow.slug,
        at=at,
        stream=Stream.case(case.id),
        data={"case": str(case.id), "decision": decision.pk},
    )
    placing.tell(case, at=at)
    return True


def _blocks(result: ControlResult) -> bool:
    return (
        result.is_enforced
        and not result.waived_by
        and result.effect == Disposition.BLOCK
        and result.outcome in SPOKE
    )


def _output_of(case: Case) -> Any:
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    return last.body["output"]


def _judged(case: Case, output: Any, *, at: datetime, arithmetic: Any = ()) -> intake.Judged:
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    return intake.judge(
        last.body | {"output": output},
        case.workflow,
        at=at,
        returns=case.returns,
        arithmetic=arithmetic,
        case_id=case.id,
    )
