"""What is wrong with the controls that somebody wants to make live."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from assurance.controls import conditions
from assurance.controls.checks.registry import CHECKS, problems_of
from assurance.controls.choices import ROUTED, Disposition, FailurePolicy, Kind, Mode, Tier
from assurance.controls.conditions import Problem
from assurance.controls.definition_shapes import (
    Key,
    duplicate_problems,
    listed,
    nearest,
    shape_problems,
    shown,
)
from assurance.controls.definition_templates import template_problems
from assurance.controls.fields import Catalogue

KEY_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
# The keys of the other voices in `decided_by`: a control of that name could not be told apart.
VOICES = ("caller", "stage", "paused", "schema", "specification", "ungoverned")

CONTROL_KEYS = {
    "key": Key("text", required=True, longest=40),
    "name": Key("text", required=True, longest=120),
    "purpose": Key("text"),
    "kind": Key("text", choices=Kind.values),
    "owner": Key("text", required=True, longest=150),
    "failure_scenario": Key("text", required=True),
    "boundary": Key("whole"),
    "mode": Key("text", choices=Mode.values),
    "condition": Key("any"),
    "effect": Key("text", choices=Disposition.values),
    "check": Key("object"),
    "effects": Key("object"),
    "failure_policy": Key("text", choices=FailurePolicy.values),
    "on_error": Key("text", choices=ROUTED),
    "on_unknown": Key("text", choices=("fire", "quiet", *Disposition.values)),
    "reroute_to": Key("text", longest=200),
    "instructions": Key("text"),
    "message": Key("text", longest=500),
    "priority": Key("whole", least=0, most=1000),
}
CHECK_KEYS = {"name": Key("text", required=True, longest=100), "params": Key("object")}
EFFECT_KEYS = {
    "fail": Key("text", choices=Disposition.values),
    "inconclusive": Key("text", choices=Disposition.values),
}
NOT_YET = ("requires", "readers", "skills", "authority", "second_reader", "waivers")
ONLY_POLICY = ("effect", "on_unknown")
ONLY_VERIFICATION = ("check", "effects", "failure_policy", "on_error")


def control_problems(
    source: Mapping[str, Any],
    *,
    catalogue: Catalogue,
    known_people: Collection[str],
    boundaries: Collection[int],
    tier: str,
) -> list[Problem]:
    """Every problem of `source["controls"]`. `tier` "" leaves out what hangs on the tier."""
    controls = listed(source, "controls")
    found = []
    for index, control in enumerate(controls):
        at = f"/controls/{index}"
        wrong = shape_problems(control, CONTROL_KEYS, at, not_yet=NOT_YET)
        found += wrong
        if isinstance(control, Mapping):
            touched = {problem.pointer for problem in wrong}
            sound = {
                name: value for name, value in control.items() if f"{at}/{name}" not in touched
            }
            found += _identity_problems(sound, at, known_people, boundaries)
            found += _condition_problems(sound, at, catalogue)
            found += _kind_problems(sound, at, catalogue, tier)
            found += _target_problems(sound, at)
            found += template_problems(sound.get("message") or "", f"{at}/message", catalogue)
    keys = [c.get("key") if isinstance(c, Mapping) else None for c in controls]
    texts = [key if isinstance(key, str) else None for key in keys]
    return found + duplicate_problems(texts, "key", "/controls", "The control key")


def _identity_problems(
    control: Mapping[str, Any], at: str, known_people: Collection[str], boundaries: Collection[int]
) -> list[Problem]:
    found = []
    key, owner, boundary = control.get("key"), control.get("owner"), control.get("boundary")
    if key and not KEY_SHAPE.fullmatch(key):
        message = (
            f"The key {shown(key)} cannot stand in an address. Use letters, digits, and . _ - "
            "after the first one, such as PAY-07."
        )
        found.append(Problem(f"{at}/key", "bad_key", message))
    if key in VOICES:
        message = f"`{key}` names a voice of its own in `decided_by`. Choose another key."
        found.append(Problem(f"{at}/key", "reserved_key", message))
    if owner and owner not in known_people:
        hint = nearest(owner, known_people)
        said = f"Did you mean “{hint}”?" if hint else "Make the account first."
        message = f"There is no account {shown(owner)} to own this control. {said}"
        found.append(Problem(f"{at}/owner", "unknown_person", message))
    if boundary is not None and boundary not in boundaries:
        there = ", ".join(str(number) for number in sorted(boundaries)) or "none"
        message = (
            f"The specification has no boundary {boundary}. It has: {there}. Name one of these or "
            "add it to the specification."
        )
        found.append(Problem(f"{at}/boundary", "unknown_boundary", message))
    return found


def _condition_problems(control: Mapping[str, Any], at: str, catalogue: Catalogue) -> list[Problem]:
    condition = control.get("condition")
    if condition is not None:
        return inside(f"{at}/condition", conditions.problems(condition, catalogue))
    if kind_of(control) == Kind.POLICY and "condition" not in control:
        message = (
            "`condition` is missing. Write one, or `null` where the control fires on every case."
        )
        return [Problem(f"{at}/condition", "missing", message)]
    return []


def kind_of(control: Mapping[str, Any]) -> str:
    """The kind said, or the one that follows from having a check."""
    return control.get("kind") or (Kind.VERIFICATION if control.get("check") else Kind.POLICY)


def _kind_problems(
    control: Mapping[str, Any], at: str, catalogue: Catalogue, tier: str
) -> list[Problem]:
    kind = kind_of(control)
    if kind == Kind.POLICY:
        strangers = [name for name in ONLY_VERIFICATION if control.get(name) is not None]
        needed = "effect"
    else:
        strangers = [name for name in ONLY_POLICY if control.get(name) is not None]
        needed = "check"
    found = [
        Problem(
            f"{at}/{name}",
            "wrong_kind",
            f"A {kind} control has no `{name}`. Leave it out, or change `kind`.",
        )
        for name in strangers
    ]
    if not control.get(needed):
        message = f"A {kind} control needs `{needed}`. Write it down."
        found.append(Problem(f"{at}/{needed}", "missing", message))
    elif kind == Kind.VERIFICATION:
        found += _check_problems(control["check"], f"{at}/check", catalogue)
    if isinstance(control.get("effects"), Mapping):
        found += shape_problems(control["effects"], EFFECT_KEYS, f"{at}/effects")
    if control.get("failure_policy") == FailurePolicy.OPEN_FLAGGED and tier not in ("", Tier.LOW):
        message = (
            f"`open_flagged` lets a case go on although its check did not run; this workflow's "
            f"tier is {tier}, and only a low one may. Use closed_hold."
        )
        found.append(Problem(f"{at}/failure_policy", "tier_too_high", message))
    return found


def _check_problems(check: Mapping[str, Any], at: str, catalogue: Catalogue) -> list[Problem]:
    found = shape_problems(check, CHECK_KEYS, at, not_yet=NOT_YET)
    name, params = check.get("name"), check.get("params")
    if not isinstance(name, str) or not name:
        return found
    inner = problems_of(name, {} if params is None else params, catalogue)
    return found + inside(f"{at}/params" if name in CHECKS else f"{at}/name", inner)


def _target_problems(control: Mapping[str, Any], at: str) -> list[Problem]:
    """Rerouting needs a path and returning needs instructions."""
    effects = control.get("effects")
    ordered = [control.get("effect"), control.get("on_unknown")]
    if isinstance(effects, Mapping):
        ordered += [effects.get(name) for name in EFFECT_KEYS]
    found = []
    if Disposition.REROUTE in ordered and not control.get("reroute_to"):
        message = "This control can reroute. Say in `reroute_to` which path takes over."
        found.append(Problem(f"{at}/reroute_to", "missing", message))
    if Disposition.RETURN in ordered and not control.get("instructions"):
        message = "This control can return a case. Say in `instructions` what the system changes."
        found.append(Problem(f"{at}/instructions", "missing", message))
    return found


def inside(pointer: str, found: list[Problem]) -> list[Problem]:
    """Problems of a part, with pointers into the whole."""
    return [Problem(pointer + one.pointer, one.code, one.message) for one in found]
