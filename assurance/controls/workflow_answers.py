"""A workflow as callers and webhooks know it: JSON types only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from assurance.controls.models import ControlSet, GateSnapshot, Workflow
from assurance.controls.rooms_above import open_cases
from assurance.controls.stage_choices import SnapshotStatus


def workflow_noun(workflow: Workflow) -> dict[str, Any]:
    """What it is and where it stands, without its cases."""
    newest = ControlSet.objects.filter(workflow=workflow).newest().defer("canonical").first()
    return {
        "slug": workflow.slug,
        "name": workflow.name,
        "tier": str(workflow.tier),
        "stage": str(workflow.stage),
        "paused": workflow.is_paused,
        "reason": workflow.pause_reason or None,
        "since": moment(workflow.paused_at),
        "all_review": workflow.all_review,
        "owner": workflow.owner.username,
        "deputy": workflow.deputy.username if workflow.deputy else None,
        "builders": sorted(person.ref for person in workflow.builders.all()),
        "control_set": {"number": newest.number, "sha256": newest.sha256} if newest else None,
        "url": f"{settings.COUNTERMARK_URL}/api/v1/workflows/{workflow.slug}/",
        "web_url": f"{settings.COUNTERMARK_URL}/workflows/{workflow.slug}/",
    }


def workflow_answer(workflow: Workflow, at: datetime) -> dict[str, Any]:
    """The same with how many of its cases are in flight, by status."""
    counts: dict[str, int] = {}
    for count in open_cases:
        counts |= count(workflow, at)
    return workflow_noun(workflow) | {"counts": counts}


def snapshot_answer(snapshot: GateSnapshot | None) -> dict[str, Any] | None:
    """What was signed, by whom, and what the gate said."""
    if snapshot is None:
        return None
    signers = [snapshot.first_person, snapshot.second_person]
    return {
        "to": str(snapshot.to_stage),
        "sha256": snapshot.sha256,
        "signed_by": [person.ref for person in signers if person],
        "waiting": snapshot.status == SnapshotStatus.OPEN,
        "lapses_at": moment(snapshot.lapses_at),
        "criteria": snapshot.content["criteria"],
    }


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, or None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
