"""Note what came of a try: delivered, to be tried again, given up, or wanted no more.

A success is noted whoever brings it, for the receiver has the message. A failure is noted only by
the worker that still holds the lease.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from assurance.delivery.alerts import raise_alert
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.due import FAILING
from assurance.delivery.endpoints import turn_away
from assurance.delivery.models import Delivery, DeliveryAttempt, Endpoint
from assurance.delivery.network import Reply
from assurance.delivery.querysets import DeliveryQuerySet
from assurance.delivery.retries import PATIENCE, TRIES, pause_before
from assurance.delivery.webhooks import Meaning, meaning_of, sentence_of, wish_for_rest
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record

WORKER = Actor.system("webhooks")
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
_LATELY = timedelta(seconds=10)  # a busy endpoint's row is not written with every success
_SHOWN = 4000  # characters of a reply that are kept
_OURS = ("content-type", "user-agent", "accept-encoding", "webhook-")


@transaction.atomic
def settle(
    delivery: Delivery, reply: Reply, *, sent: Mapping[str, str], began: datetime, at: datetime
) -> None:
    """Write down one try and its consequence. `sent` are the headers of the try."""
    # Endpoint, delivery, the case's chain, the workflow's chain, alert: always in this order.
    endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=delivery.endpoint_id)
    current = Delivery.objects.select_for_update(no_key=True).get(pk=delivery.pk)
    current.endpoint = endpoint
    meaning = meaning_of(reply)
    _log(current, delivery.attempts, reply, sent=sent, began=began, failed=meaning)
    if meaning is Meaning.DELIVERED:
        _delivered(current, reply, at=at)
    elif current.claim == delivery.claim and current.is_pending:
        _failed(current, reply, gone=meaning is Meaning.GONE, at=at)


@transaction.atomic
def give_up_hopeless(pk: int, *, at: datetime) -> None:
    """Give one up that nobody is going to try again, unless somebody just has."""
    hopeless = Delivery.objects.pending().hopeless(at, tries=TRIES, patience=PATIENCE)
    delivery = hopeless.select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(pk=pk)
    for one in delivery.select_related("endpoint__client"):
        if not one.last_error:
            one.last_error = "No answer was noted: the worker died each time, or others came first."
        _give_up(one, at=at)


def _give_up(delivery: Delivery, *, at: datetime) -> None:
    """A dead letter: kept, shown, resent by a person. One alert for each endpoint and workflow."""
    _close(delivery, DeliveryStatus.DEAD, at=at)
    _tell(delivery, "webhook.given_up", at=at)
    endpoint = delivery.endpoint
    raise_alert(
        "webhook_given_up",
        f"Webhooks to {endpoint.client.name} at {endpoint.url} were given up after"
        f" {delivery.round_attempts} tries: {delivery.last_error} Mend the receiver, then"
        " resend them.",
        workflow=delivery.workflow,
        at=at,
        subject=f"endpoint/{endpoint.pk}",
        data={"endpoint": endpoint.pk, "webhook_id": delivery.webhook_id},
        about=endpoint,
    )


def _delivered(delivery: Delivery, reply: Reply, *, at: datetime) -> None:
    if delivery.status != DeliveryStatus.DELIVERED:
        delivery.last_status, delivery.last_error, delivery.delivered_at = reply.status, "", at
        _close(delivery, DeliveryStatus.DELIVERED, at=at)
        _tell(delivery, "webhook.delivered", at=at)
    endpoint = delivery.endpoint
    seen_lately = endpoint.last_success_at and at - endpoint.last_success_at < _LATELY
    if endpoint.failures or endpoint.resting_until or not seen_lately:
        Endpoint.objects.filter(pk=endpoint.pk).update(
            failures=0, failing_since=None, resting_until=None, last_success_at=at, last_error=""
        )


def _failed(delivery: Delivery, reply: Reply, *, gone: bool, at: datetime) -> None:
    delivery.last_status, delivery.last_error = reply.status, sentence_of(reply)[:1000]
    wish = wish_for_rest(reply, at=at)
    _note_failure(delivery.endpoint, reply, wish, at=at)
    if gone:
        _switched_off_by_receiver(delivery, at=at)
        return
    pause = pause_before(delivery.round_attempts)
    if pause is None:
        _give_up(delivery, at=at)
        return
    delivery.next_attempt_at = at + max(pause, wish or pause)
    delivery.claimed_until = None
    delivery.save(update_fields=["last_status", "last_error", "next_attempt_at", "claimed_until"])
    # Those behind it wait too: else every look for work would step over all of them.
    _behind(delivery).update(next_attempt_at=delivery.next_attempt_at)


def _note_failure(
    endpoint: Endpoint, reply: Reply, wish: timedelta | None, *, at: datetime
) -> None:
    """Count it, and let the endpoint rest: as long as it asks for, or, once it has failed several
    times without an answer, for a doubling while, since waiting for it costs everybody."""
    failures = endpoint.failures + 1
    rest = wish
    if rest is None and reply.status is None and failures >= FAILING:
        rest = min(FIRST_REST * 2 ** min(failures - FAILING, 10), LONGEST_REST)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        failures=F("failures") + 1,
        failing_since=endpoint.failing_since or at,
        last_failure_at=at,
        last_error=sentence_of(reply)[:1000],
        resting_until=at + rest if rest else endpoint.resting_until,
    )


def _switched_off_by_receiver(delivery: Delivery, *, at: datetime) -> None:
    """410: the receiver wants nothing more. This one is given up, the rest cancelled."""
    _close(delivery, DeliveryStatus.DEAD, at=at)
    _tell(delivery, "webhook.given_up", at=at)
    endpoint = turn_away(
        delivery.endpoint, actor=WORKER, at=at, reason="The receiver answered 410 Gone."
    )
    raise_alert(
        "endpoint_gone",
        f"The endpoint of {endpoint.client.name} at {endpoint.url} answered 410 Gone and was"
        " switched off. Ask its owner, then switch it on again or make another.",
        workflow=delivery.workflow,
        at=at,
        subject=f"endpoint/{endpoint.pk}",
        data={"endpoint": endpoint.pk},
        about=endpoint,
    )


def _close(delivery: Delivery, status: DeliveryStatus, *, at: datetime) -> None:
    """End it, and call the next of its stream back from waiting with it."""
    delivery.status, delivery.claimed_until = status, None
    if delivery.attempts > 1:
        waiting = _behind(delivery).filter(next_attempt_at__gt=at).order_by("pk")[:1]
        Delivery.objects.filter(pk__in=waiting.values("pk")).update(next_attempt_at=at)
    delivery.save(
        update_fields=["status", "claimed_until", "last_status", "last_error", "delivered_at"]
    )


def _behind(delivery: Delivery) -> DeliveryQuerySet:
    """What waits for it: later ones of the same stream and endpoint."""
    return Delivery.objects.pending().filter(
        endpoint_id=delivery.endpoint_id,
        stream_type=delivery.stream_type,
        stream_id=delivery.stream_id,
        pk__gt=delivery.pk,
    )


def _tell(delivery: Delivery, type: str, *, at: datetime) -> None:
    payload = {
        "webhook_id": delivery.webhook_id,
        "type": delivery.event_type,
        "endpoint": delivery.endpoint_id,
        "attempts": delivery.attempts,
        "status": delivery.last_status,
    }
    stream = Stream(delivery.stream_type, delivery.stream_id)
    record(stream, type, payload, actor=WORKER, at=at, workflow=delivery.workflow)


def _log(
    delivery: Delivery,
    number: int,
    reply: Reply,
    *,
    sent: Mapping[str, str],
    began: datetime,
    failed: Meaning,
) -> None:
    """The try as people may see it: custom headers often carry a password, so their values stay
    out."""
    shown = {name: value if name.startswith(_OURS) else "••••" for name, value in sent.items()}
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=number,
        at=began,
        milliseconds=reply.milliseconds,
        address=reply.address,
        status=reply.status,
        code=reply.code,
        error="" if failed is Meaning.DELIVERED else sentence_of(reply),
        request_headers=shown,
        response_headers=dict(list(reply.headers.items())[:30]),
        response=reply.text[:_SHOWN],
    )
