"""The data folder: who holds it, its secret, what runs on it, and what a crash left behind.

DIR/lock            held (flock) by the `up` that runs on it; the system frees it on any death
DIR/secret_key      made once, 0600
DIR/services.json   while it runs: the address, the environment, the processes; 0600
DIR/services        PostgreSQL and Valkey (elsewhere when their user cannot get here)
DIR/logs DIR/static
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any, TextIO

from assurance import leash
from assurance.processes import ROOT, Process, Refusal

DEFAULT = ROOT / ".countermark"


class DataFolder:
    """One data folder. `take()` makes and locks it; `release()` gives it back."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().resolve()
        self.logs = self.path / "logs"
        self.services_file = self.path / "services.json"
        self._lock: TextIO | None = None

    def take(self) -> int:
        """Make the folder, hold it, and end what a crashed run left. Returns how many that were.

        Raises Refusal when another process holds it or when it is somebody else's folder.
        """
        self._make()
        lock = open(self.path / "lock", "a+")  # noqa: SIM115  held until release()
        for last in (False, False, False, True):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if last:
                    lock.seek(0)
                    raise Refusal(self._held_sentence(lock.read().strip())) from None
                time.sleep(0.1)  # another command may only be looking, see holder()
        self._lock = lock
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return self._end_leftovers()

    def release(self) -> None:
        """Nothing of ours runs here any more; somebody else's hold is left alone."""
        if self._lock:
            self.services_file.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def holder(self) -> int | None:
        """The process that runs on this folder now, or None."""
        try:
            with open(self.path / "lock") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return int(lock.read().strip() or 0)
        except OSError:
            pass
        return None

    def secret_key(self) -> str:
        """The installation's key, made on first use."""
        file = self.path / "secret_key"
        if not file.exists():
            write_private(file, secrets.token_urlsafe(50))
        return file.read_text().strip()

    def write_services(
        self, address: str, environment: dict[str, str], processes: dict[str, Process]
    ) -> None:
        """Note what runs, for other commands and for the run after a crash."""
        content = {
            "pid": os.getpid(),
            "address": address,
            "environment": environment,
            "processes": {
                name: {"pid": one.pid, "started": one.started, "stop": int(one.stop_signal)}
                for name, one in processes.items()
            },
        }
        write_private(self.services_file, json.dumps(content, indent=1))

    def read_services(self) -> dict[str, Any]:
        """What `write_services` noted; empty when nothing was or when a crash cut it short."""
        try:
            content = json.loads(self.services_file.read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _make(self) -> None:
        if self.path.exists():
            try:
                names = {one.name for one in self.path.iterdir()}
            except NotADirectoryError:
                raise Refusal(
                    f"{self.path} is a file. Give a folder for the data with --data."
                ) from None
            if names and "secret_key" not in names:
                raise Refusal(
                    f"{self.path} holds files that are not Countermark's. Give a new or an"
                    " empty folder with --data."
                )
        else:
            self.path.mkdir(parents=True)
            # As root the services run as another user, who must get through, not look around.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self.secret_key()
        if not self.logs.exists():
            self.logs.mkdir(mode=0o700)

    def _held_sentence(self, pid: str) -> str:
        address = self.read_services().get("address")
        where = f", at {address}" if address else ""
        return (
            f"Countermark already runs on this data folder: process {pid or 'unknown'}{where}."
            f" Stop it first (kill {pid or 'it'}), or give another folder with --data."
        )

    def _end_leftovers(self) -> int:
        """End the processes of a run that was killed, as far as they still live.

        A number alone proves nothing after a restart of the machine, so each is compared with
        the time at which its process started.
        """
        leaders = [
            (one["pid"], one["started"], one["stop"])
            for one in self.read_services().get("processes", {}).values()
        ]
        left = [leader for leader in leaders if leash.family(leader[0], leader[1])]
        leash.end(left, grace=5)
        self.services_file.unlink(missing_ok=True)
        return len(left)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def environment_of(data: str | None) -> dict[str, str]:
    """The variables with which a command talks to the services of a running folder.

    `data` is COUNTERMARK_DATA; without it the default folder is used when something runs there.
    Raises Refusal when a folder was named and nothing runs on it.
    """
    folder = DataFolder(data or DEFAULT)
    if folder.holder() is not None and (noted := folder.read_services()):
        return dict(noted["environment"])
    if data:
        raise Refusal(
            f"Nothing runs on the data folder {folder.path}. Start it in another terminal:"
            f" python3 manage.py up --data {folder.path}"
        )
    return {}
