"""What the page of a control says of the verifier that it asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from assurance import clock
from assurance.controls.models import CheckRun, Verifier
from assurance.controls.verifier_health import figures_of, health_of
from reviews import asking, intake
from tests.controls_factories import verification
from tests.reviews.conftest import SYSTEM
from tests.reviews.verifying import asks, body_of, known_as, workflow_asking
from tests.verifier_double import JUNK, VerifierDouble, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def double(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""
    with VerifierDouble() as one:
        known_as("judge", one)
        yield one


def post(workflow, number: int) -> None:
    at = clock.now()
    body = body_of(workflow, external_id=f"a-{number}")
    asked = asking.before_intake(body, workflow, at=at)
    intake.submit(body, workflow=workflow, client=None, actor=SYSTEM, at=at, asked=asked)


def test_the_page_shows_the_last_answers_the_failures_and_the_breaker(cast, double):
    workflow = workflow_asking(cast)
    for number, behave in enumerate([says(), says("fail"), *[JUNK] * 6]):
        double.behave = behave
        post(workflow, number)
    reader = Client()
    reader.force_login(cast.grace)

    page = reader.get("/controls/EXT-01/").content.decode()

    assert "Who it asks" in page
    assert 'data-state="open"' in page
    assert "left alone for a minute" in page
    assert "cannot say (n=7)" in page
    assert page.count("malformed") == 5
    assert page.count("breaker_open") == 1
    assert "reference 1.4" in page
    assert "It answered something that cannot be read." in page


def test_a_control_that_asks_nobody_has_no_such_part():
    assert health_of(verification(), clock.now()) is None


def test_a_verifier_that_nobody_made_known_is_said_to_be_so():
    told = health_of(asks(verifier="nobody"), clock.now())

    assert told is not None
    assert (told["state"], told["name"]) == ("unknown", "nobody")


def test_one_that_is_switched_off_is_said_to_be_so(double):
    Verifier.objects.update(active=False)

    told = health_of(asks(), clock.now())

    assert told is not None
    assert told["state"] == "off"


def runs(*outcomes: str) -> list[CheckRun]:
    return [
        CheckRun(outcome=outcome, milliseconds=10 * (number + 1), asked_at=clock.now())
        for number, outcome in enumerate(outcomes)
    ]


def test_a_share_is_told_of_ten_and_more_only_and_of_those_that_were_asked():
    few, many = figures_of(runs(*["pass"] * 9)), figures_of(runs(*["pass"] * 8, "error", "timeout"))

    assert few["share"] == "cannot say (n=9)"
    assert (many["share"], many["failed"], many["p95_ms"]) == ("20.0 %", 2, 100)
    assert figures_of(runs("not_run", ""))["asked"] == 0
    assert figures_of([])["p95_ms"] is None


def test_only_the_last_seven_days_count(cast, double):
    workflow = workflow_asking(cast)
    post(workflow, 1)
    content = asks()

    assert health_of(content, clock.now())["figures"]["asked"] == 1
    later = clock.now() + timedelta(days=8)
    assert health_of(content, later)["figures"]["asked"] == 0
