"""What a case page makes of hostile input: links that lead where they should, forms that break
nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assurance import clock
from assurance.accounts.models import Grant
from reviews import claims
from reviews.presenting.workspace import links
from tests.reviews.conftest import MINUTE, NOON, SECOND, WHY

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("subject", "url"),
    [
        ("customer-7781", "https://core.example/c/customer-7781?of=a-1"),
        ("../admin?x=1#y", "https://core.example/c/..%2Fadmin%3Fx%3D1%23y?of=a-1"),
        ("{external_id}", "https://core.example/c/%7Bexternal_id%7D?of=a-1"),
        ("a b&c", "https://core.example/c/a%20b%26c?of=a-1"),
    ],
)
def test_a_subject_fills_one_place_of_a_link_and_no_more(credit, post, subject, url):
    credit.link_templates = [
        {"label": "Core", "url": "https://core.example/c/{subject}?of={external_id}"}
    ]
    credit.save()

    assert links(post(subject=subject)) == [{"label": "Core", "url": url}]


@pytest.mark.parametrize("subject", ["", ".", ".."])
def test_a_subject_that_is_not_there_or_would_climb_has_no_link(credit, post, subject):
    credit.link_templates = [{"label": "Core", "url": "https://core.example/c/{subject}"}]
    credit.save()

    assert links(post(subject=subject)) == []


@pytest.mark.parametrize(
    "words",
    [
        {"outcome": "approve", "rationale": "a\0b"},
        {"outcome": "\0"},
        {"outcome": "escalate", "queue": "\0"},
        {"outcome": "approve", "reasons": ["\0"]},
        {"outcome": "correct", "output.a\0b": "1"},
    ],
)
def test_a_form_with_a_nul_is_refused_and_decides_nothing(
    client, cast, waiting, monkeypatch, words
):
    monkeypatch.setattr("assurance.clock.now", lambda: NOON)
    held = claims.claim(waiting, by=cast.ada, at=NOON)
    client.force_login(cast.ada)

    sent = {"rationale": WHY, "lease": held.lease_number, **words}
    answer = client.post(f"/cases/{held.reference}/decide/", sent)

    assert answer.status_code == 400
    assert "U+0000" in answer.content.decode()
    assert not held.decisions.exists()


def test_who_governs_is_led_from_a_case_to_the_rule_that_sent_it_to_its_queue(
    client, waiting, cast
):
    address = waiting.get_absolute_url()
    rule = "/admin/controls/rule/credit-decisions/Everything%20else/edit/"

    client.force_login(cast.ada)
    page = client.get(address).content.decode()
    assert "by the rule “Everything else”" in page
    assert rule not in page

    client.force_login(cast.grace)
    assert f'href="{rule}"' in client.get(address).content.decode()
    assert client.get(rule).status_code == 200


@pytest.mark.parametrize(
    ("seconds", "until"), [(5, NOON + 20 * MINUTE), (90, NOON + 21.5 * MINUTE)]
)
def test_opening_the_page_renews_a_hold_unless_it_has_just_begun(
    client, cast, waiting, monkeypatch, seconds, until
):
    held = claims.claim(waiting, by=cast.ada, at=NOON)
    monkeypatch.setattr("assurance.clock.now", lambda: NOON + seconds * SECOND)
    client.force_login(cast.ada)

    assert client.get(f"/cases/{held.reference}/").status_code == 200

    held.refresh_from_db()
    assert held.leased_until == until


def test_a_page_reads_the_grants_of_its_reader_once_and_the_next_one_anew(client, cast, waiting):
    client.force_login(cast.grace)
    page = f"/cases/{waiting.reference}/"
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200
    Grant.objects.filter(person=cast.grace.person).update(revoked_at=clock.now())

    grants = [one for one in asked.captured_queries if 'FROM "accounts_grant"' in one["sql"]]
    assert len(grants) == 1
    assert client.get(page).status_code == 404
