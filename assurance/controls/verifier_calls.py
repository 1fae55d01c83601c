"""Put one question to one verifier: signed, bound to its output, short, never redirected. Knows no
database, so that several can be on their way at once in threads.

The network rules and the signature are those of webhooks. A connection that failed and a 5xx are
tried again, twice at most, as long as time is left; every try is signed anew.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assurance.controls.verifier_replies import Bound
from assurance.delivery import network, signing
from assurance.record.canonical import canonical

USER_AGENT = "Countermark/1 (verification)"
SCHEMA_VERSION = 1
TRIES = 3
_PAUSE = (0.05, 0.25)  # seconds between two tries, drawn so that many do not come back together
_TOO_LITTLE = 0.05  # seconds in which nobody answers
_AGAIN = frozenset(["connect_failed", "connect_timeout", "connection_lost"])
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Question:
    """All that a call needs. `body` lacks the number of the try; `waits`: a 202 is an answer."""

    bound: Bound
    url: str
    secrets: tuple[str, ...]
    certificate: tuple[str, str]
    body: Mapping[str, Any]
    seconds: float
    at: datetime
    waits: bool = False


@dataclass(slots=True)
class Exchange:
    """What came of a question: the last reply, how many tries, how long in all."""

    reply: network.Reply = field(default_factory=network.Reply)
    attempts: int = 0
    milliseconds: int = 0


def call_all(questions: Mapping[Any, Question]) -> dict[Any, Exchange]:
    """Every question at once, each within its own time."""
    if len(questions) == 1:
        return {key: call(question) for key, question in questions.items()}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="verifier") as pool:
        flights = {key: pool.submit(call, question) for key, question in questions.items()}
        return {key: flight.result() for key, flight in flights.items()}


def call(question: Question) -> Exchange:
    """One question, tried again within its time. Never raises."""
    began = time.monotonic()
    exchange = Exchange()
    while True:
        gone = time.monotonic() - began
        exchange.attempts += 1
        exchange.reply = _try(question, exchange.attempts, gone)
        exchange.milliseconds = round((time.monotonic() - began) * 1000)
        if not _may_help(exchange.reply) or exchange.attempts >= TRIES:
            return exchange
        pause = random.uniform(*_PAUSE) * exchange.attempts  # nosec B311
        if time.monotonic() - began + pause + _TOO_LITTLE >= question.seconds:
            return exchange
        time.sleep(pause)


def _try(question: Question, attempt: int, gone: float) -> network.Reply:
    body = canonical({**question.body, "attempt": attempt})
    at = question.at + timedelta(seconds=gone)
    signed = signing.signed_headers(question.bound.check_run, body, secrets=question.secrets, at=at)
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",  # a small reply that unpacks into a large one is no use
        "idempotency-key": question.bound.check_run,
        **signed,
    }
    left = question.seconds - gone
    reply = network.post(
        question.url,
        body=body,
        headers=headers,
        certificate=question.certificate,
        resolver=partial(network.resolve, seconds=left),
        seconds=left,
    )
    if reply.status is not None and reply.milliseconds >= left * 1000:
        # The status line came in time and the rest did not: nothing of it is an answer.
        return network.Reply(code="timeout", error="The answer did not end in time.")
    return reply


def _may_help(reply: network.Reply) -> bool:
    """Whether another try could do better: where none was understood, or the other side failed."""
    return reply.code in _AGAIN if reply.status is None else reply.status >= 500
