"""P2 to P4: a named request is done once, however often and however badly it is sent."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections

from assurance import clock
from assurance.api import idempotency
from assurance.api.models import CspReport, IdempotencyKey
from assurance.api.tasks import prune_keys
from tests.api.conftest import Caller
from tests.api.house import work

DO = "/api/t/do/"
KINDS = [DO, "/api/t/do-atomically/", "/api/t/do-plainly/"]


def done() -> int:
    """How often the work was really done."""
    return CspReport.objects.count()


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("address", KINDS)
def test_the_same_request_again_gets_the_same_bytes(api, address):
    first = api.send(address, {"what": "a"}, Idempotency_Key="k-1")
    again = api.send(address, {"what": "a"}, Idempotency_Key="k-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers.get("Location") == first.headers.get("Location")
    assert (first.headers.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (
        None,
        "true",
    )
    assert done() == 1


def test_without_a_key_every_request_is_its_own(api):
    for _ in range(2):
        assert api.send(DO, {"what": "a"}).status_code == 201

    assert done() == 2


@pytest.mark.parametrize("address", KINDS)
def test_a_refusal_is_an_answer_and_is_kept(api, address):
    first = api.send(address, {"then": "refuse"}, Idempotency_Key="k")
    again = api.send(address, {"then": "refuse"}, Idempotency_Key="k")

    assert code(first) == (409, "refused_here")
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"


def test_a_body_that_is_not_ours_is_an_answer_too(api):
    first = api.send(DO, b'{"a": 1, "a": 2}', Idempotency_Key="k")
    again = api.send(DO, b'{"a": 1, "a": 2}', Idempotency_Key="k")

    assert code(first) == (400, "duplicate_key")
    assert again.content == first.content


def test_a_refused_atomic_request_undoes_its_work_and_keeps_its_answer(api):
    api.send("/api/t/do-atomically/", {"then": "refuse"}, Idempotency_Key="k")

    assert done() == 0
    assert IdempotencyKey.objects.get().status == 409


@pytest.mark.parametrize("address", [DO, "/api/t/do-atomically/"])
def test_faults_and_waits_are_never_kept(api, address):
    assert api.send(address, {"then": "fail"}, Idempotency_Key="k1").status_code == 500
    assert api.send(address, {"then": "busy"}, Idempotency_Key="k2").status_code == 429
    assert IdempotencyKey.objects.count() == 0

    assert api.send(address, {"what": "a"}, Idempotency_Key="k1").status_code == 201


def test_another_body_under_the_same_key_is_422(api):
    api.send(DO, {"what": "a"}, Idempotency_Key="k")
    other = api.send(DO, {"what": "b"}, Idempotency_Key="k")

    assert code(other) == (422, "idempotency_key_reused")
    assert done() == 1


def test_another_place_under_the_same_key_is_422(api):
    api.send(DO, {"what": "a"}, Idempotency_Key="k")

    assert code(api.send(KINDS[1], {"what": "a"}, Idempotency_Key="k"))[0] == 422
    assert code(api.send(f"{DO}?wait=1", {"what": "a"}, Idempotency_Key="k"))[0] == 422


def test_keys_of_two_callers_never_meet(api):
    first = api.send(DO, {"what": "a"}, Idempotency_Key="k")
    other = Caller("2").send(DO, {"what": "b"}, Idempotency_Key="k")

    assert (first.status_code, other.status_code) == (201, 201)
    assert done() == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\tb", "a\x7f", "ключ", "a\x00b"])
def test_33_a_key_that_is_no_key_is_400(api, key):
    answer = api.send(DO, {"what": "a"}, Idempotency_Key=key)

    assert code(answer) == (400, "idempotency_key_invalid")
    assert done() == 0


def test_255_characters_are_a_key(api):
    assert api.send(DO, {}, Idempotency_Key="x" * 255).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_request_that_still_runs_is_409_with_a_time_to_come_back(api):
    work.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_thread, DO, {"what": "a"}, "k")
        assert work.entered.wait(10)

        meanwhile = api.send(DO, {"what": "a"}, Idempotency_Key="k")
        work.go_on.set()

        assert code(meanwhile) == (409, "idempotency_in_flight")
        assert meanwhile["Retry-After"] == "1"
        assert first.result(10).status_code == 201
    after = api.send(DO, {"what": "a"}, Idempotency_Key="k")
    assert after.content == first.result().content
    assert done() == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_frees_the_key(api):
    """The lock belongs to the connection: when the process dies, the key is free again."""
    kept = idempotency.Kept("client:1", "k", "")
    died = threading.Event()

    def die_inside() -> None:
        idempotency.running(kept).__enter__()
        died.link = connection.connection  # type: ignore[attr-defined]  # else it ends with us
        died.pid = connection.connection.info.backend_pid  # type: ignore[attr-defined]
        died.set()

    thread = threading.Thread(target=die_inside)
    thread.start()
    thread.join()
    blocked = api.send(DO, {"what": "a"}, Idempotency_Key="k")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [died.pid])  # type: ignore[attr-defined]
    free = api.send(DO, {"what": "a"}, Idempotency_Key="k")

    assert (blocked.status_code, free.status_code) == (409, 201)


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_in_the_work_is_503_and_frees_the_key(api):
    lost = api.send(KINDS[1], {"then": "lose"}, Idempotency_Key="k")
    connection.close()

    again = api.send(KINDS[1], {"what": "a"}, Idempotency_Key="k")

    assert code(lost) == (503, "temporarily_unavailable")
    assert lost["Retry-After"]
    assert again.status_code == 201
    assert done() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", KINDS)
def test_p2_a_storm_of_the_same_requests_does_each_once(house, address):
    """8 threads send 6 keys in their own order, all at once, and try again while one is running."""
    keys = [f"key-{n}" for n in range(6)]
    barrier = threading.Barrier(8)

    def storm(seed: int) -> list[tuple[str, int, bytes]]:
        barrier.wait(30)
        found = []
        for key in keys[seed % 6 :] + keys[: seed % 6]:
            while (answer := send(address, {"what": key}, key)).status_code == 409:
                assert answer["Retry-After"] == "1"
            found.append((key, answer.status_code, answer.content))
        connections.close_all()
        return found

    with ThreadPoolExecutor(8) as pool:
        answers = [one for found in pool.map(storm, range(8)) for one in found]

    assert done() == len(keys)
    assert {status for _, status, _ in answers} == {201}
    assert len(answers) == 48
    assert Counter(key for key, _ in {(key, body) for key, _, body in answers}) == dict.fromkeys(
        keys, 1
    )


@pytest.mark.django_db(transaction=True)
def test_p3_of_two_bodies_under_one_key_one_wins_and_the_other_is_told(house):
    barrier = threading.Barrier(8)

    def race(n: int) -> int:
        barrier.wait(30)
        while (answer := send(DO, {"what": f"body {n % 2}"}, "k")).status_code == 409:
            pass
        connections.close_all()
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(race, range(8)))

    assert statuses == {201: 4, 422: 4}
    assert done() == 1


def send(address: str, body: dict, key: str):
    return Caller().send(address, body, Idempotency_Key=key)


def in_thread(address: str, body: dict, key: str):
    try:
        return send(address, body, key)
    finally:
        connections.close_all()


class TestPruning:
    """P4: a key lives 7 days, or 7 days past the end of what it is linked to."""

    def test_a_key_is_forgotten_after_seven_days_and_not_before(self, api):
        api.send(DO, {"what": "a"}, Idempotency_Key="k")

        with clock.shifted(timedelta(days=6, hours=23)):
            assert prune_keys() == 0
        with clock.shifted(timedelta(days=7, minutes=1)):
            assert prune_keys() == 1

    def test_a_linked_key_stays_while_its_case_is_open(self, api, monkeypatch):
        ends = {"case-1": None}
        monkeypatch.setattr(idempotency, "_ends", lambda links: {one: ends[one] for one in links})
        api.send("/api/t/do-and-link/", {"what": "a"}, Idempotency_Key="k")
        closed = clock.now() + timedelta(days=30)

        with clock.shifted(timedelta(days=29)):
            assert prune_keys() == 0
        ends["case-1"] = closed
        with clock.shifted(timedelta(days=36, hours=23)):
            assert prune_keys() == 0
        with clock.shifted(timedelta(days=37, minutes=1)):
            assert prune_keys() == 1

    def test_a_room_may_lengthen_the_keys_of_its_thing_itself(self, api):
        api.send("/api/t/do-and-link/", {"what": "a"}, Idempotency_Key="k")
        api.send("/api/t/do/", {"what": "b"}, Idempotency_Key="k2")

        assert idempotency.extend("case-1", clock.now() + timedelta(days=20)) == 1
        with clock.shifted(timedelta(days=19)):
            assert prune_keys() == 1
        assert IdempotencyKey.objects.get().key == "k"

    def test_links_that_nobody_knows_any_more_do_not_keep_a_key(self, api, monkeypatch):
        monkeypatch.setattr(idempotency, "_ends", lambda links: {})
        api.send("/api/t/do-and-link/", {"what": str(uuid4())}, Idempotency_Key="k")

        with clock.shifted(timedelta(days=8)):
            assert prune_keys() == 1
