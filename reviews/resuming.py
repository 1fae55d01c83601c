"""Resume a case that a control held: judge it again without the voice that was lifted, route it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role, require_role
from assurance.controls.assess import conclude
from assurance.controls.choices import Disposition
from assurance.controls.models import Assessment
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record_all
from reviews import claims, intake, placing
from reviews.choices import State
from reviews.eligibility import conflict_of, require_no_conflict
from reviews.models import Case

if TYPE_CHECKING:
    from assurance.accounts.models import User


@patient
@transaction.atomic
def resume(case: Case, *, reason: str, by: User, at: datetime) -> Case:
    """Lift the pause of one case. What may continue is still seen by a person once."""
    require_role(by, Role.GOVERNANCE, case.workflow.slug, at)
    if not reason.strip():
        raise invalid("/reason", "required", "Say why the case may go on.")
    intake.lock_workflow(case.workflow, shared=True)
    case = claims.locked(case)
    require_no_conflict(case, by)
    if case.state != State.PAUSED:
        raise DomainError(
            "not_paused",
            f"{case.reference} is not paused but {case.status(at).label.lower()}.",
            case_status=str(case.status(at)),
        )
    if case.workflow.is_paused:
        raise DomainError(
            "workflow_paused",
            f"The whole workflow {case.workflow.name} is paused. Resume the workflow instead.",
        )
    judged = judged_without_pause(case, at=at)
    order = judged.judgement.disposition
    placing.apply(
        case,
        judged,
        purpose=Assessment.Purpose.RESUME,
        at=at,
        disposition=Disposition.REVIEW if order == Disposition.CONTINUE else order,
    )
    case.save()
    record_all(
        Stream.case(case.id),
        [
            ("case.resumed", {"reason": reason.strip()}),
            ("case.assessed", placing.assessed_entry(case)),
            *placing.placed_entries(case),
        ],
        actor=Actor.person(by),
        at=at,
        workflow=case.workflow.slug,
    )
    placing.tell(case, at=at)
    return case


def may_resume(case: Case, by: User, at: datetime) -> bool:
    """Whether this person can lift the pause of this case now."""
    return (
        case.state == State.PAUSED
        and not case.workflow.is_paused
        and has_role(by, Role.GOVERNANCE, case.workflow.slug, at)
        and conflict_of(case, by) is None
    )


def judged_without_pause(case: Case, *, at: datetime) -> intake.Judged:
    """The case under the live set, with every control that orders a pause answered by the lift."""
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    judged = intake.judge(last.body, case.workflow, at=at, returns=case.returns, case_id=case.id)
    lifted = tuple(
        replace(result, effect=None) if result.effect == Disposition.PAUSE else result
        for result in judged.judgement.results
    )
    judgement = conclude(
        judged.facts,
        judged.live,
        lifted,
        judged.judgement.voices,
        ungoverned=judged.judgement.ungoverned,
        duration_us=judged.judgement.duration_us,
    )
    return replace(judged, judgement=judgement)
