"""What is wrong with a specification and with the queues' decision policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assurance.controls.conditions import Problem
from assurance.controls.defaults import OUTCOMES, queue_policy
from assurance.controls.definition_rules import PRIORITIES, unknown_queue
from assurance.controls.definition_shapes import (
    Key,
    duplicate_problems,
    listed,
    nearest,
    not_yet_problems,
    shape_problems,
    shown,
)
from assurance.controls.definition_templates import template_problems
from assurance.controls.fields import Catalogue

MOST_RATIONALE = 2000
MOST_REASONS = 5
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)

SPECIFICATION_KEYS = {
    "purpose": Key("text", required=True),
    "boundaries": Key("list"),
    "actions": Key("list"),
}
BOUNDARY_KEYS = {
    "number": Key("whole", required=True, least=1, most=10_000),
    "text": Key("text", required=True),
    "clause": Key("text", longest=500),
}
ACTION_KEYS = {
    "name": Key("text", required=True, longest=100),
    "reversible": Key("flag"),
    "verification_required": Key("flag"),
}
POLICY_KEYS = {
    "queue": Key("text", required=True, longest=60),
    "outcomes": Key("list"),
    "reasons": Key("list"),
    "rationale_min": Key("object"),
    "reasons_required": Key("object"),
}
REASON_KEYS = {
    "code": Key("text", required=True, longest=40),
    "group": Key("text", longest=60),
    "label": Key("text", required=True, longest=120),
    "outcomes": Key("list"),
    "starter": Key("text", longest=500),
    "text_required": Key("flag"),
}
NOT_YET = ("second_reader", "second_opinion", "authority", "readers", "skills", "requires")


def specification_problems(source: Mapping[str, Any]) -> list[Problem]:
    """Every problem of `source["specification"]`."""
    said = source.get("specification")
    if said is None:
        message = "`specification` is missing. Say at least the workflow's `purpose`."
        return [Problem("/specification", "missing", message)]
    found = shape_problems(said, SPECIFICATION_KEYS, "/specification")
    if not isinstance(said, Mapping):
        return found
    for name, keys, identity, what in (
        ("boundaries", BOUNDARY_KEYS, "number", "The boundary"),
        ("actions", ACTION_KEYS, "name", "The action"),
    ):
        at = f"/specification/{name}"
        items = listed(said, name)
        for index, item in enumerate(items):
            found += shape_problems(item, keys, f"{at}/{index}")
        found += duplicate_problems([_plain(item, identity) for item in items], identity, at, what)
    return found


def boundary_numbers(source: Mapping[str, Any]) -> set[int]:
    """The boundaries that a control may cite."""
    said = source.get("specification")
    items = listed(said, "boundaries") if isinstance(said, Mapping) else []
    numbers = (_plain(item, "number") for item in items)
    return {number for number in numbers if isinstance(number, int)}


def policy_problems(
    source: Mapping[str, Any], *, catalogue: Catalogue, known_queues: Mapping[str, str]
) -> list[Problem]:
    """Every problem of `source["queue_policies"]`."""
    policies = listed(source, "queue_policies")
    found = []
    for index, policy in enumerate(policies):
        at = f"/queue_policies/{index}"
        wrong = shape_problems(policy, POLICY_KEYS, at, not_yet=NOT_YET)
        found += wrong
        if not isinstance(policy, Mapping):
            continue
        if isinstance(policy.get("queue"), str) and policy["queue"]:
            found += unknown_queue(policy["queue"], f"{at}/queue", known_queues)
        inner = _outcome_problems(policy.get("outcomes"), f"{at}/outcomes", may_be_empty=False)
        inner += _reason_problems(policy, at, catalogue)
        for name, most in (("rationale_min", MOST_RATIONALE), ("reasons_required", MOST_REASONS)):
            inner += _least_problems(policy.get(name), f"{at}/{name}", most)
        found += inner or ([] if wrong else _enough_reasons(policy, at))
    queues = [_plain(policy, "queue") for policy in policies]
    return found + duplicate_problems(queues, "queue", "/queue_policies", "A policy for the queue")


def _outcome_problems(outcomes: Any, at: str, *, may_be_empty: bool) -> list[Problem]:
    if not isinstance(outcomes, list):
        return []
    if not outcomes and not may_be_empty:
        message = f"Nothing could be decided here. Name some of: {', '.join(OUTCOMES)}."
        return [Problem(at, "empty", message)]
    found = []
    for index, outcome in enumerate(outcomes):
        if outcome == "second_opinion":
            found += not_yet_problems("second_opinion", outcome, f"{at}/{index}")
        elif outcome not in OUTCOMES:
            hint = nearest(outcome, OUTCOMES) if isinstance(outcome, str) else None
            said = f"Did you mean “{hint}”? " if hint else ""
            message = f"{shown(outcome)} is no decision. {said}Use some of: {', '.join(OUTCOMES)}."
            found.append(Problem(f"{at}/{index}", "unknown_value", message))
        elif outcome in outcomes[:index]:
            message = f"{shown(outcome)} stands twice. Remove one."
            found.append(Problem(f"{at}/{index}", "duplicate", message))
    return found


def _reason_problems(policy: Mapping[str, Any], at: str, catalogue: Catalogue) -> list[Problem]:
    reasons = listed(policy, "reasons")
    found = []
    for index, reason in enumerate(reasons):
        here = f"{at}/reasons/{index}"
        found += shape_problems(reason, REASON_KEYS, here)
        if not isinstance(reason, Mapping):
            continue
        found += _outcome_problems(reason.get("outcomes"), f"{here}/outcomes", may_be_empty=True)
        code, starter = reason.get("code"), reason.get("starter")
        if isinstance(code, str) and code and not CODE.fullmatch(code):
            message = (
                f"The code {shown(code)} holds more than small letters, digits, - and _. "
                "Write it like figure-wrong."
            )
            found.append(Problem(f"{here}/code", "bad_code", message))
        if isinstance(starter, str):
            found += template_problems(starter, f"{here}/starter", catalogue)
    codes = [_plain(reason, "code") for reason in reasons]
    return found + duplicate_problems(codes, "code", f"{at}/reasons", "The reason code")


def _least_problems(said: Any, at: str, most: int) -> list[Problem]:
    if not isinstance(said, Mapping):
        return []
    number = Key("whole", least=0, most=most)
    by_priority = dict.fromkeys(PRIORITIES, number)
    found = shape_problems(
        {name: None if isinstance(value, Mapping) else value for name, value in said.items()},
        dict.fromkeys(OUTCOMES, number),
        at,
    )
    for name, value in said.items():
        if isinstance(value, Mapping):
            found += shape_problems(value, by_priority, f"{at}/{name}")
    return found


def _enough_reasons(policy: Mapping[str, Any], at: str) -> list[Problem]:
    """A decision that needs more reasons than are offered could never be made."""
    whole = queue_policy(policy)
    found = []
    for outcome in whole["outcomes"]:
        offered = sum(outcome in (reason["outcomes"] or OUTCOMES) for reason in whole["reasons"])
        said = whole["reasons_required"][outcome]
        needed = max(said.values()) if isinstance(said, Mapping) else said
        if needed > offered:
            message = (
                f"“{outcome}” needs {needed} reason(s) and {offered} can be chosen for it. Offer "
                "more, or ask for fewer."
            )
            found.append(Problem(f"{at}/reasons_required/{outcome}", "too_few_reasons", message))
    return found


def _plain(item: Any, name: str) -> str | int | None:
    value = item.get(name) if isinstance(item, Mapping) else None
    return value if isinstance(value, (str, int)) and not isinstance(value, bool) else None
