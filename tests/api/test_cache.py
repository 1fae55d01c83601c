"""P11: a lost Redis costs a miss, at most one short wait, and never an error."""

from __future__ import annotations

import socket
import time

import pytest

from assurance.api.cache import ForgivingRedisCache

OPTIONS = {"OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}}


@pytest.fixture(autouse=True)
def awake(monkeypatch):
    """Nobody has just found Redis lost."""
    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", 0.0)


@pytest.fixture
def black_hole():
    """Accepts connections and never says a word."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(16)
        yield f"redis://127.0.0.1:{hole.getsockname()[1]}/0"


@pytest.fixture
def closed_port():
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    return f"redis://127.0.0.1:{port}/0"


def every_call(cache: ForgivingRedisCache) -> list[object]:
    """What each call answers without Redis."""
    return [
        cache.get("a"),
        cache.get("a", "otherwise"),
        cache.set("a", 1),
        cache.add("a", 1),
        cache.touch("a"),
        cache.delete("a"),
        cache.get_many(["a", "b"]),
        cache.set_many({"a": 1}),
        cache.delete_many(["a"]),
        cache.has_key("a"),
        cache.hits("a", 1),
        cache.clear(),
    ]


MISSES = [None, "otherwise", None, True, False, False, {}, ["a"], None, False, None, False]


def test_a_refused_connection_is_a_miss(closed_port):
    assert every_call(ForgivingRedisCache(closed_port, OPTIONS)) == MISSES


def test_a_black_hole_is_waited_for_once_and_then_left_alone(black_hole):
    cache = ForgivingRedisCache(black_hole, OPTIONS)
    started = time.perf_counter()

    assert every_call(cache) == MISSES

    assert time.perf_counter() - started < 0.5
    assert cache.is_resting


def test_a_counter_without_redis_is_an_unknown_key(closed_port):
    with pytest.raises(ValueError, match="not found"):
        ForgivingRedisCache(closed_port, OPTIONS).incr("a")


def test_after_its_rest_redis_is_asked_again(closed_port, settings, monkeypatch):
    ForgivingRedisCache(closed_port, OPTIONS).get("a")
    alive = ForgivingRedisCache(settings.REDIS_URL, {**OPTIONS, "KEY_PREFIX": "test-rest"})
    alive.set("a", 5)
    assert alive.get("a") is None

    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", time.monotonic() - 1)
    alive.set("a", 5)
    assert alive.get("a") == 5
    assert (alive.hits("n", 5), alive.hits("n", 5)) == (1, 2)
    alive.delete_many(["a", "n"])
