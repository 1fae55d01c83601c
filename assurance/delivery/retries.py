"""When to try again: soon at first, then patiently, for three days in all.

>>> [round(pause_before(n, spread=1.0).total_seconds()) for n in (1, 2, 3)]
[5, 30, 120]
>>> pause_before(TRIES, spread=1.0) is None
True
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

# After the first, second, … failed try. Together three days, less a quarter of an hour.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 68_400, 90_000)
)
TRIES = len(PAUSES) + 1
PATIENCE = timedelta(days=3)
JITTER = 0.1  # a tenth up or down, so that what failed together does not come back together
LONGEST_WISH = timedelta(hours=24)


def pause_before(tried: int, *, spread: float | None = None) -> timedelta | None:
    """How long to wait after the `tried`th try failed; None when that was the last.

    `spread` is the factor of the jitter, drawn if not given.
    """
    if tried >= TRIES:
        return None
    factor = random.uniform(1 - JITTER, 1 + JITTER) if spread is None else spread  # nosec B311
    return PAUSES[max(tried, 1) - 1] * factor


def wish_of(retry_after: str, *, at: datetime) -> timedelta | None:
    """What a receiver asks for in Retry-After, in seconds or as a date, never more than a day.
    None for nothing, the past and nonsense."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        wish = timedelta(seconds=min(int(text[:9]), int(LONGEST_WISH.total_seconds())))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        if moment.tzinfo is None:
            return None
        wish = moment - at
    return min(wish, LONGEST_WISH) if wish > timedelta(0) else None
