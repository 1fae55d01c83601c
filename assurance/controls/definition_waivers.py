"""What is wrong with the waivers that somebody wants to make live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assurance.controls import conditions
from assurance.controls.conditions import Problem
from assurance.controls.definition_controls import KEY_SHAPE, inside
from assurance.controls.definition_shapes import (
    Key,
    duplicate_problems,
    listed,
    nearest,
    shape_problems,
    shown,
)
from assurance.controls.fields import Catalogue

WAIVER_KEYS = {
    "key": Key("text", required=True, longest=40),
    "control": Key("text", required=True, longest=40),
    "condition": Key("any"),
    "reason": Key("text", required=True),
    "expires_at": Key("text", required=True, longest=40),
}


def waiver_problems(source: Mapping[str, Any], *, catalogue: Catalogue) -> list[Problem]:
    """Every problem of `source["waivers"]`: each names a control, for what, why and until when."""
    waivers = listed(source, "waivers")
    controls = [
        one["key"]
        for one in listed(source, "controls")
        if isinstance(one, Mapping) and isinstance(one.get("key"), str)
    ]
    found: list[Problem] = []
    for index, waiver in enumerate(waivers):
        at = f"/waivers/{index}"
        found += shape_problems(waiver, WAIVER_KEYS, at)
        if not isinstance(waiver, Mapping):
            continue
        key, control = waiver.get("key"), waiver.get("control")
        if isinstance(key, str) and key and not KEY_SHAPE.fullmatch(key):
            message = f"The key {shown(key)} cannot stand in an address. Write it like WAI-01."
            found.append(Problem(f"{at}/key", "bad_key", message))
        if isinstance(control, str) and control and control not in controls:
            hint = nearest(control, controls)
            said = f"Did you mean “{hint}”?" if hint else "Name one of the set's controls."
            message = f"There is no control {shown(control)} to waive. {said}"
            found.append(Problem(f"{at}/control", "unknown_control", message))
        if waiver.get("condition") is not None:
            inner = conditions.problems(waiver["condition"], catalogue)
            found += inside(f"{at}/condition", inner)
        found += _expiry_problems(waiver.get("expires_at"), f"{at}/expires_at")
    keys = [one.get("key") if isinstance(one, Mapping) else None for one in waivers]
    texts = [key if isinstance(key, str) else None for key in keys]
    return found + duplicate_problems(texts, "key", "/waivers", "The waiver key")


def _expiry_problems(said: Any, at: str) -> list[Problem]:
    if not isinstance(said, str) or not said:
        return []
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return []
    message = f"{shown(said)} is no moment with a zone. Write it like 2026-12-31T00:00:00Z."
    return [Problem(at, "bad_time", message)]
