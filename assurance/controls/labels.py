"""Labels: what is known to be true of a case. Upper rooms call down, monitoring learns."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from assurance.controls.models import Label, Workflow


def record_label(
    *, case_id: UUID, workflow: Workflow, value: str, source: str, at: datetime, note: str = ""
) -> Label:
    """Add what became known. Never replaces: the newest of the strongest source speaks."""
    return Label.objects.create(
        case_id=case_id, workflow=workflow, value=value, source=source, note=note, at=at
    )
