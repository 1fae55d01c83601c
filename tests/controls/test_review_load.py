"""What more or fewer cases mean for the people of a queue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls import review_load
from assurance.controls.control_sets import newest_set
from assurance.controls.presenting.review_load import as_table, lines, minutes, more_minutes
from assurance.controls.preview import preview
from assurance.controls.review_load import METHODS, QueueWork, load_of
from assurance.controls.rooms_above import queue_work
from tests.controls.history import BEGIN, stored, with_edit
from tests.controls.replaying import LATER, lowered, replayed
from tests.controls_factories import make_workflow, policy

# Ten took four minutes, one an hour; three of ten waited longer than they had.
BUSY = QueueWork(came=40, decided=30, minutes=[4.0] * 10 + [60.0], waits=[0.5] * 7 + [1.5] * 3)


def one_queue(extra: float, work: QueueWork = BUSY, days: float = 10) -> dict:
    (row,) = load_of({"a": extra}, days, {"a": work})["queues"]
    return row


def test_minutes_are_the_cases_more_a_day_times_the_median():
    load = load_of({"a": 20, "b": -5}, 10, {"a": BUSY, "b": QueueWork(minutes=[10] * 10)})

    first, second = load["queues"]
    assert first["minutes"] == {"n": 11, "median": 4.0}
    assert first["extra_minutes_per_day"] == 8.0
    assert first["hours_per_day"] == {"extra": 0.133333, "decided": 0.2, "projected": 0.4}
    assert second["extra_minutes_per_day"] == -5.0
    assert (load["extra_minutes_per_day"], load["cannot_say"]) == (3.0, [])
    assert load["methods"] == METHODS


def test_under_ten_decisions_nobody_can_say():
    few = QueueWork(came=9, decided=9, minutes=[4] * 9, waits=[2] * 9)

    load = load_of({"a": 20, "b": 4}, 10, {"a": few, "b": BUSY})

    assert load["queues"][0]["minutes"] == {"n": 9, "median": None}
    assert load["queues"][0]["extra_minutes_per_day"] is None
    assert load["queues"][0]["overdue"] == {
        "n": 9, "now": None, "projected": None, "stretch": None,
    }  # fmt: skip
    assert (load["extra_minutes_per_day"], load["cannot_say"]) == (None, [{"queue": "a", "n": 9}])
    assert more_minutes(load) == "cannot say (n=9)"


def test_a_queue_that_nobody_knows_and_one_that_stays_even_are_no_obstacle():
    load = load_of({"a": 0, "b": 4}, 10, {"b": BUSY})

    assert load["extra_minutes_per_day"] == 1.6
    assert load["queues"][0]["minutes"]["n"] == 0


@pytest.mark.parametrize(
    ("extra", "stretch", "projected"),
    [(0, 1.0, 0.3), (20, 1.5, 0.3), (44, 2.1, 1.0), (-20, 0.5, 0.0), (-80, 0.0, 0.0)],
)
def test_recorded_waits_grow_in_the_proportion_in_which_more_cases_come(extra, stretch, projected):
    late = one_queue(extra)["overdue"]

    assert late == {"n": 10, "now": 0.3, "projected": projected, "stretch": stretch}


def test_cases_a_day_are_what_came_and_what_comes_beside_what_was_decided():
    assert one_queue(20)["per_day"] == {
        "extra": 2.0, "came": 4.0, "projected": 6.0, "decided": 3.0,
    }  # fmt: skip
    assert one_queue(20, days=0)["per_day"]["came"] is None


def test_a_page_says_it_with_units_and_how_many():
    load = load_of({"a": 20}, 10, {"a": BUSY})

    (row,) = as_table(load)["rows"]
    assert [cell["text"] for cell in row["cells"]] == [
        "a", "4.0 → 6.0", "3.0", "0.2 → 0.4 h", "30.0 % → 30.0 %",
    ]  # fmt: skip
    assert row["cells"][3]["small"] == "4.0 min a case (n=11)"
    assert lines(load)["a"] == [
        "Review time: +8.0 min a day, at 4.0 min a case.",
        "Overdue: 30.0 % → 30.0 %.",
    ]
    assert more_minutes(load) == "+8.0 min"
    assert (minutes(-300), minutes(0.01), minutes(12)) == ("-5.0 h", "0 min", "+12 min")


@pytest.fixture
def busy_queue(monkeypatch) -> list:
    """What the room of queues answers, and what it was asked."""
    asked = []

    def answer(queues, since, until):
        asked.append((sorted(queues), since, until))
        return dict.fromkeys(queues, BUSY)

    monkeypatch.setattr(queue_work, "_registered", [answer])
    return asked


def test_a_replay_reports_the_load_of_its_window_under_its_hash(cast, busy_queue):
    workflow = make_workflow(controls=[policy()])
    first = stored(workflow, {"amount": 2000}, at=BEGIN)
    stored(workflow, {"amount": 100}, at=BEGIN + timedelta(hours=1))

    done = replayed(workflow, with_edit(workflow, "control", "LIM-01", lowered()))

    days = (LATER - BEGIN) / timedelta(days=1)
    assert busy_queue == [(["credit-review"], first.at, LATER)]
    assert done.report["load"] == load_of({"credit-review": 1}, days, {"credit-review": BUSY})
    assert done.report["load"]["extra_minutes_per_day"] == round(round(1 / days, 6) * 4, 6)


def test_a_replay_that_moves_no_case_asks_nobody(cast, busy_queue):
    workflow = make_workflow(controls=[policy()])
    stored(workflow, {"amount": 4000}, at=BEGIN)

    report = replayed(workflow, newest_set(workflow).content).report

    assert busy_queue == []
    assert (report["load"]["queues"], report["load"]["extra_minutes_per_day"]) == ([], 0)


def test_a_preview_tells_the_same_load_as_a_replay_of_its_window(cast, busy_queue):
    workflow = make_workflow(controls=[policy()])
    for n in range(6):
        stored(workflow, {"amount": 500 * n}, at=BEGIN + timedelta(hours=n))
    at = BEGIN + timedelta(days=3)

    shown = preview(workflow, item="control", key="LIM-01", content=lowered(), at=at)

    assert shown["load"] == load_of({"credit-review": 3}, 30, {"credit-review": BUSY})


def test_a_sampled_preview_counts_its_sample_for_all_cases(cast, busy_queue, monkeypatch):
    workflow = make_workflow(controls=[policy()])
    for n in range(60):
        stored(workflow, {"amount": 2000}, at=BEGIN + timedelta(hours=n))
    monkeypatch.setattr("assurance.controls.preview.ONE_IN", (1, 10))

    shown = preview(
        workflow,
        item="control",
        key="LIM-01",
        content=lowered(),
        at=BEGIN + timedelta(days=5),
        budget=-1,
    )

    assert (shown["n"], shown["load"]["queues"][0]["extra"]) == (6, 60)
    assert shown["load"]["least"] == review_load.LEAST
