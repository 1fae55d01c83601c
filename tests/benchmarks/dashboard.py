"""The dashboard over a year: daily counts against a live GROUP BY, with equal totals.

    python -m tests.benchmarks.dashboard [CASES]

Puts so many judged cases (default 5,000,000) over 365 days into the database, counts each day once,
and then asks for judgements by day and disposition both ways. Prints JSON: medians in
milliseconds, their ratio, and what counting one dirty day anew costs of one live query; exits 1
where the totals differ, the counts are less than 15 times as fast, or a day costs more than a
hundredth. Needs DATABASE_URL, where it makes and drops a database of its own, and about 1 GB of
disk for a million cases.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import django

CASES = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 5_000_000
DAYS = 365
BEGIN = date(2030, 1, 1)
SLUG = "credit-decisions"
ROUNDS = 5
FASTER = 15
DAY_SHARE = 0.01

FILL = """
INSERT INTO controls_assessment (case_id, revision, purpose, workflow_id, control_set_id, subject,
       facts, results, voices, disposition, would_be, decided_by, contributing, enforced,
       ungoverned, duration_us, at)
SELECT md5(n::text)::uuid, 1, 'intake', %(workflow)s, %(set)s, '',
       jsonb_build_object('model', jsonb_build_object('name', 'scorecard',
                                                      'version', (n %% 3)::text)),
       CASE WHEN n %% 5 = 0 THEN jsonb_build_array(jsonb_build_object(
           'key', 'LIM-01', 'mode', 'enforced', 'outcome', 'fired', 'effect', 'review',
           'reason_code', '', 'waived_by', '')) ELSE '[]' END,
       '[]', (ARRAY['review', 'continue', 'continue', 'continue', 'continue'])[n %% 5 + 1],
       'continue', '[]', '[]', true, false, 100,
       %(begin)s::timestamptz + (n::float8 / %(cases)s * %(days)s) * interval '1 day'
  FROM generate_series(0, %(cases)s - 1) AS n
"""
LIVE = """
SELECT (at AT TIME ZONE 'UTC')::date, disposition, count(*) FROM controls_assessment
 WHERE workflow_id = %(workflow)s AND purpose = 'intake'
   AND at >= %(begin)s AND at < %(end)s
 GROUP BY 1, 2
"""


def prepare() -> dict[str, Any]:
    from django.db import connection

    from assurance.controls.control_sets import newest_set
    from tests.cast import make_cast
    from tests.controls_factories import make_workflow, policy

    cast = make_cast(SLUG)
    workflow = make_workflow(SLUG, controls=[policy()], owner=cast.grace)
    begin = datetime(BEGIN.year, BEGIN.month, BEGIN.day, tzinfo=UTC)
    asked = {
        "workflow": workflow.pk,
        "set": newest_set(workflow).pk,
        "begin": begin,
        "end": begin + timedelta(days=DAYS),
        "cases": CASES,
        "days": DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(FILL, asked)
        cursor.execute("VACUUM ANALYZE controls_assessment")
    return asked


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    spent, found = [], None
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = act()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent), found


def measure() -> dict[str, Any]:
    from django.db import connection

    from assurance.monitoring import rollups
    from assurance.monitoring.models import DailyCount

    asked = prepare()
    for number in range(DAYS):
        rollups.rebuild(SLUG, BEGIN + timedelta(days=number))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE monitoring_dailycount")

    def live() -> dict[Any, int]:
        with connection.cursor() as cursor:
            cursor.execute(LIVE, asked)
            return {(day, disposition): n for day, disposition, n in cursor.fetchall()}

    def counted() -> dict[Any, int]:
        rows = DailyCount.objects.of([SLUG]).between(BEGIN, BEGIN + timedelta(days=DAYS - 1))
        kept = rows.measuring("disposed").values_list("day", "buckets")
        return {
            (day, disposition): n for day, buckets in kept for disposition, n in buckets.items()
        }

    live_ms, truth = timed(live)
    counted_ms, found = timed(counted)
    day_ms, _ = timed(lambda: rollups.rebuild(SLUG, BEGIN + timedelta(days=DAYS // 2)))
    return {
        "cases": CASES,
        "equal_totals": truth == found and sum(found.values()) == CASES,
        "live_ms": round(live_ms, 1),
        "counted_ms": round(counted_ms, 1),
        "times_faster": round(live_ms / counted_ms, 1),
        "one_day_ms": round(day_ms, 1),
        "one_day_of_a_live_query": round(day_ms / live_ms, 4),
        "gates": {"times_faster": FASTER, "one_day": DAY_SHARE},
    }


def main() -> int:
    django.setup()
    import logging

    from django.db import connection

    logging.disable(logging.CRITICAL)
    database = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        found = measure()
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)
    print(json.dumps(found, indent=2))
    held = (
        found["equal_totals"]
        and found["times_faster"] >= FASTER
        and found["one_day_of_a_live_query"] <= DAY_SHARE
    )
    return int(not held)


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    sys.exit(main())
