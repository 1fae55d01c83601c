"""The only source of time: the database's clock, plus an offset that only tests and the demo set.

Machines disagree about the time; leases, due times and sweeps must not. So `now()` asks the
database, at the edge, once, and the answer is passed down as an argument. Order never comes
from clocks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from django.db import connection

_shift: ContextVar[timedelta] = ContextVar("clock_shift", default=timedelta(0))

_NOW = (
    "SELECT clock_timestamp()"
    " + coalesce((SELECT shift FROM record_clockoffset WHERE id = 1), interval '0')"
)


def now() -> datetime:
    """The time, aware, UTC, the same for every process of the installation."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        (moment,) = cursor.fetchone()
    return moment.astimezone(UTC) + _shift.get()


def set_offset(offset: timedelta) -> None:
    """Move the clock of every process. For tests and the demo only."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO record_clockoffset (id, shift) VALUES (1, %s::interval)"
            " ON CONFLICT (id) DO UPDATE SET shift = excluded.shift",
            [str(offset.total_seconds()) + " seconds"],
        )


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Move the clock of this process for the length of a block."""
    token = _shift.set(_shift.get() + by)
    try:
        yield
    finally:
        _shift.reset(token)
