"""Processes on a leash: start, watch, signal, kill with all descendants. Standard library only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from assurance import leash

ROOT = Path(__file__).resolve().parent.parent
LEASH = [sys.executable, "-I", "-S", leash.__file__]


class Refusal(Exception):
    """Why nothing was started, in sentences for the person at the terminal."""


def launcher(stop_signal: int = signal.SIGTERM, uid: int = -1) -> list[str]:
    """The words to put before a command so that it dies with this process.

    Linux ties the death signal to the *thread* that started the child, so only the main thread
    asks for it; children of other threads are held by the watchdog alone.
    """
    main = threading.current_thread() is threading.main_thread()
    return [*LEASH, "launch", str(os.getpid() if main else 0), str(int(stop_signal)), str(uid)]


def run(
    command: Iterable[str],
    *,
    env: Mapping[str, str] | None = None,
    uid: int = -1,
    log: Path | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a short command on the leash and return its output; into `log` when one is given."""
    out = log.open("a") if log else None
    try:
        return subprocess.run(
            [*launcher(signal.SIGKILL, uid), *command],
            env=env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out or subprocess.PIPE,
            stderr=subprocess.STDOUT if out else subprocess.PIPE,
            text=True,
            timeout=timeout,
        )
    finally:
        if out:
            out.close()


class Watchdog:
    """A small process that ends everything in its list when our end of its pipe closes."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [*LEASH, "watch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            text=True,
        )
        self.pid = self._popen.pid

    def add(self, process: Process) -> None:
        """Put a process on the list."""
        self._tell(f"add {process.pid} {int(process.stop_signal)} {process.started}")

    def drop(self, process: Process) -> None:
        """Take it off again: it was ended on purpose."""
        self._tell(f"drop {process.pid}")

    def dismiss(self) -> None:
        """Everything has ended; so does the watchdog."""
        self._tell("done")
        with suppress(OSError):
            self._popen.communicate(timeout=5)

    def _tell(self, line: str) -> None:
        pipe = self._popen.stdin
        with suppress(OSError, ValueError):  # a dead watchdog leaves the kernel's leash
            if pipe:
                pipe.write(line + "\n")
                pipe.flush()


class Process:
    """One running service: its main process and all that descends from it."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        env: Mapping[str, str],
        log: Path,
        watchdog: Watchdog,
        stop_signal: int = signal.SIGTERM,
        uid: int = -1,
    ) -> None:
        self.name, self.log, self.stop_signal = name, log, stop_signal
        self._watchdog, self._asked = watchdog, False
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                [*launcher(stop_signal, uid), *command],
                env=env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._popen.pid
        seen = leash.look(self.pid)
        self.started = seen.started if seen else "gone"
        watchdog.add(self)

    @property
    def exit_code(self) -> int | None:
        """None while the main process runs."""
        return self._popen.poll()

    @property
    def alive(self) -> bool:
        """Whether the main process runs."""
        return self.exit_code is None

    def family(self) -> list[int]:
        """The numbers of the main process and its descendants that live now."""
        return leash.family(self.pid, self.started)

    def signal(self, number: int) -> None:
        """Send a signal to the main process only."""
        if self.alive:
            leash.send(self.pid, number)

    def freeze(self) -> None:
        """SIGSTOP the whole family: alive, but deaf."""
        for member in self.family():
            leash.send(member, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT the whole family."""
        for member in self.family():
            leash.send(member, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9 of the whole family, as a power loss would; returns when all are gone."""
        while members := self.family():
            for member in members:
                leash.send(member, signal.SIGKILL)
            self._popen.poll()
            time.sleep(0.01)
        self._popen.wait()
        self._watchdog.drop(self)

    def wait(self) -> int:
        """Wait for its own end and return the exit code."""
        code = self._popen.wait()
        self.kill()
        return code

    def ask_to_stop(self) -> None:
        """Send its stop signal, once: to some programs a second one means "at once"."""
        if not self._asked:
            self._asked = True
            self.signal(self.stop_signal)

    def stop(self, grace: float = 10) -> None:
        """Ask it to end, and kill what is left after `grace` seconds."""
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(grace)
        self.kill()

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        return tail(self.log, lines)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a file, or nothing."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
