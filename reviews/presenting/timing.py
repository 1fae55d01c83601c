"""Clocks in words: how long is left, and whether that is soon or late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from assurance.controls.choices import SafeOutcome
from reviews.choices import State
from reviews.models import Case

SOON = timedelta(minutes=15)
THEN = {
    SafeOutcome.KEEP_WAITING: "it keeps waiting",
    SafeOutcome.DO_NOT_PROCEED: "it does not proceed",
    SafeOutcome.REROUTE: "it is handed over",
}


def words(span: timedelta) -> str:
    """ "12 min", "1 h 05", "3 days": as exact as a person can use."""
    minutes = int(abs(span).total_seconds()) // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    days = round(minutes / (24 * 60))
    return f"{days} day{'s' if days != 1 else ''}"


def state_of(due: datetime, since: datetime, at: datetime) -> str:
    """ok, soon (under 15 minutes or in the last fifth), late."""
    if due <= at:
        return "late"
    soon = min(SOON, (due - since) / 5) if due - since < SOON * 5 else SOON
    return "soon" if due - at <= max(soon, timedelta(0)) else "ok"


def clock(case: Case, at: datetime) -> dict[str, Any] | None:
    """The clock of the service level. The lease has its own, and the two are never merged."""
    if case.due_at is None or case.state != State.OPEN:
        return None  # nobody waits for it any more
    since = case.received_at
    state = "paused" if case.workflow.is_paused else state_of(case.due_at, since, at)
    at = case.workflow.paused_at or at  # the clock stands still since then
    late = case.due_at <= at
    allowed = max(case.due_at - since, timedelta(seconds=1))
    return {
        "due": case.due_at,
        "since": since,
        "state": state,
        "share": max(0, min(100, round(100 * ((case.due_at - at) / allowed)))),
        "text": f"{words(case.due_at - at)} {'late' if late else 'left'}",
        "show": "time" if abs(case.due_at - at) < timedelta(hours=18) else "day",
        "then": "" if late else THEN[SafeOutcome(case.workflow.safe_outcome)],
    }


def left(case: Case, at: datetime) -> dict[str, Any] | None:
    """The same in a row."""
    found = clock(case, at)
    if found is None:
        return None
    at = case.workflow.paused_at or at
    text = f"{words(found['due'] - at)}{' late' if found['due'] <= at else ''}"
    return {"due": found["due"], "since": found["since"], "state": found["state"], "text": text}
