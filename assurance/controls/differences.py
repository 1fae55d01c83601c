"""What differs between two contents of a set, in words and in rows. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assurance.controls import candidates
from assurance.controls.choices import Disposition, Item, Mode
from assurance.controls.condition_tree import ConditionError
from assurance.controls.conditions import describe
from assurance.controls.explanation import claim_of
from assurance.controls.fields import Catalogue

Row = dict[str, str]
NAMES = {
    "effect": "what it orders",
    "effects": "what its outcomes order",
    "on_error": "what a check that could not run orders",
    "on_unknown": "what unknown means",
    "due_in": "due in",
    "catch_all": "what it catches",
    "failure_scenario": "what goes wrong without it",
    "rationale_min": "required rationale",
    "reasons_required": "required reasons",
    "expires_at": "its end",
}


@dataclass(frozen=True)
class Difference:
    """One item that differs. `words` are sentences, `rows` have `what`, `was` and `now`."""

    item: str
    key: str
    kind: str  # added, removed or changed
    words: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        return f"{Item(self.item).label} {self.key}".strip()

    def as_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "key": self.key,
            "change": self.kind,
            "words": list(self.words),
            "rows": [dict(row) for row in self.rows],
        }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Every item that differs, specification first, then by kind and key."""
    catalogue = Catalogue.from_json(new["fields"])
    found = []
    for edit in candidates.edits_between(old, new):
        item, key, now = edit["item"], edit["key"], edit["content"]
        was = candidates.item_of(old, item, key)
        found.append(_difference(item, key, was, now, catalogue))
    return found


def _difference(
    item: str,
    key: str,
    was: Mapping[str, Any] | None,
    now: Mapping[str, Any] | None,
    catalogue: Catalogue,
) -> Difference:
    title = f"{Item(item).label} {key}".strip()
    rows = tuple(_rows(was or {}, now or {}, catalogue))
    if was is None:
        return Difference(item, key, "added", (f"{title} is new.",), rows)
    if now is None:
        return Difference(item, key, "removed", (f"{title} is removed.",), rows)
    words = tuple(_sentence(row) for row in rows)
    return Difference(item, key, "changed", words, rows)


def _rows(was: Mapping[str, Any], now: Mapping[str, Any], catalogue: Catalogue) -> list[Row]:
    rows = []
    for name in {**was, **now}:
        before, after = was.get(name), now.get(name)
        if before == after or (before in (None, "", []) and after in (None, "", [])):
            continue
        if name == "condition":
            rows += _condition_rows(was, now, catalogue)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            rows += _inner_rows(name, before, after)
        elif isinstance(before, list) or isinstance(after, list):
            rows += _list_rows(name, before or [], after or [])
        else:
            rows.append(_row(name, before, after))
    return rows


def _condition_rows(
    was: Mapping[str, Any], now: Mapping[str, Any], catalogue: Catalogue
) -> list[Row]:
    """One row where only a value of one test moved, else the rule as it was and is."""
    moved = _moved_leaf(was.get("condition"), now.get("condition"))
    if moved is not None:
        old, new = moved
        what = _test_in_words(old, catalogue)
        return [{"what": what, "was": written(old["value"]), "now": written(new["value"])}]
    return [
        {
            "what": "condition",
            "was": _in_words(was.get("condition"), catalogue) if was else written(None),
            "now": _in_words(now.get("condition"), catalogue) if now else written(None),
        }
    ]


def _moved_leaf(before: Any, after: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """The one test whose value moved, was and now, where two trees are alike but for it."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return None
    if "field" in before and "field" in after:
        same = (before["field"], before.get("op")) == (after["field"], after.get("op"))
        if same and "value" in before and "value" in after:
            return before, after
        return None
    if before.keys() != after.keys() or len(before) != 1:
        return None
    ((joint, inner),) = before.items()
    other = after[joint]
    if joint == "not":
        return _moved_leaf(inner, other)
    if len(inner) != len(other):
        return None
    unlike = [(a, b) for a, b in zip(inner, other, strict=True) if a != b]
    return _moved_leaf(*unlike[0]) if len(unlike) == 1 else None


def _in_words(condition: Any, catalogue: Catalogue) -> str:
    if condition is None:
        return "every case"
    try:
        return describe(condition, catalogue)
    except ConditionError:
        return written(condition)


def _test_in_words(test: Mapping[str, Any], catalogue: Catalogue) -> str:
    """“Amount is more than …”: the test without the value that moved."""
    try:
        return f"“{claim_of(dict(test), '…', catalogue)}”"
    except ConditionError:
        return f"`{test['field']}` {test['op']}"


def _inner_rows(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Row]:
    return [
        _row(inner, before.get(inner), after.get(inner), under=name)
        for inner in {**before, **after}
        if before.get(inner) != after.get(inner)
    ]


def _list_rows(name: str, before: list[Any], after: list[Any]) -> list[Row]:
    gone = [one for one in before if one not in after]
    come = [one for one in after if one not in before]
    if not gone and not come:
        return [_row(f"order of {name}", before, after)]
    return [_row(name, gone or None, come or None)]


def _row(name: str, before: Any, after: Any, *, under: str = "") -> Row:
    words = NAMES.get(name, name.replace("_", " "))
    prefix = NAMES.get(under, under.replace("_", " "))
    what = f"{prefix}: {words}" if under else words
    return {"what": what, "was": _said(name, before), "now": _said(name, after)}


def _said(name: str, value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if name == "mode" and value in Mode.values:
        return str(Mode(value).label.lower())
    if isinstance(value, str) and value in Disposition.values and name not in ("key", "name"):
        return str(Disposition(value).label.lower())
    return written(value)


def written(value: Any) -> str:
    """A value as people write it: 2,500, “broker”, broker, phone."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:,}"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_named(one) for one in value) or "none"
    if value is None:
        return "nothing"
    return json.dumps(value, ensure_ascii=False)


def _named(one: Any) -> str:
    """A thing of a list: by the name that people know it by, where it has one."""
    if isinstance(one, Mapping):
        known = (one[name] for name in ("label", "text", "name", "code", "key") if one.get(name))
        return next(known, json.dumps(one, ensure_ascii=False))
    return written(one)


def _sentence(row: Row) -> str:
    what = row["what"]
    said = f"{what[:1].upper()}{what[1:]} was {row['was']}, now {row['now']}"
    return said if said.endswith(".") else f"{said}."
