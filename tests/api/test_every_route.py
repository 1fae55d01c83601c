"""P24: the catalogue of bad inputs, run over every route of the real API that there is."""

from __future__ import annotations

import gzip
import re
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, get_resolver

from assurance.record.models import Event
from tests.accounts_factories import KeyFactory, bearer

EXAMPLES = {
    "uuid": "0193f0a0-0000-7000-8000-000000000001",
    "sha256": "0" * 64,
    "slug": "credit-decisions",
    "int": "7",
    "str": "0193f0a0-0000-7000-8000-000000000001",
}
SECONDS, MEGABYTES = 1.0, 50
LARGE = 4_000  # bytes of a body from which its memory is counted
BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "truncated": (b'{"a": [1, 2', {}),
    "duplicate key": (b'{"workflow": "a", "workflow": "b"}', {}),
    "duplicate deep": (b'{"cases": [{"a": 1, "a": 2}], "output": {"a": 1, "a": 2}}', {}),
    "NaN": (b'{"output": NaN}', {}),
    "1e400": (b'{"output": [1e400]}', {}),
    "5000 digits": (b'{"output": ' + b"7" * 5000 + b"}", {}),
    "2^53 + 1": (b'{"lease": 9007199254740993}', {}),
    "100 k deep": (b'{"output": ' + b"[" * 100_000, {}),
    "half a pair": (rb'{"note": "\ud800"}', {}),
    "half a pair in a key": (rb'{"\ud800": 1}', {}),
    "nul": (rb'{"note": "\u0000"}', {}),
    "nul in a key": (rb'{"\u0000": 1}', {}),
    "bad utf-8": (b'{"note": "\xff"}', {}),
    "utf-16": ('{"note": "a"}'.encode("utf-16"), {}),
    "mark": (b'\xef\xbb\xbf{"note": 1}', {}),
    "text": (b"hello", {"content_type": "text/plain"}),
    "form": (b"a=1", {"content_type": "application/x-www-form-urlencoded"}),
    "latin": (b'{"a": 1}', {"content_type": "application/json; charset=latin-1"}),
    "gzip": (gzip.compress(b'{"a": 1}'), {"HTTP_CONTENT_ENCODING": "gzip"}),
    "17 MiB": (b'{"a": "' + b"x" * 17 * 1024 * 1024 + b'"}', {}),
    "array": (b'[{"workflow": "a"}]', {}),
    "null": (b"null", {}),
    "unknown field": (b'{"no_such_field_anywhere": 1}', {}),
    "wrong types": (b'{"workflow": 1, "lease": "7", "output": true, "cases": {}, "label": []}', {}),
}


def routes() -> Iterator[tuple[str, Any]]:
    """Every address below /api/v1/ with an example in each place, and its view class."""
    for pattern, callback in _walk(get_resolver().url_patterns, ""):
        view = getattr(callback, "cls", None)
        if pattern.startswith("api/v1/") and view is not None:
            yield "/" + re.sub(r"<(?:(\w+):)?\w+>", _example, pattern), view


def _example(place: re.Match[str]) -> str:
    return EXAMPLES[place[1] or "str"]


def _walk(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        address = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield address, one.callback
        else:
            yield from _walk(one.url_patterns, address)


def with_a_body() -> list[tuple[str, str]]:
    return [
        (method, address)
        for address, view in routes()
        for method in ("POST", "PUT", "PATCH")
        if hasattr(view, method.lower())
    ]


@pytest.fixture(params=["a system", "a person"])
def caller(request, settings, db, cast) -> Client:
    """Whoever may do the most: a key with every scope, or a lead who also reviews."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.PLAIN_HTTP = True
    settings.SECURE_SSL_REDIRECT = False
    settings.COUNTERMARK_RATE = 0
    cache.clear()
    if request.param == "a system":
        return Client(raise_request_exception=False, **bearer(KeyFactory()))
    client = Client(raise_request_exception=False)
    client.force_login(cast.dev)
    return client


@contextmanager
def cheaply(what: str, *, large: bool) -> Iterator[None]:
    """Within a second of the processor and, for a large body, 50 MB more than before. Not by the
    clock on the wall: that would time whoever else is on this machine. Counting memory makes
    everything slow, and a hundred bytes do not become 50 MB."""
    if large:
        tracemalloc.start()
    began = time.thread_time()
    try:
        yield
        spent, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < SECONDS, f"{what} took {spent:.2f} s"
    assert peak < MEGABYTES * 1_000_000, f"{what} took {peak / 1_000_000:.0f} MB"


def assert_refused(answer: Any, what: str) -> None:
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code}"
    assert answer["Content-Type"] == "application/problem+json", what
    document = answer.json()
    assert document["status"] == answer.status_code, what
    assert document["code"], what
    assert document["detail"], what
    assert document["request_id"] == answer["X-Request-ID"], what


def test_there_are_routes_to_try():
    assert ("POST", "/api/v1/cases/") in with_a_body()


@pytest.mark.parametrize("kind", BODIES)
def test_every_bad_body_is_refused_by_every_route(caller, kind):
    body, extra = BODIES[kind]
    headers = dict(extra)
    content_type = headers.pop("content_type", "application/json")
    before = Event.objects.count()

    for method, address in with_a_body():
        what = f"{method} {address} with {kind}"
        with cheaply(what, large=len(body) > LARGE):
            answer = caller.generic(method, address, body, content_type, **headers)

        assert_refused(answer, what)
    assert Event.objects.count() == before, "something was recorded"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=1e2", "cursor=x", "a=%00", "a=1&a=2", "nothing=1"]
)
def test_every_bad_query_is_refused_by_whatever_can_be_read(caller, query):
    """A list refuses it as a bad query; one object as a bad query or as one that is not there."""
    for address, view in routes():
        if hasattr(view, "get"):
            answer = caller.get(f"{address}?{query}")

            assert_refused(answer, f"GET {address}?{query}")
            if caller.get(address).status_code == 200:
                assert answer.status_code == 400, f"GET {address}?{query}"


def test_there_are_lists_among_what_is_asked():
    asked = {address for address, view in routes() if hasattr(view, "get")}

    assert asked >= {"/api/v1/cases/", "/api/v1/events/", "/api/v1/queues/", "/api/v1/controls/"}


def test_every_route_refuses_strangers(caller):
    stranger = Client(raise_request_exception=False)

    for address, view in routes():
        for method in ("GET", "POST", "PUT"):
            if hasattr(view, method.lower()):
                answer = stranger.generic(method, address, b"{}", "application/json")

                assert answer.status_code == 401, f"{method} {address}"
                assert answer["WWW-Authenticate"], f"{method} {address}"


def test_every_route_offers_only_its_own_methods(caller):
    for address, view in routes():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if not hasattr(view, method.lower()):
                answer = caller.generic(method, address, b"{}", "application/json")

                assert_refused(answer, f"{method} {address}")
                assert answer.status_code == 405, f"{method} {address}"
                assert method not in answer["Allow"], f"{method} {address}"
