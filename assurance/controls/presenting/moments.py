"""A moment of the past in words and tables; what differs now comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from assurance.accounts.choices import Role
from assurance.controls import as_of
from assurance.controls.choices import Kind, Mode, Stage
from assurance.controls.conditions import describe
from assurance.controls.durations import parse_duration
from assurance.controls.fields import Catalogue
from assurance.controls.models import ControlSet, Workflow

MODES = {Mode.OFF: "", Mode.SHADOW: "dashed", Mode.ADVISE: "dashed", Mode.ENFORCED: "ok"}


def present(
    workflow: Workflow, at: datetime, *, now: datetime, offered: Sequence[Workflow]
) -> dict[str, Any]:
    """What `controls/as_of.html` needs."""
    then = as_of.as_of(workflow, at, now=now)
    control_set = then["control_set"]
    return {
        "workflow": workflow,
        "at": at,
        "field_at": at.strftime("%Y-%m-%dT%H:%M:%S"),
        "offered": offered,
        "then": then,
        "state": _state(then["state"]),
        "set_from": _moment(control_set and control_set["effective_from"]),
        "set_until": _moment(control_set and control_set["until"]),
        "around": [
            {
                "number": one["number"],
                "begin": _moment(one["from"]),
                "until": _moment(one["until"]),
                "current": bool(control_set) and one["number"] == control_set["number"],
                "url": address(workflow.slug, _moment(one["from"])),
            }
            for one in then["sets_around"]
        ],
        "differs": _table(
            "What differs now",
            ("What", "Then", "Now"),
            ([_t(d["what"]), _t(d["then"]), _t(d["now"])] for d in then["differs_now"]),
        ),
        "queues": [
            one | {name: span(one[name]) for name in ("service_level", "lease", "undo_window")}
            for one in then["queues"]
        ],
        "controls": _controls(then),
        "rules": _rules(then, workflow, at),
        "policies": _table(
            "Decision policies then",
            ("Queue", "May decide", "Reasons offered"),
            (
                [
                    _t(p["queue"]),
                    _t(", ".join(p["outcomes"])),
                    _t(f"{len(p['reasons'])}"),
                ]
                for p in then["queue_policies"]
            ),
        ),
        "waivers": _table(
            "Waivers then",
            ("Waiver", "Control", "Why", "Until"),
            (
                [_t(w["key"]), _t(w["control"]), _t(w["reason"]), _at(w["expires_at"])]
                for w in then["waivers"]
            ),
        ),
        "grants": _table(
            "Who held which role then",
            ("Person", "Role", "Where", "Since"),
            (
                [
                    {"text": g["name"], "small": g["person"]},
                    _t(Role(g["role"]).label),
                    _t(g["workflow"] or "all workflows"),
                    _at(g["since"]),
                ]
                for g in then["grants"]
            ),
        ),
        "models": _table(
            "Models whose outputs were judged in the 30 days before",
            ("Model", "Version", "Prompt", "Cases", "Last"),
            (
                [
                    _t(m["name"] or "no name"),
                    _t(m["version"]),
                    _t(m["prompt_version"]),
                    {"text": f"{m['cases']:,}", "end": True},
                    _at(m["last_at"]),
                ]
                for m in then["models"]
            ),
        ),
    }


def address(slug: str, at: datetime | None, case: str = "") -> str:
    """The page of a moment."""
    query = {"workflow": slug} | ({"at": at.isoformat()} if at else {})
    return f"{reverse('as_of')}?{urlencode(query | ({'case': case} if case else {}))}"


def when_judged(case: Any) -> str:
    """The address of the moment at which a case was judged: never before the set that did."""
    begun: ControlSet = case.control_set
    at = max(case.assessment.at, begun.effective_from)
    return address(case.workflow.slug, at, case.reference)


def span(text: str | None) -> str:
    """An ISO 8601 duration in words: "8 h", "20 min", "1 day 6 h"; empty for none."""
    if not text:
        return ""
    left, parts = int(parse_duration(text).total_seconds()), []
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return " ".join(parts) or "0 s"


def _controls(then: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for one in then["controls"]:
        url = f"{reverse('control', args=[one['key']])}?version={one['version']}"
        mode = Mode(one["mode"])
        rows.append(
            [
                {"text": one["name"], "url": url, "small": one["key"]},
                {"tag": {"label": mode.label, "kind": MODES[mode]}},
                _t(f"Version {one['version']}"),
                _t(Kind(one["kind"]).label),
                _t(one["owner"]),
            ]
        )
    return _table("Controls then", ("Control", "Mode", "Version", "Kind", "Owner"), rows)


def _rules(then: dict[str, Any], workflow: Workflow, at: datetime) -> dict[str, Any]:
    control_set = ControlSet.objects.filter(workflow=workflow).as_of(at).first()
    catalogue = Catalogue.from_json(control_set.content["fields"]) if control_set else None
    rows = []
    for one in sorted(then["rules"], key=lambda rule: rule["position"]):
        when = "Always"
        if one["condition"] is not None and catalogue is not None:
            when = describe(one["condition"], catalogue.for_routing()).replace("`", "")
        elif one["catch_all"]:
            when = f"What is left of {one['catch_all']}"
        rows.append(
            [
                {"text": one["name"] or one["queue"], "small": f"rule {one['position']}"},
                _t(when),
                _t(one["queue"]),
                _t(one["priority"] or "the tier's"),
                _t(span(one["due_in"]) or "the queue's"),
            ]
        )
    return _table("Routing rules then", ("Rule", "When", "Queue", "Priority", "Due in"), rows)


def _state(state: dict[str, Any] | None) -> list[tuple[str, str]]:
    if state is None:
        return []
    paused = f"yes: {state['pause_reason']}" if state["pause_reason"] else "yes"
    return [
        ("Stage", Stage(state["stage"]).label),
        ("Tier", state["tier"].capitalize()),
        ("Owner", state["owner"] or "nobody"),
        ("Deputy", state["deputy"] or "nobody"),
        ("Built by", ", ".join(state["builders"]) or "nobody is named"),
        ("Paused", paused if state["paused"] else "no"),
        ("A person on every case", "yes" if state["all_review"] else "no"),
    ]


def _table(caption: str, labels: Sequence[str], rows: Iterable[list[dict[str, Any]]]) -> Any:
    return {
        "caption": caption,
        "columns": [{"label": label} for label in labels],
        "rows": [
            {"cells": [cell | {"label": label} for cell, label in zip(row, labels, strict=True)]}
            for row in rows
        ],
    }


def _t(text: Any) -> dict[str, Any]:
    return {"text": text}


def _at(text: str) -> dict[str, Any]:
    return {"at": _moment(text), "show": "full"}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.upper()) if text else None
