"""P8: the dispatcher is killed again and again, the receiver is rude, and nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as live
from django.db import connection

from assurance import clock
from assurance.delivery import due
from assurance.delivery.models import Delivery, Endpoint
from tests.delivery_factories import EndpointFactory, promised
from tests.receiver import RESET, Answer, Receiver, Request

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20


@pytest.fixture
def dispatcher(transactional_db, loopback) -> Iterator[subprocess.Popen[str]]:
    """Dispatchers on the database of this test, one after the other."""
    db = connection.settings_dict
    host = f"{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}"
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{host}/{db['NAME']}",
        "SECRET_KEY": live.SECRET_KEY,
        "COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS": "true",
        "DJANGO_SETTINGS_MODULE": "assurance.settings",
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.delivery.dispatcher"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.communicate(timeout=30)
    clock.set_offset(timedelta(0))


def test_p8_twenty_kills_and_a_rude_receiver_lose_nothing_and_keep_the_order(dispatcher):
    chance = random.Random(8)

    def rude(request: Request) -> Answer | object:
        time.sleep(chance.random() * 0.02)
        return chance.choice([Answer(500), RESET]) if chance.random() < 0.3 else Answer()

    with Receiver() as receiver:
        receiver.behave = rude  # type: ignore[assignment]
        EndpointFactory(url=receiver.url)
        cases = [[promised(f"case-{c}", n=n).webhook_id for n in range(3)] for c in range(25)]
        passed = timedelta(0)
        for _ in range(KILLS):
            child = int(dispatcher.stdout.readline())
            time.sleep(chance.random() * 0.25)
            with suppress(ProcessLookupError):  # it had nothing left to do
                os.kill(child, signal.SIGKILL)
            passed = later(passed, due.LEASE + timedelta(seconds=5))
        ends = time.monotonic() + 90
        while Delivery.objects.pending().exists() and time.monotonic() < ends:
            dispatcher.stdout.readline()
            passed = later(passed, timedelta(minutes=20))
            time.sleep(0.1)

    arrived = [request.id for request in receiver.accepted()]
    firsts = list(dict.fromkeys(arrived))
    assert set(firsts) == {id for ids in cases for id in ids}, "each arrived, and nothing else"
    for ids in cases:
        assert [id for id in firsts if id in ids] == ids, "in order within its case"
    assert len(receiver.journal) > 75, "some were tried more than once"


def later(passed: timedelta, step: timedelta) -> timedelta:
    """Move the clock of every process on, so that no test waits for a lease or a pause."""
    passed += step
    clock.set_offset(passed)
    Endpoint.objects.update(resting_until=None)
    return passed
