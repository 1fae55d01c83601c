"""Reading a definition file: YAML (or JSON, which is YAML), strictly, with the line of everything.

Read by the rules of YAML 1.2: only `true` and `false` are truth values, so that `mode: off` and
`country: NO` stay text, and dates stay text too. A key that stands twice is refused instead of
the last one silently winning.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from assurance.controls.conditions import Problem
from assurance.controls.definition_shapes import escaped
from assurance.errors import DomainError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 200_000  # aliases followed: a file of ten lines can stand for a billion values


class _Loader(yaml.SafeLoader):
    """SafeLoader with the plain scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


# By the letters a value may start with; anything else is text.
for _tag, _shape, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,30})", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_shape})\Z"), list(_first)
    )


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _float)


class Places:
    """The line of each part of a file, by JSON pointer."""

    def __init__(self, lines: dict[str, int]) -> None:
        self._lines = lines

    def line(self, pointer: str) -> int | None:
        """The line of a part, counted from 1; of what is missing, the line of what holds it."""
        while pointer and pointer not in self._lines:
            pointer = pointer.rpartition("/")[0]
        return self._lines.get(pointer)


def text_of(file: str) -> str:
    """A file as text. Raises DomainError `unreadable` with what to do."""
    try:
        return Path(file).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        at = fault.start + 1
        sentence = f"The file is not UTF-8 (byte {at:,}). Save it as UTF-8."
        raise DomainError("unreadable", sentence, status=422) from fault
    except OSError as fault:
        sentence = f"The file cannot be read: {fault.strerror}."
        raise DomainError("unreadable", sentence, status=422) from fault


def told(file: str, refusal: DomainError, places: Places) -> str:
    """The refusal of a file, one line for every problem with its place in it."""
    lines = [f"{file}: {refusal.sentence}"]
    for error in refusal.errors:
        line = places.line(error["pointer"])
        at = [f"line {line}"] if line else []
        at += [error["pointer"]] if error["pointer"] else []
        lines.append(f"  {', '.join(at)}: {error['message']}" if at else f"  {error['message']}")
    return "\n".join(lines)


def read(text: str) -> tuple[Any, Places]:
    """The document in a file and the place of each part.

    Raises DomainError `bad_file` with every problem where it cannot be read.
    """
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise _refused([Problem("", "too_large", f"The file is larger than {MAX_BYTES:,} bytes.")])
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise _refused([Problem("", "empty", "The file is empty. Write the definition in it.")])
        walk = _Walk()
        walk.visit(node, "")
        if walk.problems:
            raise _refused(walk.problems)
        return loader.construct_document(node), Places(walk.lines)
    except yaml.YAMLError as fault:
        raise _refused([Problem("", "bad_yaml", _fault(fault))]) from fault
    except RecursionError as fault:
        raise _refused([Problem("", "too_deep", "The file is nested too deeply.")]) from fault
    finally:
        loader.dispose()


def _refused(problems: list[Problem]) -> DomainError:
    return DomainError(
        "bad_file",
        "The file cannot be read.",
        status=422,
        errors=[{"pointer": p.pointer, "code": p.code, "message": p.message} for p in problems],
    )


def _fault(fault: yaml.YAMLError) -> str:
    mark = getattr(fault, "problem_mark", None)
    what = str(getattr(fault, "problem", "") or fault).splitlines()[0].rstrip(".")
    if mark is None:
        return f"This is no valid YAML: {what}."
    return f"Line {mark.line + 1}, column {mark.column + 1}: this is no valid YAML: {what}."


class _Walk:
    """Goes through the nodes once: lines by pointer, keys that stand twice, depth and size."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []
        self._values = 0

    def visit(self, node: yaml.Node, pointer: str, depth: int = 0) -> None:
        self._values += 1
        if depth > MAX_DEPTH or self._values > MAX_VALUES:
            if not any(one.code == "too_large" for one in self.problems):
                message = (
                    f"The file holds more than {MAX_VALUES:,} values, aliases followed, or is "
                    f"nested more than {MAX_DEPTH} levels deep. Make it smaller."
                )
                self.problems.append(Problem(pointer, "too_large", message))
            return
        self.lines.setdefault(pointer, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.visit(item, f"{pointer}/{index}", depth + 1)
        elif isinstance(node, yaml.MappingNode):
            self._mapping(node, pointer, depth)

    def _mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> None:
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                message = f"Line {line}: a key must be text. Put it in quotes."
                self.problems.append(Problem(pointer, "wrong_key", message))
                continue
            at = f"{pointer}/{escaped(key.value)}"
            if key.value in seen:
                message = (
                    f"Line {line}: `{key.value}` stands twice; the first is in line "
                    f"{seen[key.value]}. Remove one."
                )
                self.problems.append(Problem(at, "duplicate_key", message))
            seen.setdefault(key.value, line)
            self.lines.setdefault(at, line)
            self.visit(value, at, depth + 1)
