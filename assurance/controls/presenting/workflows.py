"""A workflow in words: its page, its row in the list, its line in the shell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from assurance.controls import pausing
from assurance.controls.choices import OutagePolicy, SafeOutcome, Stage
from assurance.controls.models import ControlSet, Workflow
from assurance.controls.rooms_above import in_flight, open_cases
from assurance.record.models import Event

if TYPE_CHECKING:
    from assurance.accounts.models import User

STAGES = {
    Stage.OBSERVE: ("dashed", "eye", "Nothing is held; the controls say what they would order."),
    Stage.PILOT: ("info", "eye", "A person sees every output."),
    Stage.LIMITED: ("ok", "ok", "Controls hold; changes need a second person."),
    Stage.GOVERNED: ("ok", "done", "Controls hold, and everything that proves it is in place."),
    Stage.SUSPENDED: ("fail", "stop", "Nothing goes out. It is as a paused workflow."),
}
IN_FLIGHT = {
    "waiting": "Waiting",
    "in_review": "In review",
    "decided": "Decided, not left",
    "paused": "Held",
    "returned": "Returned",
}


def present(workflow: Workflow, user: User, at: datetime) -> dict[str, Any]:
    """What `controls/workflow.html` needs."""
    newest = ControlSet.objects.filter(workflow=workflow).newest().defer("canonical").first()
    counted: dict[str, int] = {}
    for count in open_cases:
        counted |= count(workflow, at)
    tables = [table for one in in_flight if (table := one(workflow, user, at))]
    return {
        "workflow": workflow,
        "tags": tags(workflow),
        "stage_says": STAGES[Stage(workflow.stage)][2],
        "pause": pause_of(workflow),
        "may_pause": pausing.may_pause(workflow, user, at),
        "may_resume": pausing.may_resume(workflow, user, at) and workflow.stage != Stage.SUSPENDED,
        "builders": [person.name for person in workflow.builders.all()],
        "control_set": newest,
        "safe_outcome": SafeOutcome(workflow.safe_outcome).label,
        "outage_policy": OutagePolicy(workflow.outage_policy).label,
        "figures": [
            {"label": label, "value": counted[name]}
            for name, label in IN_FLIGHT.items()
            if name in counted
        ],
        "tables": tables,
    }


def tags(workflow: Workflow) -> list[dict[str, str]]:
    """Stage and state as signs."""
    kind, icon, _ = STAGES[Stage(workflow.stage)]
    found = [{"label": Stage(workflow.stage).label, "kind": kind, "icon": icon}]
    if workflow.is_paused and workflow.stage != Stage.SUSPENDED:
        found.append({"label": "Paused", "kind": "warn", "icon": "pause"})
    if workflow.all_review:
        found.append({"label": "A person sees every output", "kind": "warn", "icon": "eye"})
    return found


def pause_of(workflow: Workflow) -> dict[str, Any] | None:
    """Since when, by whom and why it is paused; None while it is not."""
    if not workflow.is_paused:
        return None
    entry = (
        Event.objects.filter(
            stream_type="workflow", stream_id=workflow.slug, type="workflow.paused"
        )
        .select_related("actor_user")
        .order_by("-seq")
        .first()
    )
    who = ""
    if entry is not None:
        user = entry.actor_user
        who = user.full_name_or_username if user else "Countermark"
    return {"at": workflow.paused_at, "who": who, "reason": workflow.pause_reason}


def table(seen: Iterable[Workflow]) -> dict[str, Any]:
    """All of them, one a row."""
    rows = []
    for one in seen:
        url = reverse("workflow", args=[one.slug])
        stage, *more = tags(one)
        rows.append(
            {
                "cells": [
                    {"text": one.name, "url": url, "small": one.slug},
                    {"label": "Stage", "tag": stage},
                    {"label": "State", "tag": more[0] if more else None, "text": "Running"},
                    {"label": "Tier", "level": str(one.tier)},
                    {"label": "Owner", "text": one.owner.full_name_or_username},
                ]
            }
        )
    return {
        "caption": "Workflows",
        "columns": [{"label": label} for label in ("Workflow", "Stage", "State", "Tier", "Owner")],
        "rows": rows,
    }
