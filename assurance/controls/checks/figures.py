"""Figures in a text: numbers, amounts, percentages, dates, times, reference numbers.

Two writings of one figure must meet, and a wrong figure must not. So each figure *wants* keys,
any one of which a source must offer, and *offers* keys when it stands in a source:

* number: wants `n:4820`; offers `n:` and, without a currency, `b:` (bare).
* amount of money: wants `c:GBP:4820` or `b:4820`, so £4,820 agrees with 4820 and not with €4,820.
* percentage: wants `p:15`, `b:15` (the column says per cent) or `b:0.15` (the rate in data).
* reference (letters and digits, leading zeros, several groups: HM-77120, 020-7946-0958, 1.2.3):
  wants `r:HM77120`, or the bare digits where there is one group of four or more.
* dates and times: see `written_dates`.

Writing: groups by comma, point, apostrophe, thin or fixed space, and by plain space beside a
currency, a per cent sign or a decimal part. Which of comma and point is the decimal mark is read
from the unambiguous figures of the same text; if those do not say, 4,820 is four thousand and
4.820 is four point eight two. `k`, `thousand`, `m` (after a currency), `million`, `bn`,
`billion` multiply. The sign is left to the words around it. A unit behind a number (`15kg`) is
not compared. Not figures: the numbers of a list at the start of a line, ordinals (2nd), numbers
spelled out, fractions as one character (½), raised and circled digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from assurance.controls.checks.writing import folded
from assurance.controls.checks.written_dates import (
    TooManyFigures,
    WrittenDate,
    written_dates,
)

__all__ = ["Figure", "TooManyFigures", "figure_of", "figures_in"]

MAX_FIGURES = 50_000
# Characters; longer is a key or an account and compared as it is written. Decimal's own default
# precision, so that no figure is ever rounded.
_MAX_NUMBER = 28
_THIN = "\u00a0\u2009\u202f"

_CODES = (
    *("GBP", "USD", "EUR", "JPY", "INR", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "AUD", "CAD"),
    *("NZD", "ZAR", "SGD", "HKD", "CNY", "BRL", "MXN"),
)
_RUN = rf"\d+(?:[.,'\u2019{_THIN}]\d+)*"
_TOKEN = re.compile(
    rf"(?:(?:{'|'.join(_CODES)})(?=\d))?(?P<run>{_RUN})(?P<tail>[^\W_]*(?:[-/_][^\W_]+)*)"
    r"|(?P<word>[^\W\d_][^\W_]*(?:[-/_.][^\W_]+)*)"
)
_SPACED = re.compile(r"\d{1,3}(?: \d{3}){1,5}(?![\w])(?P<rest>[.,]\d{1,2}(?![\w]))?")
_PIECE = re.compile(r"[\d.]+")
_RANGE = re.compile(rf"-(?={_RUN}(?![^\W_]|[-/_][^\W_]))")
_LISTED = re.compile(r"^[ \t]{0,20}(?:[-*\u2022][ \t])?\(?(\d{1,2})[.)](?=[ \t])", re.MULTILINE)
_SYMBOLS = {"£": "GBP", "$": "USD", "€": "EUR", "¥": "JPY", "₹": "INR"}
_BEFORE = re.compile(
    rf"(?:(?P<symbol>[£$€¥₹])|(?<![A-Za-z])(?P<code>{'|'.join(_CODES)}))[ {_THIN}]?$"
)
_AFTER = re.compile(
    rf"[ {_THIN}]?(?:(?P<symbol>[£$€¥₹])|(?P<code>{'|'.join(_CODES)})\b|(?P<euro>euros?)\b"
    rf"|(?P<percent>%|per ?cent\b|pct\b|prozent\b|pour ?cent\b))",
    re.IGNORECASE,
)
_TIMES = re.compile(rf"[ {_THIN}]?(?P<word>thousand|million|billion|bn|mn|k|m)\b", re.IGNORECASE)
_POWERS = {"thousand": 3, "k": 3, "million": 6, "mn": 6, "m": 6, "billion": 9, "bn": 9}
_ORDINALS = frozenset({"st", "nd", "rd", "th"})


@dataclass(frozen=True)
class Figure:
    """One figure and its place (code points). `value` is None for dates and references.

    `step` is one unit of the last written place (0.01 in 4,820.00; 100,000 in 4.8 million);
    `unit` is a currency code, `%` or empty.
    """

    start: int
    end: int
    text: str
    kind: str
    value: Decimal | None = None
    unit: str = ""
    step: Decimal = Decimal(1)
    wants: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()


def figure_of(number: Decimal, text: str = "") -> Figure:
    """A JSON number as a figure: its value is exact and it has no unit."""
    shown = text or format(number, "f")
    step = Decimal(1).scaleb(min(int(number.as_tuple().exponent), 0))
    return _numeric(0, len(shown), shown, number.copy_abs(), "", step)


def figures_in(text: str, *, limit: int = MAX_FIGURES) -> list[Figure]:
    """Every figure of a text, in order. Raises TooManyFigures beyond `limit`."""
    plain = folded(text)
    dates = written_dates(plain, limit=max(limit, 0))
    return _Scan(text, plain, dates, frozenset(_list_numbers(plain)), limit).figures()


def _list_numbers(plain: str) -> Iterator[int]:
    """Where the numbers of a list end. They must count up from 1: a lone number at the start of
    a line is a figure, or a wrong one could hide there."""
    expected = 1
    for match in _LISTED.finditer(plain):
        number = int(match[1])
        if number in (1, expected):
            expected = number + 1
            yield match.end(1)


@dataclass
class _Raw:
    """A number as it stands, before the decimal mark of the text is known."""

    start: int
    end: int
    digits: str


class _Scan:
    """One pass over one text. Every character is looked at a fixed number of times."""

    def __init__(
        self,
        text: str,
        plain: str,
        dates: list[WrittenDate],
        list_ends: frozenset[int],
        limit: int,
    ) -> None:
        self._text, self._plain = text, plain
        self._dates, self._list_ends = dates, list_ends
        self._limit = limit
        self._found: list[Figure | _Raw] = []
        self._commas = self._points = 0  # how often each was certainly the decimal mark

    def figures(self) -> list[Figure]:
        at = 0
        for one in [*self._dates, None]:
            self._between(at, one.start if one else len(self._plain))
            if one is not None:
                shown = self._text[one.start : one.end]
                kind = "time" if one.wants[0].startswith("t:") else "date"
                self._add(
                    Figure(one.start, one.end, shown, kind, wants=one.wants, offers=one.offers)
                )
                at = one.end
        comma = self._commas > self._points
        return [self._settled(one, comma) if isinstance(one, _Raw) else one for one in self._found]

    def _add(self, one: Figure | _Raw) -> None:
        if len(self._found) >= self._limit:
            raise TooManyFigures
        self._found.append(one)

    def _between(self, at: int, end: int) -> None:
        while at < end:
            match = _TOKEN.search(self._plain, at, end)
            if match is None:
                return
            at = self._word(match) if match["run"] is None else self._run(match, end)

    def _word(self, match: re.Match[str]) -> int:
        if any(char.isdecimal() for char in match.group()):  # m² has none
            self._reference(match.start(), match.end())
        return match.end()

    def _run(self, match: re.Match[str], end: int) -> int:
        start, stop, tail = match.start("run"), match.end("run"), match["tail"]
        if match["run"].isdigit() and stop in self._list_ends and not tail:
            return stop
        if not tail:
            spaced = _SPACED.match(self._plain, start, end)
            if spaced and (spaced["rest"] or self._has_unit(start, spaced.end())):
                self._number(_Raw(start, spaced.end(), spaced.group().replace(" ", "")))
                return spaced.end()
            self._numbers(start, stop)
            return stop
        if tail[0] not in "-/_" and not any(char.isdecimal() or char in "-/_" for char in tail):
            if tail.lower() in _ORDINALS:
                return match.end()
            is_code = tail.isupper() and stop - start >= 4  # 77120HM is no amount of HM
            if not is_code and (len(tail) <= 4 or tail.lower() in _POWERS):
                self._numbers(start, stop)
                return match.end()
        if _RANGE.match(self._plain, stop, end):
            self._numbers(start, stop)
            return stop + 1
        self._reference(start, match.end())
        return match.end()

    def _has_unit(self, start: int, end: int) -> bool:
        return bool(self._unit_before(start) or _AFTER.match(self._plain, end))

    def _unit_before(self, start: int) -> str:
        match = _BEFORE.search(self._plain, max(start - 5, 0), start)
        if match is None:
            return ""
        return _SYMBOLS.get(match["symbol"] or "", "") or match["code"]

    def _numbers(self, start: int, end: int) -> None:
        """A run of digits and marks: one number, or several when the marks do not fit one."""
        run = self._plain[start:end]
        if _is_number(run):
            self._number(_Raw(start, end, run))
            return
        for piece in _PIECE.finditer(run):
            self._number(_Raw(start + piece.start(), start + piece.end(), piece.group()))

    def _number(self, raw: _Raw) -> None:
        if len(raw.digits) > _MAX_NUMBER or not _is_number(raw.digits):
            self._reference(raw.start, raw.end)
            return
        if raw.digits.startswith("0") and raw.digits.isdigit() and len(raw.digits) > 1:
            self._reference(raw.start, raw.end)
            return
        mark = _certain_mark(raw.digits)
        self._commas += mark == ","
        self._points += mark == "."
        self._add(raw)

    def _reference(self, start: int, end: int) -> None:
        shown = self._text[start:end]
        self._add(_reference(start, end, shown, self._plain[start:end]))

    def _settled(self, raw: _Raw, comma: bool) -> Figure:
        value, step = _value(raw.digits, comma)
        shown = self._text[raw.start : raw.end]
        unit = self._unit_before(raw.start)
        end = raw.end
        times = _TIMES.match(self._plain, end)
        if times and times["word"] in "mM" and not unit:
            times = None  # 5 m is as likely metres
        if times:
            power = _POWERS[times["word"].lower()]
            value, step = value.scaleb(power), step.scaleb(power)
            end = times.end()
        after = _AFTER.match(self._plain, end)
        if after is not None:
            unit = _unit_of(after) if after["percent"] or not unit else unit
        # Read in another convention, the same characters are still the same figure.
        same = times is None and _AMBIGUOUS.fullmatch(raw.digits)
        literal = f"l:{unit}:{raw.digits}" if same else ""
        return _numeric(raw.start, raw.end, shown, value, unit, step, literal)


def _unit_of(match: re.Match[str]) -> str:
    if match["percent"]:
        return "%"
    if match["euro"]:
        return "EUR"
    return _SYMBOLS.get(match["symbol"] or "", "") or match["code"].upper()


def _is_number(run: str) -> bool:
    """Whether marks and digits can be one number in some writing."""
    return run.isdigit() or any(shape.fullmatch(run) for shape in _SHAPES)


_SHAPES = (
    re.compile(r"\d+[.,]\d+"),
    re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
    re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?"),
    re.compile(rf"\d{{1,3}}(?:['\u2019{_THIN}]\d{{3}})+(?:[.,]\d+)?"),
    re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"),  # lakh and crore
)
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")


def _certain_mark(run: str) -> str:
    """The decimal mark that this number shows beyond doubt, or nothing."""
    if run.isdigit():
        return ""
    if _AMBIGUOUS.fullmatch(run):
        return ""
    last = max(run.rfind(","), run.rfind("."))
    if last < 0:
        return ""
    if run.count(run[last]) > 1:  # 4.820.000: the point groups, so the comma is the decimal mark
        return "," if run[last] == "." else "."
    return run[last]


def _value(run: str, comma: bool) -> tuple[Decimal, Decimal]:
    """The number and its last place; `comma` says what an ambiguous text follows."""
    if run.isdigit():
        return Decimal(run), Decimal(1)
    mark = _certain_mark(run)
    if not mark and _AMBIGUOUS.fullmatch(run):
        mark = "," if comma else "."
    whole, found, part = run.rpartition(mark) if mark and run.count(mark) == 1 else (run, "", "")
    if not found:
        whole, part = run, ""
    digits = "".join(char for char in whole if char.isdigit())
    number = Decimal(f"{digits}.{part}" if part else digits)
    return number, Decimal(1).scaleb(-len(part))


def _numeric(
    start: int, end: int, shown: str, value: Decimal, unit: str, step: Decimal, literal: str = ""
) -> Figure:
    key = _key(value)
    wants: tuple[str, ...]
    offers: tuple[str, ...]
    if unit == "%":
        wants = (f"p:{key}", f"b:{key}", f"b:{_key(value.scaleb(-2))}")
        offers = (f"p:{key}",)
    elif unit:
        wants = (f"c:{unit}:{key}", f"b:{key}")
        offers = (f"c:{unit}:{key}", f"n:{key}")
    else:
        wants = (f"n:{key}",)
        offers = (f"n:{key}", f"b:{key}")
    if literal:
        wants, offers = (*wants, literal), (*offers, literal)
    return Figure(start, end, shown, "number", value, unit, step, wants, offers)


def _reference(start: int, end: int, shown: str, plain: str) -> Figure:
    joined = "".join(char for char in plain if char.isalnum()).upper()
    wants: tuple[str, ...] = (f"r:{joined}",)
    offers: tuple[str, ...] = wants
    groups = re.findall(r"\d+", plain) if len(plain) <= _MAX_NUMBER else []
    if len(groups) == 1 and len(groups[0]) >= 4:
        number = _key(Decimal(groups[0]))
        # "HM-77120" agrees with a source's bare 77120, never with its "KL-77120".
        wants, offers = (*wants, f"b:{number}"), (*offers, f"n:{number}")
    return Figure(start, end, shown, "reference", wants=wants, offers=offers)


def _key(value: Decimal) -> str:
    shown = format(value, "f")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) or "0"
