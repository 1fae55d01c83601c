"""An evidence pack: checked on a bare Python, every altered byte found, nothing a formula."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from assurance.errors import DomainError
from assurance.record import checkpoint_keys, checkpoints, pack_verifier, packs
from assurance.record.ledger import Stream, types
from tests.record import forging
from tests.record.conftest import NOON, write

EVIL = '=HYPERLINK("https://example.com")'


@pytest.fixture
def key(data) -> str:
    return checkpoint_keys.public_hex(checkpoint_keys.signing_key())


@pytest.fixture
def pack(case, key) -> bytes:
    """One case among three under a checkpoint."""
    for _ in range(2):
        write(None, "case.received")
    checkpoints.make_all(NOON)
    return packs.make([case], at=NOON)


def files(pack: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_is_a_plain_zip_with_everything(pack, case):
    held = files(pack)
    manifest = json.loads(held["manifest.json"])

    assert set(held) == {
        "index.html", "records.csv", "records.jsonl", "proofs.jsonl", "verify.py",
        "manifest.json", "manifest.sig",
    }  # fmt: skip
    assert len(held["records.jsonl"].splitlines()) == manifest["entries"] == 3
    assert manifest["scope"] == [str(case)]
    assert manifest["gaps"] == []
    assert held["index.html"].count("<article>") == 3


def test_a_bare_python_checks_it(pack, key, tmp_path):
    """No packages of ours and none installed: -I leaves out the environment, -S the packages."""
    (tmp_path / "pack.zip").write_bytes(pack)
    (tmp_path / "verify.py").write_text(files(pack)["verify.py"])

    def run(*args: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "verify.py", "pack.zip", *args],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    assert run("--key", key) == (
        0, "The pack is as it was made: 3 entries, of 2026-11-22T12:00:00.123456Z.\n",
    )  # fmt: skip
    assert "only shows that the pack agrees with itself" in run()[1]
    assert run("--key", "ab" * 32)[0] == 1

    (tmp_path / "pack.zip").write_bytes(pack.replace(b"4820", b"9820", 1))
    code, told = run("--key", key)
    assert code == 1
    assert "The pack was changed" in told


def test_every_single_altered_byte_is_found_and_its_place_is_named(pack, case, key, monkeypatch):
    """Signatures by the library here, as our own arithmetic takes a while; see below that it says
    the same."""
    monkeypatch.setattr(
        pack_verifier,
        "is_signed",
        lambda message, signature, key: checkpoint_keys.is_signed(message, signature, key.hex()),
    )
    assert list(pack_verifier.problems(pack, key)) == []
    silent, nameless = [], []
    starts = {name: pack.index(name.encode()) for name in files(pack)}
    records = starts["records.jsonl"] + len("records.jsonl")
    lines = pack[records : starts["proofs.jsonl"] - 30].split(b"\n")
    ends = [records + sum(len(line) + 1 for line in lines[: n + 1]) for n in range(3)]
    for at in range(len(pack)):
        altered = pack[:at] + bytes([pack[at] ^ 1]) + pack[at + 1 :]
        found = list(pack_verifier.problems(altered, key))
        if not found:
            silent.append(at)
        elif records <= at < ends[-1]:
            seq = next(n for n, end in enumerate(ends, 1) if at < end)
            if not any(f"{case} #{seq}" in one for one in found):
                nameless.append(at)
        elif not re.search(rf"\.(json|jsonl|html|csv|py|sig)\b|at byte {at}\b", " ".join(found)):
            nameless.append(at)

    assert silent == []
    assert nameless == []


def test_bytes_added_or_cut_off_are_found(pack, key):
    for altered in (pack + b"\0", pack[:-1], pack[:-400], b"", b"PK\3\4", pack[1:]):
        assert list(pack_verifier.problems(altered, key))


def test_our_own_arithmetic_says_of_signatures_what_the_library_says():
    for n in range(6):
        private = Ed25519PrivateKey.from_private_bytes(bytes([n + 1] * 32))
        public, message = private.public_key().public_bytes_raw(), bytes(n * 7)
        signature = private.sign(message)
        late = (int.from_bytes(signature[32:], "little") + pack_verifier.L).to_bytes(32, "little")

        assert pack_verifier.is_signed(message, signature, public)
        assert not pack_verifier.is_signed(message + b"x", signature, public)
        assert not pack_verifier.is_signed(message, signature[:32] + late, public)
        assert not pack_verifier.is_signed(message, signature[:-1], public)
        assert not pack_verifier.is_signed(message, signature, public[:-1])
        assert not pack_verifier.is_signed(message, signature, b"\xff" * 32)
        for at in (0, 20, 40, 63):
            wrong = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
            assert not pack_verifier.is_signed(message, wrong, public)


def test_a_pack_made_of_a_rewritten_record_is_found_by_its_proof(pack, case, key):
    """Made and signed by us, after somebody rewrote the database: the checkpoint disagrees."""
    forging.recompute(case, {2: forging.words(amount=1)})
    told = list(pack_verifier.problems(packs.make([case], at=NOON), key))

    assert told == [f"{case} #3, checkpoint 1: the entry is not the one that was signed"]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE record_recordpayload SET body = '{}' WHERE event_id IN"
         " (SELECT id FROM record_event WHERE stream_id = %s AND seq = 2)",
         "#2: what it says was changed"),
        ("UPDATE record_event SET actor_ref = 'ada' WHERE stream_id = %s AND seq = 2",
         "#2: its type, actor, time, place or commitment was changed"),
        ("UPDATE record_event SET seq = 9 WHERE stream_id = %s AND seq = 3",
         "#9: entry 3 before it is missing"),
        ("UPDATE record_event SET prev = repeat('0', 64) WHERE stream_id = %s AND seq = 2",
         "#2: it does not follow the entry before it"),
        ("UPDATE record_checkpointleaf SET hash = repeat('0', 64) WHERE stream_id <> %s",
         "#3, checkpoint 1: its proof does not lead to the signed root"),
    ],
)  # fmt: skip
def test_a_pack_made_of_a_record_that_was_touched_names_the_entry(pack, case, key, sql, told):
    """Signed by us and whole as a file: the script checks what it holds, not only that."""
    forging.run(sql, case.id)

    assert any(
        one.endswith(told) and one.startswith(str(case))
        for one in pack_verifier.problems(packs.make([case], at=NOON), key)
    )


def test_what_is_under_no_checkpoint_is_a_gap_and_comes_first(pack, case):
    write(case, "case.closed")
    held = files(packs.make([case], at=NOON))

    gap = f"{case}: entries 4 to 4 are under no checkpoint yet."
    assert json.loads(held["manifest.json"])["gaps"] == [gap]
    assert held["index.html"].index(gap) < held["index.html"].index("<article>")


def test_no_cell_is_a_formula_and_no_text_is_markup(db, key):
    stream = write(None, EVIL, **{"<script>": "\u2028 </pre><script>alert(1)</script>\n"})
    made = packs.make([stream], at=NOON)
    held = files(made)
    rows = list(csv.reader(io.StringIO(held["records.csv"])))

    assert list(pack_verifier.problems(made, key)) == []
    assert rows[1][2] == f"'{EVIL}"
    assert "<script" not in held["index.html"]


@pytest.mark.parametrize("start", ["=1", "\t=1", " =1", "＝1", "+1", "-1", "@A1", "\r=1", "\0=1"])
def test_a_cell_that_would_be_a_formula_is_text(start):
    assert packs._cell(start).startswith("'")
    assert packs._cell(f"a{start}")[0] == "a"


class TestRefusals:
    def test_what_is_not_on_the_record_has_no_pack(self, db, key):
        with pytest.raises(DomainError, match="There is no case/"):
            packs.make([Stream.case("0193f0a0-0000-7000-8000-000000000000")], at=NOON)

    def test_a_pack_has_its_size(self, case, key, monkeypatch):
        monkeypatch.setattr(packs, "MOST", 2)
        with pytest.raises(DomainError, match="at most 2"):
            packs.make([case], at=NOON)


class TestCommand:
    def test_it_writes_the_pack_and_the_record_tells_of_it(self, case, key, tmp_path):
        out = io.StringIO()
        call_command("evidence_pack", tmp_path / "p.zip", "--case", case.id, stdout=out)
        pack = (tmp_path / "p.zip").read_bytes()

        assert list(pack_verifier.problems(pack, key)) == []
        assert json.loads(files(pack)["manifest.json"])["gaps"] == []
        assert f"--key {key}" in out.getvalue()
        assert types(Stream("installation", "installation")) == ["evidence.exported"]

    def test_it_says_what_is_wrong(self, case, key, tmp_path):
        with pytest.raises(CommandError, match="--case ID or --workflow SLUG"):
            call_command("evidence_pack", tmp_path / "p.zip")
        with pytest.raises(CommandError, match="no workflow/nothing"):
            call_command("evidence_pack", tmp_path / "p.zip", "--workflow", "nothing")
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("evidence_pack", tmp_path / "no" / "p.zip", "--case", case.id)
        assert types(Stream("installation", "installation")) == []
