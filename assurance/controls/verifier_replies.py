"""What the answer of an external verifier is worth. Plain functions: no network, no database.

Only a reply that names this very question and this very output is an answer. Everything else is an
outcome too, of which none is a pass, and each says why: `timeout`, `error` or `not_run` with a
reason code. An answer is JSON, as it goes into the facts:

    {"check_run", "check_sha256", "outcome", "reason_code", "message", "score", "findings",
     "suggested_value"?, "verifier": {"name", "version"}, "ms", "attempts"}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assurance.api.parsing import loads
from assurance.api.trees import Limits, inspect, refuse
from assurance.controls.checks.outcomes import MAX_FINDINGS, OUTCOMES
from assurance.delivery.network import LONGEST_REPLY, Reply
from assurance.errors import DomainError

LIMITS = Limits(depth=32, nodes=5_000)
LONGEST_CODE, LONGEST_NAME, LONGEST_WORDS, LONGEST_PATH = 100, 120, 600, 200

SENTENCES = {
    "timeout": "did not answer in time",
    "no_answer": "announced an answer that did not come in time",
    "unreachable": "could not be reached",
    "server_error": "answered with an error of its own",
    "auth_failed": "did not accept our signature",
    "refused": "refused the question",
    "redirected": "sent us elsewhere, which is never followed",
    "address_not_public": "leads to an address that is not open",
    "tls_failed": "could not prove who it is",
    "malformed": "answered something that cannot be read",
    "too_large": "answered more than 64 KB",
    "wrong_binding": "answered about another question or another output",
    "not_asked_to_wait": "announced a later answer, which this control does not wait for",
    "breaker_open": "failed five times in a row and is left alone for a minute",
    "no_verifier": "does not exist or is switched off",
    "secret_unreadable": "has a secret that was sealed with another SECRET_KEY",
    "superseded": "was not asked: a policy control blocks this case already",
    "awaited": "has not answered yet",
    "in_background": "is asked in the background",
    "dry_run": "was not asked: a dry run calls nobody",
    "not_asked": "was not asked",
    "no_time_to_wait": "was not asked: there is no time to wait for it here",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """What a reply must name to be an answer, and whose it is for sentences."""

    check_run: str
    output_sha256: str
    check_sha256: str
    verifier: str


class Refused(Exception):
    """A reply that is no answer: `code` is one of SENTENCES, `why` for whoever runs the
    verifier."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def unanswered(bound: Bound, outcome: str, code: str, **more: Any) -> dict[str, Any]:
    """The answer where there is none: `timeout`, `error` or `not_run`, and why."""
    return {
        "check_run": bound.check_run,
        "check_sha256": bound.check_sha256,
        "outcome": outcome,
        "reason_code": code,
        "message": f"The verifier “{bound.verifier}” {SENTENCES[code]}.",
        "score": None,
        "findings": [],
        "verifier": {"name": "", "version": ""},
        "ms": 0,
        "attempts": 0,
        **more,
    }


def answer_of(reply: Reply, bound: Bound, *, waits: bool) -> dict[str, Any] | None:
    """What an inline reply comes to; None for a 202 that announces the answer. `waits` says
    whether this control lets it come later."""
    outcome, code = _failure(reply)
    if code:
        return unanswered(bound, outcome, code)
    if reply.status == 202:
        return None if waits else unanswered(bound, "error", "not_asked_to_wait")
    try:
        return read(reply.text.encode(), bound)
    except Refused as refusal:
        return unanswered(bound, "error", refusal.code)


def _failure(reply: Reply) -> tuple[str, str]:
    """Outcome and code of a reply that is no answer at all; two empty texts for one that may be."""
    if reply.status is None:
        return _no_reply(reply.code)
    if reply.status in (401, 403):
        return "error", "auth_failed"
    if 300 <= reply.status < 400:
        return "error", "redirected"
    if reply.status >= 500:
        return "error", "server_error"
    if reply.status not in (200, 202):
        return "error", "refused"
    return "", ""


def _no_reply(code: str) -> tuple[str, str]:
    if code == "timeout":
        return "timeout", "timeout"
    if code in ("address_not_public", "tls_failed"):
        return "error", code
    if code == "client_certificate_unreadable":
        return "error", "auth_failed"
    if code == "bad_reply":
        return "error", "malformed"
    return "error", "unreachable"


