"""How fast one caller may go. Counted in Redis for all processes together; where Redis is lost,
each process counts for itself, so that nobody waits and nobody is let through without limit.
"""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

from assurance.api.callers import address_of, caller_of
from assurance.api.problems import too_many
from assurance.errors import DomainError

GUESSES_PER_MINUTE = 20


class Windows:
    """Hits in fixed windows, kept in this process: the fallback. Old windows are dropped."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int, int]] = Counter()
        self._lock = Lock()
        self._swept = 0.0

    def hit(self, name: str, seconds: int, now: float) -> int:
        with self._lock:
            if now - self._swept > 60:
                self._counts = Counter(
                    {key: n for key, n in self._counts.items() if (key[2] + 1) * key[1] > now}
                )
                self._swept = now
            key = (name, seconds, int(now) // seconds)
            self._counts[key] += 1
            return self._counts[key]


_here = Windows()


def count(name: str, seconds: int) -> int:
    """One more hit under this name in the present window; returns how many that makes."""
    now = time.time()
    hits = getattr(cache, "hits", None)
    found = hits(f"rate:{name}:{seconds}:{int(now) // seconds}", seconds + 1) if hits else None
    return _here.hit(name, seconds, now) if found is None else found


def check(request: Any) -> None:
    """Refuse with 429 whoever exceeds COUNTERMARK_RATE requests in this second. For plain views."""
    if not _within(request):
        raise too_many(1)


def _within(request: Any) -> bool:
    """The first sixteenth of a second's requests is each process's own to give, so that who goes
    at an ordinary pace never costs a question to Redis. A caller spread over many processes may
    thereby reach almost twice the limit; one process alone gives exactly the limit."""
    limit = settings.COUNTERMARK_RATE
    if limit <= 0:
        return True
    caller, free = caller_of(request), limit // 16
    if free and _here.hit(f"free:{caller}", 1, time.time()) <= free:
        return True
    return count(caller, 1) <= limit - free


class CallerRate(BaseThrottle):
    """The same for DRF views, by `throttle_classes`."""

    def allow_request(self, request: Any, view: Any) -> bool:
        return _within(request)

    def wait(self) -> float:
        return 1.0


def guessing(request: Any) -> DomainError | None:
    """After a refused key: 429 for an address that keeps guessing, else None.

    Requests without a key are not guesses, and a right key is let in whatever others try.
    """
    if not request.META.get("HTTP_AUTHORIZATION"):
        return None
    if count(f"guess:{address_of(request)}", 60) <= GUESSES_PER_MINUTE:
        return None
    return too_many(60 - time.time() % 60)
