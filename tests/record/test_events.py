"""P10: polling by cursor sees every event exactly once, whatever commits late."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assurance.errors import DomainError
from assurance.record import events, ledger, visibility
from assurance.record.ledger import Stream, record_all
from assurance.record.models import Event, EventPending, EventPosition
from tests.record.conftest import NOON, SWEEP, write

WRITERS = 12
ROUNDS = 12


@pytest.fixture
def sees(monkeypatch):
    """Choose what the caller of the feed may see."""

    def choose(what):
        monkeypatch.setattr(visibility, "_answer", lambda request: what)

    return choose


@pytest.fixture
def reader(settings, cast) -> Client:
    settings.ALLOWED_HOSTS = ["*"]
    settings.PLAIN_HTTP = True
    settings.SECURE_SSL_REDIRECT = False
    client = Client()
    client.force_login(cast.otto)
    return client


def walk(reader: Client, address: str) -> tuple[list[dict], str]:
    """Every event from there on, and the address at which to go on later."""
    found: list[dict] = []
    while True:
        page = reader.get(address).json()
        found += page["results"]
        if page["next"] is None:
            return found, address
        address = relative(page["next"])


def relative(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def test_positions_are_gapless_and_in_the_order_of_every_chain(db):
    one, two = write(None, "a", "b"), write(None, "c")
    write(one, "d")

    assert events.sequence_pending() == 4
    assert events.sequence_pending() == 0
    assert list(EventPosition.objects.order_by("position").values_list("position", "event__type"))
    assert [row.position for row in events.after(0)] == [1, 2, 3, 4]
    assert [row.event.type for row in events.after(0) if row.event.stream_id == one.id] == [
        "a",
        "b",
        "d",
    ]
    assert [row.event.type for row in events.after(2)][:1] == ["c"]
    assert str(two) in {str(Stream("case", row.event.stream_id)) for row in events.after(0)}


def test_a_run_numbers_at_most_its_batch(db):
    write(None, *["a"] * 7)

    assert [events.sequence_pending(3) for _ in range(4)] == [3, 3, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_numbered_late_and_not_lost():
    opened, commit = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            record_all(Stream.workflow("slow"), [("late", {})], actor=SWEEP, at=NOON)
            opened.set()
            commit.wait(10)
        connections.close_all()

    thread = threading.Thread(target=late)
    thread.start()
    assert opened.wait(10)
    write(None, "early")
    events.sequence_pending()
    seen = [row.event.type for row in events.after(0)]
    commit.set()
    thread.join()
    events.sequence_pending()

    assert Event.objects.get(type="late").pk < Event.objects.get(type="early").pk
    assert seen == ["early"]
    assert [row.event.type for row in events.after(1)] == ["late"]


@pytest.mark.django_db(transaction=True)
def test_p10_a_poller_beside_twelve_writers_sees_every_event_exactly_once(reader, sees):
    sees("all")
    write(None, "first")
    barrier = threading.Barrier(WRITERS + 1)
    dice = [random.Random(n) for n in range(WRITERS)]

    def writer(n: int) -> None:
        barrier.wait(30)
        for turn in range(ROUNDS):
            with transaction.atomic():
                stream = (
                    Stream.workflow(f"flow-{n % 5}") if turn % 3 else Stream.case(f"{n}.{turn}")
                )
                entries = [(f"event.{n}.{turn}.{k}", {}) for k in range(1 + turn % 3)]
                record_all(stream, entries, actor=SWEEP, at=NOON, workflow="w")
                time.sleep(dice[n].random() * 0.02)
        connections.close_all()

    seen: list[dict] = []
    address = "/api/v1/events/?limit=7"
    with ThreadPoolExecutor(WRITERS) as pool:
        done = [pool.submit(writer, n) for n in range(WRITERS)]
        barrier.wait(30)
        while not all(one.done() for one in done):
            found, address = walk(reader, address)
            seen += found
        for one in done:
            one.result()
    found, address = walk(reader, address)
    seen += found

    positions = [one["position"] for one in seen]
    missed = set(Event.objects.values_list("hash", flat=True)) - {one["hash"] for one in seen}
    assert missed == set()
    assert positions == list(range(1, len(positions) + 1)), "each once, in order, without a gap"
    assert not EventPending.objects.exists()
    assert ledger.verify() == []


@pytest.mark.django_db(transaction=True)
def test_sequencers_at_once_beside_writers_number_nothing_twice_and_leave_no_gap():
    barrier = threading.Barrier(8)
    written = threading.Event()

    def writer(_: int) -> None:
        barrier.wait(30)
        for _ in range(15):
            write(None, "a", "b")
        connections.close_all()

    def sequencer(_: int) -> None:
        barrier.wait(30)
        while events.sequence_pending(7) or not written.is_set():
            pass
        connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        numbering = [pool.submit(sequencer, n) for n in range(4)]
        writing = [pool.submit(writer, n) for n in range(4)]
        for one in writing:
            one.result(60)
        written.set()
        for one in numbering:
            one.result(60)
    events.sequence_pending()

    assert [row.position for row in events.after(0)] == list(range(1, 121))


def test_the_feed_carries_what_is_needed_to_check_it(reader, sees):
    sees("all")
    stream = write(None, "case.received", amount=4820)

    (event,) = [
        one
        for one in reader.get("/api/v1/events/").json()["results"]
        if one["type"] == "case.received"
    ]

    assert event["stream"] == {"type": "case", "id": stream.id}
    assert event["payload"] == {"n": 1, "amount": 4820}
    assert event["actor"] == {"kind": "system", "ref": "sweep", "user": None}
    assert event["at"] == "2026-11-22T12:00:00.123456Z"
    assert event["hash"] == ledger.head_hash(stream)
    assert len(bytes.fromhex(event["salt"])) == 32


def test_only_events_of_visible_workflows_are_shown(reader, sees):
    write(None, "mine", workflow="claims-letters")
    write(None, "theirs", workflow="credit-decisions")
    write(Stream("installation", "installation"), "ours", workflow="")
    sees({"claims-letters"})

    found = reader.get("/api/v1/events/").json()["results"]

    assert [one["type"] for one in found] == ["mine"]


def test_who_may_see_nothing_sees_nothing(reader, sees):
    write(None, "a")
    sees(set())

    assert reader.get("/api/v1/events/").json()["results"] == []


def test_before_anybody_has_said_who_may_read_nobody_may(reader, monkeypatch):
    write(None, "a")
    monkeypatch.setattr(visibility, "_answer", None)

    assert reader.get("/api/v1/events/").json()["results"] == []


def test_a_refusal_of_the_room_above_is_answered(reader, monkeypatch):
    def refuse(request):
        raise DomainError("scope_missing", "This key lacks events:read.", status=403)

    monkeypatch.setattr(visibility, "_answer", refuse)

    answer = reader.get("/api/v1/events/")

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_strangers_are_401(reader, sees):
    sees("all")
    reader.logout()

    assert reader.get("/api/v1/events/").status_code == 401


def test_the_feed_goes_on_where_it_ended(reader, sees):
    sees("all")
    write(None, "one", "two")
    found, address = walk(reader, "/api/v1/events/?limit=1")
    assert [one["type"] for one in found][-2:] == ["one", "two"]

    assert walk(reader, address)[0] == []
    write(None, "three")
    assert [one["type"] for one in walk(reader, address)[0]] == ["three"]


def test_the_feed_can_be_entered_beyond_a_position_and_filtered(reader, sees):
    sees("all")
    write(None, "a", "b", "a", workflow="claims-letters")
    last = reader.get("/api/v1/events/").json()["results"][-1]["position"]

    def types(query: str) -> list[str]:
        return [one["type"] for one in reader.get(f"/api/v1/events/?{query}").json()["results"]]

    assert types(f"after={last - 1}") == ["a"]
    assert types("workflow=claims-letters&type=a") == ["a", "a"]
    assert reader.get("/api/v1/events/?after=-1").status_code == 400
    assert reader.get("/api/v1/events/?since=1").json()["code"] == "unknown_parameter"


def test_a_page_of_the_feed_costs_the_same_whatever_its_size(reader, sees):
    sees("all")
    write(None, *["a"] * 30)
    reader.get("/api/v1/events/")
    costs = []

    for limit in (1, 30):
        with CaptureQueriesContext(connection) as queries:
            assert len(reader.get(f"/api/v1/events/?limit={limit}").json()["results"]) == limit
        costs.append(len(queries))

    assert costs[0] == costs[1] <= 6


def test_one_streams_page_is_in_its_own_order(reader, sees, rf, cast):
    from assurance.record.reading import case_events_page

    stream = write(None, "a", "b", "c")
    request = rf.get("/api/v1/cases/x/events/?limit=2")
    request.user = cast.otto

    page = case_events_page(request, stream)

    assert [one["type"] for one in page["results"]] == ["a", "b"]
    assert page["results"][0]["position"] is None
    assert page["next"]
