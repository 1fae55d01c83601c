"""Which facts a condition may speak about, and of what type each one is.

A catalogue comes from the workflow's JSON Schemas of its output and context plus the fields
that every case has. It is what turns a slip of the pen into a sentence at save time, gives the
form its labels and units, and tells the live path what a *wrong* type is.

A root without a schema, or an object in a schema that names no properties, is *open*: any path
below it is accepted and read as type `any`. `infer` looks at cases seen and says what such paths
usually hold; that feeds forms and hints only. Verdicts come from the declared catalogue alone,
so that a case judged again next year is judged alike.

>>> catalogue = catalogue_from_schemas(
...     {"properties": {"amount": {"type": "number", "title": "Loan amount", "unit": "EUR"}}}, None)
>>> catalogue.get("output.amount").unit
'EUR'
>>> catalogue.nearest("output.amuont")
'output.amount'
>>> catalogue.get("context.anything.at.all").type
'any'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assurance.controls.readings import MISSING, FieldType, Json, look_up, type_of

# Deep enough for any form a person fills in; stops a schema that refers to itself.
MAX_SCHEMA_DEPTH = 16
# What the form shows below a field; more would be a data extract.
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


BUILT_IN = tuple(
    Field(path, type_, label)
    for path, type_, label in (
        ("proposed_action", "string", "Proposed action"),
        ("subject", "string", "Subject"),
        ("occurred_at", "date-time", "Occurred at"),
        ("workflow.slug", "string", "Workflow"),
        ("workflow.name", "string", "Workflow name"),
        ("workflow.tier", "string", "Tier"),
        ("workflow.stage", "string", "Stage"),
    )
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
        whole = difflib.get_close_matches(path, known, n=1, cutoff=0.75)
        if whole:
            return whole[0]
        # The right name under the wrong root: `context.amount` for `output.amount`.
        last = path.rpartition(".")[2]
        by_name = {known_path.rpartition(".")[2]: known_path for known_path in reversed(known)}
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


def catalogue_from_schemas(
    output_schema: Mapping[str, Any] | None, context_schema: Mapping[str, Any] | None
) -> Catalogue:
    """The catalogue of a workflow from its two JSON Schemas (draft 2020-12), either may be None.

    Reads `type`, `format`, `properties`, local `$ref`, `allOf`, `anyOf`/`oneOf` with null,
    `enum` and `const`; `title` or `x-label`, `unit` or `x-unit`, `sensitive` or `x-sensitive`,
    `examples`. Whatever it cannot read becomes type `any`, never an error: schemas are checked
    where they are saved.
    """
    fields = {item.path: item for item in BUILT_IN}
    open_roots = set(ALWAYS_OPEN)
    for root, schema in (("output", output_schema), ("context", context_schema)):
        if not isinstance(schema, Mapping):
            open_roots.add(root)
            continue
        for item, is_open in _walk(schema, root, schema, sensitive=False, depth=0):
            if item.path != root:
                fields[item.path] = item
            if is_open:
                open_roots.add(item.path)
    return Catalogue(fields, frozenset(open_roots))


def infer(
    facts_seen: Iterable[Mapping[str, Any]],
    roots: Iterable[str] = ("output", "context", "signals", "model"),
) -> dict[str, Field]:
    """What the paths below `roots` hold in the cases seen, with examples and null rates.

    The null rate counts cases in which the path is missing or null. A path that held several
    types is `any`. Dates stay `string`: only a declaration makes text a date, since verdicts
    must not change because the sample did.
    """
    wanted = tuple(roots)
    cases = list(facts_seen)
    found: dict[str, list[Json]] = {}
    for facts in cases:
        for root in wanted:
            for path, value in _leaves(look_up(facts, root), root, depth=0):
                found.setdefault(path, []).append(value)
    return {path: _inferred(path, found[path], len(cases)) for path in sorted(found)}


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


def _walk(
    schema: Mapping[str, Any], path: str, root: Mapping[str, Any], *, sensitive: bool, depth: int
) -> Iterator[tuple[Field, bool]]:
    """Each property below `schema` with whether it is open; parents before children."""
    schema = _flattened(schema, root, depth=0)
    sensitive = sensitive or schema.get("x-sensitive", schema.get("sensitive")) is True
    type_ = _declared_type(schema)
    properties = schema.get("properties")
    named = properties if isinstance(properties, Mapping) else {}
    beyond = depth >= MAX_SCHEMA_DEPTH
    is_open = type_ in ("object", "any") and (not named or beyond)
    yield _field_of(schema, path, type_, sensitive), is_open
    if beyond:
        return
    for name, child in named.items():
        if isinstance(name, str) and isinstance(child, Mapping):
            yield from _walk(child, f"{path}.{name}", root, sensitive=sensitive, depth=depth + 1)
        elif isinstance(name, str) and child is True:
            yield Field(f"{path}.{name}", "any", sensitive=sensitive), True


def _flattened(
    schema: Mapping[str, Any], root: Mapping[str, Any], *, depth: int
) -> Mapping[str, Any]:
    """The schema with local `$ref`, `allOf` and a nullable `anyOf`/`oneOf` folded into it."""
    if depth >= MAX_SCHEMA_DEPTH:
        return {}
    parts: list[Mapping[str, Any]] = []
    target = _local(schema.get("$ref"), root)
    if target is not None:
        parts.append(target)
    if isinstance(schema.get("allOf"), list):
        parts += [part for part in schema["allOf"] if isinstance(part, Mapping)]
    for key in ("anyOf", "oneOf"):
        choices = schema.get(key)
        if isinstance(choices, list):
            real = [c for c in choices if isinstance(c, Mapping) and c.get("type") != "null"]
            parts += real if len(real) == 1 else []
    if not parts:
        return schema
    merged: dict[str, Any] = {}
    for part in parts:
        _merge(merged, _flattened(part, root, depth=depth + 1))
    _merge(merged, schema)
    return merged


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """`more` wins, but properties add up."""
    properties = {**(into.get("properties") or {}), **(more.get("properties") or {})}
    into.update(more)
    if properties:
        into["properties"] = properties


def _local(reference: object, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What `#/$defs/name` points to, or None; references to elsewhere are never followed."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    here: Any = root
    for step in reference[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        here = here.get(key) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else None


_TYPES: dict[str, FieldType] = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}


def _declared_type(schema: Mapping[str, Any]) -> FieldType:
    declared = schema.get("type")
    names = declared if isinstance(declared, list) else [declared]
    types = {_TYPES.get(name) for name in names if isinstance(name, str) and name != "null"}
    if not types and isinstance(schema.get("properties"), Mapping):
        return "object"
    if not types:
        types = _types_of_choices(schema)
    if len(types) != 1:
        return "any"
    found = types.pop() or "any"
    if found == "string" and schema.get("format") in ("date", "date-time"):
        return "date" if schema["format"] == "date" else "date-time"
    return found


def _types_of_choices(schema: Mapping[str, Any]) -> set[FieldType | None]:
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(choices, list):
        return set()
    return {type_of(choice) for choice in choices if choice is not None}


def _field_of(schema: Mapping[str, Any], path: str, type_: FieldType, sensitive: bool) -> Field:
    examples = schema.get("examples") or schema.get("enum") or []
    return Field(
        path,
        type_,
        label=_text(schema.get("x-label") or schema.get("title")),
        unit=_text(schema.get("x-unit") or schema.get("unit")),
        sensitive=sensitive,
        examples=() if sensitive or not isinstance(examples, list) else _examples(examples),
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _leaves(value: object, path: str, *, depth: int) -> Iterator[tuple[str, Json]]:
    """Each path below a JSON value with what it holds; empty objects and lists count as values."""
    if isinstance(value, dict) and value and depth < MAX_SCHEMA_DEPTH:
        for key, child in value.items():
            if isinstance(key, str) and key and "." not in key:
                yield from _leaves(child, f"{path}.{key}", depth=depth + 1)
    elif value is not MISSING and depth > 0:
        yield path, value


def _inferred(path: str, values: list[Json], cases: int) -> Field:
    held = [value for value in values if value is not None]
    types = {type_of(value) for value in held}
    type_ = types.pop() if len(types) == 1 else None
    return Field(
        path, type_ or "any", examples=_examples(held), null_rate=1 - len(held) / max(cases, 1)
    )


def _examples(values: Iterable[Json]) -> tuple[Json, ...]:
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
