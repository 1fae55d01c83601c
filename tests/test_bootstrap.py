"""The first steps: making the environment, once, and what a bare machine is told."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from assurance import bootstrap
from assurance.probes import temporary_folder
from assurance.processes import ROOT, Refusal
from tests.running import clean_environment, manage

BARE_PYTHON = getattr(sys, "_base_executable", sys.executable)


@pytest.fixture
def checkout() -> Iterator[Path]:
    """An empty checkout that needs one small package, and a package index with that package."""
    around = temporary_folder()
    made, index = around / "checkout", around / "index"
    index.mkdir()
    (made / "assurance").mkdir(parents=True)
    shutil.copy(ROOT / "manage.py", made)
    for module in (ROOT / "assurance").glob("*.py"):
        shutil.copy(module, made / "assurance")
    require(made, index, "1.0")
    yield made
    shutil.rmtree(around)


def require(checkout: Path, index: Path, version: str) -> Path:
    """Pin `needed` with its hash, and put it into the index."""
    wheel = index / f"needed-{version}-py3-none-any.whl"
    info = f"needed-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: needed\nVersion: {version}\n"
    with zipfile.ZipFile(wheel, "w") as out:
        out.writestr("needed.py", f"version = {version!r}\n")
        out.writestr(f"{info}/METADATA", metadata)
        out.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        )
        out.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pins = checkout / "requirements.txt"
    pins.write_text(f"needed=={version} --hash=sha256:{digest}\n")
    return pins


def up(checkout: Path) -> subprocess.CompletedProcess[str]:
    """`up` with a Python that has nothing installed; it ends where PostgreSQL would be needed."""
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(checkout.parent / "index")}
    data = checkout.parent / "data"
    command = [BARE_PYTHON, str(checkout / "manage.py"), "up", "--data", str(data)]
    environment = clean_environment() | offline | {"PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def installed(checkout: Path) -> str:
    python = checkout / ".venv" / "bin" / "python"
    asked = [str(python), "-c", "import needed; print(needed.version)"]
    return subprocess.run(asked, capture_output=True, text=True).stdout.strip()


def test_an_empty_checkout_gets_its_environment_once_and_anew_when_the_pins_change(
    checkout: Path,
) -> None:
    first = up(checkout)
    assert "Making .venv" in first.stdout, first.stderr
    assert installed(checkout) == "1.0"
    # It went on inside: the next thing missing is PostgreSQL's package.
    assert "The package" in first.stderr
    assert "is not installed" in first.stderr

    second = up(checkout)
    assert "Installing" not in second.stdout

    pins = require(checkout, checkout.parent / "index", "2.0")
    pins.write_text(pins.read_text().partition("sha256:")[0] + "sha256:" + "0" * 64)
    forged = up(checkout)
    assert forged.returncode == 1
    assert "The packages could not be installed" in forged.stderr
    assert installed(checkout) == "1.0"

    require(checkout, checkout.parent / "index", "2.0")
    third = up(checkout)
    assert "Making .venv" not in third.stdout
    assert "Installing 1 package " in third.stdout
    assert installed(checkout) == "2.0"


def test_other_commands_without_an_environment_name_the_one_that_makes_it(checkout: Path) -> None:
    command = [BARE_PYTHON, "-S", str(checkout / "manage.py"), "migrate"]

    told = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)

    assert told.returncode == 1
    assert "`python3 manage.py up` makes one" in told.stderr


def test_a_wrong_option_is_told_at_once() -> None:
    told = manage("up", "--port", "seventy")

    assert told.returncode == 2
    assert "give a number from 1 to 65535" in told.stderr


def test_a_command_beside_nothing_that_runs_is_told_to_start_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DATABASE_URL", "COUNTERMARK_DATA", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("assurance.folder.DEFAULT", tmp_path / "nothing-runs-here")

    with pytest.raises(Refusal, match=r"python3 manage\.py up"):
        bootstrap.join_running_services(["manage.py", "verify_record"])


def test_an_environment_that_names_its_database_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://mine")
    monkeypatch.setenv("COUNTERMARK_DATA", str(tmp_path / "nothing-runs-here"))

    bootstrap.join_running_services(["manage.py", "migrate"])

    assert os.environ["DATABASE_URL"] == "postgres://mine"
