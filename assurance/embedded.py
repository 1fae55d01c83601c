"""PostgreSQL and Valkey from wheels, run under our own supervision. Standard library only.

The wheels' Python wrappers are not used: as root the one for PostgreSQL loosens the permissions
of parent folders, and both can outlive the process that started them. Their programs are called
directly. PostgreSQL listens on a unix socket in a closed folder, Valkey on loopback with a
password.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
from pathlib import Path
from urllib.parse import quote

from assurance import leash
from assurance.folder import write_private
from assurance.home import POSTGRES_MAJOR, Home, postgres_for, valkey_for
from assurance.processes import Refusal, run

# A unix socket's path may have 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_LIMIT = 100


class Postgres:
    """One PostgreSQL cluster in the home of the services: its files, its command, its address."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home, self.durable = home, durable
        self.data = home.path / "postgres"
        self.programs = postgres_for(home)
        self.socket = self._socket_folder()
        self.environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(home.path)}

    def prepare(self, log: Path) -> bool:
        """End leftovers and make the cluster where there is none. Returns whether it was made."""
        end_leftovers(self.data, signal.SIGQUIT)
        self._forget_stranger()
        if self.data.exists():
            version = (self.data / "PG_VERSION").read_text().strip()
            if version != POSTGRES_MAJOR:
                raise Refusal(
                    f"{self.data} was made by PostgreSQL {version}; this version brings"
                    f" {POSTGRES_MAJOR}. Dump it with the old version (pg_dump), then start"
                    " with a new data folder and restore the dump."
                )
            return False
        # Made beside and renamed, so that an interrupted initdb leaves nothing half.
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        command = [
            *(str(self.programs / "initdb"), "--pgdata", str(draft), "--username=postgres"),
            *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if self.durable else ("--no-sync",)),
        ]
        if run(command, env=self.environment, uid=self.home.uid, log=log).returncode:
            raise Refusal(f"PostgreSQL could not make its data folder; see {log}")
        draft.rename(self.data)
        return True

    def command(self) -> list[str]:
        """The server, on its socket only."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",  # our statements are short: compiling one takes longer than it saves
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
            settings |= {"autovacuum": "off"}  # what is emptied after each test needs no tidying
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def ready(self, pid: int) -> bool:
        """Whether the server with this number takes connections."""
        lines = self._pid_file()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def url(self, role: str) -> str:
        """The address for Django and libpq."""
        return f"postgres://{role}@{quote(str(self.socket), safe='')}/countermark"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the superuser; rows as text."""
        address = self.url("postgres").rpartition("/")[0] + "/" + database
        return psql(self.programs, address, statement)

    def make_database(self) -> str:
        """Make the application's own role, no superuser, and its database where they are missing.

        Returns the mark of the last complete migration, kept in the database that it is true of.
        """
        role, database, mark = self.sql(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'countermark'), EXISTS"
            " (SELECT FROM pg_database WHERE datname = 'countermark'), (SELECT coalesce("
            "shobj_description(oid, 'pg_database'), '') FROM pg_database"
            " WHERE datname = 'countermark')"
        ).split("|")
        if role == "f":
            self.sql("CREATE ROLE countermark LOGIN")
        if database == "f":
            self.sql("CREATE DATABASE countermark OWNER countermark")
        return mark

    def mark_migrated(self, mark: str) -> None:
        """Note that every migration of this mark is applied."""
        self.sql(f"COMMENT ON DATABASE countermark IS '{mark}'")

    def _socket_folder(self) -> Path:
        if len(str(self.home.path)) + len("/.s.PGSQL.5432.lock") <= SOCKET_PATH_LIMIT:
            return self.home.path
        name = hashlib.sha256(str(self.home.path).encode()).hexdigest()[:12]
        folder = self.home.make(Path(tempfile.gettempdir()) / f"countermark-{name}")
        owner = self.home.uid if self.home.uid >= 0 else os.geteuid()
        if folder.is_symlink() or folder.stat().st_uid != owner:
            raise Refusal(f"{folder} belongs to somebody else. Remove it, or use a shorter --data.")
        return folder

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _forget_stranger(self) -> None:
        """After a power loss the noted number may be another process's now, and PostgreSQL would
        refuse to start. Nothing works in this folder any more, so the note is wrong."""
        lines = self._pid_file()
        if lines and leash.look(int(lines[0])):
            (self.data / "postmaster.pid").unlink()


class Valkey:
    """One Valkey: its configuration, its command, its address."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.uid = home.uid
        self.home = home
        self.folder = home.make(home.path / "valkey")
        self.program = valkey_for(home)
        self.port, self.password = free_port(), secrets.token_urlsafe(24)
        self.configuration = self.folder / "valkey.conf"
        end_leftovers(self.folder, signal.SIGTERM)
        lines = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self.password,
            "dir": self.folder,
            "appendonly": "yes" if durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        write_private(
            self.configuration, "".join(f"{key} {value}\n" for key, value in lines.items())
        )
        home.give(self.configuration)

    @property
    def url(self) -> str:
        """The address for Django and Celery."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """The server in the foreground."""
        return [str(self.program), str(self.configuration)]

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 0.5) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (more := connection.recv(100)):
                    answer += more
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")


def psql(programs: Path, address: str, statement: str) -> str:
    """Run one statement on any PostgreSQL. Raises Refusal with the server's own words."""
    command = [str(programs / "psql"), address, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
    done = run(command, env={**os.environ, "PGCONNECT_TIMEOUT": "5"})
    if done.returncode:
        raise Refusal(done.stderr.strip())
    return done.stdout.strip()


def end_leftovers(folder: Path, stop_signal: int) -> None:
    """End every process that works in this folder: what a kill -9 of its starter left behind."""
    left = [(one.pid, one.started, int(stop_signal)) for one in leash.working_in(folder)]
    leash.end(left, grace=5)


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
