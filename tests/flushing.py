"""Emptying the database after a test with real commits, although the record refuses TRUNCATE."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations


def _flush(self: DatabaseOperations, sql_list: list[str]) -> None:
    """Django's own, with the triggers asleep. Only a superuser of the database may do that."""
    alias = self.connection.alias
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in sql_list:
            cursor.execute(sql)


@pytest.fixture(autouse=True, scope="session")
def flush_past_the_triggers() -> Any:
    """The record's triggers refuse TRUNCATE, which is how transactional tests clean up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", _flush)
        yield
