"""What a correction changed: rows for the short values, word by word for the long texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import Any

from assurance.controls.covering import COVERED
from assurance.controls.fields import Catalogue
from assurance.controls.messages import plain
from reviews.presenting.marking import visible
from reviews.presenting.output import MOST_FIELDS, is_text, leaves
from reviews.presenting.wording import label_of

WORDS = re.compile(r"\s+|\S+")
# Comparing takes time with the product of both lengths; beyond this the whole counts as changed.
MOST_PAIRS = 1_000_000
_NOTHING = object()


def present(before: Any, after: Any, catalogue: Catalogue) -> dict[str, Any]:
    """What `_changes.html` needs; both lists are empty where nothing changed. Sensitive values
    stay covered."""
    was = dict(islice(leaves(before), MOST_FIELDS))
    now = dict(islice(leaves(after), MOST_FIELDS))
    rows: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    for path in dict.fromkeys((*was, *now)):
        old, new = was.get(path, _NOTHING), now.get(path, _NOTHING)
        if old == new:
            continue
        field = catalogue.get(path)
        label = label_of(path, catalogue)
        if field is not None and field.sensitive:
            rows.append({"label": label, "op": "changed", "was": COVERED, "now": COVERED})
        elif isinstance(old, str) and isinstance(new, str) and (is_text(old) or is_text(new)):
            texts.append({"label": label, "segments": words(visible(old), visible(new))})
        else:
            op = "added" if old is _NOTHING else "removed" if new is _NOTHING else "changed"
            rows.append({"label": label, "op": op, "was": _shown(old), "now": _shown(new)})
    return {"rows": rows, "texts": texts}


def _shown(value: Any) -> str:
    return "–" if value is _NOTHING else visible(plain(value))


def words(before: str, after: str) -> list[dict[str, str]]:
    """Pieces with op same, del or ins."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    head = _common(zip(old, new, strict=False))
    rest = min(len(old), len(new)) - head
    tail = min(rest, _common(zip(reversed(old), reversed(new), strict=False)))
    middle = _compared(old[head : len(old) - tail], new[head : len(new) - tail])
    pieces = [("same", old[:head]), *middle, ("same", old[len(old) - tail :])]
    return [{"op": op, "text": "".join(part)} for op, part in pieces if part]


def _common(pairs: Iterable[tuple[str, str]]) -> int:
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _compared(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    if len(old) * len(new) > MOST_PAIRS:
        return [("del", old), ("ins", new)]
    pieces: list[tuple[str, Sequence[str]]] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", old[i:j]))
        else:
            pieces += [("del", old[i:j]), ("ins", new[k:m])]
    return pieces
