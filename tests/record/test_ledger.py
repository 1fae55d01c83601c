"""Appending to the record: with the act or not at all, one after the other, and for good."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, connections, transaction

from assurance.record import ledger, sealing
from assurance.record.actors import Actor
from assurance.record.canonical import canonical
from assurance.record.ledger import INSTALLATION, Chapter, Stream
from assurance.record.models import Event, EventPending, RecordPayload, StreamHead
from tests.record.conftest import NOON, SWEEP, write


def test_entries_follow_each_other_in_one_chain(case):
    first, second, third = Event.objects.order_by("seq")

    assert [one.seq for one in (first, second, third)] == [1, 2, 3]
    assert first.prev == sealing.GENESIS
    assert (second.prev, third.prev) == (first.hash, second.hash)
    assert ledger.head_hash(case) == third.hash
    assert ledger.types(case) == ["case.received", "case.assessed", "case.routed"]


def test_an_entry_can_be_checked_without_our_code(case):
    event = Event.objects.get(seq=2)
    payload = event.payload

    commitment = hmac.new(bytes(payload.salt), bytes(payload.body), hashlib.sha256).hexdigest()
    sealed = {
        "v": 1,
        "stream": {"type": "case", "id": case.id, "workflow": "credit-decisions"},
        "seq": 2,
        "type": "case.assessed",
        "actor": {"kind": "system", "ref": "sweep", "user": None},
        "at": "2026-11-22T12:00:00.123456Z",
        "commitment": commitment,
        "prev": Event.objects.get(seq=1).hash,
    }
    text = json.dumps(sealed, sort_keys=True, separators=(",", ":"))

    assert event.hash == hashlib.sha256(b"\x00" + text.encode()).hexdigest()
    assert json.loads(bytes(payload.body)) == {"n": 2, "amount": 4820}


def test_the_very_bytes_are_kept_that_were_hashed(db, writing):
    writing(None, "case.received", ratio=1e2, text="“ü”")

    body = bytes(RecordPayload.objects.get().body)

    assert body == canonical({"n": 1, "ratio": 1e2, "text": "“ü”"})


def test_equal_payloads_have_unequal_commitments(db, writing):
    writing(None, "case.received")
    writing(None, "case.received")

    assert Event.objects.values("commitment").distinct().count() == 2


def test_a_person_is_named_with_the_account(cast):
    with transaction.atomic():
        event = ledger.record(
            INSTALLATION, "grant.made", {}, actor=Actor.person(cast.grace), at=NOON
        )

    event.refresh_from_db()
    assert (event.actor_ref, event.actor_user) == ("grace", cast.grace)
    assert ledger.verify() == []


def test_nothing_is_recorded_outside_the_transaction_of_its_act(transactional_db):
    with pytest.raises(RuntimeError, match="transaction of its act"):
        ledger.record(INSTALLATION, "x", {}, actor=SWEEP, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_an_act_that_is_undone_leaves_no_entry():
    stream = write(None, "case.received")

    def act_that_fails() -> None:
        with transaction.atomic():
            ledger.record(stream, "case.closed", {}, actor=SWEEP, at=NOON)
            raise KeyError

    with pytest.raises(KeyError):
        act_that_fails()

    assert ledger.types(stream) == ["case.received"]
    assert EventPending.objects.count() == 1
    assert ledger.verify() == []


def test_what_json_cannot_carry_is_refused_before_anything_is_written(case):
    with pytest.raises(ValueError), transaction.atomic():
        ledger.record(case, "x", {"n": 2**60}, actor=SWEEP, at=NOON)

    assert len(ledger.types(case)) == 3


def test_several_streams_are_appended_in_two_statements(db, django_assert_num_queries):
    streams = [Stream.case(uuid4()) for _ in range(50)]
    chapters = [Chapter(one, [("a", {}), ("b", {})], "claims-letters") for one in streams]

    with transaction.atomic(), django_assert_num_queries(2):
        events = ledger.record_many(chapters, actor=SWEEP, at=NOON)

    assert [event.stream_id for event in events] == [one.id for one in streams for _ in "ab"]
    assert all(event.pk for event in events)
    assert ledger.head_hash(streams[7]) == events[15].hash
    assert ledger.verify() == []


def test_two_chapters_of_one_stream_are_one_chain(case):
    chapters = [Chapter(case, [("a", {})], "w"), Chapter(case, [("b", {})], "w")]

    with transaction.atomic():
        ledger.record_many(chapters, actor=SWEEP, at=NOON)

    assert ledger.types(case)[3:] == ["a", "b"]
    assert ledger.verify(case) == []


def test_a_chapter_may_name_its_own_actor(case):
    chapter = Chapter(case, [("a", {})], "w", Actor("client", "scoring"))

    with transaction.atomic():
        (event,) = ledger.record_many([chapter], actor=SWEEP, at=NOON)

    assert event.actor_ref == "scoring"


@pytest.mark.django_db(transaction=True)
def test_writers_of_one_stream_wait_for_each_other_and_none_is_lost():
    stream = write(None, "case.received")
    barrier = threading.Barrier(6)

    def race(n: int) -> None:
        barrier.wait(30)
        for _ in range(5):
            write(stream, f"writer.{n}")
        connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(race, range(6)))

    assert len(ledger.types(stream)) == 31
    assert ledger.verify() == []


@pytest.mark.django_db(transaction=True)
def test_batches_over_the_same_streams_never_wait_in_a_circle():
    streams = [Stream.case(uuid4()) for _ in range(10)]
    barrier = threading.Barrier(4)

    def race(n: int) -> None:
        ordered = streams if n % 2 else streams[::-1]
        barrier.wait(30)
        for _ in range(5):
            with transaction.atomic():
                ledger.record_many(
                    [Chapter(one, [("a", {})]) for one in ordered], actor=SWEEP, at=NOON
                )
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(race, range(4)))

    assert {head.seq for head in StreamHead.objects.all()} == {20}
    assert ledger.verify() == []


@pytest.mark.parametrize("table", ["record_event", "record_recordpayload", "record_eventposition"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "UPDATE {table} SET {column} = {column}",
        "UPDATE {table} SET {column} = {column} WHERE false",
    ],
)
def test_the_database_refuses_every_change_in_words(case, table, statement):
    column = "seq" if table == "record_event" else "event_id"
    with connection.cursor() as cursor:  # TRUNCATE asks for no checks that still wait
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with (
        pytest.raises(IntegrityError, match=r"The record is append-only.*Record a new event"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table=table, column=column))


def test_no_session_variable_talks_the_triggers_out_of_it(case):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'record_event'::regclass")
        names = ",".join(name for (name,) in cursor.fetchall() if name.startswith("pgtrigger"))
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{names}}}"])
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute("UPDATE record_event SET type = 'x'")


def test_the_orm_is_refused_too(case):
    event = Event.objects.first()
    event.type = "case.closed"

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        event.save()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        RecordPayload.objects.all().delete()
