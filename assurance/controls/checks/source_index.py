"""All figures of the sources of one case, ready to be asked: is this one there, what is nearest?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from assurance.controls.checks.figures import MAX_FIGURES, Figure, figure_of, figures_in
from assurance.controls.checks.reading import decimal_of, find, texts
from assurance.controls.checks.sources import Part, rendered

MAX_OTHERS = 200
MAX_SOURCE_CHARACTERS = 2_000_000


class TooMuchToRead(Exception):
    """The sources hold more text than can be read in a request."""


@dataclass(frozen=True)
class Place:
    """Where a figure stands: in an evidence item (`evidence` counts from 0) or in a field."""

    evidence: int | None
    start: int
    end: int
    name: str

    def as_source(self) -> dict[str, int] | None:
        """The place as findings and marks carry it; a field is no evidence and has none."""
        if self.evidence is None:
            return None
        return {"evidence": self.evidence, "start": self.start, "end": self.end}


class SourceIndex:
    """The figures of every evidence item and of the fields that count as sources too."""

    def __init__(self, facts: Mapping[str, Any], fields: list[str]) -> None:
        self.places: dict[str, Place] = {}
        self.numbers: dict[Decimal, tuple[Figure, Place]] = {}
        self.others: list[tuple[Figure, Place]] = []  # dates and references, for hints
        self._left = MAX_FIGURES
        self._sorted: list[Decimal] | None = None
        self._same_digits: dict[str, Decimal] = {}
        evidence = facts.get("evidence")
        held = [
            (index, item, *rendered(item))
            for index, item in enumerate(evidence if isinstance(evidence, list) else [])
            if isinstance(item, Mapping)
        ]
        named = [path for path in fields if find(facts, path) is not None]
        own = [one for path in named for one in texts(facts, path)]
        length = sum(len(text) for _, _, text, _ in held) + sum(len(one.text) for one in own)
        if length > MAX_SOURCE_CHARACTERS:
            raise TooMuchToRead
        self.items = len(named) + sum([self._evidence(*one) for one in held])
        for one in own:
            exact = [figure_of(one.number, one.text)] if one.number is not None else None
            self._take(exact or self._scan(one.text), None, f"`{one.path}`")

    def _scan(self, text: str) -> list[Figure]:
        return figures_in(text, limit=self._left)

    def _evidence(
        self, index: int, item: Mapping[str, Any], text: str, parts: tuple[Part, ...]
    ) -> bool:
        """Read one item; whether it says anything at all. The label of what is not opened here (a
        link, a file) is the caller's own word and no source."""
        if item.get("kind") not in ("text", "json", "table"):
            return False
        name = f"“{str(item.get('label') or f'source {index + 1}')[:80]}”"
        if item.get("kind") == "text":
            self._take(self._scan(text), index, name)
            return bool(text.strip())
        # Keys of a json source are names, not figures; its numbers need no reading.
        values = [part for part in parts if not part.number]
        figures = self._within(self._scan(text), values)
        for part in parts:
            if part.number:
                shown = text[part.start : part.end]
                number = decimal_of(_number(shown))
                if number is not None:
                    exact = figure_of(number, shown)
                    figures.append(_moved(exact, part.start))
        self._take(figures, index, name)
        return bool(text.strip())

    def _within(self, figures: list[Figure], parts: list[Part]) -> list[Figure]:
        kept, at = [], 0
        for figure in figures:
            while at < len(parts) and parts[at].end < figure.end:
                at += 1
            if at < len(parts) and parts[at].start <= figure.start:
                kept.append(figure)
        return kept

    def _take(self, figures: list[Figure], evidence: int | None, name: str) -> None:
        self._left -= len(figures)
        for figure in figures:
            place = Place(evidence, figure.start, figure.end, name)
            for key in figure.offers:
                self.places.setdefault(key, place)
            if figure.value is not None:
                self.numbers.setdefault(figure.value, (figure, place))
            elif len(self.others) < MAX_OTHERS:
                self.others.append((figure, place))

    def place_of(self, figure: Figure) -> Place | None:
        """Where a source has this figure, or None."""
        for key in figure.wants:
            if key in self.places:
                return self.places[key]
        return None

    def nearest(self, figure: Figure, most: int = 1) -> list[tuple[Figure, Place]]:
        """The source figures that were most likely meant, best first.

        Swapped digits (4,820 for 4,280) come before what is nearest by size; for a date or a
        reference it is one that is written much alike.
        """
        if figure.value is None:
            return self._alike(figure)
        if not self.numbers:
            return []
        if self._sorted is None:
            self._sorted = sorted(self.numbers)
            for value in self._sorted:
                self._same_digits.setdefault(_digits(value), value)
        value, ordered = figure.value, self._sorted
        at = bisect_left(ordered, value)
        around = ordered[max(at - most, 0) : at + most]
        around.sort(key=lambda other: abs(other - value))
        swapped = self._same_digits.get(_digits(value))
        if swapped is not None:
            around = [swapped, *(other for other in around if other != swapped)]
        return [self.numbers[other] for other in around[:most]]

    def _alike(self, figure: Figure) -> list[tuple[Figure, Place]]:
        same = [one for one in self.others if one[0].kind == figure.kind]
        keys = {one[0].wants[0][:80]: one for one in reversed(same)}
        close = get_close_matches(figure.wants[0][:80], keys, n=1, cutoff=0.7)
        return [keys[key] for key in close]


def _digits(value: Decimal) -> str:
    shown = format(value, "f")
    return "".join(sorted(shown.rstrip("0").rstrip(".") if "." in shown else shown))


def _number(shown: str) -> Any:
    return Decimal(shown) if len(shown) <= 80 and shown[-1:].isdigit() else None


def _moved(figure: Figure, by: int) -> Figure:
    return replace(figure, start=figure.start + by, end=figure.end + by)
