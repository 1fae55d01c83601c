"""P1 and P2: what was acknowledged is there after every process was killed, once."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.house import Answered, House, scaled

EVERYTHING = ("postgres", "valkey", "web", "worker", "beat")


def patiently(send: Callable[[str], Answered], name: str) -> Answered:
    """Send until it is not "still running": a killed request holds its key for a moment yet."""
    for _ in range(20):
        said = send(name)
        if said.status != 409:
            return said
        time.sleep(int(said.headers["Retry-After"]))
    raise AssertionError(f"{name} is still running: {said.body!r}")


INCOMPLETE = """
SELECT c.number FROM reviews_case c
 WHERE c.external_id LIKE %s AND NOT (
   EXISTS (SELECT FROM controls_assessment a WHERE a.id = c.assessment_id AND a.case_id = c.id)
   AND EXISTS (SELECT FROM reviews_submission s WHERE s.case_id = c.id)
   AND (SELECT array_agg(e.type::text ORDER BY e.seq) FROM record_event e
         JOIN record_recordpayload p ON p.event_id = e.id
        WHERE e.stream_type = 'case' AND e.stream_id = c.id::text AND e.seq <= 3)
       = ARRAY['case.received', 'case.assessed',
               CASE c.state WHEN 'open' THEN 'case.routed' ELSE 'case.continued' END]
   AND (c.state = 'continued' OR c.queue_id IS NOT NULL)
   AND EXISTS (SELECT FROM api_idempotencykey k WHERE k.linked_to = c.id::text))
"""


def test_p1_what_was_acknowledged_survives_the_death_of_every_process(house: House):
    """16 clients; everything is killed at 4 random instants (full: 20), PostgreSQL too."""
    assert house.sql("SELECT current_setting('fsync'), current_setting('synchronous_commit')") == [
        ("on", "on")
    ]
    chance = random.Random(1)
    with house.load(16, "p1") as journal:
        for _ in range(scaled(4, 20)):
            before = len([one for one in journal if one.status == 201])
            time.sleep(0.5 + chance.random())
            while len([one for one in journal if one.status == 201]) < before + 5:
                time.sleep(0.05)
            house.stack.kill(*EVERYTHING)
            house.stack.restart()
            house.stack.wait_ready()

    acknowledged = {json.loads(one.body)["id"]: one.name for one in journal if one.status == 201}
    present = dict(
        house.sql("SELECT id::text, external_id FROM reviews_case WHERE external_id LIKE 'p1-%%'")
    )
    assert len(acknowledged) > 50
    assert [one for one in journal if one.status == 0], "somebody was cut off"
    assert {id: name for id, name in acknowledged.items() if present.get(id) != name} == {}
    assert house.sql(INCOMPLETE, "p1-%") == []
    # 503: the web server outlived its database by a blink, and said so.
    assert {one.status for one in journal} <= {0, 201, 503}
    house.verify()


def test_p2_a_storm_of_repetitions_makes_one_case_for_each_key(house: House):
    """12 keys, 10 times each at once, the web server killed twice in between (full: 30 keys, 40
    times, 5 kills)."""
    keys = [f"p2-{n}" for n in range(scaled(12, 30))]
    storm = keys * scaled(10, 40)
    random.Random(2).shuffle(storm)
    kills = scaled(2, 5)

    cut_off: list[Answered] = []

    def send(name: str) -> Answered:
        """As a client does: without an answer, again."""
        with house.system() as system:
            while (said := house.post(system, name)).status == 0:
                cut_off.append(said)
                time.sleep(0.05)
            return said

    with ThreadPoolExecutor(12) as pool:
        flying = [pool.submit(send, name) for name in storm]
        for kill in range(1, kills + 1):
            while sum(one.done() for one in flying) < len(storm) * kill / (kills + 2):
                time.sleep(0.01)
            house.stack.kill("web")
            house.stack.restart("web")
            house.stack.wait_ready()
        journal = [one.result() for one in flying]
    last = [patiently(send, name) for name in keys]

    made = house.sql("SELECT external_id FROM reviews_case WHERE external_id LIKE 'p2-%%'")
    assert sorted(name for (name,) in made) == sorted(keys)
    assert cut_off, "somebody was cut off"
    assert {one.status for one in journal} <= {201, 409}
    for refused in (one for one in journal if one.status == 409):
        assert json.loads(refused.body)["code"] == "idempotency_in_flight"
        assert refused.headers["Retry-After"]
    for again in last:
        answers = [one for one in journal if one.name == again.name and one.status == 201]
        firsts = [one for one in answers if "Idempotency-Replayed" not in one.headers]
        assert again.status == 201, again.body
        assert again.headers.get("Idempotency-Replayed") == "true"
        assert {one.body for one in answers} <= {again.body}, "byte for byte"
        assert len(firsts) <= 1
    house.verify()
