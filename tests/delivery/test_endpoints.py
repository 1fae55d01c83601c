"""Endpoints: made, changed, rotated, switched off and on, resent to; each act on the record."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from standardwebhooks import Webhook

from assurance import clock
from assurance.accounts.choices import Role
from assurance.delivery import signing
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.endpoints import (
    change_endpoint,
    create_endpoint,
    rotate_secret,
    switch_off,
    switch_on,
)
from assurance.delivery.models import Delivery, Endpoint
from assurance.delivery.resend import resend, resend_undelivered
from assurance.errors import DomainError
from assurance.record import ledger
from assurance.record.models import RecordPayload
from tests.accounts_factories import ClientFactory, UserFactory, grant_to
from tests.delivery_factories import EndpointFactory, promised
from tests.receiver import Answer

pytestmark = pytest.mark.django_db

URL = "https://hooks.example.com/"


@pytest.fixture
def ines():
    """Integrator of credit-decisions."""
    user = UserFactory(username="ines")
    grant_to(user, Role.INTEGRATOR, "credit-decisions")
    return user


def test_a_new_endpoint_shows_its_secret_once_and_keeps_it_sealed(ines):
    endpoint, secret = create_endpoint(ClientFactory(), URL, by=ines, at=clock.now())

    endpoint.refresh_from_db()
    assert secret.startswith("whsec_")
    assert endpoint.secret_sealed != secret
    assert signing.unseal(endpoint.secret_sealed) == secret
    assert ledger.types(ledger.INSTALLATION) == ["endpoint.created"]


def test_no_secret_and_no_header_value_is_in_the_record_or_the_history(ines):
    endpoint, secret = create_endpoint(
        ClientFactory(), URL, by=ines, at=clock.now(), headers={"X-Token": "s3cret-value"}
    )
    _, rotated = rotate_secret(endpoint, by=ines, at=clock.now())

    told = b"".join(bytes(body) for body in RecordPayload.objects.values_list("body", flat=True))
    for hidden in (secret, rotated, "s3cret-value"):
        assert hidden.encode() not in told
    columns = {field.name for field in Endpoint.history.model._meta.fields}
    assert not columns & {"secret_sealed", "previous_secret_sealed"}
    assert endpoint.history.count() == 2


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"url": "http://hooks.example.com/"}, "scheme_not_https", "/url"),
        ({"url": "https://10.0.0.1/"}, "address_not_public", "/url"),
        ({"url": "https://a:b@hooks.example.com/"}, "credentials_in_url", "/url"),
        ({"event_types": ["case.exploded"]}, "unknown_event_type", "/event_types"),
        ({"headers": {"X-A": "b\r\nX-Evil: 1"}}, "header_invalid", "/headers/X-A"),
        ({"headers": {"X-A\r\nX-Evil": "b"}}, "header_invalid", "/headers/"),
        ({"headers": {"X-A": ""}}, "header_invalid", "/headers/X-A"),
        ({"headers": {"X-A": "ü"}}, "header_invalid", "/headers/X-A"),
        ({"headers": {"Host": "evil"}}, "header_reserved", "/headers/Host"),
        ({"headers": {"Webhook-Id": "1"}}, "header_reserved", "/headers/Webhook-Id"),
        ({"headers": {f"X-{n}": "1" for n in range(21)}}, "too_many", "/headers"),
        ({"secret": "whsec_" + "QUJD"}, "secret_length", "/secret"),
        ({"client_key": "/k.pem"}, "certificate_missing", "/client_key"),
    ],
)
def test_a_bad_endpoint_is_refused_at_its_field_and_nothing_is_stored(ines, more, code, pointer):
    with pytest.raises(DomainError) as refusal:
        create_endpoint(ClientFactory(), **({"url": URL} | more), by=ines, at=clock.now())

    assert refusal.value.code == code
    assert refusal.value.errors[0]["pointer"] == pointer
    assert not Endpoint.objects.exists()
    assert ledger.types(ledger.INSTALLATION) == []


def test_the_same_address_twice_is_refused_while_the_first_is_active(ines):
    client = ClientFactory()
    first, _ = create_endpoint(client, URL, by=ines, at=clock.now())

    with pytest.raises(DomainError, match="active endpoint at this address"):
        create_endpoint(client, URL, by=ines, at=clock.now())

    switch_off(first, by=ines, at=clock.now(), reason="moved")
    create_endpoint(client, URL, by=ines, at=clock.now())


def test_nobody_makes_or_changes_an_endpoint_of_workflows_they_do_not_keep(ines):
    foreign = ClientFactory(workflows=["credit-decisions", "claims-letters"])
    endpoint = EndpointFactory(client=foreign)

    for act in (
        lambda: create_endpoint(foreign, URL, by=ines, at=clock.now()),
        lambda: change_endpoint(endpoint, by=ines, at=clock.now(), description="x"),
        lambda: rotate_secret(endpoint, by=ines, at=clock.now()),
        lambda: switch_off(endpoint, by=ines, at=clock.now(), reason="x"),
        lambda: resend_undelivered(endpoint, by=ines, at=clock.now()),
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.code == "role_missing"


def test_for_a_day_after_a_rotation_both_secrets_sign(ines, receiver, dispatched):
    endpoint = EndpointFactory(url=receiver.url)
    old = endpoint.secret
    _, new = rotate_secret(endpoint, by=ines, at=clock.now())
    promised("case-1")
    dispatched()

    assert len(receiver.verified(old)) == len(receiver.verified(new)) == 1

    Endpoint.objects.update(previous_secret_until=clock.now() - timedelta(seconds=1))
    promised("case-2")
    dispatched()

    last = receiver.journal[-1]
    assert last.headers["webhook-signature"].count("v1,") == 1
    assert Webhook(new).verify(last.body, last.headers)


def test_a_change_is_checked_like_a_new_one(ines):
    endpoint = EndpointFactory()

    changed = change_endpoint(
        endpoint,
        by=ines,
        at=clock.now(),
        url="https://New.example.com",
        event_types=["case.closed"],
    )

    assert (changed.url, changed.event_types) == ("https://new.example.com/", ["case.closed"])
    with pytest.raises(DomainError):
        change_endpoint(endpoint, by=ines, at=clock.now(), url="https://10.0.0.1/")


def test_switching_off_cancels_and_a_resend_after_switching_on_sends_under_the_same_ids(
    ines, receiver, dispatched
):
    endpoint = EndpointFactory(url=receiver.url)
    ids = [promised("case-1", n=n).webhook_id for n in range(3)]
    switch_off(endpoint, by=ines, at=clock.now(), reason="maintenance")

    assert dispatched() == 0
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.CANCELLED}
    with pytest.raises(DomainError, match="Switch it on first"):
        resend_undelivered(endpoint, by=ines, at=clock.now())

    switch_on(endpoint, by=ines, at=clock.now())
    assert resend_undelivered(endpoint, by=ines, at=clock.now()) == 3
    dispatched()

    assert receiver.ids() == ids
    assert ledger.types(ledger.INSTALLATION) == [
        "endpoint.switched_off",
        "endpoint.switched_on",
        "webhook.resent",
    ]


def test_a_dead_letter_is_resent_with_all_its_tries_before_it(ines, receiver, dispatched):
    endpoint = EndpointFactory(url=receiver.url)
    delivery = promised()
    Delivery.objects.update(status=DeliveryStatus.DEAD, round_attempts=13, attempts=13)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        resting_until=clock.now() + timedelta(minutes=5), failures=40
    )
    receiver.script = [Answer(500)]

    resend(delivery, by=ines, at=clock.now())
    dispatched()

    delivery.refresh_from_db()
    assert receiver.ids() == [delivery.webhook_id]
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.PENDING, 14)
    assert delivery.round_attempts == 1


def test_a_delivered_webhook_can_be_sent_again_under_its_id(ines, receiver, dispatched):
    EndpointFactory(url=receiver.url)
    delivery = promised()
    dispatched()

    resend(delivery, by=ines, at=clock.now())
    dispatched()

    assert receiver.ids() == [delivery.webhook_id] * 2
    assert receiver.journal[0].body == receiver.journal[1].body


def test_the_database_knows_no_delivered_webhook_without_a_time():
    EndpointFactory()
    promised()

    with pytest.raises(IntegrityError, match="delivery_delivered_has_time"):
        Delivery.objects.update(status=DeliveryStatus.DELIVERED)


class TestTheCommand:
    def run(self, **options):
        out = StringIO()
        call_command("create_webhook", stdout=out, **options)
        return out.getvalue().splitlines()

    def test_the_secret_stands_alone_on_the_last_line(self):
        client = ClientFactory(name="scorecard")

        *_, last = self.run(client="scorecard", url=URL, event=["case.closed"])

        endpoint = Endpoint.objects.get(client=client)
        assert last == signing.unseal(endpoint.secret_sealed)
        assert endpoint.event_types == ["case.closed"]

    def test_an_unknown_client_is_told_how_to_begin(self):
        with pytest.raises(CommandError, match="create_api_key --client nobody"):
            self.run(client="nobody", url=URL)

    def test_a_bad_address_is_a_sentence(self):
        ClientFactory(name="scorecard")

        with pytest.raises(CommandError, match="Use https"):
            self.run(client="scorecard", url="http://hooks.example.com/")
