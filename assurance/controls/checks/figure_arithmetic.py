"""Arithmetic that ties a figure to the sources: what a reviewer entered, or the text itself says.

A reviewer ties "3,930.00" to "4,280.00 − 350.00"; a text may say "4,280.00 − 350.00 = 3,930.00".
Either is recomputed exactly, and every operand must occur in a source: arithmetic never brings in
a figure of its own, also not by dividing one by itself. `15 %` counts as 0.15. The result must
agree to the last place that is written, and at least to the hundredth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from assurance.controls.checks.expressions import ExpressionError, close, parse
from assurance.controls.checks.figures import Figure, TooManyFigures, figures_in
from assurance.controls.checks.reading import Unreadable, spoken
from assurance.controls.checks.source_index import Place, SourceIndex
from assurance.controls.checks.writing import folded

MAX_TIES = 50
MAX_TIE_LENGTH = 300
MAX_CHAIN = 20

_OPERATORS = {"+": "+", "-": "-", "*": "*", "/": "/", "×": "*", "÷": "/", "−": "-", "x": "*"}
_SPREAD = re.compile(r"\s*([+*/×÷()]|-)\s*")
_UNITS = re.compile(r"[£$€¥₹%]|\b[A-Z]{3}\b|\bper ?cent\b")


@dataclass(frozen=True)
class Tie:
    """One piece of arithmetic for one value: whether it holds, and what to say of it."""

    holds: bool
    message: str
    place: Place | None = None


def amount_of(figure: Figure) -> Decimal:
    """What a figure counts in arithmetic: 15 % is 0.15."""
    value = figure.value if figure.value is not None else Decimal(0)
    return value.scaleb(-2) if figure.unit == "%" else value


def _last_place(figure: Figure) -> Decimal:
    step = figure.step.scaleb(-2) if figure.unit == "%" else figure.step
    return min(step, Decimal("0.01"))


def given_ties(facts: Mapping[str, Any], index: SourceIndex) -> dict[tuple[Decimal, str], Tie]:
    """The reviewer's ties by the value and unit they explain. One that cannot be read explains
    nothing."""
    ties: dict[tuple[Decimal, str], Tie] = {}
    entered = facts.get("arithmetic")
    for one in (entered if isinstance(entered, list) else [])[:MAX_TIES]:
        figure = _single(one.get("figure")) if isinstance(one, Mapping) else None
        if figure is None or figure.value is None:
            continue
        expression = one.get("expression")
        shown = str(expression)[:MAX_TIE_LENGTH]
        try:
            tie = _computed(figure, shown, index)
        except (ExpressionError, Unreadable, TooManyFigures):
            tie = Tie(False, f"The arithmetic “{shown}” cannot be computed. Enter it again.")
        explained = (figure.value, figure.unit)
        if explained not in ties or tie.holds:
            ties[explained] = tie
    return ties


def given_for(figure: Figure, ties: Mapping[tuple[Decimal, str], Tie]) -> Tie | None:
    """The tie entered for this figure. An amount may be written without its currency; a
    percentage explains a percentage only, and pounds no euros."""
    if figure.value is None:
        return None
    found = [
        tie
        for (value, unit), tie in ties.items()
        if value == figure.value and _units_agree(unit, figure.unit)
    ]
    return next((tie for tie in found if tie.holds), found[0] if found else None)


def _units_agree(one: str, other: str) -> bool:
    return one == other or ("%" not in (one, other) and "" in (one, other))


def _single(text: object) -> Figure | None:
    found = figures_in(text, limit=5) if isinstance(text, str) and len(text) <= 60 else []
    return found[0] if len(found) == 1 else None


def _computed(figure: Figure, text: str, index: SourceIndex) -> Tie:
    spread = _SPREAD.sub(r" \1 ", folded(text))
    figures = figures_in(spread, limit=MAX_CHAIN)
    pieces: list[str] = []
    at = 0
    for number, operand in enumerate(figures):
        if operand.value is None:
            return Tie(False, f"“{operand.text}” in the arithmetic is no number.")
        pieces += [spread[at : operand.start], f" x.n{number} "]
        at = operand.end
    pieces.append(spread[at:])
    formula = _UNITS.sub(" ", "".join(pieces)).replace("×", "*").replace("÷", "/")
    return _judged(figure, formula, text.strip(), figures, index)


def _judged(
    figure: Figure, formula: str, shown: str, operands: list[Figure], index: SourceIndex
) -> Tie:
    if not operands:
        return Tie(False, f"The arithmetic “{shown}” names no figure of a source.")
    places = []
    for operand in operands:
        place = index.place_of(operand)
        if place is None:
            message = f"“{operand.text}” in the arithmetic is in none of the sources."
            return Tie(False, message)
        places.append(place)
    values = {f"n{number}": amount_of(operand) for number, operand in enumerate(operands)}
    expression = parse(formula)
    result = expression.value({"x": values})
    if expression.cancels({"x": values}):
        message = f"{shown} divides a figure by itself, which gives a number of no source."
        return Tie(False, message)
    if close(abs(result), amount_of(figure), _last_place(figure) / 2):
        return Tie(True, f"It is {shown}.", places[0])
    rounded = result.quantize(_last_place(figure)) if abs(result) < 10**20 else result
    return Tie(False, f"{shown} comes to {spoken(rounded)}, not {figure.text}.")


def stated_ties(text: str, figures: list[Figure], index: SourceIndex) -> Iterator[tuple[int, Tie]]:
    """Equations that the text itself writes out, as (index of the result's figure, tie).

    Only ones that hold are given: a wrong equation leaves its result to be found in a source.
    """
    signs = [_sign(text[a.end : b.start]) for a, b in pairwise(figures)]
    for at, sign in enumerate(signs):
        if sign != "=":
            continue
        first = at
        while first > 0 and signs[first - 1] in _OPERATORS.values() and at - first < MAX_CHAIN:
            first -= 1
        operands, result = figures[first : at + 1], figures[at + 1]
        if first == at or result.value is None or any(one.value is None for one in operands):
            continue
        formula = "x.n0" + "".join(
            f" {signs[first + number]} x.n{number + 1}" for number in range(at - first)
        )
        shown = text[operands[0].start : operands[-1].end]
        try:
            tie = _judged(result, formula, shown, operands, index)
        except (ExpressionError, Unreadable):
            continue
        if tie.holds:
            yield at + 1, tie


def _sign(between: str) -> str:
    """The operator between two figures, `=`, or nothing."""
    if len(between) > 24:
        return ""
    bare = _UNITS.sub("", folded(between)).strip()
    return "=" if bare == "=" else _OPERATORS.get(bare, "")


def pair_tie(figure: Figure, index: SourceIndex, *, most: int = 300) -> Tie | None:
    """The figure as sum or difference of two numbers of the sources, if there are few enough."""
    if figure.value is None or len(index.numbers) > most:
        return None
    for value, (first, place) in index.numbers.items():
        for other, sign in ((figure.value - value, "+"), (value - figure.value, "−")):
            second = index.numbers.get(other)
            if second is not None and other > 0 and first.unit != "%" != second[0].unit:
                shown = f"{first.text} {sign} {second[0].text}"
                return Tie(True, f"It is {shown}.", place)
    return None
