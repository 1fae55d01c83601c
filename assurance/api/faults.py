"""What is wrong with a value that does not fit its shape, in plain words, every place of it.

`of(shape, value, pointer)` yields `{pointer, code, message}`; the shape is what msgspec's own
inspection says of a type. Codes: `required unknown_field wrong_type not_a_choice too_long
too_short out_of_range timezone_required not_a_time not_a_uuid pattern`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as shapes

from assurance.api.trees import escape_pointer

Fault = dict[str, str]


def of(shape: Any, value: Any, at: str, said: str | None = None) -> Iterator[Fault]:
    """The faults of one value. `said` is the message that the type's own Meta gives, if any."""
    if isinstance(shape, shapes.Metadata):
        own = (shape.extra or {}).get("message", said)
        yield from of(shape.type, value, at, own)
    elif isinstance(shape, shapes.AnyType | shapes.RawType):
        return
    elif isinstance(shape, shapes.UnionType):
        yield from _union(shape, value, at, said)
    elif not _fits(shape, value):
        yield _wrong_type(shape, value, at)
    elif isinstance(shape, shapes.StructType):
        yield from _struct(shape, value, at)
    elif isinstance(shape, shapes.ListType):
        yield from _length(shape, len(value), at, "entry", "entries", said)
        for position, one in enumerate(value):
            yield from of(shape.item_type, one, f"{at}/{position}")
    elif isinstance(shape, shapes.DictType):
        yield from _length(shape, len(value), at, "field", "fields", said)
        for key, one in value.items():
            yield from of(shape.value_type, one, f"{at}/{escape_pointer(key)}")
    else:
        yield from _plain(shape, value, at, said)


def _struct(shape: shapes.StructType, value: dict[str, Any], at: str) -> Iterator[Fault]:
    known = {one.encode_name: one for one in shape.fields}
    for name, one in known.items():
        if name in value:
            yield from of(one.type, value[name], f"{at}/{escape_pointer(name)}")
        elif one.required:
            yield _fault(f"{at}/{escape_pointer(name)}", "required", f"`{name}` is missing.")
    if shape.tag_field:
        known = {shape.tag_field: None, **known}  # type: ignore[dict-item]
    for name in value:
        if name not in known:
            yield _fault(f"{at}/{escape_pointer(name)}", "unknown_field", unknown(name, known))


def unknown(name: str, known: Any, what: str = "field") -> str:
    """A sentence for a name that nobody knows, with the nearest one that exists."""
    near = get_close_matches(name, list(known), n=1)
    if near:
        return f"`{name[:80]}` is no {what} here. Did you mean `{near[0]}`?"
    offered = ", ".join(sorted(known)) or "none"
    return f"`{name[:80]}` is no {what} here. Leave it out; known are: {offered}."


def _union(shape: shapes.UnionType, value: Any, at: str, said: str | None) -> Iterator[Fault]:
    structs = [one for one in shape.types if isinstance(one, shapes.StructType) and one.tag_field]
    if structs and isinstance(value, dict):
        yield from _tagged(structs, value, at)
        return
    fitting = [one for one in shape.types if _fits(_bare(one), value)]
    if not fitting:
        yield _wrong_type(shape, value, at)
        return
    tried = [list(of(one, value, at, said)) for one in fitting]
    yield from min(tried, key=len)


def _tagged(structs: list[shapes.StructType], value: dict[str, Any], at: str) -> Iterator[Fault]:
    name = str(structs[0].tag_field)
    where = f"{at}/{escape_pointer(name)}"
    offered = [str(one.tag) for one in structs]
    if name not in value:
        yield _fault(where, "required", f"`{name}` is missing. Use one of: {', '.join(offered)}.")
        return
    for one in structs:
        if value[name] == one.tag:
            yield from _struct(one, value, at)
            return
    yield _choice(value[name], offered, where)


def _bare(shape: Any) -> Any:
    return shape.type if isinstance(shape, shapes.Metadata) else shape


