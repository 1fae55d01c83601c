"""What a control did lately, what waits to change it, and where to edit it: beside what it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role
from assurance.controls.choices import Mode
from assurance.controls.control_figures import DAYS, NEWEST, Day, Figures, daily, figures
from assurance.controls.models import Workflow
from assurance.controls.presenting import shadow
from assurance.controls.presenting.control_list import waiting_drafts
from assurance.controls.shadow_results import IN_SHADOW

if TYPE_CHECKING:
    from assurance.accounts.models import User

# The drawing in its own units: one slot a day, a bar within it.
SLOT, BAR, HEIGHT, BASE = 20, 14, 80, 92


def present(workflow: Workflow, key: str, mode: str, user: User, at: datetime) -> dict[str, Any]:
    """What the page adds to a control's own words: figures, trend, drafts, shadow, the edit link.
    `mode` is the one in the live set, off where it is in none."""
    found = figures([workflow.pk], at).get(key, Figures())
    days = daily(workflow.pk, key, at)
    judged = sum(day.judged for day in days)
    watched = Mode(mode) in IN_SHADOW
    return {
        "newest": f"{NEWEST:,}" if judged >= NEWEST else "",
        "figures": [
            {"label": f"Fired on, {DAYS} days", "value": f"{found.fired:,}"},
            {"label": "Of cases judged", "value": f"{judged:,}"},
            {"label": "People agree", "value": found.says()},
        ],
        "trend": trend(days),
        "drafts": waiting_drafts([workflow.pk], key).get((workflow.pk, key), []),
        "shadow": shadow.present(workflow, key, at) if watched else None,
        "edit_url": edit_url(key) if has_role(user, Role.GOVERNANCE, workflow.slug, at) else "",
    }


def edit_url(key: str) -> str:
    """The form that drafts a change of this control; empty where there is none."""
    try:
        return reverse("admin:controls_edit_control", args=[key])
    except NoReverseMatch:
        return ""


def trend(days: Sequence[Day]) -> dict[str, Any] | None:
    """Bars a day and the same as a table. None where no case was judged."""
    if not any(day.judged for day in days):
        return None
    most = max(day.fired for day in days)
    bars = []
    for index, day in enumerate(days):
        height = round(HEIGHT * day.fired / most, 1) if most else 0
        bars.append(
            {
                "x": index * SLOT + (SLOT - BAR) // 2,
                "y": round(BASE - height, 1),
                "height": height,
                "judged": day.judged > 0,
            }
        )
    peak = max(days, key=lambda day: day.fired)
    said = f"At most {peak.fired} cases a day, on {peak.day:%-d %B}." if most else "It never fired."
    return {
        "bars": bars,
        "bar": BAR,
        "width": len(days) * SLOT,
        "base": BASE,
        "most": most,
        "first": days[0].day,
        "last": days[-1].day,
        "said": f"Cases that it fired on, by day, from {days[0].day:%-d %B} to "
        f"{days[-1].day:%-d %B}. {said}",
        "table": {
            "caption": "Cases by day, in UTC, the newest first",
            "columns": [
                {"label": "Day"},
                {"label": "Judged", "end": True},
                {"label": "Fired on", "end": True},
            ],
            "rows": [
                {
                    "cells": [
                        {"text": f"{day.day:%-d %B %Y}"},
                        {"text": f"{day.judged:,}", "label": "Judged", "end": True},
                        {"text": f"{day.fired:,}", "label": "Fired on", "end": True},
                    ]
                }
                for day in reversed(days)
            ],
        },
    }
