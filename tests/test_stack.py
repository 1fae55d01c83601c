"""The door with real processes: starting, refusing, recovering, and leaving nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assurance import home, leash
from assurance.embedded import free_port, psql
from assurance.folder import DataFolder
from assurance.home import Home, postgres_programs, valkey_for
from assurance.probes import ask, temporary_folder
from assurance.processes import ROOT, Process, Refusal, Watchdog, run
from assurance.stack import Stack
from tests.running import Running, clean_environment, descendants, manage, survivors, wait_until

DEBIAN_POSTGRES = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One data folder for the whole module: migrated once, then started again and again."""
    folder = temporary_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running(data: Path) -> Iterator[Running]:
    """One `up` for the tests that only look at it; the first test of a stop ends it."""
    with Running(data) as up:
        yield up


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder of the test's own."""
    made = temporary_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


def services(folder: Path, **options: object) -> Stack:
    stack = Stack(folder, durable=False, **options)  # type: ignore[arg-type]
    stack.start_services()
    return stack


def test_up_answers_and_says_its_address_in_the_last_line(running: Running, data: Path) -> None:
    status, _ = ask(running.port)

    assert status == 200
    address = f"http://127.0.0.1:{running.port}/"
    assert running.lines[-1].startswith(f"Countermark is running at {address}")
    assert any("createsuperuser" in line for line in running.lines)
    for name in ("secret_key", "services.json"):
        assert (data / name).stat().st_mode & 0o777 == 0o600


def test_a_second_up_refuses_and_the_first_one_goes_on(running: Running, data: Path) -> None:
    second = manage("up", "--data", str(data), "--port", str(free_port()))

    assert second.returncode == 1
    assert f"already runs on this data folder: process {running.pid}" in second.stderr
    assert ask(running.port)[0] == 200
    told = manage("shell", "-v0", "-c", "pass", COUNTERMARK_DATA=str(data))
    assert told.returncode == 0, told.stderr


def test_a_service_that_dies_is_started_again(running: Running) -> None:
    web = next(one for one in running.descendants() if "gunicorn" in command_of(one.pid))

    os.kill(web.pid, signal.SIGKILL)

    assert wait_until(lambda: web.pid not in leash.processes())
    assert wait_until(lambda: ask(running.port)[0] == 200, 60)


def test_sigterm_leaves_no_process(running: Running, data: Path) -> None:
    assert_nothing_is_left(running, signal.SIGTERM, data)


def test_ctrl_c_leaves_no_process(data: Path) -> None:
    with Running(data) as up:
        assert_nothing_is_left(up, signal.SIGINT, data)


def assert_nothing_is_left(up: Running, number: int, data: Path) -> None:
    # The watchdog, PostgreSQL's own children, gunicorn's and Celery's.
    assert wait_until(lambda: len(up.descendants()) > 12)
    children = up.descendants()

    code = up.end(number)

    assert code == 0
    assert survivors(children, limit=1) == []
    assert not (data / "services.json").exists()


def test_a_taken_port_is_named_with_a_free_one(folder: Path) -> None:
    other = free_port()
    listener = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(other), "--bind", "127.0.0.1"],
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: ask(other)[0] != 0)
        refused = manage("up", "--data", str(folder), "--port", str(other))
    finally:
        listener.kill()
        listener.wait()

    assert refused.returncode == 1
    assert f"Port {other} on this machine is taken" in refused.stderr
    assert "is free" in refused.stderr
    assert not leash.working_in(folder / "services" / "postgres")


def test_a_killed_parent_leaves_no_process_and_the_next_up_works(data: Path) -> None:
    with Running(data) as up:
        children = up.descendants()

        up.end(signal.SIGKILL)

        assert survivors(children) == []
        assert (data / "services.json").exists()  # stale now, as after a power loss
    with Running(data) as again:
        assert ask(again.port)[0] == 200


