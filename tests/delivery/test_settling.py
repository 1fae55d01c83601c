"""What each answer of a receiver, or its absence, means for the delivery and the endpoint."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance import clock
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.models import Alert
from assurance.record import ledger
from tests.delivery_factories import EndpointFactory, promised
from tests.receiver import Answer, Receiver

pytestmark = pytest.mark.django_db


def test_a_secret_that_cannot_be_read_is_a_failure_that_says_what_to_do(
    receiver, dispatched, settings
):
    EndpointFactory(url=receiver.url)
    delivery = promised()
    settings.SECRET_KEY = "another-key-that-sealed-nothing-0123456789"

    dispatched()

    delivery.refresh_from_db()
    assert receiver.journal == []
    assert "SECRET_KEY_FALLBACKS" in delivery.last_error


def test_410_switches_the_endpoint_off_and_raises_an_alert(receiver, dispatched):
    endpoint = EndpointFactory(url=receiver.url)
    receiver.script = [Answer(410)]
    first, second = promised(n=1), promised(n=2)

    dispatched()

    endpoint.refresh_from_db()
    assert not endpoint.active
    assert "410" in endpoint.disabled_reason
    assert Alert.objects.get().code == "endpoint_gone"
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (DeliveryStatus.DEAD, DeliveryStatus.CANCELLED)
    assert "endpoint.switched_off" in ledger.types(ledger.INSTALLATION)
    assert receiver.ids() == [first.webhook_id]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_for_the_whole_endpoint(receiver, dispatched, status):
    endpoint = EndpointFactory(url=receiver.url)
    receiver.script = [Answer(status, {"Retry-After": "3600"})]
    delivery, at = promised(), clock.now()

    dispatched()

    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    assert delivery.next_attempt_at - at > timedelta(minutes=59)
    assert endpoint.is_resting(at + timedelta(minutes=59))


def test_a_redirect_is_a_failure_and_is_not_followed(receiver, dispatched):
    EndpointFactory(url=receiver.url)
    receiver.script = [Answer(302, {"Location": "http://169.254.169.254/latest/meta-data/"})]
    delivery = promised()

    assert dispatched() == 1

    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.PENDING
    assert "redirects are not followed" in delivery.last_error
    assert len(receiver.journal) == 1


def test_custom_headers_are_sent_and_their_values_stay_out_of_the_log(receiver, dispatched):
    EndpointFactory(url=receiver.url, headers={"X-Token": "s3cret"})
    delivery = promised()

    dispatched()

    assert receiver.journal[0].headers["x-token"] == "s3cret"
    logged = delivery.tries.get().request_headers
    assert logged["X-Token"] == "••••"
    assert logged["webhook-id"] == delivery.webhook_id


def test_a_receiver_that_went_away_entirely_is_a_failure_like_any_other(dispatched, loopback):
    with Receiver() as gone:
        url = gone.url
    EndpointFactory(url=url)
    delivery = promised()

    dispatched()

    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.PENDING
    assert "Is the receiver up?" in delivery.last_error
