"""Drafts: what a reviewer typed so far, kept on the server per person and revision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role
from assurance.errors import DomainError
from reviews.models import Case, Draft

if TYPE_CHECKING:
    from assurance.accounts.models import User

FIELDS = (
    "outcome",
    "reasons",
    "rationale",
    "output",
    "queue",
    "control_was_right",
    "arithmetic",
    "opened",
)
MAX_BYTES = 512 * 1024


def require_writer(case: Case, by: User, at: datetime) -> None:
    """403 unless this person decides such cases: in its queue, in the one it came from, or as a
    lead who may supersede. Who only reads leaves nothing on a case."""
    if not may_write(case, by, at):
        raise DomainError(
            "role_missing",
            f"You can read {case.reference} but not decide it, so no draft of yours is kept.",
            status=403,
        )


def may_write(case: Case, by: User, at: datetime) -> bool:
    """Whether this person's words on the case are kept."""
    here = case.queue is not None and case.queue.members.filter(pk=by.pk).exists()
    before = Q(decided_by=by) | Q(from_queue__members=by)
    return (
        here
        or case.decisions.filter(before).exists()
        or has_role(by, Role.LEAD, case.workflow.slug, at)
    )


def save_draft(case: Case, body: Mapping[str, Any], *, by: User, at: datetime) -> Draft:
    """Keep what was typed. Needs no lease: words are never lost because a clock ran out."""
    kept = {name: body[name] for name in FIELDS if name in body}
    if len(json.dumps(kept)) > MAX_BYTES:
        raise DomainError("too_large", "A draft holds 512 KB at most. Shorten it.", status=413)
    draft, _ = Draft.objects.update_or_create(
        case=case,
        revision=case.revision,
        user=by,
        defaults={"body": kept, "saved_at": at},
    )
    return draft


def draft_of(case: Case, user: User) -> Draft | None:
    """What this person typed for this revision."""
    return Draft.objects.filter(case=case, revision=case.revision, user=user).first()
