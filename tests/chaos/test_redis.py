"""P11 and P12: losing Redis loses nothing and delays nobody; a deaf worker is noticed."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import httpx
import redis

from tests.chaos.house import WHY, Answered, House, scaled, until
from tests.receiver import Receiver

WAIT = 0.5  # seconds that a request may wait for a lost Redis
SWEEP = 5.0  # seconds between two sweeps
RECONNECT = 15.0  # seconds that worker and beat may take to find Redis again


def test_p11_losing_redis_delays_no_request_and_loses_nothing(house: House):
    """Load through FLUSHALL, a kill of 4 s and a black hole of 8 s (full: 60 s), with decisions
    made meanwhile. Every single request is compared with the slowest of those before."""
    phases: dict[str, list[Answered]] = {}

    def phase(name: str, seconds: float) -> None:
        start = len(journal)
        time.sleep(seconds)
        phases[name] = journal[start:]

    with (
        Receiver() as receiver,
        redis.Redis.from_url(house.stack.environment["REDIS_URL"]) as client,
        house.listening("scorecard", receiver.url),
    ):
        ada = house.signed_in("ada")
        with house.load(3, "p11", pause=0.05) as journal:
            time.sleep(2)  # threads and their connections come up
            phase("before", 5)
            client.flushall()
            phase("flushed", 3)
            house.stack.kill("valkey")
            decide_next(house, ada)
            phase("killed", 4)
            house.stack.restart("valkey")
            phase("back", 4)
            valkey = house.stack.processes["valkey"]
            valkey.freeze()
            decide_next(house, ada)
            phase("frozen", scaled(8, 60))
            valkey.thaw()
        took = until(lambda: settled(house, receiver), SWEEP + RECONNECT, "all told and released")

    print({name: round(max(one.seconds for one in found), 3) for name, found in phases.items()})
    print(f"settled {took:.1f} s after Redis came back")
    assert {one.status for one in journal} == {201}
    usual = max(one.seconds for one in phases.pop("before"))
    for name, found in phases.items():
        assert len(found) > 10, name
        assert max(one.seconds for one in found) < usual + WAIT, name
    ids = {json.loads(one.body)["id"] for one in journal if json.loads(one.body)["queue"]}
    told = {json.loads(request.body)["data"]["id"] for request in receiver.accepted()}
    assert ids <= told
    house.verify()


def decide_next(house: House, ada: httpx.Client) -> None:
    """A person decides the next case, Redis or not."""
    case = ada.post("/api/v1/queues/credit-review/next/").json()
    said = {"outcome": "approve", "reasons": ["within-policy"], "rationale": WHY}
    decided = ada.post(
        f"/api/v1/cases/{case['id']}/decisions/", json=said | {"lease": case["lease"]["number"]}
    )
    assert decided.status_code == 201, decided.text


def settled(house: House, receiver: Receiver) -> bool:
    """Everything that is due was delivered, every decision whose window is over has left."""
    unreleased = house.one(
        "SELECT count(*) FROM reviews_decision WHERE released_at IS NULL AND withdrawn_at IS NULL"
    )
    return house.undelivered() == 0 and unreleased == 0


def test_p12_a_worker_that_lives_but_hears_nothing_turns_readiness_red(house: House):
    """SIGSTOP of the worker. Of the 45 s of silence that are allowed, all but 5 are put into the
    worker's last sign of life instead of waited for (full: all are waited for)."""
    worker = house.stack.processes["worker"]
    until(lambda: ready(house), 30, "a ready stack")
    worker.freeze()
    try:
        began = time.monotonic()
        if not scaled(0, 1):
            # A web server forgives silence from before its own start: be older than the silence.
            until(lambda: web_age(house) > 50, 60, "an older web server")
            house.sql("UPDATE api_canary SET touched_at = clock_timestamp() - interval '40 s'")
            began = time.monotonic() - 40
        until(lambda: not ready(house), 60, "a red light")
        took = time.monotonic() - began
    finally:
        worker.thaw()
    green = until(lambda: ready(house), 40, "a green light")

    print(f"noticed after {took:.0f} s, green again after {green:.0f} s")
    assert took <= 60


def ready(house: House) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{house.stack.url}/readyz", timeout=10).status_code == 200
    return False


def web_age(house: House) -> float:
    """Seconds since the web server's first process began."""
    process = house.stack.processes["web"].pid
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK")
