"""The output as a reader sees it: long texts with their marks, everything else as a field table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from assurance.controls.fields import Catalogue
from assurance.controls.messages import plain, value_at
from reviews.presenting.marking import segments, visible
from reviews.presenting.wording import label_of

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


def paths(output: Any) -> tuple[list[str], list[str]]:
    """The short fields and the long texts, each in the order of the page."""
    fields: list[str] = []
    texts: list[str] = []
    for path, value in islice(leaves(output), MOST_FIELDS):
        (texts if is_text(value) else fields).append(path)
    return fields, texts


def present(
    output: Any,
    marks: Sequence[Mapping[str, Any]],
    catalogue: Catalogue,
    *,
    draft_output: Any = None,
    editable: bool = False,
    errors: Mapping[str, str] | None = None,
    find: Callable[[Any], dict[str, Any] | None] = lambda value: None,
) -> dict[str, Any]:
    """What `_output_pane.html` needs. `find` says in which source a value stands. Long texts are
    corrected here, beside their sources; short values in the panel."""
    texts: list[dict[str, Any]] = []
    fields: list[dict[str, Any]] = []
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
                    "edit": edit(path, value, yours, catalogue, errors) if editable else None,
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
                    "source": None if sensitive else find(value),
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
        "sourced": any(field["source"] for field in fields),
    }


def facts(context: Any, catalogue: Catalogue) -> list[dict[str, Any]]:
    """What the system knew, for `_facts.html`: every value of the context with its label."""
    return [
        {
            "label": label_of(path, catalogue),
            "unit": field.unit if (field := catalogue.get(path)) else "",
            "drafted": visible(plain(value)),
            "sensitive": bool(field and field.sensitive),
        }
        for path, value in islice(leaves(context, "context"), MOST_FIELDS)
    ]


def editable_fields(
    output: Any,
    catalogue: Catalogue,
    *,
    draft_output: Any = None,
    errors: Mapping[str, str] | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The inputs of "correct", the short ones for the panel and the long texts that are corrected
    in their pane. Lists and empty objects are not edited by form; REST takes any output."""
    short: list[dict[str, Any]] = []
    long: list[dict[str, Any]] = []
    for path, value in islice(leaves(output), MOST_FIELDS):
        if not isinstance(value, (str, int, float, bool)):
            continue
        yours = value_at({"output": draft_output}, path) if draft_output is not None else None
        field = edit(path, value, yours, catalogue, errors)
        (long if is_text(value) else short).append(field)
    return short, long


def edit(
    path: str,
    value: Any,
    yours: Any,
    catalogue: Catalogue,
    errors: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One input: named by its path, holding what was typed before, else what was drafted."""
    return {
        "name": path,
        "id": "correct-" + path.replace(".", "-"),
        "path": path,
        "label": label_of(path, catalogue),
        "unit": field.unit if (field := catalogue.get(path)) else "",
        "drafted": _lines(entered(value)),
        "value": _lines(entered(value if yours is None else yours)),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "sensitive": bool(field and field.sensitive),
        "error": (errors or {}).get(path, ""),
    }


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
        if path not in typed or _lines(typed[path]) == _lines(entered(value)):
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
    return _lines(text)


def _lines(text: str) -> str:
    """A browser sends and shows line ends in its own way; that is no correction."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _kind(value: Any) -> str:
    return "yes or no" if isinstance(value, bool) else "number"


def _put(value: Any, keys: list[str], new: Any) -> Any:
    if not keys:
        return new
    if isinstance(value, list):
        position = int(keys[0])
        return [*value[:position], _put(value[position], keys[1:], new), *value[position + 1 :]]
    return {**value, keys[0]: _put(value[keys[0]], keys[1:], new)}
