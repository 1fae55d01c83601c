"""The shape of what a person defines: which keys an object has, of what kind each one is.

Knows nothing of controls or rules. Answers with every problem at once, each with its JSON
pointer, the name that was most likely meant, and what to do.

>>> keys = {"name": Key("text", required=True), "priority": Key("whole", least=0)}
>>> [problem.message for problem in shape_problems({"nmae": "A"}, keys, "/controls/0")]
['There is no `nmae` here. Did you mean `name`?', '`name` is missing. Write it down.']
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assurance.controls.conditions import Problem

MAX_DEPTH = 64
LARGEST_INTEGER = 2**53 - 1  # what JSON readers everywhere agree on

KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "whole": (int,),
    "flag": (bool,),
    "list": (list,),
    "object": (dict,),
    "any": (object,),
}
WORDS = {
    "text": "text",
    "whole": "a whole number",
    "flag": "true or false",
    "list": "a list",
    "object": "an object with keys",
}

# What a later release enforces. Taking it now would promise what nobody keeps.
NOT_YET = {
    "readers": "More than one reader",
    "skills": "Required skills",
    "authority": "An authority matrix",
    "second_reader": "A second reader",
    "second_opinion": "A second opinion",
    "waivers": "Waivers",
    "waiver": "A waiver",
    "due_in": "A due time of a control",
    "requires": "What this asks for",
}


@dataclass(frozen=True)
class Key:
    """One key of an object. `longest` counts characters, `least` and `most` bound a number;
    a key that is not required may be null."""

    kind: str
    required: bool = False
    choices: Collection[str] = ()
    longest: int = 2000
    least: int | None = None
    most: int | None = None


def shape_problems(
    item: Any, keys: Mapping[str, Key], pointer: str, *, not_yet: Collection[str] = ()
) -> list[Problem]:
    """Where `item` is not an object with these keys. Names in `not_yet` are refused as such."""
    if not isinstance(item, Mapping):
        return [Problem(pointer, "wrong_type", f"Write {WORDS['object']} here.")]
    found = []
    for name in item:
        if name in keys:
            continue
        at = f"{pointer}/{escaped(str(name))}"
        if name in not_yet:
            found += not_yet_problems(str(name), item[name], at)
        else:
            hint = nearest(str(name), keys)
            said = f"Did you mean `{hint}`?" if hint else f"There are: {', '.join(keys)}."
            found.append(Problem(at, "unknown_key", f"There is no `{name}` here. {said}"))
    for name, key in keys.items():
        found += _value_problems(name, key, item.get(name), f"{pointer}/{name}")
    return found


def not_yet_problems(name: str, value: Any, pointer: str) -> list[Problem]:
    """The refusal of something that nothing enforces yet. One reader is what there is anyway."""
    if name == "readers" and value == 1 and not isinstance(value, bool):
        return []
    if name == "requires" and isinstance(value, Mapping):
        return [
            problem
            for inner, asked in value.items()
            for problem in not_yet_problems(str(inner), asked, f"{pointer}/{escaped(str(inner))}")
        ]
    if value in (None, [], {}, False):
        return []
    what = NOT_YET.get(name, "What this asks for")
    message = f"{what} (`{name}`) is not enforced yet, so it is refused. Leave it out."
    return [Problem(pointer, "not_enforced_yet", message)]


def _value_problems(name: str, key: Key, value: Any, pointer: str) -> list[Problem]:
    if value is None or (key.required and isinstance(value, str) and not value.strip()):
        if not key.required:
            return []
        return [Problem(pointer, "missing", f"`{name}` is missing. Write it down.")]
    is_flag = isinstance(value, bool)
    fits = isinstance(value, KINDS[key.kind]) and (is_flag == (key.kind == "flag"))
    if not fits and key.kind != "any":
        hint = ' Write "off" in quotes.' if value is False and "off" in key.choices else ""
        message = f"`{name}` is {shown(value)}. Write {WORDS[key.kind]}.{hint}"
        return [Problem(pointer, "wrong_type", message)]
    if isinstance(value, str):
        return _text_problems(name, key, value, pointer)
    if key.kind == "whole" and key.least is not None and value < key.least:
        message = f"`{name}` is {value:,}. The least is {key.least:,}."
        return [Problem(pointer, "too_small", message)]
    if key.kind == "whole" and key.most is not None and value > key.most:
        return [Problem(pointer, "too_large", f"`{name}` is {value:,}. The most is {key.most:,}.")]
    return []


def _text_problems(name: str, key: Key, value: str, pointer: str) -> list[Problem]:
    if key.choices and value not in key.choices:
        hint = nearest(value, key.choices)
        said = f"Did you mean “{hint}”? " if hint else ""
        message = f"`{name}` cannot be {shown(value)}. {said}Use one of: {', '.join(key.choices)}."
        return [Problem(pointer, "unknown_value", message)]
    if len(value) > key.longest:
        message = f"`{name}` has {len(value):,} characters. Keep it to {key.longest:,}."
        return [Problem(pointer, "too_long", message)]
    return []


def listed(source: Mapping[str, Any], name: str) -> list[Any]:
    """The items of a list, none where there is no list."""
    found = source.get(name)
    return found if isinstance(found, list) else []


def duplicate_problems(values: Sequence[Any], name: str, pointer: str, what: str) -> list[Problem]:
    """Every value that stood in the list before; `pointer` is the list's. None never repeats."""
    found: list[Problem] = []
    seen: dict[Any, int] = {}
    for index, value in enumerate(values):
        if value is None:
            continue
        if value in seen:
            message = f"{what} {shown(value)} stands twice (first as item {seen[value] + 1})."
            at = f"{pointer}/{index}/{name}"
            found.append(Problem(at, "duplicate", f"{message} Change one of them."))
        else:
            seen[value] = index
    return found


def plain_problems(value: Any, pointer: str = "", depth: int = 0) -> list[Problem]:
    """Where a value is not JSON that every reader understands alike: NUL and half characters,
    NaN, numbers beyond 2^53, keys that are no text, endless depth."""
    if depth > MAX_DEPTH:
        return [Problem(pointer, "too_deep", f"This is nested more than {MAX_DEPTH} levels deep.")]
    if isinstance(value, Mapping):
        found = []
        for key, inner in value.items():
            if not isinstance(key, str):
                message = f"The key {key} is no text. Put it in quotes."
                found.append(Problem(pointer, "wrong_key", message))
                continue
            at = f"{pointer}/{escaped(key)}"
            found += plain_problems(key, at) or plain_problems(inner, at, depth + 1)
        return found
    if isinstance(value, list):
        return [
            problem
            for index, inner in enumerate(value)
            for problem in plain_problems(inner, f"{pointer}/{index}", depth + 1)
        ]
    message = _scalar_problem(value)
    return [Problem(pointer, "not_plain", message)] if message else []


def _scalar_problem(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        if "\x00" in value:
            return "The text holds a NUL character. Remove it."
        if any("\ud800" <= character <= "\udfff" for character in value):
            return "The text holds half a character (a lone surrogate). Remove it."
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST_INTEGER else "The number is too large to keep exactly."
    if isinstance(value, float):
        return "" if math.isfinite(value) else "Write a finite number."
    return f"A {type(value).__name__} is not kept. Write text, a number, true or false."


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was most likely meant."""
    close = difflib.get_close_matches(word[:80], list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def shown(value: Any) -> str:
    """A value in a sentence, cut to what fits."""
    if isinstance(value, str):
        return f"“{value if len(value) <= 60 else value[:59] + '…'}”"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else str(value)


def escaped(key: str) -> str:
    """A key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")
