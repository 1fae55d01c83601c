"""Who may review a case. Every check compares persons, not accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assurance.errors import DomainError
from reviews.models import Case

if TYPE_CHECKING:
    from assurance.accounts.models import User


def conflict_of(case: Case, user: User) -> str | None:
    """Why this person must not review this case, in a sentence; None if they may."""
    person = user.person
    if person is None:
        return None
    if case.requested_by and case.requested_by == person.ref:
        return "You asked for this output yourself, so someone else has to review it."
    if case.workflow.builders.filter(pk=person.pk).exists():
        return f"You built {case.workflow.name}, so someone else has to review its cases."
    return None


def require_eligible(case: Case, user: User) -> None:
    """403 `role_missing` or `conflict_of_interest` unless this person may take the case."""
    if case.queue is None or not case.queue.members.filter(pk=user.pk).exists():
        name = case.queue.name if case.queue else "this queue"
        raise DomainError(
            "role_missing",
            f"You are not a member of {name}. A governance owner can add you to it.",
            status=403,
        )
    require_no_conflict(case, user)


def require_no_conflict(case: Case, user: User) -> None:
    if reason := conflict_of(case, user):
        raise DomainError("conflict_of_interest", reason, status=403)
