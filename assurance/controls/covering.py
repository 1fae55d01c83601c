"""Facts for eyes that need not see everything: sensitive values covered, sources too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.fields import Catalogue

COVERED = "(covered)"


def covered_facts(facts: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A copy of stored facts with every sensitive value and every marked source covered."""
    shown = dict(facts)
    for field in catalogue.fields.values():
        if field.sensitive:
            shown = _cover(shown, field.path.split("."))
    shown["evidence"] = [covered_source(item) for item in shown.get("evidence") or []]
    return shown


def covered_source(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """A source as it is, or, marked sensitive, its name alone: whatever its kind keeps its
    content in (text, rows, an address) goes."""
    if not item.get("sensitive"):
        return item
    named = {key: item[key] for key in ("label", "kind") if key in item}
    return {**named, "sensitive": True, "content": COVERED}


def covered_results(results: list[dict[str, Any]], catalogue: Catalogue) -> list[dict[str, Any]]:
    """A copy of stored results; operands of sensitive fields are covered on both sides."""
    return [
        {
            **result,
            "operands": [
                {**operand, "value": COVERED, "other": COVERED}
                if _is_sensitive(operand, catalogue)
                else operand
                for operand in result.get("operands", [])
            ],
        }
        for result in results
    ]


def _is_sensitive(operand: Mapping[str, Any], catalogue: Catalogue) -> bool:
    fields = (catalogue.get(str(operand.get(name) or "")) for name in ("field", "other_field"))
    return any(field is not None and field.sensitive for field in fields)


def _cover(value: Any, keys: list[str]) -> Any:
    if not isinstance(value, Mapping) or keys[0] not in value:
        return value
    inner = COVERED if len(keys) == 1 else _cover(value[keys[0]], keys[1:])
    return {**value, keys[0]: inner}
