"""How long a reviewer at play waits between two cases of a full database.

    python -m tests.benchmarks.play [CASES_PLAYED]

A queue with 10,000 open cases beside 10,000 closed ones, a real Chromium, the processes that `up`
runs, by keyboard alone: from Ctrl+Enter on one case to the focus on the title of the next. Prints
JSON: milliseconds (median, 95th percentile, slowest), and of the median how long the decision and
the next page took to answer; exits 1 where the 95th is above the gate. Needs DATABASE_URL, where it
makes and drops a database of its own, REDIS_URL, and Chromium.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import django

PLAYED = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 100
WARM_UP = 20  # the first cases of a server that has just started are not counted
OPEN = CLOSED = 10_000
GATE = 400.0
# The copies wait behind what is played.
LATER = {
    "due_at": "c.due_at + interval '1 day' + n * interval '53 ms'",
    "rank_at": "c.rank_at + interval '1 day' + n * interval '53 ms'",
    "leased_by_id": "NULL",
    "leased_until": "NULL",
}


def prepare() -> Any:
    """The world of the browser tests, with more cases than anybody will see."""
    from django.db import connection

    from tests.browser.world import World

    world = World()
    for case, rows in ((world.post(), OPEN), (world.closed(world.post(), "ben"), CLOSED)):
        copy(case, rows)
    for _ in range(WARM_UP + PLAYED + 1):
        world.post()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return world


def copy(case: Any, rows: int) -> None:
    """The same case so many times, without its story."""
    from django.db import connection

    from tests.benchmarks.queue_page import COPY, OWN

    own = OWN | LATER
    if case.state == "closed":
        own = {name: sql for name, sql in own.items() if name not in ("due_at", "rank_at")}
    columns = [field.column for field in case._meta.concrete_fields]
    sql = COPY.format(
        columns=", ".join(f'"{name}"' for name in columns),
        values=", ".join(own.get(name, f'c."{name}"') for name in columns),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"rows": rows, "number": case.number, "holder": None})


def measure(world: Any) -> dict[str, Any]:
    """Play, and read what the tab noted."""
    from playwright.sync_api import expect, sync_playwright

    from reviews.models import Case
    from tests.browser import chromium
    from tests.browser.seat import Seat
    from tests.browser.steps import approve, play

    answers: dict[str, list[float]] = {"POST": [], "GET": []}

    def note(request: Any) -> None:
        if request.resource_type in ("document", "fetch") and "/cases/" in request.url:
            answers[request.method].append(request.timing["responseStart"])

    session = world.session_of("ada")
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path(), args=chromium.ARGUMENTS
        )
        seat = Seat(browser, url)
        seat.sign_in(session)
        page = seat.open("/queues/")
        play(page)
        page.on("requestfinished", note)
        for _ in range(WARM_UP + PLAYED):
            approve(page)
            expect(page.locator("#case-title")).to_be_focused()
        waits = json.loads(page.evaluate("sessionStorage.waits"))[WARM_UP:]
        browser.close()
    assert len(waits) == PLAYED
    return {
        "cases": Case.objects.count(),
        "played": PLAYED,
        "median_ms": round(statistics.median(waits)),
        "p95_ms": round(statistics.quantiles(waits, n=20)[-1]),
        "slowest_ms": max(waits),
        "decision_ms": round(statistics.median(answers["POST"])),
        "page_ms": round(statistics.median(answers["GET"])),
        "gate_ms": GATE,
    }


@contextmanager
def served() -> Iterator[str]:
    """The address of a whole Countermark on this database."""
    from django.conf import settings
    from django.db import connection

    from assurance.stack import Stack

    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=connection.settings_dict["NAME"])
    stack = Stack.temporary(
        database_url=database.geturl(),
        redis_url=os.environ["REDIS_URL"],
        environment={"SECRET_KEY": settings.SECRET_KEY},  # the session was begun here
    )
    with stack:
        yield stack.url


def forget_the_server() -> None:
    """Its threads may hold connections yet, which would keep the database from being dropped."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def main() -> int:
    django.setup()
    from django.db import connection
    from django.test.utils import override_settings, setup_test_environment

    from tests.browser.conftest import SERVED

    setup_test_environment(debug=False)
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="No directory at")
    database = connection.settings_dict["NAME"]
    with override_settings(**SERVED):
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            result = measure(prepare())
        finally:
            forget_the_server()
            connection.creation.destroy_test_db(database, verbosity=0)
    print(json.dumps(result, indent=2))
    if result["p95_ms"] > GATE:
        print(f"{result['p95_ms']} ms; the gate is {GATE:.0f} ms.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    sys.exit(main())
