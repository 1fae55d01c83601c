"""Sentences about a result, made from the control's own template and the case's values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assurance.controls.conditions import Explanation, sentence
from assurance.controls.fields import Catalogue

# {output.amount}: a dotted path in braces, nothing else. Linear to match.
PLACEHOLDER = re.compile(r"\{([a-z_][a-zA-Z0-9_.]{0,199})\}")
MAX_OPERANDS = 20
MAX_VALUE = 120


def rendered(template: str | None, facts: Mapping[str, Any], catalogue: Catalogue) -> str:
    """The template with the case's values. A missing value reads "(missing)", a sensitive one
    stays covered: a sentence travels further than the field."""
    if not template:
        return ""

    def fill(found: re.Match[str]) -> str:
        path = found.group(1)
        field = catalogue.get(path)
        if field is not None and field.sensitive:
            return "(covered)"
        return plain(value_at(facts, path))

    return PLACEHOLDER.sub(fill, template)


def value_at(facts: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of object keys, None where there is none."""
    value: Any = facts
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def plain(value: Any) -> str:
    """A value as a person writes it: 4,820 and 0.71, yes and no, text cut at 120 characters."""
    if value is None:
        return "(missing)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.10g}" if abs(value) < 1e15 else repr(value)
    if isinstance(value, Mapping):
        return "(several values)"  # whole objects may hold what is sensitive
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value[:10]) + (" …" if len(value) > 10 else "")
    text = str(value)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


def operands_of(explanation: Explanation) -> tuple[dict[str, Any], ...]:
    """The leaves that made the condition come out as it did, with both sides of each."""
    return tuple(
        {
            "field": leaf.field,
            "value": leaf.value,
            "op": leaf.op,
            "other": leaf.other,
            **({"other_field": leaf.other_field} if leaf.other_field else {}),
            **({"reason": leaf.reason} if leaf.reason else {}),
        }
        for leaf in explanation.telling[:MAX_OPERANDS]
    )


def policy_message(
    control: Mapping[str, Any],
    explanation: Explanation,
    facts: Mapping[str, Any],
    catalogue: Catalogue,
) -> str:
    """The control's own sentence, or one made of the leaves that told."""
    told = explanation.telling[:3]
    said = "; ".join(sentence(leaf, catalogue, reveal=False) for leaf in told)
    if explanation.verdict is None:
        return f"It could not be judged: {said}."
    if own := rendered(control["message"], facts, catalogue):
        return own
    return f"{said[:1].upper()}{said[1:]}." if said else control["name"]
