"""Drafts: what a reviewer typed so far, kept on the server per person and revision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

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
