"""The check `quotations_in_sources`: what stands in quotation marks was said by a source.

Quotations are “ ”, " ", « » and „ “ inside one paragraph, of at least `min_words` words. They are
compared without regard to case, line breaks and kinds of quotes and dashes; punctuation at the
ends of a quotation does not count, and an omission (… or [...] or [an insertion]) may stand for
anything, its parts in the order of one source. An opening “ „ or « that is never closed is a
fault; a single straight " is not, and one behind a digit opens nothing (5" is a measure).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assurance.controls.checks.outcomes import (
    MAX_FINDINGS,
    Finding,
    Mark,
    Outcome,
    failed,
    inconclusive,
    operand,
    passed,
)
from assurance.controls.checks.parameters import fields_parameter
from assurance.controls.checks.reading import all_texts
from assurance.controls.checks.registry import Check, register
from assurance.controls.checks.source_index import MAX_SOURCE_CHARACTERS
from assurance.controls.checks.sources import source_text
from assurance.controls.checks.writing import Plain, plain

MAX_QUOTATIONS = 200
_CLOSERS = {"“": "”", "«": "»", "„": "“”", '"': '"'}
_MARK = re.compile(r"[“”„«»\"]|\n[ \t]*\n")
_GAP = re.compile(r"…|\.\.\.|\[[^\[\]]{0,80}\]")
_EDGES = " .,;:!?-"


@dataclass(frozen=True)
class _Quotation:
    path: str
    start: int
    end: int
    text: str
    closed: bool = True


@register
class QuotationsInSources(Check):
    """Every quotation is, word for word, in a source."""

    name = "quotations_in_sources"
    title = "Every quotation is in a source"
    description = "What the output puts in quotation marks is, word for word, in the evidence."
    params_schema = {
        "type": "object",
        "properties": {
            "fields": fields_parameter("Where quotations are looked for."),
            "min_words": {
                "type": "integer",
                "title": "From how many words",
                "description": "Shorter ones are names and titles, not quotations.",
                "minimum": 1,
                "maximum": 50,
                "default": 3,
            },
        },
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        texts, troubles = all_texts(facts, params["fields"])
        held = [
            one
            for text in texts
            if text.number is None
            for one in _quotations(text.path, text.text)
            if len(_plain(one.text).split()) >= params["min_words"]
        ]
        if len(held) > MAX_QUOTATIONS:
            message = f"More than {MAX_QUOTATIONS} quotations: too many to compare."
            return inconclusive(message, "too_large")
        if not held and not troubles:
            return passed("There is no quotation.")
        sources = _sources(facts) if held else []
        if sources is None:
            return inconclusive("The sources are too long to compare with.", "too_large")
        if held and not sources:
            message = "There is no evidence to compare the quotations with. Send the sources along."
            return inconclusive(message, "no_sources")
        outcome = _told(held, sources)
        if outcome.outcome == "pass" and troubles:
            trouble = troubles[0]
            return inconclusive(trouble.sentence, trouble.reason_code, marks=outcome.marks)
        return outcome


def _quotations(path: str, text: str) -> Iterator[_Quotation]:
    """Quotations in order; a blank line ends a paragraph and whatever is open in it."""
    opened: tuple[str, int] | None = None
    for match in _MARK.finditer(text):
        mark = match.group()
        if opened is not None and mark in _CLOSERS[opened[0]]:
            start = opened[1] + 1
            yield _Quotation(path, start, match.start(), text[start : match.start()])
            opened = None
        elif mark[0] == "\n":
            if opened is not None and opened[0] != '"':
                yield _unclosed(path, text, opened[1], match.start())
            opened = None
        elif opened is None and mark in _CLOSERS and not _is_inch(text, match.start()):
            opened = mark, match.start()
    if opened is not None and opened[0] != '"':
        yield _unclosed(path, text, opened[1], len(text))


def _is_inch(text: str, at: int) -> bool:
    """A straight mark right behind a digit measures something; nobody begins to quote there."""
    return text[at] == '"' and at > 0 and text[at - 1].isdigit()


def _unclosed(path: str, text: str, start: int, end: int) -> _Quotation:
    return _Quotation(path, start + 1, end, text[start + 1 : end], closed=False)


def _sources(facts: Mapping[str, Any]) -> list[tuple[int, str, Plain]] | None:
    """Every source that says something, or None where they are too long."""
    found: list[tuple[int, str, Plain]] = []
    left = MAX_SOURCE_CHARACTERS
    evidence = facts.get("evidence")
    for index, item in enumerate(evidence if isinstance(evidence, list) else []):
        if not isinstance(item, Mapping) or item.get("kind") not in ("text", "json", "table"):
            continue
        text = source_text(item)
        left -= len(text)
        if left < 0:
            return None
        if text.strip():
            name = f"“{str(item.get('label') or f'source {index + 1}')[:80]}”"
            found.append((index, name, Plain(text, quotes=False)))
    return found


def _told(held: list[_Quotation], sources: list[tuple[int, str, Plain]]) -> Outcome:
    marks: list[Mark] = []
    findings: list[Finding] = []
    operands: list[dict[str, Any]] = []
    for one in held:
        where = _place(one.text, sources) if one.closed else None
        if where is not None:
            name, source = where
            marks.append(Mark(one.path, one.start, one.end, "pass", source, f"It is in {name}."))
            continue
        if len(findings) >= MAX_FINDINGS:
            continue
        message, nearest = _complaint(one, sources)
        findings.append(Finding(one.path, message, one.start, one.end, nearest))
        marks.append(Mark(one.path, one.start, one.end, "fail", nearest, message))
        operands.append(operand(one.path, one.text[:200], "in", "sources"))
    if findings:
        more = f" There are {len(findings) - 1} more." if len(findings) > 1 else ""
        message = findings[0].message + more
        return failed(message, "not_in_sources", findings, operands, marks=tuple(marks))
    count = f"All {len(held)} quotations are" if len(held) > 1 else "The quotation is"
    return passed(f"{count} in the sources.", marks=tuple(marks))


def _plain(text: str) -> str:
    return plain(text, quotes=False)


def _parts(text: str) -> list[str]:
    return [part for piece in _GAP.split(text) if (part := _plain(piece).strip(_EDGES))]


def _place(text: str, sources: list[tuple[int, str, Plain]]) -> tuple[str, dict[str, int]] | None:
    """The source that has every part of a quotation in order, and where."""
    parts = _parts(text)
    for index, name, held in sources:
        start = end = 0
        for number, part in enumerate(parts):
            found = _whole(held.text, part, end)
            if found < 0:
                break
            start = found if number == 0 else start
            end = found + len(part)
        else:
            if parts:
                first, last = held.original(start, end)
                return name, {"evidence": index, "start": first, "end": last}
    return None


def _whole(text: str, part: str, at: int) -> int:
    """Where a part stands as whole words: “sure to pay” is not in “unsure to pay”."""
    for _ in range(1000):
        at = text.find(part, at)
        if at < 0:
            return -1
        end = at + len(part)
        cut_before = at > 0 and text[at - 1].isalnum() and part[0].isalnum()
        cut_after = end < len(text) and text[end].isalnum() and part[-1].isalnum()
        if not cut_before and not cut_after:
            return at
        at += 1
    return -1


def _complaint(
    one: _Quotation, sources: list[tuple[int, str, Plain]]
) -> tuple[str, dict[str, int] | None]:
    """What to say, with the place of the longest beginning that a source does have."""
    shown = one.text.strip()
    shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
    if not one.closed:
        return f"The quotation “{shown}” is never closed. Close it.", None
    message = f"“{shown}” is, word for word, in none of the sources."
    words = _plain(one.text).strip(_EDGES).split(" ")
    best, said = 0, ""
    place: dict[str, int] | None = None
    for index, name, held in sources:
        low, high = best, len(words)
        while low < high:  # the longest beginning, by halving
            middle = (low + high + 1) // 2
            if held.text.find(" ".join(words[:middle])) >= 0:
                low = middle
            else:
                high = middle - 1
        if low > best and low >= 3:
            at = held.text.find(" ".join(words[:low]))
            start, end = held.original(at, at + len(" ".join(words[:low])))
            best, place = low, {"evidence": index, "start": start, "end": end}
            cut = " ".join(words[:low][-6:])
            said = f" {name} has it only up to “…{cut}”."
    return message + said, place
