"""The dispatcher: takes what is due, sends it in threads, notes what came of it.

One at a time in the installation, for about half a minute at most, then the next ring or sweep
goes on. The threads only talk to receivers; every row is read and written here, so no database
connection and no row lock is held while a receiver thinks. A dispatcher that is killed loses
nothing: its leases end by themselves.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from assurance.delivery import settling, webhooks
from assurance.delivery.due import due, take
from assurance.delivery.models import Delivery
from assurance.delivery.network import SECONDS, Reply
from assurance.delivery.retries import PATIENCE, TRIES
from assurance.delivery.signing import SecretUnreadable

log = logging.getLogger(__name__)

THREADS = 32
BUDGET = 40.0  # seconds of taking; a try that was begun is waited for
_LOOK_AGAIN = 0.1  # seconds, while others are still on their way
_HOPELESS_AT_ONCE = 500
LOCK = 0x636D_6465_6C69_7665  # "cmdelive"

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Flight:
    """One try on its way."""

    delivery: Delivery
    headers: dict[str, str]
    began: datetime


def run(now: Now, *, budget: float = BUDGET) -> int:
    """Send what is due until nothing is or the budget is spent; returns the number of tries.

    Does nothing while another dispatcher is at work: that one looks once more when it has put
    down the lock, so what was promised meanwhile is not left lying.
    """
    ends = time.monotonic() + budget
    tries = 0
    while time.monotonic() < ends:
        with alone() as is_alone:
            if not is_alone:
                break
            tidy(now())
            tries += _send_all(now, ends)
        if not due(now(), room=1):
            break
    return tries


def tidy(at: datetime) -> None:
    """End what cannot be sent: its endpoint or client was switched off or lost the workflow, its
    tries were used up by workers that died, or its endpoint has failed for three days."""
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL, {"reason": _CANCELLED})
    hopeless = Delivery.objects.pending().hopeless(at, tries=TRIES, patience=PATIENCE)
    for pk in hopeless.order_by("pk").values_list("pk", flat=True)[:_HOPELESS_AT_ONCE]:
        _without_stumbling(settling.give_up_hopeless, pk, at=at)


def _send_all(now: Now, ends: float) -> int:
    tries = 0
    flying: dict[Future[Reply], Flight] = {}
    with ThreadPoolExecutor(THREADS, thread_name_prefix="webhook") as pool:
        while True:
            left = ends - time.monotonic()
            if left > 0 and len(flying) < THREADS:
                # Near the end only healthy endpoints: nobody shall wait for a slow last one.
                for delivery in take(now(), room=THREADS - len(flying), risky=left > SECONDS):
                    tries += 1
                    _launch(delivery, pool, flying, now)
            if not flying:
                return tries
            landed, _ = wait(flying, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED)
            for future in landed:
                flight = flying.pop(future)
                _without_stumbling(
                    settling.settle,
                    flight.delivery,
                    future.result(),
                    sent=flight.headers,
                    began=flight.began,
                    at=now(),
                )


def _launch(
    delivery: Delivery, pool: ThreadPoolExecutor, flying: dict[Future[Reply], Flight], now: Now
) -> None:
    at = now()
    try:
        message = webhooks.envelope(delivery, at=at)
    except SecretUnreadable as error:
        reply = Reply(code="secret_unreadable", error=str(error))
        _without_stumbling(settling.settle, delivery, reply, sent={}, began=at, at=at)
        return
    future = pool.submit(webhooks.send, message)
    flying[future] = Flight(delivery, dict(message.headers), at)


@contextmanager
def alone() -> Iterator[bool]:
    """Whether we are the only dispatcher. The lock falls with our connection if we are killed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (is_ours,) = cursor.fetchone()
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _without_stumbling(step: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    """One delivery that cannot be noted must not stop the others: it is logged, its lease ends,
    and it is tried again until its tries are used up."""
    try:
        step(*args, **kwargs)
    except (DatabaseError, ValueError, RuntimeError):
        if not _may_go_on():
            raise
        log.exception("webhook_not_noted")


def _may_go_on() -> bool:
    """Not over a lost connection, nor inside a transaction that the failure has spoiled."""
    return not connection.in_atomic_block and connection.is_usable()


_CANCELLED = "Cancelled: its endpoint or client was switched off or lost this workflow."
_CANCEL = """
UPDATE delivery_delivery AS d
SET status = 'cancelled', claimed_until = NULL, last_error = %(reason)s
FROM delivery_endpoint AS e JOIN accounts_client AS c ON c.id = e.client_id
WHERE d.status = 'pending' AND e.id = d.endpoint_id
  AND NOT (e.active AND c.active AND c.workflows @> ARRAY[d.workflow]::varchar[])
"""
