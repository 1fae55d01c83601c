"""The check `figures_in_sources`: no figure without a source.

What counts as a figure, and when two writings of one agree, is said in `figures`. What this check
cannot see: a figure that is in a source but belongs to something else, a right figure with a wrong
word around it, and numbers that are spelled out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assurance.controls.checks.figure_arithmetic import (
    Tie,
    given_for,
    given_ties,
    pair_tie,
    stated_ties,
)
from assurance.controls.checks.figures import (
    MAX_FIGURES,
    Figure,
    TooManyFigures,
    figure_of,
    figures_in,
)
from assurance.controls.checks.outcomes import (
    MAX_FINDINGS,
    MAX_MARKS,
    Finding,
    Mark,
    Outcome,
    failed,
    inconclusive,
    operand,
    passed,
)
from assurance.controls.checks.parameters import fields_parameter
from assurance.controls.checks.reading import Text, all_texts, plain
from assurance.controls.checks.registry import Check, register
from assurance.controls.checks.source_index import Place, SourceIndex, TooMuchToRead

_SYMBOLS = {"GBP": "£", "USD": "$", "EUR": "€", "JPY": "¥", "INR": "₹"}
MAX_OTHERS_SHOWN = 5


@dataclass(frozen=True)
class _Claim:
    """One figure of the output and where it came from, if it did."""

    text: Text
    figure: Figure
    place: Place | None
    message: str
    grounded: bool


@register
class FiguresInSources(Check):
    """Every figure of the output occurs in a source or is arithmetic on figures that do."""

    name = "figures_in_sources"
    title = "Every figure is in a source"
    description = (
        "Every number, amount, percentage, date and reference in the output occurs in the "
        "evidence, or is stated arithmetic on figures that do."
    )
    params_schema = {
        "type": "object",
        "properties": {
            "fields": fields_parameter("Where figures are looked for."),
            "source_fields": {
                "type": "array",
                "title": "Fields that count as sources",
                "description": "Facts of the case that an output may repeat, beside the evidence.",
                "items": {"type": "string", "x-field": ["whole", "any"]},
                "maxItems": 50,
                "default": [],
            },
            "ignore": {
                "type": "array",
                "title": "Figures that need no source",
                "description": "Fixed figures of a template, such as 24/7 or a telephone number.",
                "items": {"type": "string", "minLength": 1, "maxLength": 60},
                "maxItems": 200,
                "default": [],
            },
            "ignore_up_to": {
                "type": "integer",
                "title": "Ignore whole numbers up to",
                "description": "Small counts without a unit, such as “2 documents”; 0: none.",
                "minimum": 0,
                "maximum": 1000,
                "default": 0,
            },
            "dates": {
                "type": "boolean",
                "title": "Dates and times too",
                "description": "Whether dates and times need a source.",
                "default": True,
            },
            "references": {
                "type": "boolean",
                "title": "Reference numbers too",
                "description": "Whether policy, account and other reference numbers need a source.",
                "default": True,
            },
            "accept_rounded": {
                "type": "boolean",
                "title": "Accept rounded figures",
                "description": "Accept 4.8 million where a source has 4,812,300.",
                "default": False,
            },
            "accept_pairs": {
                "type": "boolean",
                "title": "Accept sums and differences of two",
                "description": (
                    "Accept any sum or difference of two source figures without stated "
                    "arithmetic. With many figures a wrong one may pass by chance."
                ),
                "default": False,
            },
        },
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        texts, troubles = all_texts(facts, params["fields"])
        try:
            held = list(_figures(texts, _Wanted(params)))
            if not held and not troubles:
                return passed("There is no figure that would need a source.")
            index = SourceIndex(facts, params["source_fields"])
        except (TooManyFigures, TooMuchToRead):
            message = (
                f"There are more than {MAX_FIGURES:,} figures or more text than can be compared. "
                "Send less at once."
            )
            return inconclusive(message, "too_large")
        if held and not index.items:
            message = "There is no evidence to compare the figures with. Send the sources along."
            return inconclusive(message, "no_sources")
        claims = [claim for one in held for claim in _claims(*one, index, facts, params)]
        outcome = _told(claims, index)
        if outcome.outcome == "pass" and troubles:
            more = {"marks": outcome.marks, "score": outcome.score}
            return inconclusive(troubles[0].sentence, troubles[0].reason_code, **more)
        return outcome


class _Wanted:
    """Which figures need a source at all."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._dates, self._references = params["dates"], params["references"]
        self._up_to = Decimal(params["ignore_up_to"])
        self._free = {
            figure.wants[0] for text in params["ignore"] for figure in figures_in(text, limit=20)
        }

    def __contains__(self, figure: Figure) -> bool:
        if figure.wants[0] in self._free:
            return False
        if figure.kind in ("date", "time"):
            return bool(self._dates)
        if figure.kind == "reference":
            return bool(self._references)
        small = not figure.unit and figure.value is not None and figure.value <= self._up_to
        return not (small and self._up_to and figure.step >= 1)


