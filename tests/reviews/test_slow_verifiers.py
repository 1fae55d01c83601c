"""Slow verifiers of one workflow take no other workflow's place: only some threads of the server
wait for them, and what finds none free is asked by a worker."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection

from assurance.controls import bulkhead
from assurance.controls.models import CheckRun
from reviews import verifying
from reviews.models import Case
from tests.controls_factories import make_workflow, policy
from tests.reviews.conftest import NOON
from tests.reviews.verifying import asks, known_as, posted, workflow_asking
from tests.verifier_double import VerifierDouble, says

THREADS = 8  # of one process of the server
SLOW = 1.5  # seconds for each answer
MANY = 16


@pytest.fixture
def double(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""
    with VerifierDouble() as one:
        known_as("judge", one)
        yield one


def slowly(question):
    time.sleep(SLOW)
    return says("pass")(question)


@pytest.mark.django_db(transaction=True)
def test_sixteen_submissions_that_wait_for_a_slow_verifier_keep_no_other_workflow_waiting(
    cast, double
):
    double.behave = slowly
    asking = workflow_asking(cast, asks(timeout=5))
    quick = make_workflow("claims-letters", controls=[policy()], members=[cast.ada])

    def submit(workflow, name: str) -> float:
        """As a thread of the server does it. How many seconds since everything was sent."""
        posted(workflow, external_id=name)
        connection.close()
        return time.monotonic() - sent

    with ThreadPoolExecutor(THREADS) as server:
        sent = time.monotonic()
        slow: list[Future[float]] = [
            server.submit(submit, asking, f"slow-{n}") for n in range(MANY)
        ]
        others = [server.submit(submit, quick, f"quick-{n}") for n in range(THREADS)]
        last = max(one.result() for one in others)
        waited = [one.result() for one in slow]

    assert Case.objects.filter(workflow=quick).count() == THREADS
    asked = len(double.questions)
    states = Counter(Case.objects.filter(workflow=asking).values_list("state", flat=True))
    assert states == {"continued": asked, "verifying": MANY - asked}
    assert bulkhead.PLACES <= asked < MANY
    # Without the limit two rounds of eight would have to answer first.
    assert last < 2 * SLOW, f"the others waited {last:.2f} s, the slow ones {max(waited):.2f} s"

    double.behave = says("pass")
    verifying.ask_queued(lambda: NOON)
    verifying.sweep(NOON)

    assert set(Case.objects.values_list("state", flat=True)) == {"continued"}
    assert not CheckRun.objects.exclude(status="closed").exists()


@pytest.mark.django_db
def test_without_a_place_the_case_is_verifying_until_a_worker_has_asked(cast, double):
    workflow = workflow_asking(cast)
    for _ in range(bulkhead.PLACES):
        bulkhead._places.acquire()
    try:
        case = posted(workflow)
        assert (case.state, double.questions) == ("verifying", [])
    finally:
        for _ in range(bulkhead.PLACES):
            bulkhead._places.release()

    verifying.ask_queued(lambda: NOON)

    case.refresh_from_db()
    assert (case.state, len(double.questions)) == ("continued", 1)


def test_a_place_is_given_back_whatever_happens():
    def fail() -> None:
        with bulkhead.place() as is_free:
            assert is_free
            raise ZeroDivisionError

    for _ in range(2 * bulkhead.PLACES):
        with pytest.raises(ZeroDivisionError):
            fail()
