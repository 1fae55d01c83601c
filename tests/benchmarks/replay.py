"""How fast a replay judges a workflow's history, and what that makes of a million cases.

    python -m tests.benchmarks.replay [CASES] [ROUNDS]

Cases of about 2 KB with some 35 facts, some of them missing or of the wrong type, judged by 20
policy controls of two or three tests each; one case in twenty has a label. A round replays a
candidate that moves one threshold over all of them, in one worker: the self-test against the
recorded outcomes included, and the reading. PostgreSQL sends rows on the other core meanwhile.
Prints JSON: cases a second (wall clock, median of rounds), this process's CPU per case, and
minutes for 1,000,000 cases, extrapolated unless so many were asked for; exits 1 where those are
more than one. Needs DATABASE_URL, where it makes and drops a database of its own.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import django

CASES = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 100_000
ROUNDS = int(sys.argv[2]) if __name__ == "__main__" and len(sys.argv) > 2 else 3
CONTROLS = 20
DISTINCT = 2_000
GATE_MINUTES = 1.0
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("approve", "broker", "car", "decline", "online", "phone", "refer", "web")
# Every case with a place in time and a key of its own, facts and results as they were judged.
COPY = """
INSERT INTO controls_assessment ({columns})
SELECT {values} FROM controls_assessment a, generate_series(1, %(times)s) n
"""
OWN = {
    "id": "nextval(pg_get_serial_sequence('controls_assessment', 'id'))",
    "case_id": "gen_random_uuid()",
    "at": "a.at + n * interval '11 minutes'",
}


def condition(rng: random.Random) -> dict[str, Any]:
    """Holds on a few cases in a hundred, as controls do."""
    first = {"field": f"output.n{rng.randrange(10)}", "op": ">", "value": 7_500 + rng.random()}
    second = {"field": f"context.n{rng.randrange(8)}", "op": "<", "value": 2_500 + rng.random()}
    third = {"field": f"context.t{rng.randrange(8)}", "op": "in", "value": rng.sample(WORDS, 3)}
    return {"all": rng.choice(([first, second], [first, third], [first, second, third]))}


def body(rng: random.Random) -> dict[str, Any]:
    def part(numbers: int) -> dict[str, Any]:
        held: dict[str, Any] = {f"n{i}": round(rng.uniform(0, 1e4), 2) for i in range(numbers)}
        held |= {f"t{i}": rng.choice(WORDS) for i in range(8)}
        return {key: value for key, value in held.items() if rng.random() > 0.003}

    text = " ".join(rng.choice(WORDS) for _ in range(150))
    return {
        "output": part(10) | {"text": text},
        "context": part(8),
        "signals": {"confidence": rng.random()},
        "proposed_action": rng.choice(("approve", "decline")),
    }


def prepare() -> Any:
    from django.db import connection

    from assurance.controls.models import Assessment, Label
    from tests.controls.history import stored
    from tests.controls_factories import make_workflow, policy

    rng = random.Random(5)
    controls = [
        policy(
            f"CON-{n:02}",
            condition=condition(rng),
            effect=rng.choice(("review", "specialist", "governance")),
            on_unknown="quiet",
        )
        for n in range(CONTROLS)
    ]
    workflow = make_workflow(controls=controls)
    for n in range(DISTINCT):
        sent = body(rng)
        stored(workflow, sent.pop("output"), at=BEGIN + timedelta(seconds=n), **sent)
    columns = [field.column for field in Assessment._meta.concrete_fields]
    values = ", ".join(OWN.get(name, f"a.{name}") for name in columns)
    sql = COPY.format(columns=", ".join(columns), values=values)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql, {"times": CASES // DISTINCT - 1})
        cursor.execute(
            "INSERT INTO controls_label (case_id, workflow_id, value, source, note, at)"
            " SELECT case_id, workflow_id, CASE WHEN id %% 3 = 0 THEN 'incorrect'"
            " ELSE 'correct' END, 'decision', '', at FROM controls_assessment WHERE id %% 20 = 0",
            [],
        )
        cursor.execute("VACUUM ANALYZE controls_assessment")
        cursor.execute("VACUUM ANALYZE controls_label")
        cursor.execute("SET statement_timeout = '15s'")
    assert Label.objects.count() > CASES // 25
    return workflow


def measure(workflow: Any) -> dict[str, Any]:
    from django.db import connection

    from assurance.controls import replay
    from assurance.controls.control_sets import newest_set
    from assurance.controls.models import Assessment

    content = newest_set(workflow).content
    candidate = json.loads(json.dumps(content))
    candidate["controls"][0]["condition"]["all"][0]["value"] = 5_000
    until = BEGIN + timedelta(days=100_000)
    walls, cpus, slices, asked = [], [], 0, None
    for turn in range(ROUNDS):
        asked = replay.request(workflow, candidate, by=None, at=until + timedelta(hours=turn))
        wall, cpu, slices = time.perf_counter(), time.process_time(), 1
        while replay.run_slice(asked.pk, at=until + timedelta(days=turn, hours=slices)):
            slices += 1
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        asked.refresh_from_db()
        assert asked.status == "done", asked.problem
        assert asked.report["self_test"]["different"] == 0
        assert asked.report["replayable"] == asked.done == asked.total
    assert asked is not None
    cases = Assessment.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT avg(length(facts::text))::int FROM controls_assessment WHERE id < 999"
        )
        size = cursor.fetchone()[0]
    rate = cases / statistics.median(walls)
    return {
        "cases": cases,
        "bytes_of_facts_per_case": size,
        "controls": CONTROLS,
        "rounds": ROUNDS,
        "slices": slices,
        "cases_per_second": round(rate),
        "cpu_microseconds_per_case": round(statistics.median(cpus) / cases * 1e6, 1),
        "minutes_for_a_million": round(1_000_000 / rate / 60, 2),
        "extrapolated": cases < 1_000_000,
        "gate_minutes": GATE_MINUTES,
        "direction": asked.direction,
        "tightened": asked.report["tightened"],
    }


def main() -> int:
    django.setup()
    import logging

    from django.db import connection

    logging.disable(logging.CRITICAL)
    database = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        result = measure(prepare())
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)
    print(json.dumps(result, indent=2))
    if result["minutes_for_a_million"] > GATE_MINUTES:
        print(f"{result['minutes_for_a_million']} minutes; the gate is 1.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    sys.exit(main())
