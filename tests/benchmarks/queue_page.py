"""How long a queue's page takes with a hundred times the cases.

    python -m tests.benchmarks.queue_page [ROUNDS]

Two queues of one workflow, with 1,000 and with 100,000 open cases; one reviewer of both asks for
their first pages in turn, through the whole of Django's handler with the session's middleware.
Prints JSON: milliseconds (wall clock, medians of interleaved rounds), queries, bytes, the ratio;
exits 1 where the long queue takes more than 1.5 times as long. Needs DATABASE_URL, where it makes
and drops a database of its own.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import sys
import time
import warnings
from typing import Any

import django

SIZES = {"credit-review": 1_000, "credit-specialists": 100_000}
ROUNDS = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 30
GATE = 1.5
# Each case again and again, with keys and times of its own: every tenth one held by somebody.
COPY = """
INSERT INTO reviews_case ({columns})
SELECT {values} FROM reviews_case c, generate_series(1, %(rows)s) n
 WHERE c.number = %(number)s
"""
OWN = {
    "id": "gen_random_uuid()",
    "number": "nextval('reviews_case_number')",
    "external_id": "c.external_id || '-' || n",
    "received_at": "c.received_at + n * interval '7 ms'",
    "due_at": "c.due_at + (n * 7919 %% 100003) * interval '53 ms'",
    "rank_at": "c.rank_at + (n * 7919 %% 100003) * interval '53 ms'",
    "leased_by_id": "CASE WHEN n %% 10 = 0 THEN %(holder)s END",
    "leased_until": "CASE WHEN n %% 10 = 0 THEN c.due_at + interval '9 days' END",
    "lease_number": "1",
}


def prepare() -> Any:
    """The two queues, filled; returns the browser of their reviewer."""
    from django.db import connection
    from django.test import Client

    from assurance import clock
    from assurance.record.actors import Actor
    from reviews import intake
    from tests.cast import make_cast
    from tests.controls_factories import make_workflow, policy

    cast = make_cast()
    workflow = make_workflow(
        controls=[policy(), policy("LIM-02", effect="specialist", condition=more_than(9_000))],
        owner=cast.grace,
        members=[cast.ada, cast.ben],
        specialists=[cast.ada, cast.ben],
    )
    for amount, rows in ((4_820, SIZES["credit-review"]), (48_200, SIZES["credit-specialists"])):
        sent = {
            "workflow": workflow.slug,
            "external_id": f"loan-{amount}",
            "output": {"amount": amount, "text": "We lend it at the usual rate."},
        }
        actor = Actor.system("benchmark")
        case = intake.submit(sent, workflow=workflow, client=None, actor=actor, at=clock.now()).case
        columns = [field.column for field in case._meta.concrete_fields]
        sql = COPY.format(
            columns=", ".join(f'"{name}"' for name in columns),
            values=", ".join(OWN.get(name, f'c."{name}"') for name in columns),
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, {"rows": rows - 1, "number": case.number, "holder": cast.ben.pk})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE reviews_case")
    browser = Client()
    browser.force_login(cast.ada)
    return browser


def more_than(amount: int) -> dict[str, Any]:
    return {"field": "output.amount", "op": ">", "value": amount}


def measure(browser: Any) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from reviews.models import Case

    taken: dict[str, list[float]] = {slug: [] for slug in SIZES}
    queries: dict[str, int] = {}
    size: dict[str, int] = {}
    for slug, rows in SIZES.items():
        assert Case.objects.open().filter(queue__slug=slug).count() == rows
        for _ in range(3):
            browser.get(f"/queues/{slug}/")
        with CaptureQueriesContext(connection) as seen:
            answer = browser.get(f"/queues/{slug}/")
        assert answer.status_code == 200
        assert answer.content.count(b"data-row") == 50
        queries[slug], size[slug] = len(seen), len(answer.content)
    for _ in range(ROUNDS):
        for slug in SIZES:  # interleaved, so that noise hits both alike
            started = time.perf_counter()
            browser.get(f"/queues/{slug}/")
            taken[slug].append((time.perf_counter() - started) * 1000)
    median = {slug: statistics.median(found) for slug, found in taken.items()}
    short, long = median.values()
    return {
        "open_cases": SIZES,
        "rounds": ROUNDS,
        "milliseconds": {slug: round(value, 1) for slug, value in median.items()},
        "queries": queries,
        "bytes": size,
        "ratio": round(long / short, 2),
        "gate": GATE,
    }


def main() -> int:
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment(debug=False)
    settings.PLAIN_HTTP, settings.SECURE_SSL_REDIRECT = True, False
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="No directory at")
    database = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        result = measure(prepare())
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)
    print(json.dumps(result, indent=2))
    if result["ratio"] > GATE:
        print(f"{result['ratio']} times; the gate is {GATE}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    os.environ.setdefault(
        "COUNTERMARK_STATICFILES", "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    sys.exit(main())
