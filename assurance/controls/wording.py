"""The words of conditions: names of fields, verbs of operators, values as people write them.

Only words: what is true is decided in `condition_verdicts`.
"""

from __future__ import annotations

from assurance.controls.condition_tree import Test
from assurance.controls.fields import Catalogue
from assurance.controls.readings import MOMENTS, FieldType, Json, type_of

HIDDEN = "(hidden)"
# A sentence is read at a glance; the operands beside it hold the whole value.
MAX_TEXT = 80
MAX_ITEMS = 5

_TRUE = {
    "==": "is {}",
    "!=": "is not {}",
    "<": "is less than {}",
    "<=": "is at most {}",
    ">": "is more than {}",
    ">=": "is at least {}",
    "in": "is one of {}",
    "not_in": "is none of {}",
    "contains": "contains {}",
    "starts_with": "starts with {}",
    "present": "is present",
    "missing": "is missing",
}
_FALSE = {
    "==": "is not {}",
    "!=": "is {}",
    "<": "is not less than {}",
    "<=": "is not at most {}",
    ">": "is not more than {}",
    ">=": "is not at least {}",
    "in": "is none of {}",
    "not_in": "is one of {}",
    "contains": "does not contain {}",
    "starts_with": "does not start with {}",
    "present": "is missing",
    "missing": "is present",
}
_IN_TIME = {"less than": "before", "at most": "at or before", "more than": "after"} | {
    "at least": "at or after"
}
_TYPE_NAMES: dict[FieldType | None, str] = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
    "date": "a date",
    "date-time": "a date-time with an offset",
    "any": "a value",
    None: "no JSON value",
}


def type_name(type_: FieldType | None) -> str:
    """A type as a sentence calls it: “a number”, “text”."""
    return _TYPE_NAMES[type_]


def name(path: str, catalogue: Catalogue) -> str:
    """A field's label, or its path in backquotes."""
    known = catalogue.fields.get(path)
    return known.label if known and known.label else f"`{path}`"


def value(held: Json, path: str, catalogue: Catalogue) -> str:
    """A value as a person writes it, with the field's unit: “4,820 EUR”, “broker” in quotes."""
    known = catalogue.fields.get(path)
    unit = f" {known.unit}" if known and known.unit else ""
    if isinstance(held, list):
        shown = ", ".join(_plain(item) for item in held[:MAX_ITEMS])
        more = len(held) - MAX_ITEMS
        return (f"{shown} and {more:,} more" if more > 0 else shown or "(empty list)") + unit
    return _plain(held) + (unit if type_of(held) == "number" else "")


def _plain(held: Json) -> str:
    match type_of(held):
        case "number":
            return f"{held:,}" if abs(held) < 1e16 else str(held)
        case "boolean":
            return "true" if held else "false"
        case "string":
            return f"“{held}”" if len(held) <= MAX_TEXT else f"“{held[: MAX_TEXT - 1]}…”"
        case other:
            return type_name(other)


def claim(test: Test, holds: bool, operand: str, catalogue: Catalogue) -> str:
    """The verb and what follows it: “is more than 2,500”, “does not contain “refund””."""
    phrase = (_TRUE if holds else _FALSE)[test.op]
    types = {catalogue.type_at(path) for path in (test.field, test.other) if path}
    if types & MOMENTS:
        for amount, moment in _IN_TIME.items():
            phrase = phrase.replace(amount, moment)
    return phrase.format(operand)


def wrong_type(held: Json, wanted: FieldType) -> str:
    """“text, not a number”: to follow “is”."""
    return f"{type_name(type_of(held))}, not {type_name(wanted)}"


def incomparable(held: Json, test: Test, other: Json) -> str:
    """Both sides are there and readable, but the operator does not bring them together."""
    items = test.value if isinstance(test.value, tuple) else (other,)
    return f"{type_name(type_of(held))}, which “{test.op}” does not compare with " + type_name(
        type_of(items[0])
    )
