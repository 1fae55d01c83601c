"""What fields without a schema usually hold, read off cases seen. For forms and hints only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assurance.controls.catalogue import Field, plain_examples
from assurance.controls.readings import MISSING, Json, look_up, type_of

# As deep as intake accepts; a path deeper than this could not be named in a condition anyway.
MAX_DEPTH = 32


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


def _leaves(value: object, path: str, *, depth: int) -> Iterator[tuple[str, Json]]:
    """Each path below a JSON value with what it holds; empty objects and lists count as values."""
    if isinstance(value, dict) and value and depth < MAX_DEPTH:
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
        path, type_ or "any", examples=plain_examples(held), null_rate=1 - len(held) / max(cases, 1)
    )
