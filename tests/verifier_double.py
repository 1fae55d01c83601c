"""A reference verifier on 127.0.0.1: answers by the contract, and misbehaves in every way if told.

    with VerifierDouble() as double:
        double.behave = WRONG_HASH
        ...
        assert double.last.body["attempt"] == 1

It checks our signature on every question: an unsigned one gets 401, as from a real one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from tests.receiver import GARBAGE, HANG, RESET, SLOW_BODY, Answer, Behaviour, Receiver, Request

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="  # nosec B105
ME = {"name": "reference", "version": "1.4"}
Behave = Callable[["Question"], Behaviour]


@dataclass(frozen=True)
class Question:
    """One question as it arrived."""

    body: dict[str, Any]
    request: Request

    def answer(self, outcome: str = "pass", **more: Any) -> dict[str, Any]:
        """The answer that the contract wants; keywords replace parts of it."""
        return {
            "check_run_id": self.body["check_run_id"],
            "output_sha256": self.body["output"]["sha256"],
            "outcome": outcome,
            "reason_code": "" if outcome == "pass" else "not-supported",
            "verifier": ME,
            **more,
        }


def says(outcome: str = "pass", **more: Any) -> Behave:
    """Answers at once, with these parts."""
    return lambda question: as_json(question.answer(outcome, **more))


def as_json(said: Any, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(said).encode())


def always(behaviour: Behaviour) -> Behave:
    return lambda question: behaviour


HANGS = always(HANG)
SLOW = always(SLOW_BODY)
CUTS = always(RESET)
NO_HTTP = always(GARBAGE)
FAULT = always(Answer(500))
JUNK = always(Answer(200, {}, b"<html>It works!</html>"))
EMPTY = always(Answer(200, {}, b""))
LIST = always(Answer(200, {}, b"[]"))
NOT_UTF8 = always(Answer(200, {}, b'{"check_run_id": "\xff\xfe'))
TEN_MB = always(Answer(200, {}, b" " * 10_000_000))
UNAUTHORISED = always(Answer(401))
FORBIDDEN = always(Answer(403))
TEAPOT = always(Answer(418))
REDIRECT = always(Answer(307, {"Location": "https://example.com/judge"}))
ACCEPTED = always(Answer(202))
WRONG_HASH = says("pass", output_sha256="0" * 64)
WRONG_ID = says("pass", check_run_id="00000000-0000-7000-8000-000000000000")
NO_HASH = says("pass", output_sha256=None)
UNKNOWN_OUTCOME = says("fine")
NO_OUTCOME = says(outcome="")
NO_NAME = says("pass", verifier={"name": "", "version": "1"})
NO_VERIFIER = says("pass", verifier=None)
SCORE_OF_TEXT = says("pass", score="high")
FINDINGS_OF_TEXT = says("fail", findings="many")


def TWICE(question: Question) -> Answer:
    """The outcome stands there twice: two readers would read two answers."""
    said = json.dumps(question.answer("pass"))
    return Answer(200, {}, (said[:-1] + ', "outcome": "fail"}').encode())


# What no failure policy may let through, with the reason that a person reads; then what one may.
NEVER_OPEN: dict[str, tuple[Behave, str]] = {
    "wrong hash": (WRONG_HASH, "wrong_binding"),
    "wrong id": (WRONG_ID, "wrong_binding"),
    "no hash": (NO_HASH, "wrong_binding"),
    "junk": (JUNK, "malformed"),
    "nothing": (EMPTY, "malformed"),
    "a list": (LIST, "malformed"),
    "not UTF-8": (NOT_UTF8, "malformed"),
    "no HTTP": (NO_HTTP, "malformed"),
    "an outcome twice": (TWICE, "malformed"),
    "an unknown outcome": (UNKNOWN_OUTCOME, "malformed"),
    "no outcome": (NO_OUTCOME, "malformed"),
    "no name": (NO_NAME, "malformed"),
    "no verifier": (NO_VERIFIER, "malformed"),
    "a score of text": (SCORE_OF_TEXT, "malformed"),
    "findings of text": (FINDINGS_OF_TEXT, "malformed"),
    "10 MB": (TEN_MB, "too_large"),
    "401": (UNAUTHORISED, "auth_failed"),
    "403": (FORBIDDEN, "auth_failed"),
    "418": (TEAPOT, "refused"),
    "a redirect": (REDIRECT, "redirected"),
}
MAY_BE_OPEN: dict[str, tuple[Behave, str]] = {
    "hangs": (HANGS, "timeout"),
    "slow": (SLOW, "timeout"),
    "cuts the line": (CUTS, "unreachable"),
    "500": (FAULT, "server_error"),
    "202 unasked": (ACCEPTED, "not_asked_to_wait"),
}
MISBEHAVIOURS = NEVER_OPEN | MAY_BE_OPEN


@dataclass
class VerifierDouble:
    """The server, its questions, and how it behaves."""

    secret: str = SECRET
    behave: Behave = field(default_factory=says)
    questions: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._receiver = Receiver()
        self._receiver.behave = self._judge
        self.url = self._receiver.url

    def __enter__(self) -> VerifierDouble:
        self._receiver.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._receiver.__exit__(*error)

    def _judge(self, request: Request) -> Behaviour:
        if not self._is_signed(request):
            return Answer(401)
        question = Question(json.loads(request.body), request)
        self.questions.append(question)
        return self.behave(question)

    def _is_signed(self, request: Request) -> bool:
        """By the library, at the moment that the sender names: tests live in another year."""
        at = datetime.fromtimestamp(int(request.headers.get("webhook-timestamp", "0")), UTC)
        wanted = Webhook(self.secret).sign(request.id, at, request.body.decode())
        return wanted in request.headers.get("webhook-signature", "").split()

    @property
    def last(self) -> Question:
        return self.questions[-1]
