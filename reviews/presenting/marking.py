"""Marks: the numbered claims of an output and the places in the sources that they lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

WORST_FIRST = {"fail": 0, "warn": 1, "pass": 2}
MOST = 60


def numbered(
    results: Iterable[Mapping[str, Any]],
    *,
    fields: Sequence[str],
    texts: Sequence[str],
    say: Callable[[str], str] = str,
) -> list[dict[str, Any]]:
    """Every mark of the reported checks that has a place on the page, numbered as the page reads:
    the short `fields` first, then the long `texts`. Where two overlap the worse one stays: a
    claim that failed anywhere must not look passed."""
    order = {path: place for place, path in enumerate((*fields, *texts))}
    found = [
        {
            "path": mark["path"],
            "start": mark["start"],
            "end": mark["end"],
            "kind": mark["state"],
            "says": say(mark["message"] or result["message"]),
            "source": mark["source"],
            "control": result["key"],
        }
        for result in results
        if result["mode"] in ("enforced", "advise")
        for mark in (result.get("marks") or _from_findings(result))
        if mark["path"] in fields or (mark["path"] in texts and mark["start"] is not None)
    ]

    def reading(mark: Mapping[str, Any]) -> tuple[int, int]:
        return order[mark["path"]], mark["start"] or 0

    found.sort(key=lambda mark: (WORST_FIRST[mark["kind"]], *reading(mark)))
    kept: list[dict[str, Any]] = []
    for mark in found:
        if len(kept) < MOST and not any(_overlap(mark, other) for other in kept):
            kept.append(mark)
    kept.sort(key=reading)
    for number, mark in enumerate(kept, start=1):
        mark["n"] = number
        if mark["source"] is None:
            # No passage to lead to: the row of the control or of the check that says why.
            place = "check" if mark["kind"] == "pass" else "control"
            mark["href"] = f"{place}-{mark['control']}"
    _share_passages([mark for mark in kept if mark["source"] is not None])
    return kept


def _share_passages(marks: list[dict[str, Any]]) -> None:
    """Where two marks lead to one passage, it carries the number of the first; the other leads
    there too."""
    owner: dict[str, Any] | None = None
    for mark in sorted(marks, key=lambda one: (*_passage(one)[:2], one["n"])):
        evidence, start, _ = _passage(mark)
        if owner is not None and _passage(owner)[0] == evidence and start < _passage(owner)[2]:
            mark["href"] = f"source-mark-{owner['n']}"
        else:
            owner = mark


def _passage(mark: Mapping[str, Any]) -> tuple[int, int, int]:
    source = mark["source"]
    return source["evidence"], source["start"], source["end"]


def _from_findings(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A check that makes no marks still has the places of its findings."""
    return [
        {
            "path": finding["path"],
            "start": finding.get("start"),
            "end": finding.get("end"),
            "state": "fail" if result["outcome"] == "fail" else "warn",
            "message": finding["message"],
            "source": finding.get("source"),
        }
        for finding in result.get("findings", ())
    ]


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["path"] != other["path"]:
        return False
    if one["start"] is None or other["start"] is None:
        return True
    return one["start"] < other["end"] and other["start"] < one["end"]


def segments(text: str, marks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A text cut into pieces, some of them marked. Marks beyond the text are left out."""
    pieces: list[dict[str, Any]] = []
    at = 0
    for mark in sorted(marks, key=lambda mark: mark["start"]):
        start, end = mark["start"], mark["end"]
        if start < at or end > len(text) or start >= end:
            continue
        if start > at:
            pieces.append({"text": visible(text[at:start])})
        pieces.append({"text": visible(text[start:end]), "mark": mark})
        at = end
    if at < len(text):
        pieces.append({"text": visible(text[at:])})
    return pieces


def source_marks(marks: Iterable[Mapping[str, Any]], evidence: int) -> list[dict[str, Any]]:
    """The marks that lead into one source, placed there."""
    return [
        {**mark, "start": mark["source"]["start"], "end": mark["source"]["end"]}
        for mark in marks
        if "href" not in mark and mark["source"]["evidence"] == evidence
    ]


# What an eye cannot see and a page must not obey: text direction, zero width, control characters.
_UNSEEN = {
    **{code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
    **{code: f"[U+{code:04X}]" for code in (0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x061C)},
    **{code: f"[U+{code:04X}]" for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)},
    **{code: f"[U+{code:04X}]" for code in range(0x7F, 0xA0)},
    **{code: f"[U+{code:04X}]" for code in range(0xE0000, 0xE0080)},
}


def visible(text: str) -> str:
    """The text with everything unseen named, so that a hidden instruction is read by its reader."""
    return text.translate(_UNSEEN)
