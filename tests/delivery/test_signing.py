"""Secrets and signatures, checked with the library that receivers use."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from assurance.delivery import signing
from assurance.delivery.signing import SecretUnreadable, check_secret, seal, signed_headers, unseal
from assurance.errors import DomainError


def secret_of(size: int) -> str:
    return "whsec_" + base64.b64encode(b"s" * size).decode()


@given(st.text(min_size=1, max_size=200))
def test_what_we_sign_a_receiver_verifies_whatever_the_text(text):
    secret, body = signing.new_secret(), f'"{text!r}"'.encode("utf-8", "replace")
    body = base64.b64encode(body).join([b'{"x":"', b'"}'])

    headers = signed_headers("msg_1", body, secrets=[secret], at=datetime.now(UTC))

    assert Webhook(secret).verify(body, headers)["x"]


def test_one_changed_byte_is_noticed():
    secret = signing.new_secret()
    headers = signed_headers("msg_1", b'{"a":1}', secrets=[secret], at=datetime.now(UTC))

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b'{"a":2}', headers)


def test_the_same_instant_in_another_zone_gives_the_same_signature():
    secret, at = signing.new_secret(), datetime.now(UTC)
    elsewhere = at.astimezone(timezone(timedelta(hours=2)))

    here = signed_headers("msg_1", b"{}", secrets=[secret], at=at)

    assert signed_headers("msg_1", b"{}", secrets=[secret], at=elsewhere) == here


def test_during_a_rotation_both_secrets_verify():
    old, new = signing.new_secret(), signing.new_secret()

    headers = signed_headers("msg_1", b"{}", secrets=[new, old], at=datetime.now(UTC))

    assert Webhook(old).verify(b"{}", headers) == Webhook(new).verify(b"{}", headers) == {}


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_accepted(size):
    assert check_secret(secret_of(size)) == secret_of(size)


@pytest.mark.parametrize("size", [0, 1, 23, 65, 1000])
def test_a_shorter_or_longer_secret_is_refused_with_its_size(size):
    with pytest.raises(DomainError, match=f"{size} bytes") as refusal:
        check_secret(secret_of(size))
    assert refusal.value.code == "secret_length"
    assert refusal.value.errors[0]["pointer"] == "/secret"


@pytest.mark.parametrize("text", ["", "secret", "whsec_!!!", "whsec_abc", "WHSEC_" + "a" * 44])
def test_what_is_no_secret_is_refused(text):
    with pytest.raises(DomainError) as refusal:
        check_secret(text)
    assert refusal.value.code == "secret_invalid"


def test_a_sealed_secret_shows_nothing_and_opens_again():
    secret = signing.new_secret()

    sealed = seal(secret)

    assert secret.removeprefix("whsec_") not in sealed
    assert unseal(sealed) == secret


def test_a_new_secret_key_opens_old_secrets_while_the_old_one_is_a_fallback(settings):
    sealed, old = seal("whsec_x"), settings.SECRET_KEY
    settings.SECRET_KEY = "a-new-secret-key-0123456789-0123456789"

    with pytest.raises(SecretUnreadable, match="SECRET_KEY_FALLBACKS"):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed) == "whsec_x"
