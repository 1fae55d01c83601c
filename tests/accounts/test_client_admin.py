import re

import pytest

from assurance.accounts.models import ApiKey, Client
from assurance.record.ledger import INSTALLATION, types
from tests.accounts.admin_pages import (
    CLIENTS,
    KEYS,
    act,
    said,
    signed_in,
)
from tests.accounts_factories import (
    ClientFactory,
    KeyFactory,
)
from tests.cast import make_one

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probe")]


def test_a_client_is_bound_by_checkboxes(ines):
    browser = signed_in(ines)

    made = browser.post(
        f"{CLIENTS}add/",
        {
            "name": "scoring",
            "workflows": "credit-decisions",
            "scopes": ["cases:write", "cases:read"],
            "active": "on",
        },
    )

    assert made.status_code == 302
    client = Client.objects.get(name="scoring")
    assert client.scopes == ["cases:read", "cases:write"]
    browser.post(
        f"{CLIENTS}{client.pk}/change/",
        {
            "workflows": "credit-decisions",
            "scopes": ["cases:read"],
            "active": "on",
            "keys-TOTAL_FORMS": "0",
            "keys-INITIAL_FORMS": "0",
        },
    )
    client.refresh_from_db()
    assert client.scopes == ["cases:read"]
    assert types(INSTALLATION) == ["client.made", "client.changed"]


def test_an_integrator_is_told_when_a_client_reaches_too_far(ines):
    answer = signed_in(ines).post(
        f"{CLIENTS}add/", {"name": "x", "workflows": "claims-letters", "active": "on"}
    )

    assert answer.status_code == 200
    assert "claims-letters" in answer.content.decode()
    assert not Client.objects.exists()


def test_a_key_is_issued_on_the_page_and_shown_exactly_once(ines):
    client = ClientFactory(name="scoring")
    browser, url = signed_in(ines), f"{CLIENTS}{client.pk}/issue-key/"
    assert "Issue a key" in browser.get(f"{CLIENTS}{client.pk}/change/").content.decode()
    assert browser.get(url).status_code == 200

    answer = browser.post(url)

    (secret,) = set(re.findall(r"cm_live_[0-9a-f]{16}_[0-9a-f]{64}", answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    for page in (url, KEYS, f"{CLIENTS}{client.pk}/change/"):
        assert secret.rpartition("_")[2] not in browser.get(page).content.decode()
    assert ApiKey.objects.get().key_id == secret.split("_")[2]


def test_a_third_key_is_refused_in_words(ines):
    client = ClientFactory()
    browser, url = signed_in(ines), f"{CLIENTS}{client.pk}/issue-key/"
    browser.post(url)
    browser.post(url)

    answer = browser.post(url)

    assert "two living keys" in answer.content.decode()
    assert ApiKey.objects.count() == 2


def test_nobody_issues_a_key_without_the_role(ines):
    client = ClientFactory(workflows=["claims-letters"])

    signed_in(ines).post(f"{CLIENTS}{client.pk}/issue-key/")
    signed_in(make_one("ada")).post(f"{CLIENTS}{client.pk}/issue-key/")

    assert not ApiKey.objects.exists()


def test_keys_are_revoked_from_their_list(ines):
    key = KeyFactory()

    answer = act(signed_in(ines), KEYS, "revoke_chosen", key)

    assert said(answer) == ["Revoked: 1."]
    assert ApiKey.objects.get().revoked_at is not None
