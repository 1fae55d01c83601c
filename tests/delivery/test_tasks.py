"""The worker's tasks: they send what is due, ring for mail, and answer the doorbell first."""

from __future__ import annotations

import pytest

from assurance import clock
from assurance.celery import app
from assurance.delivery import doorbell, tasks
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.mail import promise_mail
from assurance.delivery.models import MailDelivery
from tests.delivery_factories import EndpointFactory, promised

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch) -> list[str]:
    """Tasks that were rung instead of being queued."""
    names: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda name, **more: names.append(name))
    return names


def test_the_sweep_delivers_and_leaves_mail_to_its_own_task(receiver, rung):
    EndpointFactory(url=receiver.url)
    delivery = promised()
    promise_mail("ada@example.com", "A case waits", "CM-1", at=clock.now())

    tasks.sweep()

    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DELIVERED
    assert rung == ["assurance.delivery.tasks.send_mail"]


def test_without_mail_nothing_is_rung(rung):
    tasks.sweep()

    assert rung == []


def test_the_sweep_works_while_redis_is_lost(receiver, rung, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    EndpointFactory(url=receiver.url)
    promised()

    tasks.sweep()

    assert len(receiver.accepted()) == 1


def test_the_doorbell_is_answered_before_work_is_looked_for(monkeypatch):
    order: list[str] = []
    monkeypatch.setattr(doorbell, "answered", lambda: order.append("answered"))
    monkeypatch.setattr(tasks.dispatch, "run", lambda now: order.append("looked"))

    tasks.sweep()

    assert order == ["answered", "looked"]


def test_all_mail_that_is_due_leaves_in_one_task(settings, mailoutbox):
    for n in range(12):
        promise_mail(f"p{n}@example.com", "A case waits", "CM-1", at=clock.now())

    tasks.send_mail()

    assert len(mailoutbox) == MailDelivery.objects.count() == 12


def test_both_tasks_have_the_names_that_the_schedule_and_the_doorbell_use():
    assert tasks.sweep.name == doorbell.SWEEP
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert tasks.sweep.name in scheduled
