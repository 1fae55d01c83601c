"""Stored cases come in order of time, whole and once, on whichever connection they are read."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection, transaction

from assurance.controls import replay
from assurance.controls.case_reader import Stored, read
from assurance.controls.choices import ReplayStatus
from assurance.controls.control_sets import newest_set
from assurance.controls.models import Assessment
from tests.controls.history import BEGIN, stored
from tests.controls.replaying import LATER, finished
from tests.controls_factories import make_workflow, policy

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


@pytest.fixture
def workflow(monkeypatch):
    """Thirty cases, two at each moment, the later ones written first; read seven at a time."""
    monkeypatch.setattr("assurance.controls.case_reader._FIRST", 7)
    monkeypatch.setattr("assurance.controls.case_reader._MOST", 7)
    monkeypatch.setattr("assurance.controls.case_reader._LEAST", 7)
    made = make_workflow(controls=[policy()])
    for n in reversed(range(30)):
        stored(made, {"amount": 100 * n}, at=BEGIN + n // 2 * timedelta(seconds=0.5))
    return made


def everything(workflow, **more) -> list[Stored]:
    return [row for rows in read(workflow.pk, until=LATER, **more) for row in rows]


def sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        return cursor.fetchone()[0]


def test_both_ways_of_reading_give_every_case_once_and_in_order(workflow):
    ahead = everything(workflow)
    with transaction.atomic():
        here = everything(workflow)

    in_order = list(Assessment.objects.order_by("at", "pk").values_list("pk", "at"))
    assert [(row.pk, row.at) for row in ahead] == in_order
    assert here == ahead


def test_reading_goes_on_after_the_last_case_seen(workflow):
    rows = everything(workflow)

    for seen in (1, 2, 14, 29, 30):
        last = rows[seen - 1]
        assert everything(workflow, after=(last.at, last.pk)) == rows[seen:]


def test_a_sample_is_one_in_so_many_of_them(workflow):
    rows = everything(workflow)

    assert everything(workflow, one_in=10) == [row for row in rows if row.pk % 10 == 0]


def test_what_an_open_transaction_wrote_is_read_in_it(workflow):
    with transaction.atomic():
        stored(workflow, {"amount": 1}, at=BEGIN)

        assert len(everything(workflow)) == 31


def test_the_connection_of_its_own_is_closed_even_by_a_reader_who_stops_early(workflow):
    before = sessions()

    with closing(read(workflow.pk, until=LATER)) as batches:
        next(batches)
        while_reading = sessions()

    assert while_reading == before + 1
    # The server takes a moment to let a closed session go.
    patience = time.monotonic() + 10
    while sessions() > before and time.monotonic() < patience:
        time.sleep(0.05)
    assert sessions() == before


def test_a_worker_replays_on_two_connections_what_was_committed(workflow):
    asked = replay.request(workflow, newest_set(workflow).content, by=None, at=LATER)

    done = finished(asked)

    assert (done.status, done.report["n"]) == (ReplayStatus.DONE, 30)
