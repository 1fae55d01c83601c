"""Submitting, approving, declining and ratifying: the second person, in one place.

Persons are compared, never accounts. The database refuses on its own what is refused here.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.models import User
from assurance.accounts.roles import require_role
from assurance.controls import changes, publishing, replay
from assurance.controls.candidates import candidate_hash
from assurance.controls.change_problems import expiry_problems, refuse, set_problems
from assurance.controls.choices import ChangeStatus, Direction, Mode, ReplayStatus, Tier, Way
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, Replay
from assurance.controls.shadow_results import is_ready
from assurance.controls.ways import why_not_tightening
from assurance.errors import DomainError, invalid
from assurance.patience import patient

log = logging.getLogger(__name__)


@patient
@transaction.atomic
def submit(change: ControlChange, *, by: User, at: datetime) -> ControlChange:
    """Freeze the content, start its replay and ask for a second person.

    409 `not_a_draft`, `rebase_needed` where another set edited the same since; 422 `required`
    without a reason, `changes_nothing`, `bad_change` where it no longer fits.
    """
    change = changes.locked(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    if change.status != ChangeStatus.DRAFT:
        raise DomainError(
            "not_a_draft",
            f"Change {change.number} is {change.get_status_display().lower()}, not a draft.",
            change_status=change.status,
        )
    if not change.reason.strip():
        raise invalid("/reason", "required", "Say why the change is made.")
    follow(change)
    candidate = changes.candidate_of(change)
    refuse(set_problems(change.workflow, candidate))
    if change.rollback_to is None:
        refuse(expiry_problems(change.edits, at))
    if candidate_hash(candidate) == change.base_set.sha256:
        raise DomainError(
            "changes_nothing",
            "The set would be what is live already. Edit something, or withdraw the change.",
            status=422,
        )
    change.status = ChangeStatus.IN_REVIEW
    change.submitted_at, change.submitted_by, change.lapses_at = at, by, at + changes.LAPSES_AFTER
    change.save()
    replay.request(
        change.workflow, candidate, base_set=change.base_set, by=by, at=at, change=change
    )
    changes.tell(change, "submitted", {"content_sha256": change.content_sha256}, by=by, at=at)
    return change


def follow(change: ControlChange) -> None:
    """Bring a draft onto the live set where nobody edited the same since; else 409."""
    live = newest_set(change.workflow)
    if live.pk == change.base_set_id:
        return
    common = sorted(publishing.common_items(change, live))
    if common:
        names = ", ".join(f"{item} {key}".strip() for item, key in common)
        raise DomainError(
            "rebase_needed",
            f"Set {live.number} went live since and edits the same: {names}. Compare the two and "
            "rebase this change.",
            live_set=live.number,
        )
    changes.onto(change, live)


@patient
@transaction.atomic
def approve(
    change: ControlChange, *, content_sha256: str, note: str, by: User, at: datetime
) -> ControlChange:
    """Be the second person of exactly this content with this replay; it goes live at its start.

    403 `own_change`, `builder`, `person_missing`, `role_missing`; 409 `not_in_review`,
    `content_changed` with the new hash, `replay_missing`, `replay_stale`, `shadow_first`.
    """
    change = changes.locked(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    _require_second(change, by)
    if change.status == ChangeStatus.IN_REVIEW and change.lapses_at and change.lapses_at <= at:
        raise DomainError(
            "change_lapsed",
            f"Change {change.number} lapsed on {change.lapses_at:%d %B %H:%M} UTC: nobody decided "
            "on it within seven days. Submit it again.",
        )
    if change.status != ChangeStatus.IN_REVIEW:
        raise DomainError(
            "not_in_review",
            f"Change {change.number} is {change.get_status_display().lower()}, not in review.",
            change_status=change.status,
        )
    if content_sha256 != change.content_sha256:
        raise DomainError(
            "content_changed",
            f"Change {change.number} holds other edits than those you saw. Read it again.",
            content_sha256=change.content_sha256,
        )
    report = require_proof(change, at)
    change.status, change.way = ChangeStatus.APPROVED, Way.SECOND_PERSON
    change.approver, change.approver_person, change.approved_at = by, by.person, at
    change.approved_sha256, change.approval_note = content_sha256, note.strip()
    change.direction = report.direction if report else ""
    change.save()
    changes.tell(
        change,
        "approved",
        {
            "content_sha256": content_sha256,
            "replay_sha256": report.sha256 if report else None,
            "note": change.approval_note,
        },
        by=by,
        at=at,
    )
    if change.start_at is None or change.start_at <= at:
        publishing.go_live(change, by=by, at=at)
    return change


@patient
@transaction.atomic
def decline(change: ControlChange, *, note: str, by: User, at: datetime) -> ControlChange:
    """Say no, with the reason. 403 for its author, 409 `not_in_review`, 422 without a note."""
    change = changes.locked(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    _require_second(change, by)
    if change.status != ChangeStatus.IN_REVIEW:
        raise DomainError(
            "not_in_review",
            f"Change {change.number} is {change.get_status_display().lower()}, not in review.",
            change_status=change.status,
        )
    if not note.strip():
        raise invalid("/note", "required", "Say why not: its author will read it.")
    changes.end(change, ChangeStatus.DECLINED, by=by, note=note, at=at)
    changes.tell(change, "declined", {"note": change.ended_note}, by=by, at=at)
    return change


@patient
@transaction.atomic
def ratify(change: ControlChange, *, by: User, at: datetime) -> ControlChange:
    """Be the second person of an emergency change; ends the all-review that its lapse began.

    403 as for approving; 409 `nothing_to_ratify`.
    """
    change = changes.locked(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    _require_second(change, by)
    if change.way != Way.EMERGENCY or change.ratified_at is not None:
        raise DomainError("nothing_to_ratify", f"Change {change.number} waits for no ratification.")
    change.ratified_by, change.ratified_person, change.ratified_at = by, by.person, at
    change.save()
    changes.tell(change, "ratified", {"late": change.unratified_at is not None}, by=by, at=at)
    publishing.end_all_review(change.workflow, by=by, at=at)
    return change


def require_proof(change: ControlChange, at: datetime) -> Replay | None:
    """The replay that the approval rests on; None in a pilot, which needs none. 409 without it."""
    if change.workflow.stage in changes.EARLY:
        return None
    report = changes.latest_replay(change)
    if report is None or report.status in (ReplayStatus.FAILED, ReplayStatus.CANCELLED):
        why = report.problem if report else ""
        raise DomainError(
            "replay_missing",
            f"Change {change.number} was not replayed over past cases. {why} Replay it first.",
        )
    if report.status != ReplayStatus.DONE:
        raise DomainError(
            "replay_running",
            f"The replay of change {change.number} is not done: {report.done} of {report.total} "
            "cases. Approve when you have seen its report.",
        )
    if not report.is_fresh(at):
        raise DomainError(
            "replay_stale",
            f"The replay of change {change.number} is older than 14 days. Replay it again.",
        )
    if said := shadow_missing(change, report):
        raise DomainError("shadow_first", said)
    return report


def shadow_missing(change: ControlChange, report: Replay) -> str | None:
    """Why a high tier's control is enforced too early, None where it is not."""
    if change.workflow.tier != Tier.HIGH or change.shadow_explanation.strip():
        return None
    base = change.base_set.content
    if why_not_tightening(base, change.edits) is None:
        return None
    if report.direction == Direction.TIGHTENS:
        return None
    for edit in change.edits:
        content = edit["content"]
        if edit["item"] != "control" or content is None or content["mode"] != Mode.ENFORCED:
            continue
        if not is_ready(change.workflow, content, report=report):
            return (
                f"{edit['key']} was not seen in shadow long enough: a high tier needs 7 days and "
                "200 assessments with a fire rate that the replay predicted. Run it in shadow, or "
                "write in `shadow_explanation` why not."
            )
    return None


def _require_second(change: ControlChange, by: User) -> None:
    said = why_not_second(change, by)
    if said is not None:
        code, sentence = said
        log.warning("change %s: account %s is no second person (%s)", change.number, by.pk, code)
        raise DomainError(code, sentence, status=403)


def why_not_second(change: ControlChange, by: User) -> tuple[str, str] | None:
    """Why this account cannot be the second person of a change, as code and sentence."""
    if by.person_id is None:
        return "person_missing", "Your account names no person, so nobody knows who approves."
    own = by.pk == change.author_id or by.person_id == change.author_person_id
    if own or change.editors.filter(pk=by.person_id).exists():
        return "own_change", "You wrote or edited this change; somebody else approves it."
    if change.workflow.builders.filter(pk=by.person_id).exists():
        return "builder", "You built this workflow; somebody who did not approves its changes."
    return None
