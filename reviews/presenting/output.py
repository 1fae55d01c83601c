"""The output as a reader sees it: long texts with their marks, everything else as a field table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assurance.controls.fields import Catalogue
from assurance.controls.messages import plain, value_at
from reviews.presenting.marking import segments, visible

LONG = 90
MOST_FIELDS = 200


def leaves(output: Any, path: str = "output") -> Iterator[tuple[str, Any]]:
    """Every value of an output with its dotted path; a list of plain values is one value."""
    if isinstance(output, Mapping) and output:
        for key, value in output.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(output, list) and any(isinstance(item, (Mapping, list)) for item in output):
        for position, item in enumerate(output):
            yield from leaves(item, f"{path}.{position}")
    else:
        yield path, output


def is_text(value: Any) -> bool:
    return isinstance(value, str) and (len(value) > LONG or "\n" in value)


def label_of(path: str, catalogue: Catalogue) -> str:
    field = catalogue.get(path)
    if field is not None and field.label:
        return field.label
    return path.removeprefix("output.").replace("_", " ").replace(".", ", ").capitalize()


def present(
    output: Any,
    marks: Sequence[Mapping[str, Any]],
    catalogue: Catalogue,
    *,
    draft_output: Any = None,
    editable: bool = False,
) -> dict[str, Any]:
    """What `_output_pane.html` needs."""
    texts, fields = [], []
    for path, value in leaves(output):
        if len(texts) + len(fields) >= MOST_FIELDS:
            break
        field = catalogue.get(path)
        sensitive = bool(field and field.sensitive)
        here = [mark for mark in marks if mark["path"] == path]
        yours = value_at({"output": draft_output}, path) if draft_output is not None else None
        if is_text(value):
            placed = [mark for mark in here if mark["start"] is not None]
            texts.append(
                {
                    "label": label_of(path, catalogue),
                    "path": path,
                    "segments": segments(value, placed),
                    "drafted": visible(value),
                    "clean": visible(yours) if isinstance(yours, str) else visible(value),
                    "sensitive": sensitive,
                }
            )
        else:
            fields.append(
                {
                    "path": path,
                    "label": label_of(path, catalogue),
                    "unit": field.unit if field else "",
                    "drafted": visible(plain(value)),
                    "mark": here[0] if here else None,
                    "source": "",
                    "yours": visible(plain(yours)) if yours is not None and yours != value else "",
                    "sensitive": sensitive,
                }
            )
    if len(texts) == 1 and not fields:
        texts[0]["label"] = ""
    return {
        "title": "Proposed output",
        "texts": texts,
        "fields": fields,
        "editable": editable,
    }


def editable_fields(
    output: Any, catalogue: Catalogue, *, draft_output: Any = None
) -> list[dict[str, Any]]:
    """The inputs of "correct": one for each plain value. Lists and empty objects are not edited
    by form; REST takes any output."""
    found = []
    for path, value in leaves(output):
        if not isinstance(value, (str, int, float, bool)):
            continue
        yours = value_at({"output": draft_output}, path) if draft_output is not None else None
        found.append(
            {
                "name": path,
                "id": "correct-" + path.replace(".", "-"),
                "path": path,
                "label": label_of(path, catalogue),
                "unit": (field.unit if (field := catalogue.get(path)) else ""),
                "drafted": entered(value),
                "value": entered(value if yours is None else yours),
                "long": is_text(value),
                "number": isinstance(value, (int, float)) and not isinstance(value, bool),
            }
        )
    return found[:MOST_FIELDS]


def entered(value: Any) -> str:
    """A value as it stands in an input."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def corrected(output: Any, typed: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
    """The output with what was typed put in, and what could not be read, by path. A value keeps
    its type: a number stays a number."""
    faults: dict[str, str] = {}
    for path, value in list(leaves(output)):
        if path not in typed or typed[path] == entered(value):
            continue
        try:
            output = _put(output, path.split(".")[1:], _read(typed[path], value))
        except ValueError:
            faults[path] = f"“{typed[path][:40]}” is no {_kind(value)}. Write it like {value}."
    return output, faults


def _read(text: str, like: Any) -> Any:
    if isinstance(like, bool):
        if text.strip().lower() not in ("yes", "no"):
            raise ValueError(text)
        return text.strip().lower() == "yes"
    if isinstance(like, (int, float)):
        number = float(text.replace(",", "").strip())
        if number != number or abs(number) >= 2**53:
            raise ValueError(text)
        whole = isinstance(like, int) or "." not in text
        return int(number) if whole and number == int(number) else number
    return text.replace("\r\n", "\n")


def _kind(value: Any) -> str:
    return "yes or no" if isinstance(value, bool) else "number"


def _put(value: Any, keys: list[str], new: Any) -> Any:
    if not keys:
        return new
    if isinstance(value, list):
        position = int(keys[0])
        return [*value[:position], _put(value[position], keys[1:], new), *value[position + 1 :]]
    return {**value, keys[0]: _put(value[keys[0]], keys[1:], new)}
