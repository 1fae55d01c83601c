"""What is wrong with the routing rules that somebody wants to make live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls import conditions
from assurance.controls.choices import ROUTED
from assurance.controls.conditions import Problem
from assurance.controls.definition_controls import inside
from assurance.controls.definition_shapes import (
    Key,
    duplicate_problems,
    listed,
    nearest,
    shape_problems,
    shown,
)
from assurance.controls.durations import duration_problem
from assurance.controls.fields import Catalogue

PRIORITIES = ("low", "medium", "high")
# Which kind of queue may take which disposition: its own or a higher one.
KINDS = ("general", "specialist", "governance")
LEAST_KIND: dict[str, str] = dict(zip(ROUTED, KINDS, strict=True))

RULE_KEYS = {
    "name": Key("text", required=True, longest=120),
    "position": Key("whole", least=1, most=10_000),
    "condition": Key("any"),
    "queue": Key("text", required=True, longest=60),
    "priority": Key("text", choices=PRIORITIES),
    "due_in": Key("text", longest=40),
    "catch_all": Key("text", choices=ROUTED),
}
NOT_YET = ("requires", "readers", "skills", "authority", "second_reader", "second_opinion")


def rule_problems(
    source: Mapping[str, Any], *, catalogue: Catalogue, known_queues: Mapping[str, str]
) -> list[Problem]:
    """Every problem of `source["rules"]`. `known_queues` gives each queue's kind."""
    rules = listed(source, "rules")
    routing = catalogue.for_routing()
    found: list[Problem] = []
    sound: list[dict[str, Any]] = []
    for index, rule in enumerate(rules):
        at = f"/rules/{index}"
        wrong = shape_problems(rule, RULE_KEYS, at, not_yet=NOT_YET)
        found += wrong
        touched = {problem.pointer for problem in wrong}
        said = rule if isinstance(rule, Mapping) else {}
        one = {name: value for name, value in said.items() if f"{at}/{name}" not in touched}
        sound.append(one)
        found += _rule_problems(one, at, routing, known_queues)
    found += duplicate_problems([r.get("name") for r in sound], "name", "/rules", "The rule name")
    positions = [_position(rule, index) for index, rule in enumerate(sound)]
    found += duplicate_problems(positions, "position", "/rules", "Position")
    return found + _catch_all_problems(sound, positions)


def _position(rule: Mapping[str, Any], index: int) -> int:
    """Where no position is said the order of the list counts, as when defaults are written out."""
    said = rule.get("position")
    return index + 1 if said is None else said


def _rule_problems(
    rule: Mapping[str, Any], at: str, catalogue: Catalogue, known_queues: Mapping[str, str]
) -> list[Problem]:
    found = []
    condition, caught = rule.get("condition"), rule.get("catch_all")
    if condition is not None and caught:
        message = "A catch-all takes whatever is left, so it has no condition. Leave it out."
        found.append(Problem(f"{at}/condition", "catch_all_with_condition", message))
    elif condition is not None:
        found += inside(f"{at}/condition", conditions.problems(condition, catalogue))
    elif not caught:
        message = (
            "A rule without a condition takes every case. Write a condition, or make it the "
            "catch-all of one disposition."
        )
        found.append(Problem(f"{at}/condition", "missing", message))
    if rule.get("due_in") is not None and (sentence := duration_problem(rule["due_in"])):
        found.append(Problem(f"{at}/due_in", "bad_duration", sentence))
    if rule.get("queue"):
        found += _queue_problems(rule["queue"], caught, f"{at}/queue", known_queues)
    return found


def _queue_problems(
    queue: str, caught: str | None, at: str, known_queues: Mapping[str, str]
) -> list[Problem]:
    unknown = unknown_queue(queue, at, known_queues)
    if unknown:
        return unknown
    kind = known_queues[queue]
    if kind not in KINDS:
        message = (
            f"The queue {shown(queue)} is for {kind}; cases are routed to a general, specialist "
            "or governance queue. Choose one of these."
        )
        return [Problem(at, "wrong_queue_kind", message)]
    if caught and KINDS.index(kind) < KINDS.index(LEAST_KIND[caught]):
        message = (
            f"The queue {shown(queue)} is {kind} and may not take what needs {caught}. Choose a "
            f"queue of kind {LEAST_KIND[caught]} or higher."
        )
        return [Problem(at, "queue_too_low", message)]
    return []


def unknown_queue(queue: str, at: str, known_queues: Mapping[str, str]) -> list[Problem]:
    """The problem that no such queue exists, or none."""
    if queue in known_queues:
        return []
    hint = nearest(queue, known_queues)
    said = f"Did you mean “{hint}”?" if hint else "Make the queue first."
    return [Problem(at, "unknown_queue", f"There is no queue {shown(queue)}. {said}")]


def _catch_all_problems(rules: list[dict[str, Any]], positions: list[int]) -> list[Problem]:
    found = []
    last = max(
        (at for at, rule in zip(positions, rules, strict=True) if not rule.get("catch_all")),
        default=0,
    )
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        caught = rule.get("catch_all")
        if not caught:
            continue
        if caught in first:
            message = (
                f"There are two catch-alls for {caught} (the first is rule {first[caught] + 1}). "
                "Remove one."
            )
            found.append(Problem(f"/rules/{index}/catch_all", "duplicate", message))
        first.setdefault(caught, index)
        if positions[index] < last:
            message = "A catch-all stands behind every other rule. Give it a later position."
            found.append(Problem(f"/rules/{index}/position", "catch_all_not_last", message))
    for disposition in ROUTED:
        if disposition not in first:
            message = (
                f"No rule catches all that needs {disposition}. Add one with `catch_all: "
                f"{disposition}`, no condition, and a queue of kind {LEAST_KIND[disposition]} or "
                "higher."
            )
            found.append(Problem("/rules", "missing_catch_all", message))
    return found
