"""Is it our envelope? A msgspec.Struct says what a body may hold; here it is held to it, strictly:
no unknown field, no "1" for 1, no true for 1, no time without its zone.

msgspec reads a right body in microseconds and stops at the first fault of a wrong one. Only then
the struct is walked again, so that the answer lists every fault with its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import inspect as shapes

from assurance.api import faults
from assurance.api.parsing import DEFAULT_MAX_BYTES, parse_body
from assurance.api.trees import CASE, Limits, refuse
from assurance.errors import DomainError

T = TypeVar("T", bound=msgspec.Struct)

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
YEARS = range(1900, 2201)


class Envelope(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a caller may send. Subclass it and name the fields; `Instant` is a time with its zone,
    `Literal[…]` a choice."""


def from_request(
    request: Any,
    struct: type[T],
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    limits: Limits = CASE,
    optional: bool = False,
) -> T:
    """The body of a Django or DRF request as this struct. With `optional`, none is `{}`.

    Raises DomainError 400 with every fault, 413, 415.
    """
    plain = getattr(request, "_request", request)
    return read(struct, parse_body(plain, max_bytes=max_bytes, limits=limits, optional=optional))


def read(struct: type[T], value: Any, *, at: str = "") -> T:
    """A parsed value as this struct; `at` is prefixed to the pointers. DomainError 400."""
    shape(struct)
    try:
        found = msgspec.convert(value, struct)
    except msgspec.ValidationError as error:
        refuse(problems(struct, value, at=at) or [_unforeseen(error, at)])
        raise
    refuse([*_times_out_of_range(found, at)])
    return found


def _times_out_of_range(found: msgspec.Struct, at: str) -> Iterator[dict[str, str]]:
    """Times that no database and no zone can carry: 0001-01-01T00:00:00+14:00 is before year 1."""
    names = zip(found.__struct_fields__, found.__struct_encode_fields__, strict=True)
    for name, sent_as in names:
        value = getattr(found, name)
        if isinstance(value, datetime) and value.year not in YEARS:
            message = f"Times lie between the years {YEARS[0]} and {YEARS[-1]}. Check the year."
            yield {"pointer": f"{at}/{sent_as}", "code": "out_of_range", "message": message}


def problems(struct: type[msgspec.Struct], value: Any, *, at: str = "") -> list[dict[str, str]]:
    """Every fault as `{pointer, code, message}`, in the order of the fields."""
    return list(faults.of(shape(struct), value, at))


@cache
def shape(struct: type[msgspec.Struct]) -> shapes.StructType:
    """The type as data. Refuses structs that would let something through: a mistake of ours."""
    found = shapes.type_info(struct)
    if not isinstance(found, shapes.StructType):
        raise TypeError(f"{struct.__name__} is no struct.")
    _require_strict(found, struct.__name__, set())
    return found


def _require_strict(kind: Any, name: str, seen: set[type]) -> None:
    if isinstance(kind, shapes.Metadata):
        _require_strict(kind.type, name, seen)
    elif isinstance(kind, shapes.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        if not kind.forbid_unknown_fields:
            raise TypeError(f"{kind.cls.__name__} accepts unknown fields: derive it from Envelope.")
        for one in kind.fields:
            _require_strict(one.type, f"{name}.{one.name}", seen)
    elif isinstance(kind, shapes.DateTimeType) and kind.tz is not True:
        raise TypeError(f"{name} accepts times without a zone: declare it as Instant.")
    elif isinstance(kind, shapes.UnionType):
        for choice in kind.types:
            _require_strict(choice, name, seen)
    elif isinstance(kind, shapes.ListType):
        _require_strict(kind.item_type, name, seen)
    elif isinstance(kind, shapes.DictType):
        _require_strict(kind.value_type, name, seen)


def _unforeseen(error: msgspec.ValidationError, at: str) -> dict[str, str]:
    """A fault that only msgspec saw, such as one raised by a struct's own `__post_init__`."""
    message, _, path = str(error).partition(" - at `$")
    pointer = path.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
    return {"pointer": at + pointer, "code": "invalid", "message": message}


def schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a struct without references: what `extend_schema(request=…)` shows."""
    (body,), components = msgspec.json.schema_components(
        [struct], ref_template="#/components/schemas/{name}"
    )
    return _inlined(body, components)


def _inlined(node: Any, components: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(one, components) for one in node]
    if not isinstance(node, dict):
        return node
    if reference := node.get("$ref"):
        return _inlined(components[reference.rsplit("/", 1)[1]], components)
    return {key: _inlined(one, components) for key, one in node.items() if key != "discriminator"}


__all__ = ["DomainError", "Envelope", "Instant", "from_request", "problems", "read", "schema"]
