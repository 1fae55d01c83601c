"""Races for real: threads that start together, each with its own connection and real commits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from assurance.errors import DomainError


def race(runners: list[Callable[[], Any]]) -> list[Any]:
    """Run all at once; each result is what was returned or the DomainError that was raised."""
    barrier = Barrier(len(runners))

    def run(act: Callable[[], Any]) -> Any:
        connection.ensure_connection()
        barrier.wait(timeout=60)
        try:
            return act()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(runners)) as pool:
        return list(pool.map(run, runners))


def refusals(results: list[Any], code: str) -> list[DomainError]:
    """The refusals with this code."""
    return [one for one in results if isinstance(one, DomainError) and one.code == code]
