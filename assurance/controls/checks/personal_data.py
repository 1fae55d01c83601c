"""The check `personal_data`: data of persons that the text should not carry.

Found by pattern and, where there is one, by checksum: e-mail addresses, telephone numbers, IBAN
(mod 97), payment cards (Luhn), British national insurance numbers and American social security
numbers. Names and addresses are not found: no pattern can. What is found is never repeated in a
message, only its place and its ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assurance.controls.checks.outcomes import (
    MAX_FINDINGS,
    Finding,
    Mark,
    Outcome,
    failed,
    inconclusive,
    more_places,
    operand,
    passed,
)
from assurance.controls.checks.parameters import fields_parameter
from assurance.controls.checks.reading import all_texts, find
from assurance.controls.checks.registry import Check, register
from assurance.controls.checks.writing import folded
from assurance.controls.checks.written_dates import written_dates

Span = tuple[int, int]

# Every expression is bounded in length and starts at a character that limits where it can start.
_DOMAIN = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-'")
_PHONES = (
    re.compile(r"(?<![\w+])(?:\+|00)[1-9]\d{0,2}(?:[ ().\-/]{0,2}\d){6,12}(?![\w])"),
    re.compile(r"(?<![\w.,/+-])\(?0[1-9](?:[ ()\-]{0,2}\d){7,9}(?![\w]|[.,/-]\d)"),
    re.compile(r"(?<![\w.,/+-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w]|[.,/-]\d)"),
)
# Looked for ahead of each place, because a number before it must not swallow its beginning.
_IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}))")
_CARD = re.compile(r"(?<![\w.,])(?=([2-6]\d{2,18}(?:[ -]\d{2,7}){0,5}))")
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH DE GB GE IE ME RS", 23: "AE GI IL",
        24: "AD CZ ES MD PK RO SA SE SK TN", 25: "PT", 26: "IS TR", 27: "FR GR IT MC SM",
        28: "AL AZ CY HU PL", 29: "QA UA", 31: "MT",
    }.items()
    for country in countries.split()
}  # fmt: skip
_CARD_LENGTHS = (19, 16, 15, 14, 13)
_NATIONAL_INSURANCE = re.compile(
    r"(?<![A-Za-z0-9])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:[ -]?\d{2}){3}[ -]?[A-D]"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NEVER_ISSUED = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
_SOCIAL_SECURITY = re.compile(
    r"(?<![\w-])(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])"
)


def emails(text: str) -> Iterator[Span]:
    """Found from each @ outwards, so that a long text without one costs nothing."""
    for match in _DOMAIN.finditer(text):
        start = at = match.start()
        while start > 0 and at - start < 64 and text[start - 1] in _LOCAL:
            start -= 1
        while start < at and text[start] in ".'-":
            start += 1
        if start < at:
            yield start, match.end()


def phones(text: str) -> Iterator[Span]:
    """International with + or 00, national with a leading 0, and three-three-four; no dates."""
    days = bytearray(len(text))
    for one in written_dates(text):
        days[one.start : one.end] = b"\x01" * (one.end - one.start)
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            if not any(days[match.start() : match.end()]):
                yield match.span()


def ibans(text: str) -> Iterator[Span]:
    """Of the countries with a known length, when the checksum agrees."""
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[1][:2].upper())
        places = [i for i in range(*match.span(1)) if text[i].isalnum()]
        if length is None or len(places) < length:
            continue
        end = places[length - 1] + 1
        if not text[end : end + 1].isalnum() and _mod_97("".join(text[i] for i in places[:length])):
            yield match.start(), end


def _mod_97(iban: str) -> bool:
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def cards(text: str) -> Iterator[Span]:
    """13 to 16 or 19 digits, alone or in groups, when Luhn's checksum agrees."""
    for match in _CARD.finditer(text):
        if match.end(1) - match.start(1) < 13:
            continue
        places = [i for i in range(*match.span(1)) if text[i].isdigit()]
        for length in _CARD_LENGTHS:
            end = places[length - 1] + 1 if length <= len(places) else 0
            if not end or text[end : end + 1].isdigit():
                continue
            digits = [int(text[i]) for i in places[:length]]
            if _luhn(digits) and len(set(digits)) > 1:
                yield match.start(), end
                break


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def national_ids(text: str) -> Iterator[Span]:
    """British national insurance and American social security numbers."""
    for match in _NATIONAL_INSURANCE.finditer(text):
        if match.group()[:2].upper() not in _NEVER_ISSUED:
            yield match.span()
    for match in _SOCIAL_SECURITY.finditer(text):
        yield match.span()


