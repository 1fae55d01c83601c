"""Words as a reader knows them: fields by their names, the values of a sentence set apart, and a
failed check's operands as what is the case, not as what should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assurance.controls.fields import Catalogue
from assurance.controls.messages import plain
from reviews.presenting.marking import visible

PATH = re.compile(
    r"`?\b((?:output|context|signals|model)(?:\.[A-Za-z_][A-Za-z0-9_]*)+)`?|`(subject)`"
)
# "Name" alone could be anybody's.
LABELS = {"model.name": "Model name"}
# A figure with its currency or percent sign; not one inside a name such as LET-01 or “Invoice 9”.
VALUE = re.compile(r"“[^”]*”|(?<![\w.,-])[£$€¥]?\d[\d,]*(?:\.\d+)?(?: ?%)?(?![\w-])")
OPS = {
    "==": "is",
    "!=": "is not",
    "<": "under",
    "<=": "at most",
    ">": "over",
    ">=": "at least",
    "in": "in",
    "not_in": "not in",
    "contains": "contains",
    "starts_with": "starts with",
    "present": "is present",
    "missing": "is missing",
    "+": "plus",
}
# A check's operands say what must hold; where it failed the page says what does.
FAILED = {
    "==": "is not",
    "!=": "is also",
    "<": "at least",
    "<=": "over",
    ">": "at most",
    ">=": "under",
    "in": "not in",
}
WITHOUT_VALUE = {"contains": "lacks", "has": "holds", "fits": "does not fit the"}


def label_of(path: str, catalogue: Catalogue) -> str:
    """A field's label; without one its own name without the root: "Prompt version"."""
    field = catalogue.get(path)
    if field is not None and field.label:
        return field.label
    if path in LABELS:
        return LABELS[path]
    bare = path.partition(".")[2] or path
    return bare.replace("_", " ").replace(".", ", ").capitalize()


def named(text: str, catalogue: Catalogue) -> str:
    """A sentence with each field called by its label, within the sentence in small letters."""

    def name(found: re.Match[str]) -> str:
        label = label_of(found.group(1) or found.group(2), catalogue)
        starts = found.start() == 0 or text[: found.start()].rstrip().endswith((".", ";"))
        abbreviation = label[:2].isupper()
        return label if starts or abbreviation else label[:1].lower() + label[1:]

    return PATH.sub(name, text)


def parts(sentence: str) -> list[dict[str, Any]]:
    """The sentence in pieces, its figures strong."""
    pieces: list[dict[str, Any]] = []
    at = 0
    for found in VALUE.finditer(sentence):
        if found.group().startswith("“"):
            continue
        pieces.append({"text": sentence[at : found.start()], "strong": False})
        pieces.append({"text": found.group(), "strong": True})
        at = found.end()
    pieces.append({"text": sentence[at:], "strong": False})
    return [piece for piece in pieces if piece["text"]]


def operand(one: Mapping[str, Any], catalogue: Catalogue, *, failed: bool = False) -> Any:
    """One comparison with both its sides; the value of a sensitive field stays covered. `failed`:
    it comes from a check that failed, so it says what should have been."""
    path, op, value, other = (one.get(name) for name in ("field", "op", "value", "other"))
    path, op = path or "", op or ""
    field = catalogue.get(path)
    silent = failed and value is None and op in WITHOUT_VALUE
    if silent:
        said = WITHOUT_VALUE[op]
    else:
        said = (FAILED if failed else {}).get(op) or OPS.get(op, op)
    covered = field is not None and field.sensitive
    return {
        "field": field.label if field and field.label else named(path, catalogue),
        "value": "" if silent else "(covered)" if covered else visible(plain(value)),
        "op": said,
        "other": visible(plain(other)) if other is not None else "",
        "missing": value is None and not silent,
        "verdict": None if value is None else True,
    }
