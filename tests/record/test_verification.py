"""P18: every change to what is written is found, and the entry is named."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connections

from assurance.record import events, ledger, sealing, verification
from assurance.record.ledger import Stream
from assurance.record.models import Event, RecordPayload
from tests.database import tampering
from tests.record.conftest import write


def found(stream: Stream | None = None) -> list[tuple[int | None, str]]:
    """Place and kind of every problem."""
    return [(one.seq, one.code) for one in ledger.verify(stream)]


def tamper(sql: str, *params: object) -> None:
    with tampering() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount, "the test changed nothing"


def erase(event: int) -> None:
    """An entry without a trace: its payload and its number too."""
    for table, column in (("recordpayload", "event_id"), ("eventposition", "event_id")):
        tamper(f"DELETE FROM record_{table} WHERE {column} = %s", event)
    tamper("DELETE FROM record_event WHERE id = %s", event)


@pytest.fixture
def written(case) -> Stream:
    """The case under attack, between two others."""
    write(None, "case.received", "case.assessed")
    write(None, "case.received", "case.assessed")
    events.sequence_pending()
    assert ledger.verify() == []
    return case


def where(seq: int) -> int:
    return Event.objects.get(stream_id=Event.objects.first().stream_id, seq=seq).pk


def test_an_edited_payload_is_found(written):
    tamper(
        "UPDATE record_recordpayload SET body = %s WHERE event_id = %s",
        b'{"amount":9999,"n":2}',
        where(2),
    )

    assert found() == [(2, "payload_changed")]


def test_one_flipped_bit_of_a_payload_is_found(written):
    tamper(
        "UPDATE record_recordpayload SET body = set_bit(body, 13, 1 - get_bit(body, 13))"
        " WHERE event_id = %s",
        where(1),
    )

    assert found() == [(1, "payload_changed")]


def test_another_salt_is_found(written):
    tamper("UPDATE record_recordpayload SET salt = %s WHERE event_id = %s", b"\0" * 32, where(3))

    assert found() == [(3, "payload_changed")]


@pytest.mark.parametrize(
    "change",
    [
        "actor_ref = 'ada'",
        "actor_kind = 'client'",
        "at = at + interval '1 microsecond'",
        "type = 'case.closed'",
        "workflow = 'claims-letters'",
        "commitment = repeat('0', 64)",
    ],
)
def test_an_edited_actor_time_type_or_place_is_found(written, change):
    tamper(f"UPDATE record_event SET {change} WHERE id = %s", where(2))

    assert (2, "hash_differs") in found()


def test_an_edited_entry_with_its_own_hash_made_right_is_found(written):
    """Whoever recomputes one hash breaks the next link."""
    event = Event.objects.get(pk=where(2))
    event.actor_ref = "ada"
    tamper(
        "UPDATE record_event SET actor_ref = 'ada', hash = %s WHERE id = %s",
        sealing.hash_of(event.sealed()),
        event.pk,
    )

    assert found() == [(3, "prev_differs")]


def test_two_swapped_entries_are_found(written):
    for old, new in ((2, 99), (3, 2), (99, 3)):
        tamper(
            "UPDATE record_event SET seq = %s WHERE stream_id = %s AND seq = %s",
            new,
            written.id,
            old,
        )

    assert {(2, "hash_differs"), (3, "hash_differs")} <= set(found())


def test_two_swapped_payloads_are_found(written):
    one, two = where(2), where(3)
    for old, new in ((one, -1), (two, one), (-1, two)):
        tamper("UPDATE record_recordpayload SET event_id = %s WHERE event_id = %s", new, old)

    assert found() == [(2, "payload_changed"), (3, "payload_changed")]


def test_an_entry_deleted_in_the_middle_is_found(written):
    erase(where(2))

    assert {(3, "seq_gap"), (3, "prev_differs")} <= set(found(written))


def test_an_entry_deleted_in_the_middle_with_the_rest_moved_up_is_found(written):
    erase(where(2))
    tamper("UPDATE record_event SET seq = 2 WHERE id = %s", where(3))

    assert {(2, "prev_differs"), (2, "hash_differs")} <= set(found(written))


def test_a_tail_that_was_cut_off_is_found_by_its_head(written):
    erase(where(3))

    assert found(written) == [(2, "head_differs")]


def test_a_chain_deleted_whole_is_found_by_its_head(written):
    for seq in (3, 2, 1):
        erase(Event.objects.get(stream_id=written.id, seq=seq).pk)

    assert (None, "chain_missing") in found()


def test_a_deleted_head_is_found(written):
    tamper("DELETE FROM record_streamhead WHERE stream_id = %s", written.id)

    assert found() == [(3, "head_missing")]


def test_a_missing_payload_is_found(written):
    tamper("DELETE FROM record_recordpayload WHERE event_id = %s", where(2))

    assert found() == [(2, "payload_missing")]


def test_an_entry_slipped_in_is_found(written):
    tamper(
        "INSERT INTO record_event (stream_type, stream_id, seq, type, actor_kind, actor_ref, at,"
        " workflow, commitment, prev, hash) SELECT stream_type, stream_id, 4, 'case.closed',"
        " actor_kind, actor_ref, at, workflow, commitment, hash, repeat('a', 64)"
        " FROM record_event WHERE id = %s",
        where(3),
    )

    kinds = set(found())
    assert {(4, "hash_differs"), (4, "payload_missing"), (4, "head_differs")} <= kinds
    assert (4, "position_missing") in kinds


def test_a_chain_recomputed_to_its_end_is_found_by_the_head_that_a_caller_kept(written):
    """The tail that no check here can see, and why every answer carries `head_hash`."""
    witness = ledger.head_hash(written)
    forge(written, "rejected")

    assert ledger.verify() == []
    assert ledger.head_hash(written) != witness


def forge(stream: Stream, word: str) -> None:
    """Somebody who rewrites the last entry, its hash and its head."""
    event = Event.objects.get(stream_id=stream.id, seq=3)
    salt, body = b"\1" * 32, b'{"word":"' + word.encode() + b'"}'
    event.commitment = sealing.commitment_of(salt, body)
    event.hash = sealing.hash_of(event.sealed())
    tamper(
        "UPDATE record_recordpayload SET salt = %s, body = %s WHERE event_id = %s",
        salt,
        body,
        event.pk,
    )
    tamper(
        "UPDATE record_event SET commitment = %s, hash = %s WHERE id = %s",
        event.commitment,
        event.hash,
        event.pk,
    )
    tamper("UPDATE record_streamhead SET hash = %s WHERE stream_id = %s", event.hash, stream.id)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM record_eventposition WHERE position = 2", "position_gap"),
        ("DELETE FROM record_eventposition WHERE position = 2", "position_missing"),
        ("UPDATE record_eventposition SET position = 99 WHERE position = 1", "position_order"),
        (
            "UPDATE record_eventposition SET workflow = 'other' WHERE position = 1",
            "position_workflow",
        ),
        (
            "INSERT INTO record_eventpending SELECT event_id FROM record_eventposition"
            " WHERE position = 1",
            "position_twice",
        ),
    ],
)
def test_the_feeds_numbers_are_checked_too(written, sql, code):
    tamper(sql)

    assert code in {one.code for one in ledger.verify()}


def test_slices_leave_no_stream_out(db, monkeypatch):
    monkeypatch.setattr(verification, "SLICE", 3)
    streams = sorted(write(None, "case.received", "case.closed") for _ in range(8))
    for stream in streams:
        tamper("UPDATE record_event SET type = 'x' WHERE stream_id = %s AND seq = 2", stream.id)
    tamper("DELETE FROM record_streamhead WHERE stream_id = %s", streams[4].id)

    places = [one.stream for one in ledger.verify() if one.code == "hash_differs"]

    assert places == [str(stream) for stream in streams]


def test_the_whole_is_checked_in_one_snapshot(transactional_db, monkeypatch):
    """What changes while it reads is not half seen: one moment throughout."""
    monkeypatch.setattr(verification, "SLICE", 1)
    first, last = sorted(write(None, "case.received") for _ in range(2))
    change = "UPDATE record_event SET type = 'x' WHERE stream_id = %s"
    tamper(change, first.id)

    checking = verification.problems()
    seen = [next(checking)]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(elsewhere, change, last.id).result()
    seen += checking

    assert [one.stream for one in seen] == [str(first)]
    assert [one.stream for one in ledger.verify()] == [str(first), str(last)]


def elsewhere(sql: str, *params: object) -> None:
    """On a connection of its own, committed."""
    try:
        tamper(sql, *params)
    finally:
        connections.close_all()


class TestCommand:
    def run(self, *args: str) -> tuple[int, str]:
        out = io.StringIO()
        try:
            call_command("verify_record", *args, stdout=out, no_color=True)
        except SystemExit as stop:
            return int(stop.code or 0), out.getvalue()
        return 0, out.getvalue()

    def test_it_says_that_all_is_well(self, written):
        code, said = self.run()

        assert code == 0
        assert said.endswith("\nThe record is as it was written: 7 entries.\n")

    def test_it_names_each_bad_entry_and_ends_with_one(self, written):
        tamper("UPDATE record_event SET type = 'case.closed' WHERE id = %s", where(2))

        code, said = self.run()

        assert code == 1
        assert f"case/{written.id} #2 case.closed: its type" in said
        assert "The record was changed: 1 problems." in said

    def test_it_checks_one_case(self, written):
        other = write(None, "case.received")
        tamper("UPDATE record_event SET type = 'x' WHERE stream_id = %s", other.id)

        assert self.run("--case", written.id)[0] == 0
        assert self.run("--case", other.id)[0] == 1
        assert "no case" in self.run("--case", "0193f0a0-0000-7000-8000-000000000000")[1]

    def test_it_checks_one_workflow(self, written):
        other = write(None, "case.received", workflow="claims-letters")
        tamper("UPDATE record_event SET type = 'x' WHERE stream_id = %s", other.id)

        assert self.run("--workflow", "credit-decisions")[0] == 0
        assert self.run("--workflow", "claims-letters")[0] == 1

    def test_a_flood_of_problems_is_cut_short(self, written, monkeypatch):
        monkeypatch.setattr("assurance.record.management.commands.verify_record.SHOWN", 2)
        with tampering() as cursor:
            cursor.execute("UPDATE record_event SET type = 'x'")

        code, said = self.run()

        assert code == 1
        assert "The first 2 are shown" in said


def test_lawful_entries_leave_the_record_valid(written):
    write(written, "case.closed", "case.reopened")
    events.sequence_pending()

    assert ledger.verify() == []
    assert RecordPayload.objects.count() == Event.objects.count()
