"""Is the installation ready to serve? The database, its migrations, and a worker that hears."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error

DEAF_AFTER = 45  # seconds; the canary is touched every 15, and deafness must show within 60
GRACE = 60  # seconds after start in which a worker may still be coming up
_started = time.monotonic()
_migrated = False


def touch() -> None:
    """The worker's sign of life, by the database's own clock: an offset of ours is no lateness."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO api_canary (id, touched_at) VALUES (1, clock_timestamp())"
            " ON CONFLICT (id) DO UPDATE SET touched_at = excluded.touched_at"
        )


def canary_age() -> float | None:
    """Seconds since a worker last ran a task; None where none ever has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - touched_at) FROM api_canary WHERE id = 1"
        )
        row = cursor.fetchone()
    return float(row[0]) if row else None


def readiness() -> tuple[bool, dict[str, Any]]:
    """Whether to send traffic here, and each check with its reason. Redis is told but not asked
    for: without it everything is only slower."""
    checks: dict[str, Any] = {"database": _database()}
    if checks["database"]["ok"]:
        checks["migrations"] = _migrations()
        if checks["migrations"]["ok"]:
            checks["worker"] = _worker()
    ready = all(check["ok"] for check in checks.values())
    checks["redis"] = {"ok": _redis(), "required": False}
    return ready, checks


def _database() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return {"ok": False, "reason": "The database does not answer."}
    return {"ok": True}


def _migrations() -> dict[str, Any]:
    """Once all are applied they stay so, and the question is not asked again."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            return {"ok": False, "reason": f"{len(waiting)} migrations wait. Run `migrate`."}
        _migrated = True
    return {"ok": True}


def _worker() -> dict[str, Any]:
    age = canary_age()
    if age is not None and age <= DEAF_AFTER:
        return {"ok": True, "age": round(age, 1)}
    # A sign from before this process started says nothing of the worker that starts beside it.
    up = time.monotonic() - _started
    forgiven = up < GRACE and (age is None or age > up)
    if age is None:
        reason = "No worker has run a task yet. Start one: `celery -A assurance worker`, and beat."
        return {"ok": forgiven, "age": None, "reason": reason}
    reason = f"No worker has run a task for {age:.0f} s. Restart the worker, the beat or Redis."
    return {"ok": forgiven, "age": round(age, 1), "reason": reason}


def _redis() -> bool:
    cache.set("alive", 1, 10)
    return cache.get("alive") == 1
