"""The catalogue that a workflow's JSON Schemas declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assurance.controls.catalogue import ALWAYS_OPEN, BUILT_IN, Catalogue, Field, plain_examples
from assurance.controls.readings import FieldType, type_of

# References may build towers and rings out of a few lines. Beyond these bounds a schema's
# objects are taken as open: nothing is refused that it allows, only less is checked.
MAX_DEPTH = 16
MAX_STEPS = 5_000

_TYPES: dict[str, FieldType] = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}


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
        for found in _SchemaReader(schema).below(schema, root):
            if found.field.path != root:
                fields[found.field.path] = found.field
            if found.is_open:
                open_roots.add(found.field.path)
    return Catalogue(fields, frozenset(open_roots))


@dataclass(frozen=True, slots=True)
class _Found:
    field: Field
    is_open: bool  # whether the schema leaves unsaid what lies below


class _SchemaReader:
    """Walks one schema document, counting its steps."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.steps = 0

    def below(
        self, schema: Mapping[str, Any], path: str, *, sensitive: bool = False, depth: int = 0
    ) -> Iterator[_Found]:
        """The schema's own field and every one below it, parents first."""
        schema = self.flattened(schema, depth=0)
        sensitive = sensitive or _is_sensitive(schema)
        type_ = _declared_type(schema)
        if type_ == "list" and not sensitive:
            sensitive = self.hides(schema.get("items"), depth=depth)
        properties = schema.get("properties")
        named = properties if isinstance(properties, Mapping) else {}
        beyond = depth >= MAX_DEPTH or self.steps >= MAX_STEPS
        is_open = type_ in ("object", "any") and (not named or beyond)
        yield _Found(_field(schema, path, type_, sensitive), is_open)
        if beyond:
            return
        for name, child in named.items():
            if not isinstance(name, str):
                continue
            place = f"{path}.{name}"
            if isinstance(child, Mapping):
                yield from self.below(child, place, sensitive=sensitive, depth=depth + 1)
            elif child is True:
                yield _Found(Field(place, "any", sensitive=sensitive), is_open=True)

    def hides(self, items: object, *, depth: int) -> bool:
        """Whether anything inside a list is sensitive: no path leads in there, so then the whole
        list is. What is nested too deep to be read is taken for sensitive."""
        if not isinstance(items, Mapping):
            return False
        if depth >= MAX_DEPTH or self.steps >= MAX_STEPS:
            return True
        item = self.flattened(items, depth=0)
        properties = item.get("properties")
        inner = list(properties.values()) if isinstance(properties, Mapping) else []
        return _is_sensitive(item) or any(
            self.hides(one, depth=depth + 1) for one in [*inner, item.get("items")]
        )

    def flattened(self, schema: Mapping[str, Any], *, depth: int) -> Mapping[str, Any]:
        """The schema with local `$ref`, `allOf` and a nullable `anyOf`/`oneOf` folded into it."""
        self.steps += 1
        if depth >= MAX_DEPTH or self.steps >= MAX_STEPS:
            return {}
        parts = list(self.parts(schema))
        if not parts:
            return schema
        merged: dict[str, Any] = {}
        for part in parts:
            _merge(merged, self.flattened(part, depth=depth + 1))
        _merge(merged, schema)
        return merged

    def parts(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        target = self.target(schema.get("$ref"))
        if target is not None:
            yield target
        every = schema.get("allOf")
        if isinstance(every, list):
            yield from (part for part in every if isinstance(part, Mapping))
        for key in ("anyOf", "oneOf"):
            choices = schema.get(key)
            if isinstance(choices, list):
                real = [c for c in choices if isinstance(c, Mapping) and c.get("type") != "null"]
                yield from real if len(real) == 1 else []

    def target(self, reference: object) -> Mapping[str, Any] | None:
        """What `#/$defs/name` points to, or None; references to elsewhere are never followed."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        here: Any = self.document
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            here = here.get(key) if isinstance(here, Mapping) else None
        return here if isinstance(here, Mapping) else None


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """`more` wins, but properties add up."""
    held = [part.get("properties") for part in (into, more)]
    properties = {k: v for part in held if isinstance(part, Mapping) for k, v in part.items()}
    into.update(more)
    if properties:
        into["properties"] = properties


def _is_sensitive(schema: Mapping[str, Any]) -> bool:
    return schema.get("x-sensitive", schema.get("sensitive")) is True


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


def _field(schema: Mapping[str, Any], path: str, type_: FieldType, sensitive: bool) -> Field:
    examples = schema.get("examples") or schema.get("enum") or []
    return Field(
        path,
        type_,
        label=_text(schema.get("x-label") or schema.get("title")),
        unit=_text(schema.get("x-unit") or schema.get("unit")),
        sensitive=sensitive,
        examples=() if sensitive or not isinstance(examples, list) else plain_examples(examples),
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
