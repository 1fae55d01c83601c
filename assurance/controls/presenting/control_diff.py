"""Two versions of one control side by side, and what the later one did to past cases."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from assurance.controls.choices import Mode, ReplayStatus
from assurance.controls.control_history import Carried, Told
from assurance.controls.control_sets import content_sha256
from assurance.controls.models import Replay, Workflow
from assurance.controls.presenting import replays
from assurance.controls.presenting.comparing import compared

if TYPE_CHECKING:
    from assurance.accounts.models import User

# So many replays are looked through for one that tried the later version against the earlier.
MOST_REPLAYS = 50


def present(workflow: Workflow, was: Told, now: Told, user: User, at: datetime) -> dict[str, Any]:
    """What `controls/diff.html` needs."""
    fields = now.periods[0].control_set.content["fields"]
    old, new = (
        {"specification": {}, "controls": [one.version.content], "fields": fields}
        for one in (was, now)
    )
    report = _replay(workflow, was, now)
    return {
        "workflow": workflow,
        "key": now.version.key,
        "name": now.version.content["name"],
        "old": was.version.version,
        "new": now.version.version,
        "differences": compared(old, new),
        "sides": [_side("Was", was), _side("Now", now)],
        "effect": _effect(report, now.version.key) if report else None,
        "change": report.change if report else None,
        "replay": replays.present(report, user, at) if report else None,
    }


def _side(label: str, told: Told) -> dict[str, Any]:
    periods: list[Carried] = list(told.periods)
    return {
        "label": label,
        "version": told.version.version,
        "sets": ", ".join(str(one.control_set.number) for one in reversed(periods)),
        "begin": periods[-1].begin if periods else None,
        "until": periods[0].until if periods else None,
        "mode": Mode(periods[0].mode).label if periods else "",
    }


def _replay(workflow: Workflow, was: Told, now: Told) -> Replay | None:
    """The newest replay that tried the later version in the place of the earlier."""
    done = Replay.objects.filter(workflow=workflow, status=ReplayStatus.DONE).filter(
        candidate__controls__contains=[{"key": now.version.key}],
        base_set__in=[one.control_set.pk for one in was.periods],
    )
    for one in done.select_related("change").order_by("-pk")[:MOST_REPLAYS]:
        tried = next(c for c in one.candidate["controls"] if c["key"] == now.version.key)
        if content_sha256(tried) == now.version.sha256:
            return one
    return None


def _effect(report: Replay, key: str) -> dict[str, Any] | None:
    """What this control alone matches, before and now."""
    rows = report.report["controls"] if report.report else []
    return next((one for one in rows if one["key"] == key), None)
