"""The first steps of every command: make `.venv`, fill it once, go on inside it.

Standard library only, since on an empty machine nothing else is there. What `up` and `test` do
inside the environment is in `door`; every other command is Django's own.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from assurance.folder import environment_of
from assurance.processes import ROOT, Refusal, launcher, tail
from assurance.progress import BEGAN, say

VENV = ROOT / ".venv"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"


def main(argv: list[str]) -> int:
    """Run `manage.py` with these arguments and return the exit code."""
    command = argv[1] if len(argv) > 1 else "help"
    try:
        if command in ("up", "test"):
            return _own_command(command, argv)
        return _django_command(argv)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _own_command(command: str, argv: list[str]) -> int:
    from assurance import door

    # Read first, so that a wrong option is told at once and not after an installation.
    options = door.read_options(command, argv[2:])
    ensure_environment(RUNTIME if command == "up" else DEVELOPMENT)
    return door.up(options) if command == "up" else door.test(options)


def _django_command(argv: list[str]) -> int:
    if not is_inside() and venv_python().exists():
        go_inside()
    if importlib.util.find_spec("django") is None:
        raise Refusal(
            "Django is not installed in this Python, and there is no .venv yet."
            " `python3 manage.py up` makes one."
        )
    join_running_services(argv)
    if argv[1:] in ([], ["help"], ["--help"]):
        print("Countermark: `manage.py up` runs it, `manage.py test` tests it (--help for both).\n")
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)
    return 0


def join_running_services(argv: list[str]) -> None:
    """Let a command talk to what runs on the data folder.

    An environment that names its own database is left alone.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    if os.environ.get("DATABASE_URL") or argv[1:2] in ([], ["help"], ["--help"], ["--version"]):
        return
    for name, value in environment_of(os.environ.get("COUNTERMARK_DATA")).items():
        os.environ.setdefault(name, value)
    if not os.environ.get("SECRET_KEY"):
        raise Refusal(
            "Countermark does not run here, so this command finds no database. Start it in another"
            " terminal: python3 manage.py up. In production set SECRET_KEY, DATABASE_URL and"
            " REDIS_URL."
        )


def ensure_environment(requirements: str) -> None:
    """Return when we are inside a `.venv` that has these requirements; make it so otherwise."""
    if not _is_installed(requirements):
        with _alone():
            if not _is_installed(requirements):
                _make_venv()
                _install(requirements)
        go_inside()
    if not is_inside():
        go_inside()


def venv_python() -> Path:
    """The environment's interpreter."""
    return VENV / "bin" / "python"


def is_inside() -> bool:
    """Whether this process runs in our `.venv`."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def go_inside() -> NoReturn:
    """Run the same command again in `.venv`, as the same process."""
    python = str(venv_python())
    sys.stdout.flush()
    environment = {**os.environ, BEGAN: os.environ.get(BEGAN) or str(time.time())}
    os.execve(python, [python, str(ROOT / "manage.py"), *sys.argv[1:]], environment)


def stamp_of(requirements: str) -> str:
    """What an environment with these requirements is marked with."""
    return hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()


def _is_installed(requirements: str) -> bool:
    try:
        stamp = _stamp_file(requirements).read_text().strip()
    except OSError:
        return False
    return stamp == stamp_of(requirements) and venv_python().exists()


def _stamp_file(requirements: str) -> Path:
    return VENV / f".installed-{requirements}.sha256"


@contextmanager
def _alone() -> Iterator[None]:
    """One installation at a time: `up` and `test` may be called together on a new checkout."""
    checkout = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(checkout, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another process is installing into .venv; waiting for it.")
            fcntl.flock(checkout, fcntl.LOCK_EX)
        yield
    finally:
        os.close(checkout)


def _make_venv() -> None:
    if venv_python().exists() and _works(venv_python()):
        return
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Refusal(
            "This Python cannot make virtual environments. On Debian and Ubuntu install them"
            f" with: apt install python3-venv (or python3.{sys.version_info[1]}-venv)"
        )
    say(f"Making .venv with Python {sys.version_info[0]}.{sys.version_info[1]}.")
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "The environment was not made.")


def _works(python: Path) -> bool:
    """Whether the environment's Python still starts (it was moved, or its Python is gone)."""
    check = [str(python), "-m", "pip", "--version"]
    return subprocess.run(check, capture_output=True).returncode == 0


def _install(requirements: str) -> None:
    count = (ROOT / requirements).read_text().count("==")
    packages = f"{count} package{'s' if count > 1 else ''}"
    say(f"Installing {packages} from {requirements}, each checked by its hash.")
    python = str(venv_python())
    # The file names every package, so nothing is left to resolve; compiling is done in parallel.
    options = ["--require-hashes", "--no-deps", "--no-compile", "--no-input", "--quiet"]
    options += ["--disable-pip-version-check", "--progress-bar", "off"]
    _run(
        [python, "-m", "pip", "install", *options, "-r", str(ROOT / requirements)],
        "The packages could not be installed. Is the package index reachable?",
    )
    _run([python, "-m", "compileall", "-q", "-j", "0", str(VENV / "lib")], "", may_fail=True)
    _stamp_file(requirements).write_text(stamp_of(requirements))
    if requirements == DEVELOPMENT and _pins(RUNTIME) <= _pins(DEVELOPMENT):
        _stamp_file(RUNTIME).write_text(stamp_of(RUNTIME))
    say("The environment is ready.")


def _pins(requirements: str) -> set[str]:
    lines = (ROOT / requirements).read_text().splitlines()
    return {line.split(";")[0].strip(" \\") for line in lines if "==" in line}


def _run(command: list[str], sentence: str, *, may_fail: bool = False) -> None:
    """Run one step of the installation on the leash; every 15 seconds say that it goes on."""
    log = ROOT / ".venv-install.log"
    environment = {**os.environ, "PIP_USER": "0", "PYTHONDONTWRITEBYTECODE": ""}
    with log.open("w") as out:
        process = subprocess.Popen(
            [*launcher(), *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=ROOT,
        )
        try:
            while True:
                try:
                    code = process.wait(15)
                    break
                except subprocess.TimeoutExpired:
                    say("Still at it.")
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code and not may_fail:
        raise Refusal(f"{sentence}\n{tail(log, 12)}\nMore in {log}")
    log.unlink()
