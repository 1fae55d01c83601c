"""P8 and P9: every webhook arrives, in order, whatever dies; a dead receiver delays nobody."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import defaultdict
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise

from tests.chaos.house import House, scaled, until
from tests.receiver import HANG, RESET, Answer, Behaviour, Receiver, Request

HOUR = timedelta(hours=1)


def test_p8_a_killed_worker_and_a_rude_receiver_lose_nothing_and_keep_the_order(house: House):
    """25 cases with two webhooks each (full: 200); of 10 requests 3 fail: 500, a reset, a late
    answer, now and then none at all. The worker is killed 4 times (full: 20)."""
    chance = random.Random(8)

    def rude(request: Request) -> Behaviour:
        if chance.random() > 0.3:
            return Answer()
        if chance.random() < 0.05:
            return HANG
        time.sleep(0.3)
        return chance.choice([Answer(500), RESET, Answer()])

    with Receiver() as receiver, house.listening("scorecard", receiver.url):
        receiver.behave = rude
        with house.system() as system:
            for number in range(scaled(25, 200)):
                case = json.loads(house.post(system, f"p8-{number}").body)["id"]
                assert system.post(f"cases/{case}/withdraw/").status_code == 200
        for _ in range(scaled(4, 20)):
            arrived = len(receiver.journal)
            until(lambda since=arrived: len(receiver.journal) > since, 60, "the next delivery")
            time.sleep(chance.random() * 0.3)
            house.stack.kill("worker")
            house.later(HOUR)  # past its leases and the pauses before the next try
            house.stack.restart("worker")

        def settled() -> bool:
            time.sleep(0.5)
            house.later(HOUR / 6)
            return house.undelivered() == 0

        until(settled, 120, "every webhook delivered")

    promised = house.sql(
        "SELECT webhook_id, stream_id, event_type FROM delivery_delivery d"
        " JOIN reviews_case c ON c.id::text = d.stream_id WHERE c.external_id LIKE 'p8-%%'"
        " ORDER BY d.id"
    )
    firsts = list(dict.fromkeys(request.id for request in receiver.accepted()))
    assert len(promised) == 2 * scaled(25, 200)
    assert set(firsts) == {id for id, _, _ in promised}, "each arrived, and nothing else"
    by_case = defaultdict(list)
    for id, case, type in promised:
        by_case[case].append((firsts.index(id), type))
    for told in by_case.values():
        assert [type for _, type in sorted(told)] == ["case.routed", "case.closed"]
    tries = defaultdict(list)
    for request in receiver.journal:
        tries[request.id].append(request)
    repeated = [found for found in tries.values() if len(found) > 1]
    assert len(repeated) > 5, "some were tried more than once"
    for found in repeated:
        for earlier, later in pairwise(found):
            before, after = (int(one.headers["webhook-timestamp"]) for one in (earlier, later))
            # The header counts whole seconds: two tries within one may carry the same.
            assert after > before or (after == before and later.at - earlier.at < 1)
        assert len({request.body for request in found}) == 1
    house.verify()


def test_p9_a_black_hole_delays_nobody_and_its_dead_letter_is_sent_again_under_its_id(
    house: House,
):
    """4 healthy endpoints (full: 19) and one that takes requests and never answers. Days later it
    is given up with an alert; then it is mended and a person resends."""
    with ExitStack() as stack:
        healthy = [stack.enter_context(Receiver()) for _ in range(scaled(4, 19))]
        for one in healthy:
            stack.enter_context(house.listening("scorecard", one.url))
        usual = delays(house, healthy, "p9-usual")
        hole = stack.enter_context(Receiver())
        stack.enter_context(house.listening("scorecard", hole.url))
        hole.behave = lambda request: HANG
        beside = delays(house, healthy, "p9-beside")
        print(f"p95 of healthy endpoints: {usual:.2f} s, beside a black hole {beside:.2f} s")
        assert hole.journal, "it was tried"
        assert beside < max(2 * usual, usual + 0.5)

        hole.behave = lambda request: RESET
        hole.released.set()  # who still waits for an answer is cut off
        failing = "SELECT id FROM delivery_endpoint WHERE url = %s AND failing_since IS NOT NULL"
        until(lambda: bool(house.sql(failing, hole.url)), 40, "a first failure")
        lost = house.one(failing, hole.url)
        house.later(96 * HOUR)
        dead = "SELECT count(*) FROM delivery_delivery WHERE endpoint_id = %s AND status = 'dead'"
        until(lambda: house.one(dead, lost) == 20, 60, "20 dead letters")
        grace = house.signed_in("grace")
        page = grace.get("/integrate/")
        assert page.status_code == 200
        assert "were given up" in page.text
        raised = house.sql(
            "SELECT e.workflow FROM record_event e WHERE e.type = 'alert.raised'"
            " AND e.stream_type = 'workflow'"
        )
        assert ("credit-decisions",) in raised

        hole.behave = None
        letter, id = house.sql(
            "SELECT id, webhook_id FROM delivery_delivery WHERE endpoint_id = %s ORDER BY id", lost
        )[0]
        token = {"csrfmiddlewaretoken": grace.headers["X-CSRFToken"]}
        answer = grace.post(f"/integrate/deliveries/{letter}/resend/", data=token)
        assert answer.status_code == 302
        # Other news of the four days were due there before it, now that it answers.
        until(lambda: id in [one.id for one in hole.accepted()], 90, "the resent webhook")
        assert [one.id for one in hole.accepted()].count(id) == 1
        status = "SELECT status FROM delivery_delivery WHERE id = %s"
        until(lambda: house.one(status, letter) == "delivered", 10, "it is noted")
    house.verify()


def delays(house: House, receivers: list[Receiver], prefix: str) -> float:
    """Post 20 cases and return the p95 of the seconds from the 201 to each healthy receiver."""
    posted = {}
    with house.system() as system:
        for number in range(20):
            said = house.post(system, f"{prefix}-{number}")
            posted[json.loads(said.body)["id"]] = time.time()
            time.sleep(0.1)
    found = []
    for one in receivers:
        until(lambda one=one: len(told(one, posted)) == len(posted), 30, "20 webhooks")
        found += [at - posted[case] for case, at in told(one, posted).items()]
    return statistics.quantiles(found, n=20)[-1]


def told(receiver: Receiver, posted: dict[str, float]) -> dict[str, float]:
    """When each of these cases arrived first."""
    arrived: dict[str, float] = {}
    for request in receiver.accepted():
        case = json.loads(request.body)["data"]["id"]
        if case in posted:
            arrived.setdefault(case, request.at)
    return arrived
