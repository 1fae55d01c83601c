"""The queues of a workflow as they were at a moment: kind, members, times and guideline, from
their history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from assurance.controls.durations import write_duration
from assurance.controls.models import ControlSet, Workflow
from reviews.models import Queue


def queues(workflow: Workflow, at: datetime) -> Mapping[str, Any]:
    """`{"queues": [...]}` of the queues that the set in force then names."""
    control_set = ControlSet.objects.filter(workflow=workflow).as_of(at).first()
    if control_set is None:
        return {"queues": []}
    content = control_set.content
    named = {one["queue"] for one in (*content["rules"], *content["queue_policies"])}
    # Two versions may be of one moment: a queue and its first members.
    newest = (
        Queue.history.filter(history_date__lte=at)
        .order_by("id", "-history_date", "-history_id")
        .distinct("id")
    )
    then = (
        Queue.history.filter(history_id__in=newest.values("history_id"), slug__in=named)
        .exclude(history_type="-")
        .order_by("slug")
    )
    members = _members(then)
    return {
        "queues": [
            {
                "slug": one.slug,
                "name": one.name,
                "kind": one.kind,
                "members": members[one.history_id],
                "service_level": write_duration(one.service_level) if one.service_level else None,
                "lease": write_duration(one.lease),
                "undo_window": write_duration(one.undo_window),
                "guideline_version": one.guideline_version,
                "guideline": one.guideline,
            }
            for one in then
        ]
    }


def _members(then: Iterable[Any]) -> dict[int, list[str]]:
    """The names of each version's members, by the version: one query for all."""
    found: dict[int, list[str]] = {one.history_id: [] for one in then}
    kept = Queue.history.model.members.filter(history__in=found)
    named = kept.order_by("user__username").values_list("history_id", "user__username")
    for version, name in named:
        found[version].append(name)
    return found
