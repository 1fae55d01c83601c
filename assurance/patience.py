"""Try again when the database said "not now": a deadlock, a lock that took too long, a conflict.

Nothing of the failed try is left, since its transaction or savepoint was rolled back whole.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError

P = ParamSpec("P")
R = TypeVar("R")

# serialization_failure, deadlock_detected, lock_not_available
NOT_NOW = {"40001", "40P01", "55P03"}
TRIES = 3
LONGEST_PAUSE = 0.2  # seconds


def patient(verb: Callable[P, R]) -> Callable[P, R]:
    """Around a verb that opens its own transaction: `@patient` above `@transaction.atomic`."""

    @wraps(verb)
    def act(*args: P.args, **kwargs: P.kwargs) -> R:
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                return verb(*args, **kwargs)
            except OperationalError as error:
                if last or getattr(error.__cause__, "sqlstate", None) not in NOT_NOW:
                    raise
                time.sleep(random.uniform(0, LONGEST_PAUSE))
        raise AssertionError("the last try returns or raises")

    return act
