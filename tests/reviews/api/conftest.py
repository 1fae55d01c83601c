"""Callers of the real API: a system with its key for each workflow, and people signed in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from assurance import clock
from assurance.controls.models import Workflow
from reviews import releasing
from tests.accounts_factories import ClientFactory, KeyFactory, bearer
from tests.controls_factories import make_workflow, policy
from tests.reviews.conftest import SECOND, WHY

BASE = "/api/v1/"
NOBODY = "0193f0a0-0000-7000-8000-000000000001"  # the id of no case

# The answer of the contract, key by key.
CASE_KEYS = {
    *("id", "reference", "workflow", "external_id", "subject", "revision", "status", "end"),
    *("disposition", "proceed", "proceed_until", "reroute_to", "instructions", "enforced"),
    *("would_be", "output_sha256", "decided_by", "controls", "ungoverned", "control_set"),
    *("queue", "priority", "due_at", "decision", "head_hash", "received_at", "closed_at"),
    *("url", "web_url"),
}
CONTROL_KEYS = {
    *("key", "version", "mode", "kind", "outcome", "effect", "message", "findings", "operands")
}
DECISION_KEYS = {
    *("outcome", "output", "output_sha256", "reasons", "rationale", "decided_at", "reviewers"),
    "control_was_right",
}
PROBLEM_KEYS = {"type", "title", "status", "detail", "code", "errors", "request_id"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
CODE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class Caller:
    """Sends JSON below /api/v1/; further keywords are headers, `idempotency_key="k"`."""

    def __init__(self, client: Client | None = None, **defaults: Any) -> None:
        self.client = client or Client(raise_request_exception=False, **defaults)

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self.client.get(self.address(path), query or None, headers=headers or {})

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PUT", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """`body` is bytes as they are, or is made JSON; None is no body at all."""
        kind = headers.pop("content_type", "application/json")
        data = body if isinstance(body, bytes) else b"" if body is None else dumped(body)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, self.address(path), data, kind, headers=names)

    @staticmethod
    def address(path: str) -> str:
        return path if path.startswith(("/", "http")) else BASE + path


def dumped(body: Any) -> bytes:
    return json.dumps(body).encode()


@pytest.fixture(autouse=True)
def served(settings) -> None:
    """As `up` serves it: plain http on loopback, and no rate held against a test."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.PLAIN_HTTP = True
    settings.SECURE_SSL_REDIRECT = False
    settings.COUNTERMARK_RATE = 0
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    cache.clear()


@pytest.fixture
def letters(cast) -> Workflow:
    """The other workflow, with queues of its own in which cleo works."""
    return make_workflow(
        "claims-letters",
        controls=[policy("LET-01")],
        owner=cast.gus,
        members=[cast.cleo],
        specialists=[cast.cleo],
        governors=[cast.gus],
    )


def system_of(*workflows: str, scopes: list[str] | None = None) -> Caller:
    """A system with its own key, bound to these workflows."""
    more = {"scopes": scopes} if scopes is not None else {}
    key = KeyFactory(client=ClientFactory(workflows=list(workflows), **more))
    return Caller(**bearer(key))


@pytest.fixture
def scorecard(credit) -> Caller:
    """The system behind credit-decisions, with every scope."""
    return system_of("credit-decisions")


@pytest.fixture
def writer(letters) -> Caller:
    """The system behind claims-letters."""
    return system_of("claims-letters")


@pytest.fixture
def people(cast) -> SimpleNamespace:
    """Everybody of the cast, signed in."""
    return SimpleNamespace(**{name: signed_in(user) for name, user in vars(cast).items()})


def signed_in(user) -> Caller:
    caller = Caller()
    caller.client.force_login(user)
    return caller


@pytest.fixture
def submit(scorecard) -> Callable[..., dict[str, Any]]:
    """Post a case over REST and read the answer; without more it waits in credit-review."""

    def _submit(amount: float = 4820, *, by: Caller = scorecard, **body: Any) -> dict[str, Any]:
        answer = by.post("cases/", a_case(amount, **body))
        assert answer.status_code == 201, answer.content
        return answer.json()

    return _submit


def a_case(amount: float = 4820, **body: Any) -> dict[str, Any]:
    return {
        "workflow": "credit-decisions",
        "external_id": f"app-{uuid4().hex[:12]}",
        "output": {"amount": amount},
        **body,
    }


def approval(lease: int, **more: Any) -> dict[str, Any]:
    return {
        "lease": lease,
        "outcome": "approve",
        "reasons": ["within-policy"],
        "rationale": WHY,
        **more,
    }


def claimed(person: Caller, case: dict[str, Any]) -> int:
    """Claim over REST; the number of the lease."""
    answer = person.post(f"cases/{case['id']}/claim/")
    assert answer.status_code == 200, answer.content
    return answer.json()["lease"]["number"]


def decided(person: Caller, case: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Claim and decide over REST; the decision is in its undo window."""
    body = approval(claimed(person, case), **more)
    answer = person.post(f"cases/{case['id']}/decisions/", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def release_all() -> int:
    """What the sweep does when the undo windows are over."""
    return releasing.release_due(clock.now() + 60 * SECOND)


def assert_problem(answer: Any, status: int, code: str, pointer: str | None = None) -> dict:
    """A problem document as RFC 9457 and the contract have it; returns it."""
    assert answer.status_code == status, answer.content[:600]
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert set(document) >= PROBLEM_KEYS, document
    assert document["status"] == status
    assert document["code"] == code, document
    assert CODE.fullmatch(code)
    assert len(document["detail"]) > 8
    assert document["request_id"]
    assert document["request_id"] == answer["X-Request-ID"]
    for error in document["errors"]:
        assert set(error) >= {"pointer", "code", "message"}
    if pointer is not None:
        assert pointer in [error["pointer"] for error in document["errors"]], document
    return document


def assert_case(answer: dict[str, Any], *more: str) -> None:
    """Exactly the keys of the contract, and every time in ISO 8601 with a Z."""
    assert set(answer) == CASE_KEYS | set(more)
    for control in answer["controls"]:
        assert set(control) == CONTROL_KEYS
    if answer["decision"] is not None:
        assert set(answer["decision"]) == DECISION_KEYS
    assert_instants(answer)


def assert_instants(value: Any) -> None:
    for name, one in named_values(value):
        if name.endswith("_at") or name in ("at", "until", "effective_from"):
            assert one is None or INSTANT.fullmatch(one), (name, one)


def named_values(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from named_values(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from named_values(inner, name)
    else:
        yield name, value
