"""What a check answers: an outcome, the places it found, and the values that decided.

A check never answers with a bare yes or no. Seven outcomes are possible and only `pass` lets a
case continue; what the other six mean is decided by the control that uses the check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

OUTCOMES = frozenset(
    {"pass", "fail", "inconclusive", "error", "timeout", "not_applicable", "not_run"}
)
STATES = frozenset({"fail", "warn", "pass"})

# Reason codes after which no failure policy lets a case go on: the answer may be somebody else's,
# of something else, or unreadable.
NEVER_OPEN = frozenset(
    [
        *("auth_failed", "wrong_binding", "malformed", "too_large", "redirected"),
        *("address_not_public", "tls_failed", "refused", "secret_unreadable", "no_verifier"),
    ]
)

# A hostile text could hold a hundred thousand faults; the record and the page need the first few.
MAX_FINDINGS = 100
MAX_MARKS = 500
MAX_OPERANDS = 20
MAX_MESSAGE = 600


@dataclass(frozen=True)
class Finding:
    """One fault and its place.

    `path` is a dotted path into the facts (list items by number: `output.lines.0.text`); `start`
    and `end` count Unicode code points in the text there. `source` is the place in the evidence
    that the finding is tied to: `{"evidence": 0, "start": 88, "end": 96}`, in the text that
    `sources.source_text` gives. `suggested_value` is what could stand there instead: a proposal
    for a person, never applied.
    """

    path: str
    message: str
    start: int | None = None
    end: int | None = None
    source: dict[str, int] | None = None
    suggested_value: Any = None

    def as_json(self) -> dict[str, Any]:
        """The finding as it is stored and sent; places that do not exist are left out."""
        shown: dict[str, Any] = {"path": self.path, "message": self.message}
        if self.start is not None and self.end is not None:
            shown |= {"start": self.start, "end": self.end}
        if self.source is not None:
            shown["source"] = dict(self.source)
        if self.suggested_value is not None:
            shown["suggested_value"] = self.suggested_value
        return shown


@dataclass(frozen=True)
class Mark:
    """One claim in the output, passed ones too, so that the page can lead to its source and back.

    `state` is `fail`, `warn` or `pass`; the places are as in `Finding`.
    """

    path: str
    start: int | None
    end: int | None
    state: str
    source: dict[str, int] | None = None
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        """The mark as it is stored and sent."""
        return {
            "path": self.path,
            "start": self.start,
            "end": self.end,
            "state": self.state,
            "source": dict(self.source) if self.source is not None else None,
            "message": self.message,
        }


@dataclass(frozen=True)
class Outcome:
    """The answer of one check to one case.

    `operands` have the shape of a condition's leaf, `{"field", "value", "op", "other"}`; `score`
    is the measured figure where there is one; `suggested_value` is a proposal and never applied.
    """

    outcome: str
    message: str = ""
    findings: tuple[Finding, ...] = ()
    reason_code: str = ""
    score: float | None = None
    operands: tuple[dict[str, Any], ...] = ()
    suggested_value: Any = None
    marks: tuple[Mark, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(
                f"“{self.outcome}” is not an outcome. Use one of: {', '.join(sorted(OUTCOMES))}."
            )

    def as_json(self) -> dict[str, Any]:
        """The outcome with everything in it, ready for canonical JSON."""
        return {
            "outcome": self.outcome,
            "message": self.message,
            "reason_code": self.reason_code,
            "score": self.score,
            "findings": [one.as_json() for one in self.findings],
            "operands": [dict(one) for one in self.operands],
            "suggested_value": self.suggested_value,
            "marks": [one.as_json() for one in self.marks],
        }


def passed(message: str, **more: Any) -> Outcome:
    """The check ran on everything it needed and found no fault."""
    return Outcome("pass", message, **more)


def failed(
    message: str,
    reason_code: str,
    findings: Iterable[Finding] = (),
    operands: Iterable[Mapping[str, Any]] = (),
    **more: Any,
) -> Outcome:
    """The check found a fault; findings and operands are cut to what a page can show."""
    return Outcome(
        "fail",
        message,
        tuple(findings)[:MAX_FINDINGS],
        reason_code,
        operands=tuple(dict(one) for one in operands)[:MAX_OPERANDS],
        **more,
    )


def inconclusive(message: str, reason_code: str, **more: Any) -> Outcome:
    """The check could not tell; never counted as passed."""
    return Outcome("inconclusive", message, reason_code=reason_code, **more)


def more_places(findings: int) -> str:
    """The end of a message that names the first of so many findings; empty for one."""
    others = findings - 1
    if others < 1:
        return ""
    return " There is 1 more place." if others == 1 else f" There are {others} more places."


def operand(path: str, value: Any, op: str, other: Any) -> dict[str, Any]:
    """One comparison that decided, in the shape of a condition's leaf."""
    return {"field": path, "value": value, "op": op, "other": other}
