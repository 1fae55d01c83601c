"""The check `secrets`: keys and passwords that a text should not carry.

Known forms (cloud, code host, chat, payment and AI service keys, our own API keys, web tokens,
private key blocks), passwords and keys named as such (`password: …`), and, where wanted, any long
token that looks random. Hex hashes and UUIDs are not counted as random. What is found is never
repeated in a message.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
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
from assurance.controls.checks.parameters import fields_parameter, switch_parameter
from assurance.controls.checks.reading import all_texts
from assurance.controls.checks.registry import Check, register

# One pass over maximal runs of key characters; each run is then looked at on its own.
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.~-]{16,}")
_KNOWN = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("A cloud access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
        ("A code host token", r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255})"),
        ("A code host token", r"glpat-[A-Za-z0-9_-]{20,255}"),
        ("A chat token", r"xox[abeprs]-[A-Za-z0-9-]{10,255}"),
        ("A cloud API key", r"AIza[A-Za-z0-9_-]{35}"),
        ("A payment key", r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,255}"),
        ("An AI service key", r"sk-[A-Za-z0-9_-]{20,255}"),
        ("A Countermark API key", r"cm_live_[A-Za-z0-9]{4,64}_[A-Za-z0-9_-]{8,255}"),
        ("A webhook secret", r"whsec_[A-Za-z0-9+/=_-]{16,255}"),
        (
            "A web token",
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,2000}",
        ),
    )
)
_BLOCK = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_NAMED = re.compile(
    r"(?<![A-Za-z])(?:password|passwd|passphrase|secret|api[ _-]?key|access[ _-]?token|auth[ _-]?"
    r"token|client[ _-]?secret)(?:\"|')?[ \t]{0,3}(?:[:=]|is:)[ \t]{0,3}(?:\"|')?"
    r"(?P<value>[^\s\"'<>,;]{6,200})",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"[*•xX.…_-]+|<.*|\{.*|\$\{.*|\[.*")
_HEX_OR_UUID = re.compile(r"[0-9a-fA-F-]+")
_RANDOM_LENGTH = 24
_ENTROPY = 4.0
_LOOKED_AT = 256

Span = tuple[str, int, int]


@register
class Secrets(Check):
    """The text carries no key, token or password."""

    name = "secrets"
    title = "No secrets"
    description = "No API key, private key, web token or password is said."
    params_schema = {
        "type": "object",
        "properties": {
            "fields": fields_parameter("Where secrets are looked for."),
            "random_tokens": switch_parameter(
                "Random tokens too",
                "Whether any long token that looks random counts as a secret.",
                default=True,
            ),
            "allowed": {
                "type": "array",
                "title": "Allowed",
                "description": "Tokens that may be said, exactly.",
                "items": {"type": "string", "minLength": 3, "maxLength": 500},
                "maxItems": 200,
                "default": [],
            },
        },
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        texts, troubles = all_texts(facts, params["fields"])
        allowed = set(params["allowed"])
        findings: list[Finding] = []
        for text in texts:
            for kind, start, end in secret_spans(text.text, random=params["random_tokens"]):
                if len(findings) < MAX_FINDINGS and text.text[start:end] not in allowed:
                    message = f"{kind} must not be said here."
                    findings.append(Finding(text.path, message, start, end))
        if findings:
            marks = tuple(Mark(f.path, f.start, f.end, "fail", None, f.message) for f in findings)
            more = more_places(len(findings))
            message = f"{findings[0].message} Take it out and replace the key.{more}"
            operands = [operand(findings[0].path, None, "has", "secret")]
            return failed(message, "secret", findings, operands, marks=marks)
        if troubles:
            return inconclusive(troubles[0].sentence, troubles[0].reason_code)
        return passed("No secrets were found.")


def secret_spans(text: str, *, random: bool) -> list[Span]:
    """Everything found as (kind, start, end), in order and without overlap."""
    found: list[Span] = [("A private key", *match.span()) for match in _BLOCK.finditer(text)]
    found += _known(text)
    for match in _NAMED.finditer(text):
        if not _PLACEHOLDER.fullmatch(match["value"]):
            found.append(("A password or key", *match.span("value")))
    if random:
        for match in _TOKEN.finditer(text):
            if is_random(match.group()):
                found.append(("A token that looks like a key", *match.span()))
    kept: list[Span] = []
    for one in sorted(found, key=lambda one: (one[1], one[0].startswith("A token"))):
        if not kept or one[1] >= kept[-1][2]:
            kept.append(one)
    return kept


def _known(text: str) -> Iterator[Span]:
    for name, pattern in _KNOWN:
        for match in pattern.finditer(text):
            before = text[match.start() - 1] if match.start() else " "
            if not before.isalnum():
                yield name, match.start(), match.end()


def is_random(token: str) -> bool:
    """Whether a token looks drawn by chance: long, of mixed characters, with high entropy."""
    bare = token.strip("=.-_/+~")[:_LOOKED_AT]
    if len(bare) < _RANDOM_LENGTH or _HEX_OR_UUID.fullmatch(bare):
        return False
    kinds = (str.islower, str.isupper, str.isdigit)
    if not all(any(kind(char) for char in bare) for kind in kinds):
        return False
    if bare.count("/") + bare.count(".") > len(bare) // 8:
        return False  # a path or an address
    counts = Counter(bare).values()
    entropy = -sum(n / len(bare) * math.log2(n / len(bare)) for n in counts)
    return entropy >= _ENTROPY