def test_the_kernel_ends_children_when_the_watchdog_cannot(folder: Path) -> None:
    parent, children = start_in_child(folder, "stack.start_services()")
    watchdog = next(one for one in children if " watch" in command_of(one.pid))
    os.kill(watchdog.pid, signal.SIGSTOP)

    parent.kill()
    parent.wait()

    assert survivors([one for one in children if one != watchdog]) == []
    os.kill(watchdog.pid, signal.SIGKILL)


def test_the_watchdog_ends_children_when_the_kernel_cannot(folder: Path) -> None:
    # A thread's children get no death signal, since it would fire at the thread's end.
    started = "one = threading.Thread(target=stack.start_services); one.start(); one.join()"
    parent, children = start_in_child(folder, started)

    parent.kill()
    parent.wait()

    assert len(children) > 5
    assert survivors(children) == []


def test_services_that_outlived_their_run_are_ended(folder: Path) -> None:
    first = services(folder)
    old = [one for process in first.processes.values() for one in process.family()]
    seen = [one for pid in old if (one := leash.look(pid))]
    assert first.folder._lock
    first.folder._lock.close()  # as if the run had died and both leashes had failed

    said: list[str] = []
    second = services(folder, say=said.append)

    assert survivors(seen, limit=0) == []
    assert any("earlier run was killed" in sentence for sentence in said)
    assert psql(postgres_programs(), second.admin_url.rpartition("/")[0] + "/postgres", "SELECT 1")
    second.stop()
    first.stop()


def test_a_stale_number_of_a_living_stranger_does_not_stop_postgresql(folder: Path) -> None:
    stack = services(folder)
    stack.stop()
    pid_file = folder_of_services(stack) / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n1\n5432\n\n\n")

    stack = services(folder)

    assert stack.processes["postgres"].alive
    stack.stop()


def test_kill_and_restart_keep_addresses_and_committed_rows(folder: Path) -> None:
    stack = Stack(folder)
    stack.start_services()
    address = stack.admin_url.rpartition("/")[0] + "/postgres"
    psql(postgres_programs(), address, "CREATE TABLE kept AS SELECT 7 AS number")

    stack.kill("postgres", "valkey")
    assert [one.family() for one in stack.processes.values()] == [[], []]
    stack.restart()

    assert psql(postgres_programs(), address, "SELECT number FROM kept") == "7"
    stack.stop()


