"""What happened to a change, from the record of its workflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from assurance.controls.models import ControlChange
from assurance.record.models import Event

MOST_READ = 500
Payload = Mapping[str, Any]

WORDS: dict[str, Callable[[Payload], str]] = {
    "created": lambda p: "began this change",
    "edited": lambda p: "edited it",
    "submitted": lambda p: "submitted it for approval",
    "replayed": lambda p: f"replayed it over {p.get('n', 0):,} cases",
    "approved": lambda p: "approved it",
    "declined": lambda p: "declined it",
    "withdrawn": lambda p: "withdrew it",
    "published_alone": lambda p: "published it without a second person",
    "published": lambda p: f"made it live as set {p.get('set')}",
    "rebased": lambda p: f"rebased it from set {p.get('from')} onto set {p.get('to')}",
    "overtaken": lambda p: _overtaken(p),
    "not_started": lambda p: f"could not make it live, so it waits again. {p.get('why', '')}",
    "lapsed": lambda p: "let it lapse: nobody decided in seven days",
    "ratified": lambda p: "ratified it" + (", too late" if p.get("late") else ""),
    "unratified": lambda p: "found that nobody ratified it: a person reviews every case since",
}


def entries(change: ControlChange) -> list[dict[str, Any]]:
    """Oldest first, for `includes/_thread.html`."""
    found = (
        Event.objects.filter(
            workflow=change.workflow.slug,
            stream_type="workflow",
            type__startswith="control_change.",
            at__gte=change.created_at,
        )
        .select_related("payload", "actor_user")
        .order_by("seq")[:MOST_READ]
    )
    return [
        entry
        for event in found
        for payload in [json.loads(bytes(event.payload.body))]
        if payload.get("number", payload.get("change")) == change.number
        for entry in [_entry(event, payload)]
        if entry is not None
    ]


def _entry(event: Event, payload: Payload) -> dict[str, Any] | None:
    words = WORDS.get(event.type.partition(".")[2])
    if words is None:
        return None
    user = event.actor_user
    return {
        "who": user.full_name_or_username if user else "Countermark",
        "initials": user.initials if user else "CM",
        "client": user is None,
        "event": user is None,
        "at": event.at,
        "show": "full",
        "text": words(payload),
        "quote": payload.get("note") or "",
        "hash": payload.get("content_sha256") or payload.get("sha256") or "",
    }


def _overtaken(payload: Payload) -> str:
    common = payload.get("common") or []
    if common:
        return f"took it back to a draft: set {payload.get('by_set')} edits {', '.join(common)} too"
    if misfit := payload.get("misfit"):
        return f"took it back to a draft: it does not fit set {payload.get('by_set')}. {misfit}"
    return f"rebased it onto set {payload.get('by_set')} and replays it again"