KINDS: dict[str, tuple[str, Callable[[str], Iterator[Span]]]] = {
    "email": ("An e-mail address", emails),
    "iban": ("A bank account (IBAN)", ibans),
    "card": ("A payment card number", cards),
    "national_id": ("A national insurance or social security number", national_ids),
    "phone": ("A telephone number", phones),
}


@register
class PersonalData(Check):
    """The text carries no personal data but what is allowed."""

    name = "personal_data"
    title = "No personal data"
    description = "No e-mail address, telephone, bank, card or national insurance number is said."
    params_schema = {
        "type": "object",
        "properties": {
            "fields": fields_parameter("Where personal data are looked for."),
            "kinds": {
                "type": "array",
                "title": "Kinds",
                "description": "What is looked for.",
                "items": {"enum": list(KINDS)},
                "minItems": 1,
                "uniqueItems": True,
                "default": list(KINDS),
            },
            "allowed": {
                "type": "array",
                "title": "Allowed",
                "description": "Exact values, or @domain for every address of a domain.",
                "items": {"type": "string", "minLength": 3, "maxLength": 200},
                "maxItems": 500,
                "default": [],
            },
            "allowed_fields": {
                "type": "array",
                "title": "Allowed from fields",
                "description": "Fields whose values may be said, such as the addressee's e-mail.",
                "items": {"type": "string", "x-field": ["string", "number"]},
                "maxItems": 20,
                "default": [],
            },
        },
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        texts, troubles = all_texts(facts, params["fields"])
        allowed = {_bare(one) for one in params["allowed"]}
        for path in params["allowed_fields"]:
            value = find(facts, path)
            if isinstance(value, str | int) and not isinstance(value, bool):
                allowed.add(_bare(str(value)))
        findings: list[Finding] = []
        kinds: dict[str, None] = {}
        for text in texts:
            for kind, start, end in spans(text.text, params["kinds"]):
                value = text.text[start:end]
                if len(findings) >= MAX_FINDINGS or _is_allowed(value, allowed):
                    continue
                kinds[kind] = None
                message = f"{KINDS[kind][0]} ({_masked(value)}) must not be said here."
                place = (None, None) if text.number is not None else (start, end)
                findings.append(Finding(text.path, message, *place))
        if findings:
            marks = tuple(Mark(f.path, f.start, f.end, "fail", None, f.message) for f in findings)
            operands = [operand(findings[0].path, None, "has", kind) for kind in kinds]
            more = more_places(len(findings))
            message = findings[0].message + " Take it out." + more
            return failed(message, "personal_data", findings, operands, marks=marks)
        if troubles:
            return inconclusive(troubles[0].sentence, troubles[0].reason_code)
        return passed("No personal data were found.")


def spans(text: str, kinds: list[str]) -> list[tuple[str, int, int]]:
    """Everything found in a text as (kind, start, end), in order; the surer kind wins a place."""
    plain = folded(text)
    taken: list[tuple[str, int, int]] = []
    used = bytearray(len(plain))
    for kind in KINDS:  # in the order of certainty: a card is no telephone number
        if kind not in kinds:
            continue
        for start, end in KINDS[kind][1](plain):
            if not any(used[start:end]):
                used[start:end] = b"\x01" * (end - start)
                taken.append((kind, start, end))
    return sorted(taken, key=lambda one: one[1])


def _bare(value: str) -> str:
    return "".join(char for char in folded(value).casefold() if char.isalnum() or char in "@.+_")


def _is_allowed(value: str, allowed: set[str]) -> bool:
    bare = _bare(value)
    return bare in allowed or ("@" in bare and bare[bare.index("@") :] in allowed)


def _masked(value: str) -> str:
    """The ends only: the record must not hold what the text should not have said."""
    local, at, domain = value.partition("@")
    if at:
        return f"{local[:1]}…@{domain[:1]}…"
    return f"…{value[-2:]}"
