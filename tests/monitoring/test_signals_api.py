"""GET signals/: whose workflows, which of them, and told as read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from assurance import clock
from assurance.monitoring.models import DailyCount
from assurance.monitoring.signals import SIGNALS
from tests.accounts_factories import (
    ClientFactory,
    KeyFactory,
    UserFactory,
    bearer,
    grant_to,
)
from tests.controls_factories import make_workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def counted(cast):
    day = clock.now().date()
    for slug in ("credit-decisions", "claims-letters"):
        make_workflow(slug, owner=cast.grace)
        for ago in (0, 40):
            DailyCount.objects.create(
                workflow=slug, measure="known", day=day - timedelta(days=ago), n=100, hits=5
            )
    return cast


def asked(user, query=""):
    client = Client()
    client.force_login(user)
    return client.get(f"/api/v1/signals/{query}")


def test_a_lead_reads_the_signals_of_the_workflow_that_is_led_and_nobody_elses(counted):
    lead = UserFactory()
    grant_to(lead, "lead", "credit-decisions")
    found = asked(lead).json()["results"]
    assert {one["workflow"] for one in found} == {"credit-decisions"}
    assert {one["signal"] for one in found} == {signal.code for signal in SIGNALS}
    assert asked(counted.mallory).json() == {"results": []}
    assert asked(lead, "?workflow=claims-letters").json() == {"results": []}
    everything = asked(counted.otto).json()["results"]
    assert {one["workflow"] for one in everything} == {"credit-decisions", "claims-letters"}


def test_a_signal_is_told_with_its_rate_its_interval_and_its_days(counted):
    (one,) = asked(counted.otto, "?signal=wrong&workflow=credit-decisions").json()["results"]

    assert (one["n"], one["hits"], one["rate"]) == (100, 5, 0.05)
    assert one["low"] == pytest.approx(0.0164, abs=1e-4)
    assert one["high"] == pytest.approx(0.1128, abs=1e-4)
    assert [point["hits"] for point in one["series"]] == [5]
    assert one["cases"].startswith("/api/v1/cases/?workflow=credit-decisions")
    (longer,) = asked(counted.otto, "?signal=wrong&workflow=credit-decisions&days=60").json()[
        "results"
    ]
    assert longer["n"] == 200


def test_the_cases_behind_a_signal_open(counted):
    (one,) = asked(counted.otto, "?signal=wrong&workflow=credit-decisions").json()["results"]
    client = Client()
    client.force_login(counted.otto)
    assert client.get(one["cases"]).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["?signal=nope", "?days=0", "?days=401", "?state=loud", "?workflow=a&workflow=b", "?x=1"],
)
def test_what_is_not_understood_is_refused_and_named(counted, query):
    answer = asked(counted.otto, query)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_system_is_refused(counted):
    key = KeyFactory(client=ClientFactory())
    assert Client().get("/api/v1/signals/", **bearer(key)).status_code == 403
