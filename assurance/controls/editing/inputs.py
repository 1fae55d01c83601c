"""Small inputs of the editing forms: values as people write them, tables of rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from assurance.controls.durations import duration_problem
from assurance.controls.editing.rows import number


class LinesField(forms.CharField):
    """A list of texts, each on its own line."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(one) for one in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]


class NumberField(forms.CharField):
    """A number as people write it, None where there is none."""

    def __init__(self, *, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.whole = whole
        self.widget.attrs["inputmode"] = "numeric" if whole else "decimal"

    def prepare_value(self, value: Any) -> Any:
        return repr(value) if isinstance(value, float) else value

    def clean(self, value: Any) -> int | float | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            found = number(text)
        except ValueError as refusal:
            raise ValidationError(str(refusal)) from refusal
        if self.whole and not isinstance(found, int):
            raise ValidationError("Write a whole number.")
        return found


class DurationText(forms.CharField):
    """A length of time that stays text: PT20M, P2D."""

    def clean(self, value: Any) -> str | None:
        text = super().clean(value)
        if not text:
            return None
        sentence = duration_problem(text)
        if sentence:
            raise ValidationError(sentence)
        return str(text)


class JsonText(forms.CharField):
    """Anything that only JSON writes down."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise ValidationError(f"This is no JSON{where}. Check commas and quotes.") from error


@dataclass(frozen=True)
class Column:
    """One column of a table of rows. `kind`: text, long, raw (blanks count), whole or flag."""

    name: str
    label: str
    kind: str = "text"


class Table:
    """Rows typed into a form, as `name.3.column`. A row with nothing in it does not count."""

    def __init__(self, name: str, title: str, columns: Sequence[Column], *, noun: str) -> None:
        self.name, self.title, self.columns, self.noun = name, title, columns, noun
        self.rows: list[dict[str, Any]] = []
        self.errors: dict[tuple[int, str], str] = {}
        self.places: list[int] = []
        self.is_read = False

    def fill(self, items: Sequence[Mapping[str, Any]]) -> None:
        self.rows = [{c.name: one.get(c.name) for c in self.columns} for one in items]

    def read(self, data: Mapping[str, str]) -> list[dict[str, Any]]:
        """What was typed: kept as it is for the page, returned as data."""
        if not self.is_read:
            self.rows, self.is_read = self._typed(data), True
        items, self.places = [], []
        for place, row in enumerate(self.rows):
            if not any((row.get(c.name) or "").strip() for c in self.columns if c.kind != "flag"):
                continue
            item = {}
            for column in self.columns:
                item[column.name] = self._value(place, column, row.get(column.name) or "")
            items.append(item)
            self.places.append(place)
        return items

    def _typed(self, data: Mapping[str, str]) -> list[dict[str, Any]]:
        columns = {c.name for c in self.columns}
        found: dict[int, dict[str, Any]] = {}
        for key, text in data.items():
            table, _, rest = key.partition(".")
            place, _, column = rest.partition(".")
            if table == self.name and place.isascii() and place.isdigit() and column in columns:
                found.setdefault(int(place[:4]), {})[column] = text
        return [found[place] for place in sorted(found)]

    def _value(self, place: int, column: Column, text: str) -> Any:
        if column.kind == "raw":
            return text
        text = text.strip()
        if column.kind == "flag":
            return bool(text)
        if column.kind != "whole":
            return text
        if text.lstrip("-").isdigit() and text.isascii() and len(text) < 10:
            return int(text)
        said = f"“{text[:20]}” is no whole number." if text else "Write a whole number."
        self.errors[place, column.name] = said
        return None

    def tell(self, index: int, column: str, message: str) -> None:
        """Put a problem of the n-th item beside its row."""
        place = self.places[index] if index < len(self.places) else index
        names = [c.name for c in self.columns]
        self.errors.setdefault((place, column if column in names else names[0]), message)

    def act(self, verb: str) -> None:
        """`add`, or `remove.2`."""
        if verb == "add":
            self.rows.append({})
        elif verb.startswith("remove.") and verb[7:].isdigit():
            self.rows = [row for n, row in enumerate(self.rows) if n != int(verb[7:])]

    def cells(self) -> list[dict[str, Any]]:
        """For the template: each row with its inputs."""
        return [
            {
                "number": n + 1,
                "remove": f"table:{self.name}:remove.{n}",
                "inputs": [
                    {
                        "column": c,
                        "name": f"{self.name}.{n}.{c.name}",
                        "id": f"{self.name}-{n}-{c.name}",
                        "value": "" if row.get(c.name) in (None, False) else row.get(c.name),
                        "error": self.errors.get((n, c.name), ""),
                    }
                    for c in self.columns
                ],
            }
            for n, row in enumerate(self.rows)
        ]
