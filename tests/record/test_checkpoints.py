"""Checkpoints: what they cover, who may sign, where they are published, and the commands."""

from __future__ import annotations

import io
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from assurance.accounts.choices import Scope
from assurance.errors import DomainError
from assurance.record import anchors, checkpoint_keys, checkpoints, events, ledger, merkle
from assurance.record.models import Checkpoint, CheckpointLeaf
from assurance.record.tasks import sign_checkpoint
from tests.accounts_factories import ClientFactory, KeyFactory, bearer
from tests.record import forging
from tests.record.conftest import NOON, write


def test_a_checkpoint_signs_the_heads_of_what_grew(case, data):
    write(None, "case.received")
    (first,) = checkpoints.make_all(NOON)
    write(case, "case.closed")
    (second,) = checkpoints.make_all(NOON)
    body = checkpoints.as_json(second)["checkpoint"]

    assert len(checkpoints.stored_leaves(first)) == 2
    assert [leaf.seq for leaf in checkpoints.stored_leaves(second)] == [4]
    assert body["number"] == 2
    assert body["previous"] == first.hash
    assert body["positions"] == {"from": 5, "to": 5}
    assert checkpoints.make_all(NOON) == []


def test_anybody_checks_a_checkpoint_with_the_public_key_alone(case, data):
    (made,) = checkpoints.make_all(NOON)
    told = checkpoints.as_json(made)
    body = json.dumps(told["checkpoint"], sort_keys=True, separators=(",", ":")).encode()

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["checkpoint"]["key"]))
    key.verify(bytes.fromhex(told["signature"]), b"\x02" + body)


def test_a_head_is_proved_to_be_among_many(case, data):
    for _ in range(6):
        write(None, "case.received")
    (made,) = checkpoints.make_all(NOON)
    leaf = checkpoints.Leaf("case", case.id, 3, ledger.head_hash(case))
    proof = checkpoints.proof_of(made, leaf)
    root = json.loads(bytes(made.body))["root"]

    assert proof is not None
    assert proof["size"] == 7
    path = [bytes.fromhex(one) for one in proof["path"]]
    assert merkle.is_included(leaf.data(), proof["place"], 7, path, bytes.fromhex(root))
    older = checkpoints.Leaf("case", case.id, 2, forging.entry(case, 2).hash)
    assert checkpoints.proof_of(made, older) is None


def test_many_entries_are_signed_batch_by_batch(db, data, monkeypatch):
    monkeypatch.setattr(checkpoints, "BATCH", 4)
    for _ in range(3):
        write(None, "case.received", "case.assessed", "case.closed")
    made = checkpoints.make_all(NOON)

    assert [one.last_position for one in made] == [4, 8, 9]
    assert ledger.verify() == []


def test_an_entry_that_is_not_committed_is_left_for_the_next(transactional_db, data):
    """An id given early and committed late is in the next one, not lost between the two."""
    late = write(None, "case.received")
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        write(late, "case.closed")
        made = pool.submit(elsewhere).result()
    (after,) = checkpoints.make_all(NOON)

    assert [one.number for one in made] == [1]
    assert [leaf.seq for leaf in checkpoints.stored_leaves(after)] == [2]
    assert ledger.verify() == []


def elsewhere() -> list[Checkpoint]:
    try:
        return checkpoints.make_all(NOON)
    finally:
        connections.close_all()


def test_two_that_sign_at_once_make_one_chain(transactional_db, data):
    write(None, "case.received")
    with ThreadPoolExecutor(4) as pool:
        made = [one for each in [pool.submit(elsewhere) for _ in range(4)] for one in each.result()]

    assert [one.number for one in made] == [1]
    assert ledger.verify() == []


