"""A whole Countermark as child processes: PostgreSQL, Valkey, gunicorn, worker, beat.

`manage.py up` runs one; tests run private ones and break them:

    with Stack.temporary() as stack:            # its own data folder, removed at the end
        httpx.post(f"{stack.url}/api/v1/cases/", ...)
        stack.kill("web")                       # kill -9 of gunicorn with its workers
        stack.restart("web")                    # the same command, port and environment
        stack.wait_ready()
        stack.kill("postgres", "valkey", "worker", "beat", "web"); stack.restart()
        stack.processes["worker"].freeze()      # SIGSTOP; thaw() goes on
        stack.manage("verify_record")           # a management command on this stack

Names of processes: `postgres`, `valkey` (unless external addresses were given), `web`, `worker`,
`beat`. Logs are in `stack.folder.logs / "<name>.log"`, variables in `stack.environment`, the
superuser's address in `stack.admin_url`. Nothing is restarted by itself. However the process that
made the stack ends, the stack ends with it. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from assurance.embedded import Postgres, Valkey, free_port, psql
from assurance.folder import DataFolder
from assurance.home import Home, postgres_programs
from assurance.probes import (
    ask,
    check_database,
    check_port,
    check_redis,
    migration_mark,
    static_mark,
    temporary_folder,
)
from assurance.processes import ROOT, Process, Refusal, Watchdog, run, tail

APPLICATION = ("web", "worker", "beat")
# A stop is asked for in this order: first what takes work, last what it works on.
STOP_ORDER = ("web", "beat", "worker", "valkey", "postgres")
STARTUP_LIMIT = 90.0


def silent(sentence: str) -> None:
    """The progress of a stack that nobody watches."""


class Stack:
    """One running Countermark. Raises Refusal, in a sentence, when it cannot start.

    data: the data folder; port: of the web server, 0 takes a free one; database_url, redis_url:
    external services instead of embedded ones; environment: further variables for the
    application; durable=False gives up fsync, for tests that never kill the database.
    """

    def __init__(
        self,
        data: Path | str,
        port: int = 0,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        environment: Mapping[str, str] | None = None,
        durable: bool = True,
        say: Callable[[str], None] = silent,
    ) -> None:
        self.folder = DataFolder(data)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, Process] = {}
        self.admin_url = database_url or ""
        self.environment: dict[str, str] = {}
        self._chosen: dict[str, str] = {}
        self._external = (database_url, redis_url)
        self._further = dict(environment or {})
        self._durable, self._say = durable, say
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        self._watchdog: Watchdog | None = None
        self._temporary = False

    @classmethod
    def temporary(cls, **options: object) -> Self:
        """A stack with a data folder of its own, which is removed when it stops."""
        folder = temporary_folder()
        stack = cls(folder, **options)  # type: ignore[arg-type]
        stack._temporary = True
        return stack

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start everything and return when the web server answers 200."""
        try:
            self.start_services()
            self.prepare_application()
            self.start_application()
        except BaseException:
            self.stop()
            raise
        return self

    def start_services(self) -> None:
        """Take the data folder and start PostgreSQL and Valkey, or check the external ones."""
        if ended := self.folder.take():
            self._say(f"An earlier run was killed; ended {ended} processes that it left.")
        check_port(self.port)
        self._watchdog = Watchdog()
        database_url, redis_url = self._external
        home = None if database_url and redis_url else Home(self.folder)
        if home and home.note:
            self._say(home.note)
        if redis_url:
            check_redis(redis_url)
        elif home:
            self._valkey = Valkey(home, durable=self._durable)
            self._spawn("valkey")
        if database_url:
            check_database(database_url)
        elif home:
            self._postgres = Postgres(home, durable=self._durable)
            if self._postgres.prepare(self.folder.logs / "postgres.log"):
                self._say("Made a new PostgreSQL data folder.")
            self._spawn("postgres")
            self.admin_url = self._postgres.url("postgres")
        self._wait_services()
        self.environment = self._make_environment()
        self._note()

    def prepare_application(self) -> None:
        """Migrate and collect the static files, both only when something changed."""
        collecting = self._collect_static()
        try:
            self._migrate()
        except BaseException:
            if collecting:
                collecting.kill()
            raise
        if collecting:
            if collecting.wait():
                raise Refusal(self._failure("The static files could not be collected", "static"))
            self._static_mark().write_text(static_mark())

    def start_application(self) -> None:
        """Start web, worker and beat, and return when the web server answers 200.

        Beat comes last: on two cores a third program that loads would only delay the answer.
        """
        self._spawn("web")
        self._spawn("worker")
        self._note()
        self.wait_ready()
        self._spawn("beat")
        self._note()

    def wait_ready(self, limit: float = STARTUP_LIMIT) -> None:
        """Wait until the web server answers 200 on /readyz (or /healthz where there is none)."""
        deadline = time.monotonic() + limit
        status, body = 0, ""
        while time.monotonic() < deadline:
            status, body = ask(self.port)
            if status == 200:
                return
            if not self.processes["web"].alive:
                raise Refusal(self._failure("The web server did not start", "web"))
            time.sleep(0.05)
        what = f"answers {status}: {body[:500]}" if status else "does not answer"
        raise Refusal(
            self._failure(f"After {limit:.0f} s the web server at {self.url} {what}", "web")
        )

    def kill(self, *names: str) -> None:
        """kill -9 of the named processes with all their children, as one power loss."""
        for name in names:
            self.processes[name].signal(signal.SIGSTOP)  # so that none sees the other fall
        for name in names:
            self.processes[name].kill()

    def restart(self, *names: str) -> None:
        """Start the named processes again, or all that are dead; those alive are stopped first."""
        dead = [name for name, one in self.processes.items() if not one.alive]
        chosen = [name for name in reversed(STOP_ORDER) if name in (names or dead)]
        for name in reversed(chosen):
            self.processes[name].stop()
        for name in chosen:
            if name == "postgres" and self._postgres:
                self._postgres.prepare(self.folder.logs / "postgres.log")
            self._spawn(name)
            if name in ("postgres", "valkey"):
                self._wait_services(name)
        self._note()

    def manage(
        self, *arguments: str, timeout: float = 300, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a management command against this stack; its output is captured. `environment` is
        for this command alone."""
        everything = {**self.environment, **(environment or {})}
        return run(self._manage(*arguments), env=everything, timeout=timeout)

    def count_users(self) -> int:
        """How many accounts there are."""
        count = "SELECT count(*) FROM accounts_user"
        return int(psql(postgres_programs(), self.admin_url, count))

    def stop(self) -> None:
        """Stop everything in order and give the data folder back. Safe to call twice."""
        for name in APPLICATION:
            if name in self.processes:
                self.processes[name].ask_to_stop()
        for name in STOP_ORDER:
            if name in self.processes:
                self.processes[name].stop()
        self.processes.clear()
        if self._watchdog:
            self._watchdog.dismiss()
            self._watchdog = None
        self.folder.release()
        if self._postgres and self._postgres.socket != self._postgres.home.path:
            shutil.rmtree(self._postgres.socket, ignore_errors=True)
        if self._temporary:
            self._remove()

    def remove(self) -> None:
        """Stop, and delete the data folder with the database."""
        self._temporary = True
        self.stop()

    def _remove(self) -> None:
        for used in (self._postgres, self._valkey):
            if used:
                shutil.rmtree(used.home.path, ignore_errors=True)
                with suppress(OSError):  # ours too when the services lived elsewhere, and empty
                    used.home.path.parent.rmdir()
        shutil.rmtree(self.folder.path, ignore_errors=True)

    # --- how each process is started --------------------------------------------------------

    def _spawn(self, name: str) -> None:
        if name == "postgres" and self._postgres:
            one = self._make(
                name,
                self._postgres.command(),
                env=self._postgres.environment,
                uid=self._postgres.home.uid,
                stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
            )
        elif name == "valkey" and self._valkey:
            uid = self._valkey.home.uid
            one = self._make(name, self._valkey.command(), env={"PATH": os.defpath}, uid=uid)
        else:
            commands = {"web": self._web, "worker": self._worker, "beat": self._beat}
            one = self._make(name, commands[name]())
        self.processes[name] = one

    def _make(
        self,
        name: str,
        command: list[str],
        *,
        env: Mapping[str, str] | None = None,
        uid: int = -1,
        stop_signal: int = signal.SIGTERM,
    ) -> Process:
        if self._watchdog is None:
            raise Refusal("This stack was stopped. Make a new one.")
        log = self.folder.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > 10_000_000:
            log.replace(log.with_suffix(".log.1"))
        return Process(
            name,
            command,
            env=self.environment if env is None else env,
            log=log,
            watchdog=self._watchdog,
            stop_signal=stop_signal,
            uid=uid,
        )

    def _manage(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def _web(self) -> list[str]:
        return [
            *(sys.executable, "-m", "gunicorn", "assurance.wsgi:application"),
            *("--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--preload"),
            *("--worker-class", "gthread", "--threads", "8", "--timeout", "60"),
            *("--graceful-timeout", "5", "--no-control-socket"),
        ]

    def _worker(self) -> list[str]:
        return [
            *(sys.executable, "-m", "celery", "-A", "assurance.celery", "worker"),
            *("--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO"),
            *("--without-mingle", "--without-gossip"),
        ]

    def _beat(self) -> list[str]:
        return [
            *(sys.executable, "-m", "celery", "-A", "assurance.celery", "beat"),
            *("--schedule", str(self.folder.path / "beat-schedule"), "--loglevel", "INFO"),
            *("--pidfile", ""),
        ]

    def _make_environment(self) -> dict[str, str]:
        database_url, redis_url = self._external
        if self._postgres:
            database_url = self._postgres.url("countermark")
        if self._valkey:
            redis_url = self._valkey.url
        outer = {name: value for name, value in os.environ.items() if name != "COUNTERMARK_BEGAN"}
        # Commands join with the same choices: what webhooks may reach, and the like.
        ours = {name: value for name, value in outer.items() if name.startswith("COUNTERMARK_")}
        chosen = ours | {
            "SECRET_KEY": os.environ.get("SECRET_KEY") or self.folder.secret_key(),
            "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS") or "127.0.0.1,localhost",
            "COUNTERMARK_STATIC": os.environ.get("COUNTERMARK_STATIC")
            or str(self.folder.path / "static"),
            "DATABASE_URL": database_url or "",
            "REDIS_URL": redis_url or "",
            "COUNTERMARK_DATA": str(self.folder.path),
            "COUNTERMARK_PLAIN_HTTP": "true",
            "COUNTERMARK_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "assurance.settings",
        }
        self._chosen = chosen | self._further
        return outer | {"PYTHONUNBUFFERED": "1"} | self._chosen

    def _note(self) -> None:
        self.folder.write_services(self.url, self._chosen, self.processes)

    def _wait_services(self, *names: str) -> None:
        deadline = time.monotonic() + STARTUP_LIMIT
        waiting = set(names or self.processes)
        while waiting:
            for name in list(waiting):
                process = self.processes[name]
                if name == "postgres" and self._postgres:
                    ready = self._postgres.ready(process.pid)
                else:
                    ready = bool(self._valkey and self._valkey.ready())
                if ready:
                    waiting.discard(name)
                elif not process.alive or time.monotonic() > deadline:
                    raise Refusal(self._failure(f"{name} did not start", name))
            if waiting:
                time.sleep(0.02)

    def _migrate(self) -> None:
        mark = migration_mark()
        if self._postgres and self._postgres.make_database() == mark:
            return
        self._say("Migrating the database.")
        done = self.manage("migrate", "--no-input")
        (self.folder.logs / "migrate.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            raise Refusal(self._failure("The database could not be migrated", "migrate"))
        if self._postgres:
            self._postgres.mark_migrated(mark)

    def _static_mark(self) -> Path:
        return Path(self.environment["COUNTERMARK_STATIC"] + ".mark")

    def _collect_static(self) -> Process | None:
        mark = self._static_mark()
        if mark.exists() and mark.read_text() == static_mark():
            return None
        self._say("Collecting the static files.")
        return self._make("static", self._manage("collectstatic", "--no-input", "--clear"))

    def _failure(self, sentence: str, name: str) -> str:
        log = self.folder.logs / f"{name}.log"
        end = tail(log)
        return f"{sentence}. The end of {log}:\n{end}" if end else f"{sentence}; see {log}"
