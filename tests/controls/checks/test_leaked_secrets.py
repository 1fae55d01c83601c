from __future__ import annotations

import hashlib
import random
import string
import uuid

import pytest

from tests.controls.checks.sample_facts import letter, marked, run

CHECK = "secrets"
DRAWN = random.Random(7)


def drawn(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(DRAWN.choice(letters) for _ in range(length))


# Put together here, so that no scanner of this repository takes a sample for the real thing.
SECRETS = {
    "cloud": "AK" + "IA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "code_host": "gh" + "p_" + drawn(36),
    "chat": "xo" + "xb-" + "1234567890-" + drawn(20),
    "google": "AI" + "za" + drawn(35),
    "payment": "sk" + "_live_" + drawn(24),
    "ai": "sk" + "-" + drawn(40),
    "ours": "cm" + "_live_" + drawn(8) + "_" + drawn(32),
    "webhook": "wh" + "sec_" + drawn(32),
    "token": "ey" + "J" + drawn(20) + "." + "ey" + "J" + drawn(40) + "." + drawn(40),
    "random": drawn(40),
}


def judge(text, **params):
    return run(CHECK, params, letter(text))


@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_a_secret_is_found_at_its_place_and_not_repeated(kind):
    facts = letter(f"Use {SECRETS[kind]} for it.")
    found = run(CHECK, {}, facts)

    assert (found.outcome, found.reason_code) == ("fail", "secret")
    assert marked(facts, found.findings[0]) == SECRETS[kind]
    assert SECRETS[kind] not in str(found.as_json())


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_is_found(kind):
    assert judge(f"-----BEGIN {kind}PRIVATE KEY-----\nMIIE\n").outcome == "fail"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: hunter22", "hunter22"),
        ("Your password is: correct-horse", "correct-horse"),
        ("api_key=abc123def", "abc123def"),
        ('"client_secret": "s3cr3tvalue"', "s3cr3tvalue"),
        ("Access token = zzz999yyy", "zzz999yyy"),
    ],
)
def test_a_password_that_is_named_is_found(text, value):
    facts = letter(text)
    found = run(CHECK, {"random_tokens": False}, facts)

    assert [marked(facts, one) for one in found.findings] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "Your password: ********",
        "password: <your password>",
        "The secret of success is work.",
        "We never ask for your password.",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        f"hash {hashlib.sha256(b'x').hexdigest()}",
        f"id {uuid.UUID(int=2**127 + 7)}",
        "https://example.org/a/long/path/to/Some/Page2026/of/ours.html",
        "Donaudampfschifffahrtsgesellschaftskapitaen",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "HM-77120-2026-KX-99-GB-001-ZZZZ",
        "",
    ],
)
def test_what_is_no_secret_passes(text):
    assert judge(text).outcome == "pass"


def test_random_tokens_may_be_left_alone():
    assert judge(SECRETS["random"], random_tokens=False).outcome == "pass"
    assert judge(SECRETS["cloud"], random_tokens=False).outcome == "fail"


def test_an_allowed_token_may_be_said():
    assert judge(SECRETS["random"], allowed=[SECRETS["random"]]).outcome == "pass"
    assert judge(SECRETS["random"], allowed=["another"]).outcome == "fail"


def test_one_secret_is_one_finding():
    assert len(judge(f"password: {SECRETS['payment']}").findings) == 1


def test_a_fault_is_found_although_another_field_is_missing():
    params = {"fields": ["output.text", "output.note"]}

    assert run(CHECK, params, letter(SECRETS["cloud"])).outcome == "fail"
    assert run(CHECK, params, letter("nothing")).outcome == "inconclusive"