def read(data: bytes, bound: Bound) -> dict[str, Any]:
    """An answer from its bytes. Raises Refused with the code and a sentence for its sender."""
    if len(data) >= LONGEST_REPLY:
        raise Refused("too_large", "An answer has less than 64 KB. Send fewer findings.")
    try:
        said = loads(data, LIMITS)
        refuse(inspect(said, LIMITS))
    except DomainError as error:
        raise Refused("malformed", error.sentence) from error
    _require_binding(said, bound)
    return {
        "check_run": bound.check_run,
        "check_sha256": bound.check_sha256,
        "outcome": _outcome(said),
        "reason_code": _text(said, "reason_code", LONGEST_CODE, optional=said["outcome"] == "pass"),
        "message": "",
        "score": _score(said.get("score")),
        "findings": _findings(said.get("findings")),
        "verifier": _verifier(said.get("verifier")),
        "ms": 0,
        "attempts": 0,
        **({"suggested_value": said["suggested_value"]} if _has(said, "suggested_value") else {}),
    } | _words(said, bound)


def _has(said: Mapping[str, Any], name: str) -> bool:
    return said.get(name) is not None


def _require_binding(said: Mapping[str, Any], bound: Bound) -> None:
    for name, wanted in (
        ("check_run_id", bound.check_run),
        ("output_sha256", bound.output_sha256),
    ):
        if said.get(name) != wanted:
            raise Refused(
                "wrong_binding", f"`{name}` must be the one of the question. Echo it unchanged."
            )


def _outcome(said: Mapping[str, Any]) -> str:
    outcome = said.get("outcome")
    if not isinstance(outcome, str) or outcome not in OUTCOMES:
        raise Refused("malformed", f"`outcome` must be one of: {', '.join(sorted(OUTCOMES))}.")
    return outcome


def _text(said: Mapping[str, Any], name: str, longest: int, *, optional: bool = False) -> str:
    value = said.get(name)
    if value is None and optional:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise Refused("malformed", f"`{name}` must be text of up to {longest} characters.")
    return value


def _score(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused("malformed", "`score` must be a number, or be left out.")
    return float(value)


def _findings(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_FINDINGS:
        raise Refused("malformed", f"`findings` must be a list of up to {MAX_FINDINGS}.")
    return [_finding(one) for one in value]


def _finding(one: Any) -> dict[str, Any]:
    if not isinstance(one, Mapping):
        raise Refused("malformed", "A finding is an object with `path` and `message`.")
    kept: dict[str, Any] = {
        "path": _text(one, "path", LONGEST_PATH),
        "message": _text(one, "message", LONGEST_WORDS),
    }
    places = [one.get("start"), one.get("end")]
    if places != [None, None]:
        if not all(type(place) is int and 0 <= place < 2**31 for place in places):
            raise Refused("malformed", "`start` and `end` are whole numbers, or are left out.")
        kept |= {"start": places[0], "end": places[1]}
    if _has(one, "suggested_value"):
        kept["suggested_value"] = one["suggested_value"]
    return kept


def _verifier(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise Refused("malformed", "`verifier` must be an object with `name` and `version`.")
    said = {name: _text(value, name, LONGEST_NAME) for name in ("name", "version")}
    if not said["name"].strip():
        raise Refused("malformed", "`verifier.name` must say who answers.")
    return said


def _words(said: Mapping[str, Any], bound: Bound) -> dict[str, Any]:
    """The sentence for people, and the proposal of another value as a finding of its own."""
    outcome, code = said["outcome"], said.get("reason_code") or "no reason given"
    findings = _findings(said.get("findings"))
    message = ""
    if outcome not in ("pass", "not_applicable"):
        message = f"The verifier “{bound.verifier}” says {outcome.replace('_', ' ')}: {code}."
        if findings:
            message = f"{message} {findings[0]['message']}"
    if _has(said, "suggested_value"):
        proposal = {
            "path": "output",
            "message": f"The verifier “{bound.verifier}” proposes another value.",
            "suggested_value": said["suggested_value"],
        }
        findings = [*findings[: MAX_FINDINGS - 1], proposal]
    return {"message": message[:LONGEST_WORDS], "findings": findings}
