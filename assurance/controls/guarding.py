"""Which controls guard what the specification declares: boundaries by number, actions by what a
control's condition leaves of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.choices import Kind, Mode
from assurance.controls.conditions import Verdict, evaluate

Content = Mapping[str, Any]


def of_boundary(content: Content, number: int) -> list[dict[str, Any]]:
    """The controls that name a boundary and are not off."""
    return [one for one in _on(content) if one["boundary"] == number]


def of_action(content: Content, action: str, *, kind: str | None = None) -> list[dict[str, Any]]:
    """The controls that can speak on a case which proposes this action."""
    return [
        one
        for one in _on(content)
        if (kind is None or one["kind"] == kind)
        and about_action(one["condition"], action) is not False
    ]


def verifying(content: Content, action: str) -> list[dict[str, Any]]:
    """The enforced verifications among them."""
    found = of_action(content, action, kind=Kind.VERIFICATION)
    return [one for one in found if one["mode"] == Mode.ENFORCED]


def without_boundary(content: Content) -> list[dict[str, Any]]:
    """Controls that guard no boundary that there is."""
    known = {one["number"] for one in content["specification"]["boundaries"]}
    return [one for one in _on(content) if one["boundary"] not in known]


def about_action(tree: Mapping[str, Any] | None, action: str) -> Verdict:
    """What a condition comes to where nothing but the action is known. False: never for it."""
    if tree is None:
        return True
    if "all" in tree:
        verdicts = [about_action(part, action) for part in tree["all"]]
        return False if False in verdicts else None if None in verdicts else True
    if "any" in tree:
        verdicts = [about_action(part, action) for part in tree["any"]]
        return True if True in verdicts else None if None in verdicts else False
    if "not" in tree:
        verdict = about_action(tree["not"], action)
        return None if verdict is None else not verdict
    if tree["field"] != "proposed_action" or "other" in tree:
        return None
    return evaluate(dict(tree), {"proposed_action": action})


def names_pilot(tree: Any) -> bool:
    """Whether a condition asks for the pilot: such a control has no say beyond it."""
    if isinstance(tree, Mapping):
        if tree.get("field") == "workflow.stage":
            value = tree.get("value")
            return "pilot" in (value if isinstance(value, list) else [value])
        return any(names_pilot(part) for part in tree.values())
    return isinstance(tree, list) and any(names_pilot(part) for part in tree)


def _on(content: Content) -> list[dict[str, Any]]:
    return [one for one in content["controls"] if one["mode"] != Mode.OFF]
