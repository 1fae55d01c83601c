"""Redis as a cache that may be lost at any moment, at the price of a miss.

Each call waits at most for one socket timeout (settings: 0.2 s). After a failure nobody in this
process asks again for some seconds, so a black hole costs one short wait, not one per request.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

REST = 5.0  # seconds without asking after a failure


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache whose errors become misses and no-ops."""

    _silent_until = 0.0  # monotonic; one for all threads and aliases of the process

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        # redis-py would try a failed call three times more and add the timeouts up.
        self._options: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), **self._options}

    @property
    def is_resting(self) -> bool:
        """Redis failed moments ago and is left alone."""
        return time.monotonic() < ForgivingRedisCache._silent_until

    def _forgive(self, call: Callable[[], Any], otherwise: Any) -> Any:
        if self.is_resting:
            return otherwise
        try:
            return call()
        except (RedisError, OSError) as error:
            ForgivingRedisCache._silent_until = time.monotonic() + REST
            log.warning("Redis is lost, going on without it for %s s: %s", REST, error)
            return otherwise

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._forgive(
            lambda: super(ForgivingRedisCache, self).get(key, default, version), default
        )

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._forgive(
            lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version), None
        )

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        return self._forgive(
            lambda: super(ForgivingRedisCache, self).add(key, value, timeout, version), True
        )

    def touch(
        self, key: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return self._forgive(
            lambda: super(ForgivingRedisCache, self).touch(key, timeout, version), False
        )

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._forgive(lambda: super(ForgivingRedisCache, self).delete(key, version), False)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return self._forgive(lambda: super(ForgivingRedisCache, self).get_many(keys, version), {})

    def set_many(
        self,
        data: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[Any]:
        return self._forgive(
            lambda: super(ForgivingRedisCache, self).set_many(data, timeout, version), list(data)
        )

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._forgive(lambda: super(ForgivingRedisCache, self).delete_many(keys, version), None)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._forgive(lambda: super(ForgivingRedisCache, self).has_key(key, version), False)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """As of an unknown key where Redis is lost: ValueError, as callers already expect."""
        found = self._forgive(
            lambda: super(ForgivingRedisCache, self).incr(key, delta, version), None
        )
        if found is None:
            raise ValueError(f"Key {key!r} not found.")
        return found

    def clear(self) -> bool:  # type: ignore[override]
        return self._forgive(lambda: super(ForgivingRedisCache, self).clear(), False)

    def hits(self, key: str, seconds: int) -> int | None:
        """Count one hit in the window that `key` names; None where Redis is lost."""
        name = self.make_and_validate_key(key)

        def count() -> int:
            pipeline = self._cache.get_client(name, write=True).pipeline(transaction=False)
            pipeline.incr(name)
            pipeline.expire(name, seconds)
            return int(pipeline.execute()[0])

        return self._forgive(count, None)
