"""The admin shows this room's rows and changes none."""

from __future__ import annotations

import pytest
from django.urls import reverse

from assurance import clock
from assurance.accounts.choices import Role
from assurance.delivery.endpoints import change_endpoint
from assurance.delivery.mail import promise_mail
from tests.accounts_factories import ClientFactory, UserFactory, grant_to
from tests.delivery_factories import EndpointFactory, promised

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(client):
    """Integrator of credit-decisions, signed in."""
    user = UserFactory(username="ines", is_staff=True)
    grant_to(user, Role.INTEGRATOR, "credit-decisions")
    client.force_login(user)
    return user


def listed(model: str) -> str:
    return reverse(f"admin:delivery_{model}_changelist")


def test_an_endpoint_is_shown_with_its_history_and_without_its_secrets(client, ines):
    endpoint = EndpointFactory(headers={"X-Token": "s3cret-value"})
    change_endpoint(endpoint, by=ines, at=clock.now(), url="https://new.example.com/")

    page = client.get(reverse("admin:delivery_endpoint_change", args=[endpoint.pk]))

    text = page.content.decode()
    assert page.status_code == 200
    assert "https://new.example.com/" in text
    assert "UTC  the operator" in text
    assert endpoint.secret_sealed not in text
    assert "s3cret-value" not in text


def test_nothing_is_added_changed_or_deleted(client, ines):
    endpoint = EndpointFactory()
    for url in ("admin:delivery_endpoint_add", "admin:delivery_delivery_add"):
        assert client.get(reverse(url)).status_code == 403
    for act in ("change", "delete"):
        url = reverse(f"admin:delivery_endpoint_{act}", args=[endpoint.pk])
        assert client.post(url, {"url": "https://evil.example.com/"}).status_code == 403


def test_only_ones_own_workflows_are_listed(client, ines):
    EndpointFactory(url="https://mine.example.com/")
    foreign = ClientFactory(workflows=["claims-letters"])
    EndpointFactory(url="https://foreign.example.com/", client=foreign)
    promised(reference="CM-7")

    page = client.get(listed("endpoint")).content.decode()

    assert "mine.example.com" in page
    assert "foreign.example.com" not in page
    assert "CM-7" in client.get(listed("delivery")).content.decode()


def test_mail_is_listed_for_those_who_read_everything(client, ines):
    promise_mail("ada@example.com", "A case waits", "hidden text", at=clock.now())
    assert client.get(listed("maildelivery")).status_code == 403

    grant_to(ines, Role.AUDITOR, "")
    page = client.get(listed("maildelivery")).content.decode()

    assert "ada@example.com" in page
    assert "hidden text" not in page


@pytest.mark.parametrize(
    ("model", "question"),
    [
        ("endpoint", "headers__X-Token__startswith=s3"),
        ("endpoint", "secret_sealed__contains=a"),
        ("delivery", "body__contains=a"),
    ],
)
def test_what_a_page_hides_cannot_be_guessed_by_filters_in_the_address(
    client, ines, model, question
):
    EndpointFactory(headers={"X-Token": "s3cret-value"})

    assert client.get(f"{listed(model)}?{question}").status_code == 400


def test_the_offered_filters_still_work(client, ines):
    EndpointFactory(url="https://mine.example.com/")

    on = client.get(f"{listed('endpoint')}?active__exact=1").content.decode()
    off = client.get(f"{listed('endpoint')}?active__exact=0").content.decode()

    assert "mine.example.com" in on
    assert "mine.example.com" not in off
