"""P10: whoever polls the feed sees every event exactly once, whatever commits late or dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.chaos.house import House, scaled

SLOW_COMMITS = """
CREATE FUNCTION chaos_slow_commit() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_sleep(random() * 0.1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER chaos_slow_commit AFTER INSERT ON reviews_case
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chaos_slow_commit();
"""


@pytest.fixture
def slow_commits(house: House) -> Iterator[None]:
    """Every intake waits up to a tenth of a second between its last statement and its commit, so
    that events with lower ids are committed after events with higher ones."""
    house.sql(SLOW_COMMITS)
    yield
    house.sql("DROP FUNCTION chaos_slow_commit CASCADE")


def poll(house: House, start: int, seen: list[dict[str, Any]], over: threading.Event) -> None:
    """Follow the feed from each page's `next` until `over` is set and the feed is empty."""
    address = f"events/?after={start}&limit=17"
    with house.system() as system:
        while True:
            last = over.is_set()
            try:
                answer = system.get(address)
            except httpx.TransportError:
                continue
            if answer.status_code != 200:  # the web server outlived its database, or just came
                assert answer.status_code == 503, answer.text
                continue
            page = answer.json()
            seen += page["results"]
            address = page["next"] or address
            if last and not page["results"]:
                return


def test_p10_a_poller_sees_every_event_once_while_writers_commit_late(
    house: House, slow_commits: None
):
    """12 writers whose commits come in any order, one poller, the web server killed 3 times (full:
    20)."""
    with house.system() as system:
        start = 0
        while page := system.get("events/", params={"after": start, "limit": 200}).json()[
            "results"
        ]:
            start = page[-1]["position"]
    before = house.one("SELECT count(*) FROM record_event WHERE workflow = 'credit-decisions'")
    seen: list[dict[str, Any]] = []
    over = threading.Event()
    poller = threading.Thread(target=poll, args=(house, start, seen, over), daemon=True)
    with house.load(12, "p10"):
        poller.start()
        for _ in range(scaled(3, 20)):
            time.sleep(2)
            house.stack.kill("web")
            house.stack.restart("web")
            house.stack.wait_ready()
        time.sleep(1)
    time.sleep(0.5)  # the last commits
    over.set()
    poller.join(120)

    positions = [event["position"] for event in seen]
    written = house.sql(
        "SELECT e.hash FROM record_event e JOIN record_eventposition p ON p.event_id = e.id"
        " WHERE e.workflow = 'credit-decisions' AND p.position > %s",
        start,
    )
    out_of_order = house.one(
        "SELECT count(*) FROM (SELECT p.event_id < max(p.event_id) OVER (ORDER BY p.position)"
        " AS late FROM record_eventposition p WHERE p.position > %s) AS s WHERE late",
        start,
    )
    after = house.one("SELECT count(*) FROM record_event WHERE workflow = 'credit-decisions'")
    assert not poller.is_alive()
    assert len(written) == after - before > 100
    assert house.one("SELECT count(*) FROM record_eventpending") == 0
    assert out_of_order > 10, "commits did not come in the order of ids"
    assert sorted(event["hash"] for event in seen) == sorted(hash for (hash,) in written)
    assert positions == sorted(set(positions))
