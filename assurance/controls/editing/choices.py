"""What the rows of a condition offer: fields with what they hold, operators by type. Pure but for
the cases seen, which are handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assurance.controls.catalogue import plain_examples
from assurance.controls.condition_tree import MEMBERSHIP, PRESENCE
from assurance.controls.conditions import ConditionError, evaluate
from assurance.controls.editing.rows import Group, Row, kind_of, leaf
from assurance.controls.fields import Catalogue, Field, infer
from assurance.controls.messages import plain
from assurance.controls.readings import MISSING, MOMENTS, FieldType, look_up

Facts = Mapping[str, Any]

LABELS = {
    "==": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "in": "is one of",
    "not_in": "is none of",
    "contains": "contains",
    "!contains": "does not contain",
    "starts_with": "starts with",
    "!starts_with": "does not start with",
    "present": "is present",
    "missing": "is missing",
}
IN_TIME = {"<": "is before", "<=": "is at or before", ">": "is after", ">=": "is at or after"}
# What no operator of its own says; only a condition that holds it already offers it.
DENIALS = {
    "!==": "is not",
    "!!=": "is",
    "!<": "is not less than",
    "!<=": "is not at most",
    "!>": "is not more than",
    "!>=": "is not at least",
    "!in": "is none of",
    "!not_in": "is one of",
    "!present": "is missing",
    "!missing": "is present",
}
ORDERED = ("==", "!=", "<", "<=", ">", ">=")
TEXTS = ("contains", "!contains", "starts_with", "!starts_with")
LISTED = ("in", "not_in")
BY_TYPE: dict[FieldType, tuple[str, ...]] = {
    "string": ("==", "!=", *LISTED, *TEXTS, *PRESENCE),
    "number": (*ORDERED, *LISTED, *PRESENCE),
    "boolean": ("==", "!=", *PRESENCE),
    "list": ("contains", "!contains", *PRESENCE),
    "object": PRESENCE,
    "date": (*ORDERED, *LISTED, *PRESENCE),
    "date-time": (*ORDERED, *PRESENCE),
    "any": (*ORDERED, *LISTED, *TEXTS, *PRESENCE),
}
AGAINST_FIELDS: dict[FieldType, tuple[str, ...]] = {
    "string": ("==", "!=", "starts_with", "in"),
    "number": ORDERED,
    "boolean": ("==", "!="),
    "list": ("contains",),
    "object": (),
    "date": ORDERED,
    "date-time": ORDERED,
    "any": ORDERED,
}
TYPE_WORDS: dict[FieldType, str] = {
    "string": "text",
    "number": "number",
    "boolean": "true or false",
    "list": "list",
    "object": "object",
    "date": "date",
    "date-time": "moment",
    "any": "of no fixed type",
}
ROOT_WORDS = {
    "output": "Output",
    "context": "Context",
    "signals": "Signals",
    "model": "Model",
    "workflow": "Workflow",
    "assessment": "Assessment",
}


@dataclass(frozen=True)
class Choice:
    """A field that a row may name. `seen` counts the cases behind `null_rate`."""

    path: str
    label: str
    type: FieldType
    unit: str
    examples: tuple[str, ...]
    null_rate: float | None
    seen: int
    sensitive: bool

    @property
    def title(self) -> str:
        return f"{self.label} ({self.path})" if self.label else self.path

    @property
    def hint(self) -> str:
        """Type, unit, examples and how often it is missing, as a line under the row."""
        parts = [TYPE_WORDS[self.type] + (f", {self.unit}" if self.unit else "")]
        if self.sensitive:
            parts.append("sensitive")
        elif self.examples:
            parts.append(f"such as {', '.join(self.examples)}")
        if self.null_rate is not None:
            parts.append(f"missing in {share(self.null_rate)} of {self.seen:,} cases")
        return " · ".join(parts)

    def as_json(self) -> dict[str, str]:
        """What the script needs to change a row."""
        return {"type": self.type, "unit": self.unit, "hint": self.hint}


def share(rate: float) -> str:
    """A share as people write it; never a rounded 0 or 100 that is none."""
    if rate == 0:
        return "none"
    if rate == 1:
        return "all"
    percent = rate * 100
    if percent < 1:
        return "under 1 %"
    return "over 99 %" if percent > 99 else f"{percent:.0f} %"


class Choices:
    """The fields of one workflow, with what the cases seen hold."""

    def __init__(self, catalogue: Catalogue, cases: Sequence[Facts]) -> None:
        self.catalogue = catalogue
        self.cases = cases
        inferred = infer(cases, tuple(root for root in ROOT_WORDS if root in catalogue.open_roots))
        open_ones = {p: one for p, one in inferred.items() if p not in catalogue.fields}
        self.by_path = {
            path: self._choice(one, is_open=path in open_ones)
            for path, one in sorted((catalogue.fields | open_ones).items())
            if one.type != "object" or catalogue.is_open(path)
        }

    def _choice(self, known: Field, *, is_open: bool) -> Choice:
        held = [look_up(facts, known.path) for facts in self.cases]
        there = [one for one in held if one is not MISSING and one is not None]
        sensitive = known.sensitive or self._is_below_sensitive(known.path)
        examples = known.examples or plain_examples(there)
        return Choice(
            path=known.path,
            label=known.label,
            type="any" if is_open else known.type,
            unit=known.unit,
            examples=() if sensitive else tuple(plain(one)[:40] for one in examples),
            null_rate=1 - len(there) / len(held) if held else None,
            seen=len(held),
            sensitive=sensitive,
        )

    def _is_below_sensitive(self, path: str) -> bool:
        while "." in path:
            path = path.rpartition(".")[0]
            above = self.catalogue.fields.get(path)
            if above is not None and above.sensitive:
                return True
        return False

    def get(self, path: str) -> Choice | None:
        found = self.by_path.get(path)
        known = self.catalogue.get(path) if found is None and path else None
        return found or (self._choice(known, is_open=True) if known else None)

    def groups(self) -> list[tuple[str, list[Choice]]]:
        """The choices under the part of the case that they are of."""
        found: dict[str, list[Choice]] = {}
        for path, one in self.by_path.items():
            found.setdefault(ROOT_WORDS.get(path.partition(".")[0], "Case"), []).append(one)
        order = ["Output", "Context", "Case", "Signals", "Model", "Assessment", "Workflow"]
        return [(name, found[name]) for name in order if name in found]

    def as_json(self) -> dict[str, Any]:
        """For the script: what each field is, and the operators of each type."""
        return {
            "fields": {path: one.as_json() for path, one in self.by_path.items()},
            "operators": {type_: operators(type_) for type_ in BY_TYPE},
        }

    def rate(self, row: Row) -> str:
        """How many of the cases seen a row alone matches; empty where that cannot be said."""
        tree, _ = leaf(row, self.catalogue)
        if tree is None or not self.cases or row.field.startswith("assessment.fired"):
            return ""
        try:
            verdicts = [evaluate(tree, facts, self.catalogue) for facts in self.cases]
        except ConditionError:
            return ""
        met = sum(one is True for one in verdicts)
        unknown = sum(one is None for one in verdicts)
        said = f"{met:,} of {len(verdicts):,} cases"
        return f"{said}, {unknown:,} unknown" if unknown else said


def operators(type_: FieldType) -> list[dict[str, Any]]:
    """The operators of a type in two groups: against a value, against another field."""
    words = LABELS | (IN_TIME if type_ in MOMENTS else {})
    return [
        {"label": "", "options": [[code, words[code]] for code in BY_TYPE[type_]]},
        {
            "label": "another field",
            "options": [[f"o:{code}", f"{words[code]} …"] for code in AGAINST_FIELDS[type_]],
        },
    ]


def offered(row: Row, type_: FieldType) -> list[dict[str, Any]]:
    """The operators of a row: those of its field's type, and what it holds already."""
    found = operators(type_)
    codes = {code for group in found for code, _ in group["options"]}
    if row.code not in codes:
        denied = DENIALS.get(row.code.replace("o:", ""), row.code)
        word = LABELS.get(row.code, denied) + (" …" if row.names_another else "")
        found[0]["options"].append([row.code, word])
    return found


def widget(row: Row, type_: FieldType) -> str:
    """What the value of a row is typed into."""
    if row.op in PRESENCE:
        return "none"
    if row.names_another:
        return "field"
    if row.op in MEMBERSHIP:
        return "list"
    if type_ == "date":
        return "date"
    kind = row.kind if type_ in ("any", "list") else type_
    return {"boolean": "boolean", "number": "number"}.get(kind, "text")


def decorated(group: Group, choices: Choices) -> Group:
    """The group with what the template shows of each row."""
    for row in group.rows():
        choice = choices.get(row.field)
        type_: FieldType = choice.type if choice else "any"
        row.kind = kind_of(row, choices.catalogue)
        row.shown = {
            "operators": offered(row, type_),
            "widget": widget(row, type_),
            "asks_kind": bool(row.field)
            and type_ in ("any", "list")
            and row.op not in PRESENCE
            and not row.names_another,
            "hint": choice.hint if choice else "",
            "unit": choice.unit if choice else "",
            "rate": choices.rate(row) if not row.errors else "",
            "is_unlisted": bool(row.field) and row.field not in choices.by_path,
        }
    return group
