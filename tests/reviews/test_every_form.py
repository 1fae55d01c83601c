"""P24: every page that takes a form gets forms that nobody can mean, and answers with less than a
fault, in less than a second, in little memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

import assurance
from assurance import clock
from assurance.delivery.alerts import raise_alert
from assurance.delivery.models import Delivery
from reviews import claims
from tests.accounts_factories import ClientFactory, KeyFactory
from tests.api.test_every_route import LARGE, _walk, cheaply
from tests.delivery_factories import EndpointFactory

pytestmark = pytest.mark.django_db

# Whatever any form of ours has, everywhere at once.
TEMPLATES = Path(assurance.__file__).parents[1] / "templates"
NAMED = {
    name
    for page in TEMPLATES.rglob("*.html")
    for name in re.findall(r'\bname="([a-z_.]+)"', page.read_text(encoding="utf-8"))
}
FIELDS = sorted(NAMED | {"output.amount", "output.text", "login", "password", "url", "event_types"})
FORMS = {
    "U+0000": dict.fromkeys(FIELDS, "a\0b"),
    "20,000 characters": dict.fromkeys(FIELDS, "x" * 20_000),
    "everything missing": {},
    "everything blank": dict.fromkeys(FIELDS, " \u200b"),
    "no number at all": dict.fromkeys(FIELDS, "٣" * 400),
    "a huge number": dict.fromkeys(FIELDS, "9" * 4_000),
    "half a pair and a mark": dict.fromkeys(FIELDS, "\ufeff\u202e�"),
}


@pytest.fixture
def addresses(cast, credit, waiting, settings) -> list[str]:
    """Every address that is no API and no admin, with something real in each place of it."""
    settings.ALLOWED_HOSTS, settings.PLAIN_HTTP = ["*"], True
    settings.SECURE_SSL_REDIRECT = False
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    cache.clear()
    claims.claim(waiting, by=cast.ada, at=clock.now())
    system = ClientFactory()
    endpoint = EndpointFactory(client=system)
    alert = raise_alert("test", "Look at this.", workflow=credit.slug, at=clock.now())
    delivery = Delivery.objects.latest("pk")
    objects = {
        "reference": waiting.reference,
        "decision": 1,
        "sign_in_id": 1,
        "key": "LIM-01",
        "queues/<slug>": waiting.queue.slug,
        "<slug>": credit.slug,
        "deliveries/<pk>": delivery.pk,
        "clients/<pk>": system.pk,
        "keys/<pk>": KeyFactory(client=system).pk,
        "endpoints/<pk>": endpoint.pk,
        "alerts/<pk>": alert.pk,
        "act": "rotate",
    }
    return list(filled(objects))


def filled(objects: dict[str, object]) -> Iterator[str]:
    for pattern, _ in _walk(get_resolver().url_patterns, ""):
        if pattern.startswith(("api/", "admin/")):
            continue
        plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", pattern).strip("^$")
        plain = re.sub(r"<\w+:(\w+)>", r"<\1>", plain)
        for place, value in objects.items():
            name = place if "<" in place else f"<{place}>"
            plain = plain.replace(name, re.sub(r"<\w+>", str(value), name))
        yield "/" + re.sub(r"<\w+>", "1", plain)


@pytest.mark.parametrize("name", ["ada", "grace", ""])
@pytest.mark.parametrize("kind", FORMS)
def test_p24_no_form_is_a_fault_on_any_page(addresses, cast, name, kind):
    browser = Client(raise_request_exception=False)
    if name:
        browser.force_login(getattr(cast, name))
    taken = []
    for address in addresses:
        what = f"POST {address} by {name or 'a stranger'}, {kind}"
        with transaction.atomic():  # each form meets the same world
            with cheaply(what, large=sum(map(len, FORMS[kind].values())) > LARGE):
                answer = browser.post(address, FORMS[kind])
            transaction.set_rollback(True)

        assert answer.status_code < 500, f"{what}: {answer.status_code}"
        if answer.status_code not in (401, 403, 404, 405):
            taken.append(address)
    assert not name or len(taken) > 5, f"forms were taken at {taken} only"
