"""The commands `up` and `test`, inside the environment. Standard library only."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

from assurance.folder import DEFAULT
from assurance.probes import temporary_folder
from assurance.processes import ROOT, Refusal, launcher
from assurance.progress import say
from assurance.stack import Stack

# A service that dies again and again is not saved by starting it again and again.
RESTARTS, RESTARTS_WITHIN = 5, 60.0


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. No Exception, so that nothing swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def read_options(command: str, arguments: list[str]) -> argparse.Namespace:
    """The options of `up` or `test`; ends the process with usage when they are wrong."""
    parser = argparse.ArgumentParser(prog=f"manage.py {command}")
    if command == "test":
        parser.description = "Run the tests on an embedded PostgreSQL and Valkey."
        parser.add_argument("pytest", nargs="*", help="further arguments go to pytest")
        return argparse.Namespace(pytest=_after_help(parser, arguments))
    parser.description = "Run Countermark on this machine. Ctrl-C stops all of it."
    parser.add_argument("--port", type=_port, default=8000, help="of the web server (8000)")
    parser.add_argument("--data", metavar="DIR", help="the data folder (.countermark)")
    parser.add_argument("--demo", action="store_true", help="load the demo, print its logins")
    return parser.parse_args(arguments)


def up(options: argparse.Namespace) -> int:
    """Start everything, say the address, watch over it until it is told to stop."""
    try:
        return _until_stopped(lambda: _up(options))
    except Stopped:
        return 0  # it was told to


def test(options: argparse.Namespace) -> int:
    """Start the services, run pytest, and return its exit code."""
    try:
        return _until_stopped(lambda: _test(options.pytest))
    except Stopped as stopped:
        return 128 + stopped.number


def _up(options: argparse.Namespace) -> int:
    stack = Stack(
        options.data or os.environ.get("COUNTERMARK_DATA") or DEFAULT,
        options.port,
        database_url=os.environ.get("DATABASE_URL"),
        redis_url=os.environ.get("REDIS_URL"),
        say=say,
    )
    with stopping(stack):
        say(f"The data folder is {stack.folder.path}.")
        stack.start_services()
        say("PostgreSQL and Valkey are running.")
        stack.prepare_application()
        say("Starting the web server, the worker and beat.")
        stack.start_application()
        say("The web server answers.")
        lines = _demo(stack) if options.demo else _first_steps(stack)
        print(*lines, f"Countermark is running at {stack.url}/ (Ctrl-C stops it)", sep="\n")
        sys.stdout.flush()
        return _watch_over(stack)


class stopping:
    """Stop the stack at the end of the block, however it ends; further signals must wait."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if kind is Stopped:
            say("Stopping.")
        self._stack.stop()


# Its history is heard by a receiver of its own; the services that stay never send to loopback.
FOR_THE_DEMO = {"COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS": "true"}


def _demo(stack: Stack) -> list[str]:
    say("Loading the demo with a week of history; this takes a minute.")
    done = stack.manage("load_demo", timeout=900, environment=FOR_THE_DEMO)
    if done.returncode:
        raise Refusal(f"The demo could not be loaded:\n{(done.stdout + done.stderr)[-3000:]}")
    demo = json.loads((stack.folder.path / "demo.json").read_text())
    say("The demo is loaded. Log in with one of these names and passwords:")
    width = max(map(len, demo["users"]))
    return [f"         {name:<{width}}  {word}" for name, word in demo["users"].items()]


def _first_steps(stack: Stack) -> list[str]:
    if stack.count_users():
        return []
    data = "" if stack.folder.path == DEFAULT else f"COUNTERMARK_DATA={stack.folder.path} "
    return [
        "There is no account yet. In another terminal:",
        f"    {data}python3 manage.py createsuperuser",
        f"    {data}python3 manage.py grant --user NAME --role governance",
        "or stop this and start it again with --demo.",
    ]


def _watch_over(stack: Stack) -> int:
    """Start again what dies by itself. Ends only by a signal or by a hopeless service."""
    deaths: list[float] = []
    while True:
        time.sleep(0.5)
        dead = [one for one in stack.processes.values() if not one.alive]
        if not dead:
            continue
        for one in dead:
            say(f"{one.name} ended by itself (exit code {one.exit_code}). Starting it again.")
        now = time.monotonic()
        deaths = [moment for moment in [*deaths, now] if now - moment < RESTARTS_WITHIN]
        if len(deaths) > RESTARTS:
            raise Refusal(
                f"{dead[0].name} does not stay alive. The end of {dead[0].log}:\n{dead[0].tail()}"
            )
        stack.restart()


# All tests, on every core; a file's tests stay together, since they share what is slow to start.
EVERYTHING = ["-n", "auto", "--dist", "loadfile"]


def _test(arguments: list[str]) -> int:
    folder = temporary_folder()
    stack = Stack(
        folder,
        database_url=os.environ.get("DATABASE_URL"),
        redis_url=os.environ.get("REDIS_URL"),
        durable=False,
        say=say,
    )
    try:
        with stopping(stack):
            stack.start_services()
            say("PostgreSQL and Valkey are running for the tests.")
            environment = stack.environment | {
                "COUNTERMARK_URL": "http://127.0.0.1:8000",
                "DATABASE_URL": stack.admin_url,
                "COUNTERMARK_STATIC": str(folder / "static"),
                # Hashed names are 404 under pytest's live server.
                "COUNTERMARK_STATICFILES": os.environ.get(
                    "COUNTERMARK_STATICFILES",
                    "django.contrib.staticfiles.storage.StaticFilesStorage",
                ),
            }
            command = [*launcher(), sys.executable, "-m", "pytest", *(arguments or EVERYTHING)]
            with subprocess.Popen(command, env=environment, cwd=ROOT) as pytest:
                try:
                    return pytest.wait()
                except BaseException:
                    pytest.terminate()
                    try:
                        pytest.wait(15)
                    except subprocess.TimeoutExpired:
                        pytest.kill()
                    raise
    finally:
        stack.remove()


def _until_stopped(work: Callable[[], int]) -> int:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)
    return work()


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535.")
    return int(text)


def _after_help(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """`test --help` is ours; everything else, options too, is pytest's."""
    if arguments[:1] in (["-h"], ["--help"]):
        parser.print_help()
        raise SystemExit(0)
    return arguments
