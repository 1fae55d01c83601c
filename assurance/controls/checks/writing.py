"""Text made comparable, with the way back to every place in the original.

People and systems write one thing in many ways: curly quotes, long dashes, full-width digits,
line breaks, invisible characters. `folded` keeps every code point in its place; `Plain` may
shorten the text and remembers where each character came from.

Not folded: letters of another script that look alike (a Cyrillic а), accents, spelled-out
numbers.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right

INVISIBLE = frozenset("\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\ufeff")
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u00b4`\uff07"
DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02"
_WORD = re.compile(r"\S+")


class _Folding(dict[int, str]):
    """One character for one: digits of every script, full-width forms, dashes and spaces."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = char
        if code > 127:
            digit = unicodedata.decimal(char, None)
            if digit is not None:
                plain = str(digit)
            elif char in DASHES:
                plain = "-"
            elif 0xFF01 <= code <= 0xFF5E:
                plain = chr(code - 0xFEE0)
            elif code in (0x066B, 0x066C):  # the Arabic decimal and thousands marks
                plain = "." if code == 0x066B else ","
        self[code] = plain
        return plain


class _Comparing(dict[int, str]):
    """As folding, quotes made alike or dropped, invisible characters dropped, letters lowered."""

    def __init__(self, *, lower: bool, quotes: bool) -> None:
        super().__init__()
        self._lower, self._quotes = lower, quotes

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = _FOLDING[code]
        if char in INVISIBLE:
            plain = ""
        elif char in SINGLE_QUOTES or plain == "'":
            plain = "'" if self._quotes else ""
        elif char in DOUBLE_QUOTES or plain == '"':
            plain = '"' if self._quotes else ""
        elif self._lower:
            plain = plain.lower()
        self[code] = plain
        return plain


_FOLDING = _Folding()
_COMPARING = {
    (lower, quotes): _Comparing(lower=lower, quotes=quotes)
    for lower in (True, False)
    for quotes in (True, False)
}


def folded(text: str) -> str:
    """The text with digits, dashes and full-width forms in their plain shape; same length."""
    return text if text.isascii() else text.translate(_FOLDING)


class Plain:
    """A text reduced to what is compared: single spaces, plain quotes, lower case if wanted.

    Without `quotes` the quotation marks are dropped: inside a quotation they change their kind.
    """

    def __init__(self, text: str, *, ignore_case: bool = True, quotes: bool = True) -> None:
        table = _COMPARING[ignore_case, quotes]
        words: list[str] = []
        self._starts: list[int] = []  # where each word starts in `self.text`
        self._words: list[tuple[int, str]] = []  # where it starts in the original, and it
        self._origins: dict[int, list[int]] = {}  # a word's plain characters back to its own
        self._table = table
        at = 0
        for match in _WORD.finditer(text):
            word = match.group().translate(table)
            if not word:
                continue
            words.append(word)
            self._starts.append(at)
            self._words.append((match.start(), match.group()))
            at += len(word) + 1
        self.text = " ".join(words)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original text of `self.text[start:end]`; end is after the last."""
        if not self._starts or end <= start:
            return 0, 0
        return self._place(start), self._place(end - 1) + 1

    def _place(self, at: int) -> int:
        index = max(bisect_right(self._starts, at) - 1, 0)
        start, word = self._words[index]
        if index not in self._origins:  # once per word: one word may be the whole text
            widths = (len(self._table[ord(char)]) for char in word)
            self._origins[index] = [i for i, width in enumerate(widths) for _ in range(width)]
        origins = self._origins[index]
        return start + origins[min(at - self._starts[index], len(origins) - 1)]

    def find_all(self, phrase: str, *, whole_words: bool, most: int) -> list[tuple[int, int]]:
        """Where a phrase (already plain) stands, as places in the original; at most `most`."""
        found: list[tuple[int, int]] = []
        at = self.text.find(phrase) if phrase else -1
        while at >= 0 and len(found) < most:
            end = at + len(phrase)
            fits = not whole_words or self._stands_alone(phrase, at, end)
            if fits:
                found.append(self.original(at, end))
            at = self.text.find(phrase, end if fits else at + 1)
        return found

    def _stands_alone(self, phrase: str, start: int, end: int) -> bool:
        before = self.text[start - 1] if start else " "
        after = self.text[end] if end < len(self.text) else " "
        opens = not (before.isalnum() and phrase[0].isalnum())
        return opens and not (after.isalnum() and phrase[-1].isalnum())


def plain(text: str, *, ignore_case: bool = True, quotes: bool = True) -> str:
    """A short text reduced the same way, for searching in a `Plain`."""
    return Plain(text, ignore_case=ignore_case, quotes=quotes).text
