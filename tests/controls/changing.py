"""A workflow beyond its pilot, its governance owners, and short ways to change its controls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from assurance.controls import approvals, changes, replay
from assurance.controls.candidates import item_of
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, ControlSet, Workflow

NOON = datetime(2031, 1, 6, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def live_content(workflow: Workflow) -> dict[str, Any]:
    return newest_set(workflow).content


def control_edit(workflow: Workflow, key: str = "LIM-01", **fields: Any) -> dict[str, Any]:
    """The live control with these fields, as an edit."""
    old = item_of(live_content(workflow), "control", key) or {}
    return {"item": "control", "key": key, "content": {**old, **fields}}


def limit(workflow: Workflow, value: float, key: str = "LIM-01") -> dict[str, Any]:
    """LIM-01 with another limit."""
    return control_edit(
        workflow, key, condition={"field": "output.amount", "op": ">", "value": value}
    )


def drafted(workflow: Workflow, by: Any, *edits: dict[str, Any], **more: Any) -> ControlChange:
    return changes.create(
        workflow,
        **{"reason": "Too many small loans wait.", "edits": list(edits), "by": by, "at": NOON}
        | more,
    )


def replayed(change: ControlChange, at: datetime = NOON) -> ControlChange:
    """The change with its replay done."""
    found = changes.latest_replay(change)
    assert found is not None
    while replay.run_slice(found.pk, at=at):
        pass
    found.refresh_from_db()
    assert found.status == "done", found.problem
    return change


def submitted(
    workflow: Workflow, by: Any, *edits: dict[str, Any], at: datetime = NOON, **more: Any
) -> ControlChange:
    """A change in review with its replay done."""
    change = drafted(workflow, by, *edits, at=at, **more)
    return replayed(approvals.submit(change, by=by, at=at), at)


def approved(change: ControlChange, by: Any, at: datetime = NOON, note: str = "") -> ControlChange:
    return approvals.approve(change, content_sha256=change.content_sha256, note=note, by=by, at=at)


def published(
    workflow: Workflow, people: SimpleNamespace, *edits: dict[str, Any], at: datetime = NOON
) -> ControlSet:
    """Edits made live by grace and gus."""
    change = approved(submitted(workflow, people.grace, *edits, at=at), people.gus, at)
    return change.published_set
