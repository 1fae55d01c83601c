"""`manage.py up` as a person runs it, and the processes that it leaves or does not leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from assurance import leash
from assurance.embedded import free_port
from assurance.processes import ROOT

# What the surrounding test run set, and a person's terminal does not have.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "COUNTERMARK_DATA", "COUNTERMARK_BEGAN")


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end in a clean environment."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(
        command, env=clean_environment() | variables, capture_output=True, text=True, timeout=120
    )


def clean_environment() -> dict[str, str]:
    """The environment without what the test run put there."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


class Running:
    """One `manage.py up` on a data folder; left by killing it."""

    def __init__(self, data: Path, *options: str, **variables: str) -> None:
        self.port = free_port()
        command = [sys.executable, str(ROOT / "manage.py"), "up"]
        self._popen = subprocess.Popen(
            [*command, "--data", str(data), "--port", str(self.port), *options],
            env=clean_environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._popen.pid
        self.lines: list[str] = []
        assert self._popen.stdout
        for line in self._popen.stdout:
            self.lines.append(line.rstrip("\n"))
            if "Ctrl-C stops it" in line:
                return
        raise AssertionError("`up` ended:\n" + "\n".join(self.lines))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)
        if self._popen.stdout:
            self._popen.stdout.close()

    def end(self, number: int) -> int:
        """Send a signal and return the exit code; one that has ended is left alone."""
        self._popen.send_signal(number)
        return self._popen.wait(40)

    def descendants(self) -> list[leash.Seen]:
        """Everything that descends from it now, with the watchdog and all pool children."""
        return descendants(self.pid)


def descendants(pid: int) -> list[leash.Seen]:
    """The live processes below one."""
    table, found = leash.processes(), {pid}
    while more := {one.pid for one in table.values() if one.parent in found} - found:
        found |= more
    return [table[one] for one in found if one != pid and one in table]


def survivors(seen: list[leash.Seen], limit: float = 15) -> list[leash.Seen]:
    """Those that still live after at most `limit` seconds."""

    def alive() -> list[leash.Seen]:
        table = leash.processes()
        return [one for one in seen if one.pid in table and table[one.pid].started == one.started]

    wait_until(lambda: not alive(), limit)
    return alive()


def wait_until(condition: Callable[[], bool], limit: float = 15) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
