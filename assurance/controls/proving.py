"""A change's replay, asked for again or stopped by a governance owner."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.models import User
from assurance.accounts.roles import require_role
from assurance.controls import changes, replay
from assurance.controls.models import ControlChange, Replay
from assurance.errors import DomainError
from assurance.patience import patient


@patient
@transaction.atomic
def again(change: ControlChange, *, by: User, at: datetime) -> Replay:
    """Replay what the change would make live once more, over the cases up to now.

    403 `role_missing`; 409 `change_over`, `replay_running` while one is under way.
    """
    change = changes.locked(change)
    changes.require_open(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    last = changes.latest_replay(change)
    if last is not None and last.status in replay.UNFINISHED:
        raise DomainError(
            "replay_running",
            f"A replay of change {change.number} is under way. Wait for it, or cancel it first.",
        )
    return replay.request(
        change.workflow,
        changes.candidate_of(change),
        base_set=change.base_set,
        by=by,
        at=at,
        change=change,
    )


@patient
@transaction.atomic
def stop(change: ControlChange, *, by: User, at: datetime) -> Replay:
    """Cancel the replay that is under way. 403 `role_missing`; 409 `replay_over`."""
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    last = changes.latest_replay(change)
    if last is None:
        raise DomainError(
            "replay_over", f"Change {change.number} has no replay that could be cancelled."
        )
    return replay.cancel(last, by=by, at=at)