def test_permissions_of_folders_that_were_there_stay_as_they_are(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir()
    mine = closed / "data"
    mine.mkdir()
    mine.chmod(0o750)
    closed.chmod(0o700)
    folders = [closed, mine, folder, ROOT, ROOT / ".venv"]
    before = [one.stat().st_mode for one in folders]
    said: list[str] = []

    stack = services(mine, say=said.append)
    inside = mine in folder_of_services(stack).parents
    stack.remove()

    assert [one.stat().st_mode for one in folders if one != mine] == [
        mode for one, mode in zip(folders, before, strict=True) if one != mine
    ]
    assert inside == (os.geteuid() != 0)
    assert any("is closed to the user" in sentence for sentence in said) != inside


def test_the_services_run_from_copies_where_the_environment_is_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Home.reachable

    def closed_environment(self: Home, *paths: Path) -> bool:
        installed = any(Path(sys.prefix) in path.parents for path in paths)
        return asked(self, *paths) and not installed

    monkeypatch.setattr(home.Home, "reachable", closed_environment)

    stack = services(folder)
    running = {name: command_of(one.pid) for name, one in stack.processes.items()}
    stack.stop()

    assert str(folder) in running["postgres"]
    assert list(folder_of_services(stack).glob("valkey-*"))


def test_a_folder_of_somebody_else_is_refused(folder: Path) -> None:
    (folder / "thesis.txt").write_text("not yours")

    with pytest.raises(Refusal, match="files that are not Countermark's"):
        services(folder)

    assert [one.name for one in folder.iterdir()] == ["thesis.txt"]


def test_a_command_on_a_folder_where_nothing_runs_says_how_to_start_it(folder: Path) -> None:
    told = manage("migrate", COUNTERMARK_DATA=str(folder))

    assert told.returncode == 1
    assert f"python3 manage.py up --data {folder}" in told.stderr


def test_a_database_that_does_not_answer_is_named_in_the_servers_words(folder: Path) -> None:
    port = free_port()

    with pytest.raises(Refusal, match="DATABASE_URL gives no PostgreSQL"):
        services(folder, database_url=f"postgres://nobody@127.0.0.1:{port}/none")
    with pytest.raises(Refusal, match=f"REDIS_URL .127.0.0.1:{port}"):
        services(folder, redis_url=f"redis://127.0.0.1:{port}/0")


def test_up_uses_ones_own_postgresql_and_redis(folder: Path) -> None:
    with external_services(folder / "outer") as (database_url, redis_url):
        variables = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        with Running(folder / "own", **variables) as up:
            children = [command_of(one.pid) for one in up.descendants()]

            assert ask(up.port)[0] == 200
            assert not [one for one in children if "postgres -D" in one or "valkey-server" in one]
            count = psql(postgres_programs(), database_url, "SELECT count(*) FROM accounts_user")
            assert count == "0"


@contextmanager
def external_services(path: Path) -> Iterator[tuple[str, str]]:
    """Debian's PostgreSQL 15 and Redis where installed, else the wheels' own, over TCP."""
    outer = DataFolder(path)
    outer.take()
    place, watchdog = Home(outer), Watchdog()
    programs = DEBIAN_POSTGRES if DEBIAN_POSTGRES.exists() else postgres_programs()
    redis = shutil.which("redis-server") or str(valkey_for(place))
    cluster, port, redis_port = place.path / "cluster", free_port(), free_port()
    made = [str(programs / "initdb"), "-D", str(cluster), "-U", "postgres", "-A", "trust"]
    env = {"PATH": os.defpath, "LC_ALL": "C"}
    done = run([*made, "--no-sync", "-E", "UTF8", "--locale=C"], env=env, uid=place.uid)
    assert done.returncode == 0, done.stderr
    settings = f"listen_addresses=127.0.0.1 port={port} unix_socket_directories= fsync=off"
    server = [str(programs / "postgres"), "-D", str(cluster)]
    server += [word for one in settings.split() for word in ("-c", one)]
    common = {"env": env, "watchdog": watchdog, "uid": place.uid}
    database = Process(
        "database", server, log=path / "database.log", stop_signal=signal.SIGINT, **common
    )
    broker = Process(
        "broker", [redis, "--port", str(redis_port), "--save", ""], log=path / "redis.log", **common
    )
    try:
        address = f"postgres://postgres@127.0.0.1:{port}/"
        assert wait_until(lambda: answers(address + "postgres")), database.tail()
        psql(postgres_programs(), address + "postgres", "CREATE DATABASE own")
        yield address + "own", f"redis://127.0.0.1:{redis_port}/0"
    finally:
        database.stop()
        broker.stop()
        watchdog.dismiss()


def answers(address: str) -> bool:
    """Whether a PostgreSQL takes connections there."""
    try:
        return psql(postgres_programs(), address, "SELECT 1") == "1"
    except Refusal:
        return False


def start_in_child(folder: Path, statement: str) -> tuple[subprocess.Popen[str], list[leash.Seen]]:
    """A Python that starts services and waits; with everything that descends from it."""
    program = textwrap.dedent(f"""
        import sys, threading
        sys.path.insert(0, {str(ROOT)!r})
        from assurance.stack import Stack
        stack = Stack({str(folder)!r}, durable=False)
        {statement}
        print("started", flush=True)
        sys.stdin.read()
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    assert parent.stdout.readline() == "started\n"
    return parent, descendants(parent.pid)


def folder_of_services(stack: Stack) -> Path:
    pointer = stack.folder.path / "services_home"
    return Path(pointer.read_text()) if pointer.exists() else stack.folder.path / "services"


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
