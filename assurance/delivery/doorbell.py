"""Tell the worker that something waits. Never the message itself: losing a ring costs latency
only, since the sweep finds the row. A lost Redis costs one request some tenths of a second, then
nobody for a while.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction
from kombu import Connection, Producer
from redis.backoff import NoBackoff
from redis.retry import Retry

from assurance.celery import app

log = logging.getLogger(__name__)

SWEEP = "assurance.delivery.tasks.sweep"
_RUNG = "cm:delivery:rung"
# One ring that nobody answered yet is enough; after this it may have been lost.
_RUNG_MILLISECONDS = 1000
_PATIENCE = 0.15  # seconds, for each of connecting and waiting
_QUIET = 3.0  # seconds without a try after Redis failed

_lock = threading.Lock()
_bell: _Bell | None = None
_quiet_until = 0.0


class _Bell:
    """Connections of this process that give up at once."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        timeouts = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE}
        self.redis: Any = redis.Redis.from_url(
            settings.REDIS_URL, retry=Retry(NoBackoff(), 0), **timeouts
        )
        options = app.conf.broker_transport_options | timeouts | {"max_retries": 0}
        self.broker = Connection(settings.CELERY_BROKER_URL, transport_options=options)
        self._producer: Producer | None = None

    def ring(self) -> None:
        if self.redis.set(_RUNG, "1", nx=True, px=_RUNG_MILLISECONDS):
            if self._producer is None:
                self._producer = self.broker.Producer(serializer="json")
            app.send_task(SWEEP, producer=self._producer, expires=10, retry=False)


def ring_after_commit() -> None:
    """Ring once the open transaction is kept, and once only for all its promises."""
    savepoints = set(connection.savepoint_ids)
    for sids, function, *_ in connection.run_on_commit[-1:]:
        # Registered under savepoints that are all still ours: it falls only if we fall too.
        if function is ring and set(sids) <= savepoints:
            return
    transaction.on_commit(ring, robust=True)


def ring() -> None:
    """Ring now. Never raises, never waits long; does nothing for a while after a failure."""
    global _bell, _quiet_until
    if time.monotonic() < _quiet_until:
        return
    # Another thread that waits for a lost Redis is not waited for: its ring serves us too, or
    # the sweep does.
    if not _lock.acquire(timeout=_PATIENCE):
        return
    try:
        if _bell is None or _bell.pid != os.getpid():
            _bell = _Bell()
        _bell.ring()
    except Exception as error:
        _bell = None
        _quiet_until = time.monotonic() + _QUIET
        log.warning("Redis is lost, nobody is rung for %s s: %s", _QUIET, str(error)[:200])
    finally:
        _lock.release()


def answered() -> None:
    """The worker has come: from here on a new promise rings again."""
    try:
        client: Any = redis.Redis.from_url(
            settings.REDIS_URL,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
        )
        with client:
            client.delete(_RUNG)
    except redis.RedisError as error:
        log.warning("Redis is lost, rings stay unanswered: %s", str(error)[:200])
