"""How many submissions of one process may wait for verifiers at once. A slow verifier holds a
thread of the server for seconds; the threads that are left go on receiving.

Nobody is refused for want of a place: the questions go to a worker, and the case is verifying.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PLACES = 3  # of the four threads that a process of the server has at the least
_places = threading.BoundedSemaphore(PLACES)


@contextmanager
def place() -> Iterator[bool]:
    """Whether there was one; it is given back at the end."""
    taken = _places.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            _places.release()
