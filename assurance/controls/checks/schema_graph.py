"""What a JSON Schema must not contain, found by walking its subschemas and references.

Only places that hold a schema are walked: a *property* called `pattern` is fine, the *keyword*
is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_DEPTH = 32
MAX_SUBSCHEMAS = 3000
# How many subschemas may judge one and the same value; nested references multiply.
MAX_EXPANSION = 2000

_ONE = (
    *("items", "contains", "not", "if", "then", "else", "additionalProperties", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "dependentSchemas")
# These judge the value itself and not a part of it, so a cycle among them never ends.
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
_REFUSED = {
    "pattern": "Regular expressions can hang the check. Use `enum`, `minLength` or `maxLength`.",
    "patternProperties": "Regular expressions can hang the check. Name the properties.",
    "$dynamicRef": "Only `$ref` inside the schema is followed.",
    "$recursiveRef": "Only `$ref` inside the schema is followed.",
}

Complaint = tuple[str, str, str]


def walk_problems(schema: Mapping[str, Any]) -> list[Complaint]:
    """Each refusal as (pointer, code, message), in the order of the schema."""
    seen: dict[str, Any] = {}
    links: dict[str, list[str]] = {}
    found: list[Complaint] = []
    waiting: list[tuple[str, Any, int]] = [("", schema, 0)]
    while waiting:
        at, one, depth = waiting.pop()
        if at in seen or not isinstance(one, Mapping):
            continue
        if depth > MAX_DEPTH or len(seen) >= MAX_SUBSCHEMAS:
            return [(at, "too_large", "The schema is too deep or too large. Make it flatter.")]
        seen[at] = one
        found.extend(_refusals(one, at))
        links[at] = []
        for pointer, child, in_place in _children(one, at):
            waiting.append((pointer, child, depth + 1))
            if in_place:
                links[at].append(pointer)
        target = one.get("$ref")
        if isinstance(target, str):
            complaint, pointer, child = _follow(schema, target, at)
            if complaint:
                found.append(complaint)
            else:
                links[at].append(pointer)
                waiting.append((pointer, child, depth + 1))
    return found or _endless(links)


def _refusals(schema: Mapping[str, Any], at: str) -> Iterator[Complaint]:
    for keyword, reason in _REFUSED.items():
        if keyword in schema:
            yield f"{at}/{keyword}", "refused_keyword", f"`{keyword}` is not allowed. {reason}"
    if at and "$id" in schema:
        reason = "`$id` is allowed only at the top: it would move the references below it."
        yield f"{at}/$id", "refused_keyword", reason


def _children(schema: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any, bool]]:
    for keyword in _ONE:
        if keyword in schema:
            yield f"{at}/{keyword}", schema[keyword], keyword in _IN_PLACE
    for keyword in _MANY:
        held = schema.get(keyword)
        for i, child in enumerate(held if isinstance(held, list) else ()):
            yield f"{at}/{keyword}/{i}", child, keyword in _IN_PLACE
    for keyword in _NAMED:
        held = schema.get(keyword)
        for name, child in (held if isinstance(held, Mapping) else {}).items():
            yield f"{at}/{keyword}/{_escaped(str(name))}", child, keyword in _IN_PLACE


def _follow(root: Mapping[str, Any], target: str, at: str) -> tuple[Complaint | None, str, Any]:
    """Where a `$ref` leads, or why it may not."""
    where = f"{at}/$ref"
    if target != "#" and not target.startswith("#/"):
        message = f"“{target[:80]}” leaves the schema. Use a reference such as “#/$defs/name”."
        return (where, "refused_reference", message), "", None
    node: Any = root
    for part in target[2:].split("/") if len(target) > 2 else []:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, Mapping) and key in node:
            node = node[key]
        else:
            message = f"“{target[:80]}” leads nowhere. Define it under `$defs`."
            return (where, "refused_reference", message), "", None
    return None, "" if target == "#" else target[1:], node


def _endless(links: dict[str, list[str]]) -> list[Complaint]:
    """Cycles that never come to a part of the value, and references that multiply."""
    expansion: dict[str, int] = {}
    entered: set[str] = set()
    for start in links:
        path = [(start, False)]
        while path:
            at, leaving = path.pop()
            if leaving:
                expansion[at] = 1 + sum(expansion.get(to, 1) for to in links[at])
                entered.discard(at)
                if expansion[at] > MAX_EXPANSION:
                    message = "References multiply too often here. Define the part once."
                    return [(at, "endless_schema", message)]
                continue
            if at in expansion or at not in links:
                continue
            if at in entered:
                continue
            entered.add(at)
            path.append((at, True))
            for to in links[at]:
                if to in entered:
                    message = "The schema refers to itself without going into a part of the value."
                    return [(at, "endless_schema", message)]
                path.append((to, False))
    return []


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
