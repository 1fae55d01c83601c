"""The catalogue of one workflow's fields: what each path is called, and of what type it is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assurance.controls.readings import FieldType, Json, type_of

# What a form shows beside a field; more would be an extract of data.
MAX_EXAMPLES = 3
MAX_EXAMPLE_LENGTH = 60


@dataclass(frozen=True)
class Field:
    """One fact by its dotted path. `null_rate` (0 to 1) is known only for inferred fields."""

    path: str
    type: FieldType
    label: str = ""
    unit: str = ""
    sensitive: bool = False
    examples: tuple[Json, ...] = ()
    null_rate: float | None = None


BUILT_IN = (
    Field("proposed_action", "string", "Proposed action"),
    Field("subject", "string", "Subject"),
    Field("occurred_at", "date-time", "Occurred at"),
    Field("workflow.slug", "string", "Workflow"),
    Field("workflow.name", "string", "Workflow name"),
    Field("workflow.tier", "string", "Tier"),
    Field("workflow.stage", "string", "Stage"),
)
ROUTING = (
    Field("assessment.disposition", "string", "Disposition"),
    Field("assessment.fired", "list", "Controls that fired"),
)
ALWAYS_OPEN = frozenset({"signals", "model"})


@dataclass(frozen=True)
class Catalogue:
    """The fields of one workflow. `open_roots` are paths below which anything is accepted."""

    fields: dict[str, Field] = field(default_factory=dict)
    open_roots: frozenset[str] = frozenset()

    def get(self, path: str) -> Field | None:
        """The field at `path`, or None if no condition may name it."""
        known = self.fields.get(path)
        if known is None and self.is_open(path):
            return Field(path, "any")
        return known

    def is_open(self, path: str) -> bool:
        """Whether `path` lies below an open root."""
        return any(root in self.open_roots for root in _parents(path))

    def type_at(self, path: str) -> FieldType:
        """The type that verdicts rest on. A path that the catalogue does not know is `any`."""
        known = self.fields.get(path)
        return known.type if known else "any"

    def nearest(self, path: str) -> str | None:
        """The known path that a person most likely meant, or None."""
        known = self.paths()
        last = path.rpartition(".")[2]
        # The right name in the wrong place, then a slip in the path, then one in the name.
        by_name = {one.rpartition(".")[2]: one for one in reversed(known)}
        if last in by_name:
            return by_name[last]
        whole = difflib.get_close_matches(path, known, n=1, cutoff=0.75)
        if whole:
            return whole[0]
        names = difflib.get_close_matches(last, by_name, n=1, cutoff=0.75)
        return by_name[names[0]] if names else None

    def paths(self) -> list[str]:
        """Every named path, sorted."""
        return sorted(self.fields)

    def extended(self, more: Iterable[Field]) -> Catalogue:
        """This catalogue and `more`; a field that is already declared keeps its declaration."""
        return replace(self, fields={item.path: item for item in more} | self.fields)

    def for_routing(self) -> Catalogue:
        """This catalogue and what is known only after the assessment: for routing rules."""
        return self.extended(ROUTING)

    def as_json(self) -> dict[str, Any]:
        """To be kept beside what was judged with it. `from_json` reads it back."""
        return {
            "fields": {path: _field_as_json(self.fields[path]) for path in self.paths()},
            "open": sorted(self.open_roots),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Catalogue:
        """A catalogue as `as_json` wrote it."""
        fields = {path: Field(path, **entry) for path, entry in kept["fields"].items()}
        return cls(fields, frozenset(kept["open"]))


EVERYTHING = Catalogue(
    open_roots=frozenset({"output", "context", "signals", "model", "workflow", "assessment"})
)
"""What is used where no catalogue is given: every path is accepted, every type is `any`."""


def _field_as_json(item: Field) -> dict[str, Any]:
    """What verdicts and sentences need; examples and null rates stay with the form."""
    entry: dict[str, Any] = {"type": item.type}
    entry |= {key: text for key in ("label", "unit") if (text := getattr(item, key))}
    return entry | ({"sensitive": True} if item.sensitive else {})


def _parents(path: str) -> Iterator[str]:
    """`a.b.c` gives `a.b`, `a`."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def plain_examples(values: Iterable[Json]) -> tuple[Json, ...]:
    """The first few different plain values, long text cut."""
    chosen: dict[tuple[str | None, Json], Json] = {}
    for value in values:
        type_ = type_of(value)
        if type_ in ("string", "number", "boolean"):
            shown = value[:MAX_EXAMPLE_LENGTH] if isinstance(value, str) else value
            chosen.setdefault((type_, shown), shown)
        if len(chosen) == MAX_EXAMPLES:
            break
    return tuple(chosen.values())
