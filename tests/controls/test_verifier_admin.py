"""Verifiers in the admin: made known and changed by whoever keeps all workflows, under the rules of
webhooks, each act on the record, the secret shown once."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from assurance import clock
from assurance.controls.models import Verifier
from assurance.controls.verifier_secrets import secrets_of
from assurance.controls.verifiers import change_verifier, create_verifier, rotate_secret
from assurance.errors import DomainError
from assurance.record.ledger import INSTALLATION, types

pytestmark = pytest.mark.django_db
ADD = "admin:controls_verifier_add"
GOOD = {"slug": "judge", "name": "Judge", "url": "https://judge.example.com/v1", "timeout": "2",
        "active": "on"}  # fmt: skip


@pytest.fixture(autouse=True)
def closed(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = False
    settings.COUNTERMARK_ALLOWED_NETWORKS = []


@pytest.fixture
def grace(client, cast):
    client.force_login(cast.grace)
    return cast.grace


def known() -> Verifier:
    return create_verifier("judge", "https://judge.example.com/", by=None, at=clock.now())[0]


def test_a_verifier_is_made_known_and_its_secret_shown_once(client, grace):
    page = client.post(reverse(ADD), GOOD)

    verifier = Verifier.objects.get()
    shown = re.search(r'value="(whsec_[^"]+)"', page.content.decode())
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert secrets_of(verifier, at=clock.now()) == [shown[1]]
    assert types(INSTALLATION)[-1] == "verifier.created"
    again = client.get(reverse("admin:controls_verifier_change", args=[verifier.pk]))
    assert "whsec_" not in again.content.decode()
    assert verifier.secret_sealed not in again.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://judge.example.com/"),
        ("url", "https://127.0.0.1/"),
        ("url", "https://10.0.0.1/"),
        ("url", "https://169.254.169.254/latest/"),
        ("url", "https://user:pass@judge.example.com/"),
        ("url", "https://judge.example.com:22/"),
        ("timeout", "11"),
        ("timeout", "0"),
        ("client_key", "/etc/key.pem"),
    ],
)
def test_what_the_rules_of_the_network_refuse_is_told_beside_the_form(field, value, client, grace):
    page = client.post(reverse(ADD), {**GOOD, field: value})

    assert page.status_code == 200
    assert "errorlist" in page.content.decode() or "errornote" in page.content.decode()
    assert Verifier.objects.count() == 0


def test_a_change_is_on_the_record_and_in_the_history(client, grace):
    verifier = known()
    changed = {**GOOD, "url": "https://new.example.com/", "slug": "other"}

    client.post(reverse("admin:controls_verifier_change", args=[verifier.pk]), changed)

    verifier.refresh_from_db()
    assert (verifier.url, verifier.slug) == ("https://new.example.com/", "judge")
    assert types(INSTALLATION)[-1] == "verifier.changed"
    assert verifier.history.first().history_user == grace
    assert not hasattr(verifier.history.first(), "secret_sealed")


def test_a_new_secret_signs_beside_the_former_for_a_day(client, grace):
    verifier = known()
    former = secrets_of(verifier, at=clock.now())

    page = client.post(reverse("admin:controls_verifier_secret", args=[verifier.pk]))

    verifier.refresh_from_db()
    both = secrets_of(verifier, at=clock.now())
    assert both[0] in page.content.decode().replace("&#x2B;", "+").replace("&#x3D;", "=")
    assert both[1:] == former


@pytest.mark.parametrize("name", ["ada", "dev", "otto", "mallory", "ivy"])
def test_nobody_else_keeps_a_verifier(name, client, cast):
    user = getattr(cast, name)
    user.is_staff = True
    user.save()
    client.force_login(user)
    verifier = known()

    assert client.post(reverse(ADD), {**GOOD, "slug": "other"}).status_code == 403
    client.post(reverse("admin:controls_verifier_secret", args=[verifier.pk]))
    client.post(
        reverse("admin:controls_verifier_change", args=[verifier.pk]),
        {**GOOD, "url": "https://evil.example.com/"},
    )
    assert list(Verifier.objects.values_list("url", flat=True)) == ["https://judge.example.com/"]
    for verb in (
        lambda: create_verifier("x", "https://x.example.com/", by=user, at=clock.now()),
        lambda: change_verifier(verifier, by=user, at=clock.now(), active=False),
        lambda: rotate_secret(verifier, by=user, at=clock.now()),
    ):
        with pytest.raises(DomainError, match="governance owners and integrators"):
            verb()
    verifier.refresh_from_db()
    assert verifier.active
    assert not verifier.previous_secret_sealed


def test_a_verifier_is_never_deleted(client, grace):
    verifier = known()

    gone = client.post(
        reverse("admin:controls_verifier_delete", args=[verifier.pk]), {"post": "yes"}
    )

    assert gone.status_code == 403
    assert Verifier.objects.count() == 1


def test_the_list_says_how_each_one_does(client, grace):
    known()
    Verifier.objects.update(failures=5, opened_at=clock.now())

    page = client.get(reverse("admin:controls_verifier_changelist")).content.decode()

    assert "left alone for a minute" in page
