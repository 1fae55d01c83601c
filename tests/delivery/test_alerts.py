"""An alert is told in four places at once, and once only while it is open."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection

from assurance import clock
from assurance.delivery import alerts
from assurance.delivery.alerts import close_alert, raise_alert
from assurance.delivery.models import Alert, Delivery, MailDelivery
from assurance.errors import DomainError
from assurance.record import ledger
from assurance.record.ledger import Stream
from tests.delivery_factories import WORKFLOW, EndpointFactory

CHAIN = Stream.workflow(WORKFLOW)


@pytest.fixture
def owned(monkeypatch):
    """credit-decisions belongs to grace."""
    monkeypatch.setattr(alerts, "_owners", alerts._owners)
    alerts.ask_for_owners(lambda slug: ["grace@example.com"] if slug == WORKFLOW else [])


def raised(**more) -> Alert:
    return raise_alert(
        "overdue", "CM-1 is late. Decide it.", workflow=WORKFLOW, at=clock.now(), **more
    )


@pytest.mark.django_db
class TestRaising:
    def test_it_is_an_event_a_mail_a_webhook_and_a_line(self, owned):
        EndpointFactory()

        alert = raised(stream=Stream.case("case-1"), data={"case": "CM-1"})

        assert ledger.types(CHAIN) == ["alert.raised"]
        mail = MailDelivery.objects.get()
        assert (mail.to, mail.subject) == (
            "grace@example.com",
            "credit-decisions: CM-1 is late. Decide it.",
        )
        assert "/integrate/" in mail.text
        delivery = Delivery.objects.get()
        body = json.loads(bytes(delivery.body))
        assert body["type"] == "alert.raised"
        assert body["data"]["sentence"] == "CM-1 is late. Decide it."
        assert body["data"]["data"] == {"case": "CM-1"}
        assert alert.subject == "case/case-1"

    def test_the_same_again_only_counts(self, owned):
        for _ in range(3):
            raised(stream=Stream.case("case-1"))

        assert Alert.objects.get().count == 3
        assert ledger.types(CHAIN) == ["alert.raised"]
        assert MailDelivery.objects.count() == 1

    def test_another_case_is_another_alert(self, owned):
        raised(stream=Stream.case("case-1"))
        raised(stream=Stream.case("case-2"))

        assert Alert.objects.count() == MailDelivery.objects.count() == 2

    def test_after_a_day_without_an_answer_it_is_told_again(self, owned):
        raised()
        with clock.shifted(timedelta(hours=25)):
            alert = raised()

        assert alert.count == 2
        assert ledger.types(CHAIN) == ["alert.raised"] * 2
        assert "2 times" in MailDelivery.objects.order_by("-pk")[0].text

    def test_named_receivers_come_instead_of_the_owner_and_each_only_once(self, owned):
        raised(mail_to=["a@example.com", "", "a@example.com", "b@example.com"])

        assert sorted(MailDelivery.objects.values_list("to", flat=True)) == [
            "a@example.com",
            "b@example.com",
        ]

    def test_a_line_break_in_a_sentence_makes_no_second_header(self, owned):
        alert = raise_alert("x", "One\r\nBcc: evil@example.com", workflow=WORKFLOW, at=clock.now())

        assert "\n" not in MailDelivery.objects.get().subject
        assert alert.sentence.startswith("One")

    def test_without_a_workflow_it_is_told_on_the_chain_of_the_installation(self):
        raise_alert("disk", "The disk is full.", workflow="", at=clock.now())

        assert ledger.types(ledger.INSTALLATION) == ["alert.raised"]

    def test_an_endpoint_does_not_hear_of_its_own_trouble(self):
        sick, well = EndpointFactory(), EndpointFactory()

        raised(about=sick)

        assert [delivery.endpoint_id for delivery in Delivery.objects.all()] == [well.pk]


@pytest.mark.django_db
class TestClosing:
    def test_a_closed_one_is_raised_anew(self, cast):
        close_alert(raised(), by=cast.grace, at=clock.now())
        raised()

        assert Alert.objects.open().count() == 1
        assert Alert.objects.count() == 2
        assert ledger.types(CHAIN) == ["alert.raised", "alert.closed", "alert.raised"]

    def test_closing_twice_changes_nothing(self, cast):
        alert = close_alert(raised(), by=cast.grace, at=clock.now())
        again = close_alert(alert, by=cast.gus, at=clock.now())

        assert again.closed_by == cast.grace
        assert ledger.types(CHAIN) == ["alert.raised", "alert.closed"]

    def test_who_keeps_nothing_closes_nothing(self, cast):
        with pytest.raises(DomainError) as refusal:
            close_alert(raised(), by=cast.mallory, at=clock.now())
        assert refusal.value.code == "role_missing"


@pytest.mark.django_db(transaction=True)
def test_twelve_at_once_open_one_alert_and_count_the_rest():
    barrier, failures = threading.Barrier(12), []

    def raise_one() -> None:
        barrier.wait()
        try:
            raised()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=raise_one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Alert.objects.get().count == 12
    assert ledger.types(CHAIN) == ["alert.raised"]