def _figures(texts: list[Text], wanted: _Wanted) -> Iterator[tuple[Text, list[Figure]]]:
    left = MAX_FIGURES
    for text in texts:
        if text.number is not None:
            found = [figure_of(text.number, text.text)]
        else:
            found = figures_in(text.text, limit=left)
        left -= len(found)
        kept = [figure for figure in found if figure in wanted]
        if kept:
            yield text, kept


def _claims(
    text: Text,
    figures: list[Figure],
    index: SourceIndex,
    facts: Mapping[str, Any],
    params: Mapping[str, Any],
) -> Iterator[_Claim]:
    given = given_ties(facts, index)
    stated = {} if text.number is not None else dict(stated_ties(text.text, figures, index))
    pairs_left = 50 if params["accept_pairs"] else 0
    for number, figure in enumerate(figures):
        place = index.place_of(figure)
        if place is not None:
            yield _Claim(text, figure, place, f"It is in {place.name}.", True)
            continue
        tie: Tie | None = stated.get(number)
        if tie is None:
            tie = given_for(figure, given)
        if tie is None and params["accept_rounded"]:
            tie = _rounded(figure, index)
        if tie is None and pairs_left:
            pairs_left -= 1
            tie = pair_tie(figure, index)
        if tie is None:
            yield _Claim(text, figure, None, "", False)
        else:
            yield _Claim(text, figure, tie.place, tie.message, tie.holds)


def _rounded(figure: Figure, index: SourceIndex) -> Tie | None:
    """A source figure that rounds to this one at its last written place."""
    for other, place in index.nearest(figure, 2):
        if other.value is None or figure.value is None or "%" in (other.unit, figure.unit):
            continue
        if abs(other.value - figure.value) <= figure.step / 2 and other.step < figure.step:
            return Tie(True, f"It is {other.text} in {place.name}, rounded.", place)
    return None


def _told(claims: list[_Claim], index: SourceIndex) -> Outcome:
    marks: list[Mark] = []
    findings: list[Finding] = []
    operands: list[dict[str, Any]] = []
    wrong = 0
    for claim in claims:
        wrong += not claim.grounded
        if claim.grounded:
            if len(marks) < MAX_MARKS:
                marks.append(_mark(claim, "pass", claim.place, claim.message))
        elif len(findings) < MAX_FINDINGS:
            near = index.nearest(claim.figure, MAX_OTHERS_SHOWN)
            message, place = _complaint(claim, near)
            findings.append(_finding(claim, place, message))
            marks.append(_mark(claim, "fail", place, message))
            operands.append(_operand(claim, near))
    score = round((len(claims) - wrong) / len(claims), 4) if claims else None
    shown = tuple(marks)
    if not wrong:
        count = f"All {len(claims):,} figures are" if len(claims) > 1 else "The figure is"
        return passed(f"{count} in the sources.", score=score, marks=shown)
    more = " One other is in none of them either." if wrong == 2 else ""
    more = f" {wrong - 1:,} others are in none of them either." if wrong > 2 else more
    message = findings[0].message + more
    return failed(message, "not_in_sources", findings, operands, score=score, marks=shown)


def _complaint(claim: _Claim, near: list[tuple[Figure, Place]]) -> tuple[str, Place | None]:
    message = f"{_said(claim.figure)} is in none of the sources."
    if claim.message:
        message += f" {claim.message}"
    if not near:
        return message, None
    figure, place = near[0]
    return f"{message} The nearest figure is {_said(figure)} in {place.name}.", place


def _said(figure: Figure) -> str:
    if figure.unit == "%":
        return f"{figure.text} %"
    if figure.kind != "number":
        return f"“{figure.text[:60]}”"
    return f"{_SYMBOLS.get(figure.unit, figure.unit and f'{figure.unit} ')}{figure.text[:60]}"


def _places(claim: _Claim) -> tuple[int | None, int | None]:
    if claim.text.number is not None:  # a number in the data has a field, not a place in a text
        return None, None
    return claim.figure.start, claim.figure.end


def _finding(claim: _Claim, place: Place | None, message: str) -> Finding:
    start, end = _places(claim)
    return Finding(claim.text.path, message, start, end, place.as_source() if place else None)


def _mark(claim: _Claim, state: str, place: Place | None, message: str) -> Mark:
    start, end = _places(claim)
    source = place.as_source() if place else None
    return Mark(claim.text.path, start, end, state, source, message)


def _operand(claim: _Claim, near: list[tuple[Figure, Place]]) -> dict[str, Any]:
    others = [other.text if other.value is None else plain(other.value) for other, _ in near]
    figure = claim.figure
    value = figure.text if figure.value is None else plain(figure.value)
    return operand(claim.text.path, value, "not_in", others)
