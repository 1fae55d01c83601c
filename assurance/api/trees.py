"""Values as they were read from JSON: how large they may be, and what is wrong with them, by place.

A walk without recursion finds every fault of a tree, up to a few dozen, each with its JSON pointer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assurance.errors import DomainError

KIB = 1024
AT_MOST = 25  # faults listed in one answer
_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Limits:
    """How large a tree may be. `longer` grants single places more text: a path of keys, `*` for
    any list position or key, to its number of bytes."""

    depth: int = 32
    nodes: int = 10_000
    text: int = 64 * KIB
    longer: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def text_at(self, path: tuple[Any, ...]) -> int:
        """Bytes of UTF-8 that a string at this place may have."""
        for pattern, size in self.longer.items():
            if len(pattern) == len(path) and all(
                step in ("*", str(here)) for step, here in zip(pattern, path, strict=True)
            ):
                return size
        return self.text


CASE = Limits(longer={("evidence", "*", "content"): 512 * KIB})
BATCH = Limits(
    depth=34,
    nodes=1_000_000,
    longer={("cases", "*", "evidence", "*", "content"): 512 * KIB},
)


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A value that could be read but not relied on; for an object, `value` is what remains."""

    code: str
    message: str
    key: str | None = None
    value: Any = None


def escape_pointer(name: object) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")


def inspect(value: Any, limits: Limits = CASE, at: str = "") -> list[dict[str, str]]:
    """Every fault of a tree as `{pointer, code, message}`; empty where there is none. Counts depth
    and values too, so that an item of a batch is held to the limits of a single one."""
    faults: list[dict[str, str]] = []
    nodes = 0
    pending: list[tuple[Any, tuple[Any, ...]]] = [(value, ())]
    while pending and len(faults) < AT_MOST:
        node, path = pending.pop()
        nodes += 1
        if nodes > limits.nodes:
            message = f"There are more than {limits.nodes:,} values in here. Send less."
            faults.append({"pointer": at, "code": "too_many_values", "message": message})
            break
        if isinstance(node, Spoiled):
            where = path if node.key is None else (*path, node.key)
            faults.append(_fault(at, where, node.code, node.message))
            node = node.value
        if isinstance(node, str):
            _text(node, path, limits, at, faults)
        elif isinstance(node, dict | list):
            if len(path) >= limits.depth:
                message = f"This is nested deeper than {limits.depth} levels. Flatten it."
                faults.append(_fault(at, path, "too_deep", message))
                continue
            if isinstance(node, dict):
                for key in node:
                    if not key.isascii() or "\0" in key or len(key) > limits.text:
                        _text(key, (*path, key), limits, at, faults)
                steps: Any = node.items()
            else:
                steps = enumerate(node)
            pending.extend([(inner, (*path, step)) for step, inner in steps][::-1])
    return faults


def refuse(faults: Sequence[Mapping[str, Any]], *, status: int = 400) -> None:
    """Raise the first fault as the problem, all of them as its errors. Nothing where none is."""
    if faults:
        first = faults[0]
        place = f" (at {first['pointer']})" if first["pointer"] else ""
        raise DomainError(first["code"], first["message"] + place, status=status, errors=faults)


def _text(
    text: str, path: tuple[Any, ...], limits: Limits, at: str, faults: list[dict[str, str]]
) -> None:
    if found := None if text.isascii() and "\0" not in text else _UNSPEAKABLE.search(text):
        if found[0] == "\0":
            code, message = "nul", "Text may not contain the character U+0000. Leave it out."
        else:
            code = "lone_surrogate"
            message = (
                f"Half a surrogate pair (U+{ord(found[0]):04X}) is no character. Send it whole."
            )
        faults.append(_fault(at, path, code, message))
    allowed = limits.text_at(path) if len(text) * 4 > limits.text else limits.text
    if len(text) * 4 > allowed and len(text.encode("utf-8", "surrogatepass")) > allowed:
        message = f"This text is longer than {allowed // KIB} KB. Shorten it."
        faults.append(_fault(at, path, "too_long", message))


def _fault(at: str, path: tuple[Any, ...], code: str, message: str) -> dict[str, str]:
    """Keys may hold what no UTF-8 can carry: the pointer shows it as an escape."""
    pointer = at + "".join(f"/{escape_pointer(step)}" for step in path)
    shown = pointer.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")
    if len(shown) > 500:
        shown = shown[:500] + "…"
    return {"pointer": shown, "code": code, "message": message}
