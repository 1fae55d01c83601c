"""Progress in plain sentences, each with the seconds since the command was given."""

from __future__ import annotations

import os
import time
from contextlib import suppress

# Carries the beginning over into `.venv`, where the same command starts again.
BEGAN = "COUNTERMARK_BEGAN"


def seconds() -> float:
    """Seconds since the command was given."""
    began = float(os.environ.setdefault(BEGAN, str(time.time())))
    return time.time() - began


def say(sentence: str) -> None:
    """One line for the person at the terminal, who may be gone by now."""
    with suppress(OSError):
        print(f"{seconds():5.1f} s  {sentence}", flush=True)
