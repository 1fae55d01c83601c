"""Cases by their ids, as lower rooms name them on their pages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from reviews.models import Case
from reviews.presenting.marking import visible

if TYPE_CHECKING:
    from assurance.accounts.models import User


def named(ids: Collection[UUID], user: User, at: datetime) -> dict[UUID, dict[str, str]]:
    """Title, reference and address of those that this person may see; the others are left out."""
    if not ids:
        return {}
    found = Case.objects.visible_to(user, at).filter(pk__in=ids)
    return {
        case.pk: {
            "title": visible(case.title),
            "reference": case.reference,
            "url": case.get_absolute_url(),
        }
        for case in found
    }
