"""Stored assessments, read in order of time while those read before are judged."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg
from django.db import connection

_BYTES_AT_ONCE = 3_000_000
_FIRST, _LEAST, _MOST = 100, 20, 4_000
# Cases of which each asks the database something are counted in smaller batches, so that whoever
# counts them looks at the time.
SLOW_AT_ONCE = 200

READ = """
SELECT a.id, a.case_id, a.revision, a.control_set_id, a.disposition, a.would_be, a.ungoverned,
       a.decided_by::text, a.results::text, a.facts::text, a.at::text,
       EXISTS (SELECT FROM controls_label l WHERE l.case_id = a.case_id)
  FROM controls_assessment a
 WHERE a.workflow_id = %(workflow)s AND a.purpose = 'intake' AND a.at <= %(until)s
   AND a.at >= %(since)s AND (a.at, a.id) > (%(since)s, %(position)s){sample}
 ORDER BY a.at, a.id LIMIT %(limit)s
"""
EARLIEST = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


class Stored(NamedTuple):
    """One assessment as it was stored. Its time and its JSON are still text: most are never read,
    and a time is dear to read."""

    pk: int
    case_id: UUID
    revision: int
    set_pk: int
    disposition: str
    would_be: str
    ungoverned: bool
    decided_by: str
    results: str
    facts: str
    at_text: str
    has_label: bool

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.at_text)


def read(
    workflow_pk: int,
    *,
    until: datetime,
    since: datetime | None = None,
    after: tuple[datetime, int] | None = None,
    one_in: int = 1,
    most: int | None = None,
) -> Generator[list[Stored], None, None]:
    """The intake assessments of a workflow up to a moment, oldest first, in batches that fit into
    memory whatever the size of a case. `after` is the (time, key) of the last one already seen;
    `one_in` leaves out all but one in so many, `most` bounds a batch. Close it if you stop."""
    # A window includes its first moment.
    place: tuple[datetime | str, int] = after or (since or EARLIEST, 0)
    sql = READ.format(sample=f" AND a.id %% {int(one_in)} = 0" if one_in > 1 else "")
    limit, more = _FIRST, True
    with ExitStack() as ends:
        reader = _reader(ends)

        def ask() -> None:
            reader.ask(
                sql,
                {
                    "workflow": workflow_pk,
                    "until": until,
                    "since": place[0],
                    "position": place[1],
                    "limit": limit,
                },
            )

        ask()
        while more:
            rows = [Stored._make(row) for row in reader.answer()]
            more = len(rows) >= limit
            if more:
                place = rows[-1].at_text, rows[-1].pk
                size = sum(len(row.facts) + len(row.results) for row in rows) // len(rows) + 1
                limit = min(max(_BYTES_AT_ONCE // size, _LEAST), most or _MOST)
                ask()
            if rows:
                yield rows


class _Reader(Protocol):
    """Asks now and has the answer later."""

    def ask(self, sql: str, params: dict[str, Any]) -> None: ...

    def answer(self) -> list[tuple[Any, ...]]: ...


def _reader(ends: ExitStack) -> _Reader:
    # What an open transaction wrote, no other connection sees.
    if connection.in_atomic_block:
        return _Here()
    return _Ahead(ends)


class _Here:
    """On the connection of this thread: asks when the answer is wanted."""

    def __init__(self) -> None:
        self._asked: tuple[str, dict[str, Any]] = "", {}

    def ask(self, sql: str, params: dict[str, Any]) -> None:
        self._asked = sql, params

    def answer(self) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(*self._asked)
            return cursor.fetchall()


class _Ahead:
    """On a connection of its own, in pipeline mode: the database works on the next batch while we
    judge this one."""

    def __init__(self, ends: ExitStack) -> None:
        own = connection.copy()
        own.ensure_connection()
        ends.callback(own.close)
        raw: Any = own.connection
        # It waits for us as long as a batch takes to judge; what it reads is bounded.
        raw.execute("SET statement_timeout = 0")
        ends.enter_context(raw.pipeline())
        self._raw = raw
        self._cursor: Any = None

    def ask(self, sql: str, params: dict[str, Any]) -> None:
        self._cursor = psycopg.Cursor(self._raw)
        self._cursor.execute(sql, params)

    def answer(self) -> list[tuple[Any, ...]]:
        return self._cursor.fetchall()
