"""What only somebody with full write access to the database can do, for tests of what we see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def tampering() -> Iterator[Any]:
    """A cursor under which the triggers sleep: it may rewrite what is written."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")


def past_the_guards(act: Callable[..., Any], *args: Any, **fields: Any) -> Any:
    """Do one act, say a queryset's `update`, while the triggers sleep: for a story that begins
    where no verb would bring it."""
    with tampering():
        return act(*args, **fields)