@pytest.mark.parametrize("verb", ["UPDATE {} SET hash = hash", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["record_checkpointleaf", "record_checkpoint"])
def test_nobody_changes_a_checkpoint(case, data, verb, table):
    checkpoints.make_all(NOON)
    more = " CASCADE" if verb.startswith("TRUNCATE") else ""
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(verb.format(table) + more)


class TestKeys:
    def test_it_is_made_once_and_for_nobody_else_to_read(self, data):
        first = checkpoint_keys.public_hex(checkpoint_keys.signing_key())

        assert checkpoint_keys.public_hex(checkpoint_keys.signing_key()) == first
        assert stat.S_IMODE((data / "checkpoint_key").stat().st_mode) == 0o600
        assert os.listdir(data) == ["checkpoint_key"]
        assert checkpoint_keys.trusted_keys() == {first}

    def test_looking_makes_none(self, data):
        assert checkpoint_keys.trusted_keys() == set()
        assert os.listdir(data) == []

    def test_a_file_that_others_can_read_signs_nothing(self, data):
        checkpoint_keys.signing_key()
        (data / "checkpoint_key").chmod(0o640)

        with pytest.raises(DomainError, match="read by others"):
            checkpoint_keys.signing_key()

    def test_the_environment_goes_first(self, data, settings):
        settings.COUNTERMARK_SIGNING_KEY = "ab" * 32
        settings.COUNTERMARK_FORMER_KEYS = ["cd" * 32]
        own = checkpoint_keys.public_hex(checkpoint_keys.signing_key())

        assert os.listdir(data) == []
        assert checkpoint_keys.trusted_keys() == {own, "cd" * 32}

    @pytest.mark.parametrize("text", ["ab", "AB" * 32, "ab" * 33, "zz" * 32])
    def test_what_is_no_key_is_refused(self, data, settings, text):
        settings.COUNTERMARK_SIGNING_KEY = text

        with pytest.raises(DomainError, match="64 hex digits"):
            checkpoint_keys.signing_key()

    def test_without_a_place_for_one_nothing_is_signed(self, case, data, settings):
        settings.COUNTERMARK_DATA = ""

        with pytest.raises(DomainError, match="COUNTERMARK_SIGNING_KEY"):
            checkpoints.make(NOON)
        assert not Checkpoint.objects.exists()

    def test_a_former_key_stays_believed_where_it_is_named(self, case, data, settings):
        old = checkpoint_keys.public_hex(checkpoint_keys.signing_key())
        checkpoints.make_all(NOON)
        settings.COUNTERMARK_SIGNING_KEY = "ab" * 32
        write(case, "case.closed")
        checkpoints.make_all(NOON)

        assert [one.code for one in ledger.verify()] == ["checkpoint_key"]
        settings.COUNTERMARK_FORMER_KEYS = [old]
        assert ledger.verify() == []


class TestCopyOutside:
    def lines(self, data) -> list[int]:
        file = data / anchors.FILE
        return [found["checkpoint"]["number"] for _, found in anchors.read(file) if found]

    def test_each_is_appended_once(self, case, data):
        checkpoints.make_all(NOON)
        assert (anchors.publish(), anchors.publish()) == (1, 0)
        write(case, "case.closed")
        checkpoints.make_all(NOON)

        assert anchors.publish() == 1
        assert self.lines(data) == [1, 2]
        assert stat.S_IMODE((data / anchors.FILE).stat().st_mode) == 0o600

    def test_what_a_crash_left_out_is_made_up_for(self, case, data):
        for kind in ("case.closed", "case.reopened"):
            checkpoints.make_all(NOON)
            write(case, kind)
        checkpoints.make_all(NOON)

        assert anchors.publish() == 3

    def test_a_line_that_a_crash_cut_short_spoils_no_other(self, case, data):
        checkpoints.make_all(NOON)
        anchors.publish()
        with open(data / anchors.FILE, "a") as out:
            out.write('{"checkpoint": {"numb')
        write(case, "case.closed")
        checkpoints.make_all(NOON)

        assert anchors.publish() == 1
        assert self.lines(data) == [1, 2]

    def test_after_a_roll_back_what_the_file_says_stays(self, case, data):
        """The newest is added after it, and the break is for everybody to see."""
        for kind in ("case.closed", "case.reopened"):
            checkpoints.make_all(NOON)
            anchors.publish()
            write(case, kind)
        forging.drop_checkpoints(1)
        checkpoints.make_all(NOON.replace(hour=13))

        assert anchors.publish() == 1
        assert self.lines(data) == [1, 2, 2]

    def test_it_lies_where_the_environment_says(self, case, data, settings, tmp_path):
        settings.COUNTERMARK_ANCHOR = str(tmp_path / "elsewhere.jsonl")
        checkpoints.make_all(NOON)
        anchors.publish()

        assert (tmp_path / "elsewhere.jsonl").exists()
        assert not (data / anchors.FILE).exists()

    def test_without_a_place_it_is_published_nowhere(self, case, data, settings):
        checkpoints.make_all(NOON)
        settings.COUNTERMARK_DATA = ""

        assert anchors.publish() == 0

    def test_the_beat_signs_and_publishes(self, case, data):
        assert (sign_checkpoint(), sign_checkpoint()) == (1, 0)
        assert self.lines(data) == [1]


def command(name: str, *args: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command(name, *args, stdout=out, no_color=True)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


class TestCommands:
    def test_one_signs_now_and_says_where_it_is_published(self, case, data):
        told = command("checkpoint")[1]

        assert f"Checkpoint 1: {Checkpoint.objects.get().hash}, entries up to 3." in told
        assert str(data / anchors.FILE) in told
        assert "Nothing is new" in command("checkpoint")[1]

    def test_it_says_what_is_missing_to_sign(self, case, data, settings):
        settings.COUNTERMARK_DATA = ""
        with pytest.raises(CommandError, match="COUNTERMARK_SIGNING_KEY"):
            call_command("checkpoint")

    def test_it_says_when_it_is_published_nowhere(self, case, data, settings):
        settings.COUNTERMARK_DATA, settings.COUNTERMARK_SIGNING_KEY = "", "ab" * 32

        assert "published nowhere" in command("checkpoint")[1]

    def test_it_says_when_the_copy_cannot_be_written(self, case, data, settings):
        settings.COUNTERMARK_ANCHOR = str(data / "no" / "folder")
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("checkpoint")

    def test_the_check_says_how_far_checkpoints_reach_and_what_nobody_sees(self, case, data):
        assert "No checkpoint is signed yet" in command("verify_record")[1]
        command("checkpoint")
        write(case, "case.closed")
        events.sequence_pending()
        code, told = command("verify_record")

        assert code == 0
        assert "signs the first 3 entries; 1 numbered ones are newer." in told
        assert "cut off together with its head" in told
        assert "--anchor FILE" in told

    def test_the_check_compares_with_the_copy(self, case, data):
        command("checkpoint")
        copy = str(data / anchors.FILE)
        code, told = command("verify_record", "--anchor", copy)
        assert code == 0
        assert "newer than the last line of that copy" in told

        forging.drop_checkpoints()
        forging.forget(case)

        assert command("verify_record")[0] == 0
        code, told = command("verify_record", "--anchor", copy)
        assert code == 1
        assert f"case/{case.id} #3: the copy of checkpoint 1 signed this entry" in told

    def test_another_machine_believes_the_key_that_it_is_given(self, case, data, settings):
        command("checkpoint")
        key = checkpoint_keys.public_hex(checkpoint_keys.signing_key())
        settings.COUNTERMARK_DATA = ""

        assert command("verify_record")[0] == 1
        assert command("verify_record", "--key", key)[0] == 0

    def test_a_copy_that_is_not_there_is_said_so(self, case, data):
        with pytest.raises(CommandError, match="There is no file"):
            call_command("verify_record", "--anchor", str(data / "nothing"))

    def test_a_key_that_others_can_read_is_said_so(self, case, data):
        command("checkpoint")
        (data / "checkpoint_key").chmod(0o644)
        with pytest.raises(CommandError, match="read by others"):
            call_command("verify_record")


@pytest.fixture
def reader(settings, cast) -> Client:
    settings.ALLOWED_HOSTS = ["*"]
    settings.PLAIN_HTTP = True
    settings.SECURE_SSL_REDIRECT = False
    client = Client()
    client.force_login(cast.otto)
    return client


class TestAddresses:
    def test_the_latest_is_answered_with_all_that_is_needed_to_check_it(self, reader, case, data):
        assert reader.get("/api/v1/checkpoints/latest/").status_code == 404
        (made,) = checkpoints.make_all(NOON)
        told = reader.get("/api/v1/checkpoints/latest/").json()

        assert told == checkpoints.as_json(made)
        assert told["checkpoint"]["number"] == 1

    def test_the_list_goes_from_the_newest_back(self, reader, case, data):
        for kind in ("case.closed", "case.reopened"):
            checkpoints.make_all(NOON)
            write(case, kind)
        page = reader.get("/api/v1/checkpoints/?limit=1").json()
        older = reader.get(page["next"]).json()

        assert [one["checkpoint"]["number"] for one in page["results"]] == [2]
        assert [one["checkpoint"]["number"] for one in older["results"]] == [1]

    def test_a_system_that_reads_events_may_be_a_witness(self, reader, case, data):
        checkpoints.make_all(NOON)
        reads = KeyFactory(client=ClientFactory(scopes=[Scope.EVENTS_READ]))
        writes = KeyFactory(client=ClientFactory(scopes=[Scope.CASES_WRITE]))

        for address in ("/api/v1/checkpoints/", "/api/v1/checkpoints/latest/"):
            assert Client().get(address, **bearer(reads)).status_code == 200
            assert Client().get(address, **bearer(writes)).status_code == 403
            assert reader.get(address + "?nothing=1").status_code == 400

    def test_no_head_of_anybody_is_shown(self, reader, case, data):
        checkpoints.make_all(NOON)
        told = reader.get("/api/v1/checkpoints/").content.decode()

        assert case.id not in told
        assert CheckpointLeaf.objects.get().hash not in told