def _fits(shape: Any, value: Any) -> bool:
    """Whether the value is of the JSON type at all. Choices are judged later, by their list."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    match shape:
        case shapes.IntType():
            return whole
        case shapes.FloatType():
            return whole or isinstance(value, float)
        case shapes.BoolType():
            return isinstance(value, bool)
        case shapes.NoneType():
            return value is None
        case shapes.StrType() | shapes.DateTimeType() | shapes.UUIDType():
            return isinstance(value, str)
        case shapes.ListType():
            return isinstance(value, list)
        case shapes.StructType() | shapes.DictType():
            return isinstance(value, dict)
        case shapes.LiteralType() | shapes.EnumType():
            return any(isinstance(value, type(one)) for one in _choices(shape))
    return True


def _plain(shape: Any, value: Any, at: str, said: str | None) -> Iterator[Fault]:
    match shape:
        case shapes.StrType():
            yield from _length(shape, len(value), at, "character", "characters", said)
            if shape.pattern and not re.search(shape.pattern, value):
                yield _fault(at, "pattern", said or f"This does not match {shape.pattern}.")
        case shapes.IntType() | shapes.FloatType():
            yield from _range(shape, value, at, said)
        case shapes.LiteralType() | shapes.EnumType():
            if value not in _choices(shape):
                yield _choice(value, [str(one) for one in _choices(shape)], at)
        case shapes.DateTimeType():
            yield from _time(value, at)
        case shapes.UUIDType():
            try:
                UUID(value)
            except ValueError:
                yield _fault(at, "not_a_uuid", "This is no UUID. Send the id as you received it.")


def _time(value: str, at: str) -> Iterator[Fault]:
    try:
        moment = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        message = "There is no such time. Write it as 2026-11-22T10:31:00Z (RFC 3339)."
        yield _fault(at, "not_a_time", message)
        return
    if moment.tzinfo is None:
        message = "A time needs its zone: end it with Z, or with an offset such as +01:00."
        yield _fault(at, "timezone_required", message)


def _choices(shape: Any) -> list[Any]:
    if isinstance(shape, shapes.EnumType):
        return [one.value for one in shape.cls]
    return list(shape.values)


def _choice(value: Any, offered: list[str], at: str) -> Fault:
    message = f"{_shown(value)} is not offered here. Use one of: {', '.join(offered)}."
    return _fault(at, "not_a_choice", message)


def _length(
    shape: Any, size: int, at: str, one: str, many: str, said: str | None
) -> Iterator[Fault]:
    if shape.max_length is not None and size > shape.max_length:
        message = f"At most {shape.max_length:,} {many}; these are {size:,}. Shorten it."
        yield _fault(at, "too_long", said or message)
    if shape.min_length is not None and size < shape.min_length:
        least = f"{shape.min_length:,} {one if shape.min_length == 1 else many}"
        empty = "This may not be empty." if shape.min_length == 1 else f"At least {least} needed."
        yield _fault(at, "too_short", said or empty)


def _range(shape: Any, value: float, at: str, said: str | None) -> Iterator[Fault]:
    limits = [
        (shape.ge is not None and value < shape.ge, f"at least {shape.ge}"),
        (shape.gt is not None and value <= shape.gt, f"more than {shape.gt}"),
        (shape.le is not None and value > shape.le, f"at most {shape.le}"),
        (shape.lt is not None and value >= shape.lt, f"less than {shape.lt}"),
    ]
    for broken, rule in limits:
        if broken:
            yield _fault(at, "out_of_range", said or f"This must be {rule}.")


_NAMES: dict[Any, str] = {
    shapes.IntType: "a whole number",
    shapes.FloatType: "a number",
    shapes.BoolType: "true or false",
    shapes.NoneType: "null",
    shapes.StrType: "text",
    shapes.DateTimeType: "a time as text",
    shapes.UUIDType: "an id as text",
    shapes.ListType: "a list",
    shapes.StructType: "an object",
    shapes.DictType: "an object",
}


def _wanted(shape: Any) -> str:
    if isinstance(shape, shapes.Metadata):
        return _wanted(shape.type)
    if isinstance(shape, shapes.UnionType):
        names = dict.fromkeys(_wanted(one) for one in shape.types)
        return " or ".join(names)
    if isinstance(shape, shapes.LiteralType | shapes.EnumType):
        return "one of: " + ", ".join(str(one) for one in _choices(shape))
    return _NAMES.get(type(shape), "another type")


def _wrong_type(shape: Any, value: Any, at: str) -> Fault:
    message = f"Expected {_wanted(shape)}, not {_kind(value)}."
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        message = message[:-1] + ": send the number without quotes."
    return _fault(at, "wrong_type", message)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"


def _shown(value: Any) -> str:
    return f"`{value[:80]}`" if isinstance(value, str) else _kind(value)


def _fault(at: str, code: str, message: str) -> Fault:
    return {"pointer": at, "code": code, "message": message}
