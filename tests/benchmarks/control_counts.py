"""What controls cost at intake: one, a hundred, a thousand, and candidates in shadow beside them.

    python -m tests.benchmarks.control_counts [REQUESTS_PER_ROUND]

Workflows that differ only in their controls take the same POSTs in turn through the whole of
Django's WSGI handler. Prints JSON: milliseconds of CPU per request in this process (medians of
interleaved rounds) and their ratios to one control, and of twenty shadow candidates to none;
exits 1 where 1,000 controls, or the candidates, cost more than a tenth. Needs DATABASE_URL, where
it makes and drops a database of its own.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from typing import Any

import django

from tests.benchmarks.intake import FIELDS, request

REQUESTS = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 100
ROUNDS = 7
GATE = 1.10
# Slug: how many enforced controls, how many candidates in shadow.
WORKFLOWS = {"one": (1, 0), "hundred": (100, 0), "thousand": (1000, 0), "shadowed": (100, 20)}


def quiet(prefix: str, number: int, mode: str) -> dict[str, Any]:
    from tests.controls_factories import policy

    tree = {
        "all": [
            {"field": f"output.{FIELDS[number % len(FIELDS)]}", "op": ">", "value": 100_000},
            {"field": "context.branch", "op": "==", "value": "south"},
        ]
    }
    return policy(f"{prefix}-{mode[:1].upper()}{number:04}", condition=tree, mode=mode)


def prepare() -> dict[str, str]:
    from tests.accounts_factories import ClientFactory, KeyFactory, bearer
    from tests.cast import make_cast
    from tests.controls_factories import make_workflow, policy

    cast = make_cast(*WORKFLOWS)
    for slug, (enforced, shadow) in WORKFLOWS.items():
        controls = [policy(f"{slug}-FIRST")]
        controls += [quiet(slug, n, "enforced") for n in range(1, enforced)]
        controls += [quiet(slug, n, "shadow") for n in range(shadow)]
        make_workflow(slug, controls=controls, owner=cast.grace, members=[cast.ada])
    return bearer(KeyFactory(client=ClientFactory(workflows=list(WORKFLOWS))))


def measure(headers: dict[str, str]) -> dict[str, Any]:
    from django.core.handlers.wsgi import WSGIHandler

    handler, number = WSGIHandler(), 0
    spent: dict[str, list[float]] = {slug: [] for slug in WORKFLOWS}
    for turn in range(ROUNDS + 1):  # the first warms up
        for slug in WORKFLOWS:
            cpu = time.process_time()
            for _ in range(REQUESTS):
                number += 1
                request(handler, number, headers, workflow=slug)
            if turn:
                spent[slug].append((time.process_time() - cpu) / REQUESTS * 1000)
    ms = {slug: statistics.median(found) for slug, found in spent.items()}
    return {
        "requests_per_round": REQUESTS,
        "rounds": ROUNDS,
        "cpu_ms_per_request": {slug: round(value, 2) for slug, value in ms.items()},
        "hundred_to_one": round(ms["hundred"] / ms["one"], 3),
        "thousand_to_one": round(ms["thousand"] / ms["one"], 3),
        "shadowed_to_hundred": round(ms["shadowed"] / ms["hundred"], 3),
        "gate": GATE,
    }


def main() -> int:
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment(debug=False)
    settings.PLAIN_HTTP, settings.SECURE_SSL_REDIRECT, settings.COUNTERMARK_RATE = True, False, 0
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    import logging

    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="No directory at")
    database = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        found = measure(prepare())
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)
    print(json.dumps(found, indent=2))
    return int(max(found["thousand_to_one"], found["shadowed_to_hundred"]) > GATE)


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    sys.exit(main())
