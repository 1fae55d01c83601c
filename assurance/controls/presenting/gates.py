"""The gate in words: each criterion with its parts, what waits for a signature, drills, moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role
from assurance.controls import gate, stages
from assurance.controls.choices import Stage
from assurance.controls.models import Drill, StageMove, Workflow
from assurance.controls.presenting.workflows import STAGES, tags
from assurance.controls.stage_choices import DrillKind, DrillResult

if TYPE_CHECKING:
    from assurance.accounts.models import User

STATES = {
    "holds": {"label": "Holds", "kind": "ok", "icon": "ok"},
    "fails": {"label": "Does not hold", "kind": "fail", "icon": "x"},
    "unknown": {"label": "Cannot say", "kind": "dashed", "icon": "dash"},
}
MOST = 20
SOON = timedelta(days=14)


def present(workflow: Workflow, user: User, at: datetime) -> dict[str, Any]:
    """What `controls/gate.html` needs."""
    following = gate.next_stage(workflow.stage)
    # A governed workflow passes the same gate again.
    to = Stage.GOVERNED if workflow.stage == Stage.GOVERNED else following
    answers = gate.read(workflow, at, to=to)
    governs = has_role(user, Role.GOVERNANCE, workflow.slug, at)
    builds = workflow.builders.filter(pk=user.person_id or 0).exists()
    waiting = stages.open_snapshot(workflow, at)
    if waiting is not None and waiting.to_stage != to:
        waiting = None
    is_open = to is not None and all(one.state == "holds" for one in answers if one.binding)
    mine = waiting is not None and waiting.first_person_id == user.person_id
    attest_by = stages.attest_by(workflow)
    return {
        "workflow": workflow,
        "tags": tags(workflow),
        "stage_says": STAGES[Stage(workflow.stage)][2],
        "since": stages.stage_since(workflow),
        "to": to,
        "again": to == workflow.stage,
        "summary": _summary(workflow, answers, to),
        "criteria": [_criterion(one) for one in answers],
        "waiting": waiting,
        "may_sign": governs and not builds and is_open and not mine and to is not None,
        "why_not": _why_not(governs=governs, builds=builds, is_open=is_open, mine=mine, to=to),
        "two": workflow.stage != Stage.OBSERVE,
        "attest_by": attest_by,
        "attest_late": attest_by is not None and attest_by <= at,
        "attest_soon": attest_by is not None and attest_by - SOON <= at,
        "back": [
            {"value": str(one), "label": one.label} for one in stages.back_from(workflow.stage)
        ]
        if governs
        else [],
        "governs": governs,
        "drills": _drills(workflow, user, governs, at),
        "drill_kinds": DrillKind.choices,
        "drill_results": DrillResult.choices,
        "moves": _moves(workflow),
    }


def _summary(workflow: Workflow, answers: list[gate.Answer], to: Stage | None) -> str:
    if to is None:
        return "It is suspended. It is moved to pilot first, and resumed on its page."
    asked = [one for one in answers if one.binding]
    if not asked:
        return "No criterion binds: one governance owner takes it to pilot."
    said = {
        state: sum(one.state == state for one in asked) for state in ("holds", "fails", "unknown")
    }
    parts = [f"{said['holds']} of {len(asked)} hold"]
    if said["fails"]:
        parts.append(f"{said['fails']} do not" if said["fails"] > 1 else "1 does not")
    if said["unknown"]:
        parts.append(f"{said['unknown']} cannot be said")
    what = "stay in" if to == workflow.stage else "go to"
    return (
        f"To {what} {to.label}, a workflow of {workflow.get_tier_display().lower()} tier meets "
        f"{len(asked)} criteria: {', '.join(parts)}."
    )


def _why_not(*, governs: bool, builds: bool, is_open: bool, mine: bool, to: Stage | None) -> str:
    """Why this person cannot sign now, in a sentence; empty where they can."""
    if to is None:
        return ""
    if mine:
        return "You signed. Another governance owner who did not build it signs next."
    if not is_open:
        return "It can be signed once every criterion that binds holds."
    if not governs:
        return "Governance owners of this workflow sign here."
    return "You built this workflow, so others sign here." if builds else ""


def _criterion(one: gate.Answer) -> dict[str, Any]:
    return {
        "number": one.number,
        "title": one.title,
        "tag": STATES[one.state],
        "binding": one.binding,
        "parts": [
            {"sentence": part.sentence, "state": part.state, "icon": STATES[part.state]["icon"],
             "label": STATES[part.state]["label"], "value": part.value}
            for part in one.parts
        ],
    }  # fmt: skip


def _drills(workflow: Workflow, user: User, governs: bool, at: datetime) -> list[dict[str, Any]]:
    rows = Drill.objects.filter(workflow=workflow).select_related("entered_by", "confirmed_by")
    return [
        {
            "drill": one,
            "stale": at - one.held_at > gate.ATTEST_EVERY,
            "passed": one.result == DrillResult.PASSED,
            "confirm_url": reverse("confirm_drill", args=[workflow.slug, one.pk])
            if governs and one.confirmed_at is None and one.entered_person_id != user.person_id
            else "",
        }
        for one in rows[:MOST]
    ]


def _moves(workflow: Workflow) -> dict[str, Any]:
    rows = []
    found = StageMove.objects.filter(workflow=workflow).select_related("by", "snapshot")
    for one in found[:MOST]:
        digest = one.snapshot.sha256[:12] if one.snapshot else ""
        rows.append(
            {
                "cells": [
                    {"at": one.at, "show": "full"},
                    {
                        "label": "Step",
                        "text": f"{one.get_from_stage_display()} to {one.get_to_stage_display()}",
                        "small": one.get_way_display(),
                    },
                    {"label": "Why", "text": one.reason},
                    {
                        "label": "By",
                        "text": one.by.full_name_or_username if one.by else "Countermark",
                        "small": f"snapshot {digest}" if digest else "",
                    },
                ]
            }
        )
    return {
        "caption": "Every change of stage",
        "columns": [{"label": label} for label in ("When", "Step", "Why", "By")],
        "rows": rows,
    }
