"""CEL text and its tokens, and the error that points into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assurance.controls.condition_tree import MAX_BYTES, Scalar

Kind = Literal["name", "number", "string", "symbol", "end"]

# What an error shows of a long line, on either side of the caret.
_CONTEXT = 60

_BLANK = re.compile(r"[ \t\r\n\f]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"(?:\d*\.\d+|\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SYMBOL = re.compile(r"\|\||&&|==|!=|<=|>=|[<>!()\[\]{},.?:+\-*/%]")
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", "'": "'", '"': '"', "`": "`",
}  # fmt: skip
_CODE_LENGTHS = {"x": 2, "X": 2, "u": 4, "U": 8}


class CelError(Exception):
    """A text that is no condition.

    `code` is `syntax`, `unsupported`, `too_large`, `too_deep`, `unknown_field`, `type` or another
    code of `condition_tree.Problem`; `line` and `column` count from 1, in code points; `caret` is
    the line with a caret below the place.
    """

    def __init__(self, text: str, at: int, code: str, message: str) -> None:
        start = text.rfind("\n", 0, at) + 1
        end = text.find("\n", at)
        line = text[start : end if end >= 0 else len(text)]
        self.code = code
        self.message = message
        self.line = text.count("\n", 0, at) + 1
        self.column = at - start + 1
        self.caret = _pointed(line.rstrip("\r"), at - start)
        super().__init__(f"Line {self.line}, column {self.column}: {message}")


def _pointed(line: str, column: int) -> str:
    first = max(0, column - _CONTEXT)
    shown = line[first : column + _CONTEXT]
    # Tabs are kept in the second line, so that the caret stands below its place.
    padding = "".join("\t" if character == "\t" else " " for character in line[first:column])
    return f"{shown}\n{padding}^"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the text. `value` is set for numbers and strings; `at` counts code points."""

    kind: Kind
    text: str
    at: int
    value: Scalar | None = None


def tokens(text: str) -> Iterator[Token]:
    """The tokens of the text, an `end` last. Raises CelError at the first that is none."""
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise CelError(
            text, 0, "too_large", f"The condition is larger than {MAX_BYTES // 1024} KB. Split it."
        )
    at = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            continue
        token = _token(text, at)
        yield token
        at += len(token.text)
    yield Token("end", "", at)


def _token(text: str, at: int) -> Token:
    character = text[at]
    if character in "\"'":
        return _string(text, at)
    if number := _NUMBER.match(text, at):
        return _number(text, number)
    if name := _NAME.match(text, at):
        following = text[name.end() : name.end() + 1]
        if name[0].lower() in ("r", "b", "rb", "br") and following in ('"', "'"):
            message = 'Raw and byte strings are not offered. Use “"…"” with \\ escapes.'
            raise CelError(text, at, "unsupported", message)
        return Token("name", name[0], at)
    if text.startswith("//", at):
        message = "Comments are not kept. Say it in the control's failure scenario."
        raise CelError(text, at, "unsupported", message)
    if text.startswith("=~", at):
        raise CelError(text, at, "unsupported", NO_PATTERNS)
    if symbol := _SYMBOL.match(text, at):
        return Token("symbol", symbol[0], at)
    hint = {"=": " Use == to compare.", "&": " Use && for “and”.", "|": " Use || for “or”."}
    hint |= dict.fromkeys("“”‘’„", ' Use straight quotes: "…".')
    shown = character if character.isprintable() else ascii(character)[1:-1]
    raise CelError(text, at, "syntax", f"“{shown}” has no meaning here.{hint.get(character, '')}")


NO_PATTERNS = (
    "Regular expressions are not offered: their cost cannot be bounded."
    ' Use .contains("…"), .startsWith("…") or “in”.'
)


def _number(text: str, match: re.Match[str]) -> Token:
    at = match.start()
    after = text[match.end() : match.end() + 1]
    if after in ("u", "U", "x", "X"):
        message = "Unsigned and hexadecimal numbers are not offered. Write the number in decimals."
        raise CelError(text, at, "unsupported", message)
    if after == "_" or after.isalnum():
        raise CelError(text, match.end(), "syntax", "A number ends where a letter begins.")
    whole = match[0].isdigit()
    if whole and len(match[0]) > 20:  # before int(), whose time grows with the square
        raise CelError(text, at, "value", "This whole number is too large.")
    value: Scalar = int(match[0]) if whole else float(match[0])
    return Token("number", match[0], at, value)


def _string(text: str, at: int) -> Token:
    quote = text[at]
    if text.startswith(quote * 3, at):
        message = "Triple-quoted strings are not offered. Use \\n for a line break."
        raise CelError(text, at, "unsupported", message)
    characters: list[str] = []
    here = at + 1
    while here < len(text) and text[here] not in "\r\n":
        if text[here] == quote:
            return Token("string", text[at : here + 1], at, "".join(characters))
        if text[here] == "\\":
            character, here = _escape(text, here)
            characters.append(character)
        else:
            characters.append(text[here])
            here += 1
    raise CelError(text, at, "syntax", f"This text is not closed: a {quote} is missing.")


def _escape(text: str, at: int) -> tuple[str, int]:
    """The character that the escape at `at` stands for, and where the text goes on."""
    letter = text[at + 1 : at + 2]
    if letter in _ESCAPES:
        return _ESCAPES[letter], at + 2
    base, start, length = 16, at + 2, _CODE_LENGTHS.get(letter, 0)
    if letter and letter in "0123":
        base, start, length = 8, at + 1, 3
    digits = text[start : start + length]
    allowed = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    if length and len(digits) == length and all(digit in allowed for digit in digits):
        code = int(digits, base)
        if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            return chr(code), start + length
    raise CelError(
        text, at, "syntax", "This escape is unknown. Offered: \\\" \\' \\\\ \\n \\t \\uXXXX."
    )
