"""What the dispatcher promises: at least once, in order, the same id, nobody waits for others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections

from assurance import clock
from assurance.delivery import dispatch, due, network, settling
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.models import Alert, Delivery, Endpoint
from assurance.delivery.retries import TRIES
from assurance.record import ledger
from assurance.record.ledger import Stream
from tests.delivery_factories import EndpointFactory, promised, promised_to_all
from tests.receiver import GARBAGE, RESET, Answer

pytestmark = pytest.mark.django_db


def test_a_promised_webhook_arrives_signed_with_the_body_as_it_was_promised(receiver, dispatched):
    endpoint = EndpointFactory(url=receiver.url)
    delivery = promised(decision={"outcome": "approve", "rationale": "Größe ✓"})

    assert dispatched() == 1

    (message,) = receiver.verified(endpoint.secret)
    assert message["type"] == "case.closed"
    assert message["data"]["decision"]["rationale"] == "Größe ✓"
    assert receiver.journal[0].body == bytes(delivery.body)
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DELIVERED
    assert delivery.delivered_at is not None
    assert ledger.types(Stream.case("case-1")) == ["webhook.delivered"]


def test_every_try_carries_the_same_id_and_a_fresh_timestamp(receiver, dispatched):
    endpoint = EndpointFactory(url=receiver.url)
    receiver.script = [Answer(500), Answer(404), RESET, GARBAGE]
    delivery = promised()

    for minutes in range(5):
        with clock.shifted(timedelta(seconds=59 * minutes)):
            Delivery.objects.update(next_attempt_at=clock.now())
            Endpoint.objects.update(resting_until=None)
            dispatched()

    assert receiver.ids() == [delivery.webhook_id] * 5
    stamps = [int(request.headers["webhook-timestamp"]) for request in receiver.journal]
    assert stamps == sorted(set(stamps))
    assert len(receiver.verified(endpoint.secret)) == 5
    codes = list(delivery.tries.order_by("number").values_list("status", "code"))
    assert codes == [
        (500, ""),
        (404, ""),
        (None, "connection_lost"),
        (None, "bad_reply"),
        (200, ""),
    ]


def test_a_later_webhook_of_a_case_waits_for_the_earlier_one(receiver, dispatched):
    EndpointFactory(url=receiver.url)
    first, second = promised(n=1), promised(n=2)
    other = promised("case-2", n=3)
    receiver.behave = lambda request: Answer(500 if request.id == first.webhook_id else 200)

    dispatched()

    assert sorted(receiver.ids()) == sorted([first.webhook_id, other.webhook_id])

    receiver.behave = None
    with clock.shifted(timedelta(seconds=10)):
        dispatched()

    assert [r.id for r in receiver.accepted()][-2:] == [first.webhook_id, second.webhook_id]


def test_a_dead_letter_lets_the_next_of_its_case_go(receiver, dispatched):
    EndpointFactory(url=receiver.url)
    first, second = promised(n=1), promised(n=2)
    Delivery.objects.filter(pk=first.pk).update(round_attempts=TRIES - 1)
    receiver.behave = lambda request: Answer(500 if request.id == first.webhook_id else 200)

    dispatched()

    first.refresh_from_db()
    assert first.status == DeliveryStatus.DEAD
    assert receiver.ids() == [first.webhook_id, second.webhook_id]
    alert = Alert.objects.get()
    assert alert.code == "webhook_given_up"
    assert "13 tries" in alert.sentence
    assert ledger.types(Stream.case("case-1")) == ["webhook.given_up", "webhook.delivered"]


def test_forty_cases_with_a_flaky_receiver_keep_their_order_and_lose_nothing(receiver, dispatched):
    EndpointFactory(url=receiver.url)
    sent = [[promised(f"case-{c}", n=n).webhook_id for n in range(3)] for c in range(40)]
    count = iter(range(100_000))
    rude = [Answer(500), RESET, Answer(503), GARBAGE]
    receiver.behave = lambda request: rude[n % 4] if (n := next(count)) % 3 == 0 else Answer()

    for step in range(30):
        with clock.shifted(timedelta(minutes=5 * step)):
            Delivery.objects.pending().update(next_attempt_at=clock.now())
            dispatched()

    arrived = [request.id for request in receiver.accepted()]
    assert len(arrived) == 120
    for ids in sent:
        assert [id for id in arrived if id in ids] == ids


def test_a_worker_that_dies_between_sending_and_noting_leads_to_the_same_id_again(
    receiver, dispatched, monkeypatch
):
    EndpointFactory(url=receiver.url)
    first, second = promised(n=1), promised(n=2)

    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(settling, "settle", die)
        with pytest.raises(Killed):
            dispatched()
    assert receiver.ids() == [first.webhook_id]
    assert dispatched() == 0, "the lease of the dead worker still holds"

    with clock.shifted(due.LEASE + timedelta(seconds=1)):
        dispatched()

    assert receiver.ids() == [first.webhook_id, first.webhook_id, second.webhook_id]
    first.refresh_from_db()
    assert (first.status, first.attempts) == (DeliveryStatus.DELIVERED, 2)


def test_a_delivery_that_kills_every_worker_is_given_up(dispatched, receiver):
    EndpointFactory(url=receiver.url)
    poison, healthy = promised("case-1"), promised("case-2")
    Delivery.objects.filter(pk=poison.pk).update(round_attempts=TRIES)

    dispatched()

    poison.refresh_from_db()
    healthy.refresh_from_db()
    assert (poison.status, healthy.status) == (DeliveryStatus.DEAD, DeliveryStatus.DELIVERED)
    assert "worker died" in poison.last_error


def test_a_delivery_that_cannot_be_noted_does_not_stop_the_others(
    receiver, dispatched, monkeypatch
):
    EndpointFactory(url=receiver.url)
    poison, healthy = promised("case-1"), promised("case-2")
    settle = settling.settle

    def stumble(delivery, *args, **kwargs):
        if delivery.pk == poison.pk:
            raise ValueError("cannot be noted")
        settle(delivery, *args, **kwargs)

    monkeypatch.setattr(settling, "settle", stumble)
    monkeypatch.setattr(dispatch, "_may_go_on", lambda: True)
    dispatched()

    healthy.refresh_from_db()
    assert healthy.status == DeliveryStatus.DELIVERED


def test_a_late_failure_of_a_worker_that_lost_its_lease_changes_nothing(receiver):
    EndpointFactory(url=receiver.url)
    promised()
    (slow,) = due.take(clock.now(), room=1)
    with clock.shifted(due.LEASE * 2):
        (fast,) = due.take(clock.now(), room=1)
        at = clock.now()
    settling.settle(fast, network.Reply(status=200), sent={}, began=at, at=at)

    settling.settle(slow, network.Reply(status=500), sent={}, began=at, at=at)

    fast.refresh_from_db()
    assert fast.status == DeliveryStatus.DELIVERED
    assert fast.tries.count() == 2


def test_a_late_success_counts_whoever_brings_it(receiver):
    EndpointFactory(url=receiver.url)
    promised()
    (slow,) = due.take(clock.now(), room=1)
    with clock.shifted(due.LEASE * 2):
        due.take(clock.now(), room=1)
        at = clock.now()

    settling.settle(slow, network.Reply(status=200), sent={}, began=at, at=at)

    slow.refresh_from_db()
    assert slow.status == DeliveryStatus.DELIVERED


def test_no_endpoint_gets_more_than_four_tries_at_once():
    EndpointFactory()
    for n in range(20):
        promised(f"case-{n}")

    at = clock.now()

    assert len(due.take(at, room=32)) == due.AT_ONCE
    assert due.take(at, room=32) == []


def test_an_endpoint_that_keeps_failing_is_only_probed_and_left_out_near_the_end():
    endpoint = EndpointFactory(failures=due.FAILING)
    for n in range(5):
        promised(f"case-{n}")
    at = clock.now()

    assert due.due(at, room=32, risky=False) == []
    assert len(due.due(at, room=32)) == 1

    Endpoint.objects.filter(pk=endpoint.pk).update(resting_until=at + timedelta(seconds=5))

    assert due.due(at, room=32) == []


def test_an_endpoint_without_an_answer_rests_and_a_success_ends_it(receiver, dispatched):
    endpoint = EndpointFactory(url=receiver.url)
    receiver.script = [RESET] * 3
    for _ in range(3):
        promised("case-1")
        Delivery.objects.pending().update(next_attempt_at=clock.now())
        dispatched()

    endpoint.refresh_from_db()
    assert endpoint.failures == 3
    assert endpoint.is_resting(clock.now())

    with clock.shifted(timedelta(minutes=6)):
        dispatched()

    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)
    assert not endpoint.is_resting(clock.now())
    assert endpoint.health == "ok"


def test_what_waits_at_an_endpoint_that_failed_for_three_days_is_given_up(dispatched):
    endpoint = EndpointFactory()
    at = clock.now()
    old, new = promised("case-1"), promised("case-2")
    four_days = at - timedelta(days=4)
    rest = at + timedelta(minutes=5)
    Delivery.objects.filter(pk=old.pk).update(round_started_at=four_days)
    Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=four_days, resting_until=rest)

    dispatched()

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.status) == (DeliveryStatus.DEAD, DeliveryStatus.PENDING)


def test_an_outage_of_ours_gives_nothing_up(receiver, dispatched):
    EndpointFactory(url=receiver.url)
    delivery = promised()
    Delivery.objects.update(round_started_at=clock.now() - timedelta(days=9))

    dispatched()

    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DELIVERED


def test_a_client_that_lost_the_workflow_or_was_switched_off_gets_nothing_more(
    receiver, dispatched
):
    unbound, off, bound = (EndpointFactory(url=f"{receiver.url}/{n}") for n in range(3))
    promised_to_all()
    unbound.client.workflows = ["claims-letters"]
    unbound.client.save()
    off.client.active = False
    off.client.save()

    dispatched()

    assert [request.path for request in receiver.journal] == ["/hooks/2"]
    states = {d.endpoint_id: d.status for d in Delivery.objects.all()}
    assert states[unbound.pk] == states[off.pk] == DeliveryStatus.CANCELLED
    assert states[bound.pk] == DeliveryStatus.DELIVERED


def test_a_second_dispatcher_leaves_the_work_to_the_first(receiver, dispatched):
    EndpointFactory(url=receiver.url)
    promised()
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [dispatch.LOCK])
        assert dispatched() == 0
        cursor.execute("SELECT pg_advisory_unlock(%s)", [dispatch.LOCK])
    other.close()

    assert dispatched() == 1


def test_those_behind_a_failed_one_wait_with_it_and_come_back_as_soon_as_it_is_through(
    receiver, dispatched
):
    EndpointFactory(url=receiver.url)
    first, second, third = (promised(n=n) for n in range(3))
    receiver.script = [Answer(500), Answer(500)]
    dispatched()
    with clock.shifted(timedelta(seconds=10)):
        dispatched()

    for delivery in (first, second, third):
        delivery.refresh_from_db()
        assert delivery.next_attempt_at > clock.now() + timedelta(seconds=20)

    with clock.shifted(timedelta(seconds=60)):
        assert dispatched() == 3

    assert [request.id for request in receiver.accepted()] == [
        first.webhook_id,
        second.webhook_id,
        third.webhook_id,
    ]
