"""Which queue a judged case goes to by a set's rules: the same answer as routing gives, without
its priority and due time. Tests hold the two against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assurance.controls.choices import ROUTED
from assurance.controls.definition_rules import KINDS
from assurance.controls.live_set import LiveSet
from assurance.controls.outlines import Outline


def taken_by(
    facts: Mapping[str, Any], outline: Outline, live: LiveSet, kinds: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """The rule that takes the case, None where nobody needs to see it or no rule can take it."""
    if outline.order not in ROUTED:
        return None
    return first_rule(live.rules, live.rule_verdicts(seen(facts, outline)), outline.order, kinds)


def seen(facts: Mapping[str, Any], outline: Outline) -> dict[str, Any]:
    """The facts as routing rules see them."""
    assessment = {"disposition": outline.order, "fired": list(outline.fired)}
    return {**facts, "assessment": assessment}


def first_rule(
    rules: Sequence[Mapping[str, Any]],
    verdicts: Sequence[bool | None],
    order: str,
    kinds: Mapping[str, str],
) -> Mapping[str, Any] | None:
    """The first rule that holds and whose queue is of a high enough kind."""
    needed = ROUTED.index(order)
    for rule, verdict in zip(rules, verdicts, strict=True):
        if verdict is not True or rule["catch_all"] not in (None, order):
            continue
        kind = kinds.get(rule["queue"])
        if kind in KINDS and KINDS.index(kind) >= needed:
            return rule
    return None
