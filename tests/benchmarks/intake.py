"""How fast one case is taken in, beside a bare Django view that makes the same rows.

    python -m tests.benchmarks.intake [REQUESTS_PER_ROUND]

Both answer the same POST through the whole of Django's WSGI handler, in one thread, on one
connection. Ours knows the key, reads strictly, keeps the Idempotency-Key, judges 100 controls,
records, routes and promises one webhook. The rival has no middleware, no authentication, no
validation and no rules: it parses the JSON and writes the same rows by plain INSERTs in one
transaction. Prints JSON: requests a second (wall clock) and milliseconds of CPU per request in
this process, medians of interleaved rounds, their ratios, and how many statements ours needs.
Needs DATABASE_URL, where it makes and drops a database of its own.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from typing import Any

import django

CONTROLS = 100
REQUESTS = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 200
ROUNDS = 5
FIELDS = [f"figure_{n}" for n in range(20)]
# Rows of one intake, in the order in which they refer to each other: table, key that is drawn.
TABLES = (
    ("controls_assessment", "case_id = %(case)s"),
    ("reviews_case", "id = %(case)s"),
    ("reviews_submission", "case_id = %(case)s"),
    ("record_event", "stream_id = %(text)s"),
    ("record_streamhead", "stream_id = %(text)s"),
    ("delivery_delivery", "stream_id = %(text)s"),
    ("api_idempotencykey", "linked_to = %(text)s"),
)


def body(number: int, workflow: str = "credit-decisions") -> bytes:
    output = {name: 100 + place for place, name in enumerate(FIELDS)}
    return json.dumps(
        {
            "workflow": workflow,
            "external_id": f"b-{number}",
            "subject": f"client-{number % 50}",
            "output": output | {"amount": 4820, "text": "We lend it at the usual rate."},
            "context": {"branch": "north", "product": "personal loan", "score": 0.71},
        }
    ).encode()


def request(
    handler: Any,
    number: int,
    headers: dict[str, str],
    *,
    expected: int = 201,
    workflow: str = "credit-decisions",
) -> None:
    """One POST through the handler, as a server would hand it over."""
    sent = body(number, workflow)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/cases/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(sent)),
        "HTTP_IDEMPOTENCY_KEY": f"key-{number}",
        "wsgi.input": io.BytesIO(sent),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        **headers,
    }
    seen: list[str] = []
    answer = handler(environ, lambda status, fields: seen.append(status))
    content = b"".join(answer)
    answer.close()
    if not seen[0].startswith(str(expected)):
        raise SystemExit(f"{seen[0]}: {content[:500]!r}")


def prepare() -> dict[str, str]:
    """The workflow with its controls, a key and an endpoint; returns the headers of the key."""
    from tests.accounts_factories import ClientFactory, KeyFactory, bearer
    from tests.cast import make_cast
    from tests.controls_factories import make_workflow, policy
    from tests.delivery_factories import EndpointFactory

    cast = make_cast()
    quiet = [
        policy(
            f"LIM-{n:03}",
            condition={
                "all": [
                    {"field": f"output.{FIELDS[n % len(FIELDS)]}", "op": ">", "value": 100_000},
                    {"field": "context.branch", "op": "==", "value": "south"},
                ]
            },
        )
        for n in range(1, CONTROLS)
    ]
    make_workflow(controls=[policy(), *quiet], owner=cast.grace, members=[cast.ada, cast.ben])
    client = ClientFactory()
    EndpointFactory(client=client)
    return bearer(KeyFactory(client=client))


def bare_view() -> Callable[[Any], Any]:
    """A plain view that writes what the newest case wrote, with keys of its own."""
    from django.db import connection, transaction
    from django.http import JsonResponse
    from django.views.decorators.csrf import csrf_exempt

    from assurance.identifiers import uuid7
    from reviews.models import Case

    case = Case.objects.latest("number")
    rows: list[tuple[str, str, list[str], list[Any]]] = []
    payloads: list[tuple[bytes, bytes]] = []
    with connection.cursor() as cursor:
        for table, where in TABLES:
            values = {"case": case.id, "text": str(case.id)}
            cursor.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY 1", values)
            columns = [column.name for column in cursor.description or ()]
            keep = [n for n, name in enumerate(columns) if (name, table) not in DRAWN]
            names = ", ".join(f'"{columns[n]}"' for n in keep)
            places = ", ".join(["%s"] * len(keep))
            sql = f'INSERT INTO {table} ({names}) VALUES ({places}) RETURNING "{columns[0]}"'
            kept = [columns[n] for n in keep]
            rows += [(table, sql, kept, [found[n] for n in keep]) for found in cursor.fetchall()]
        cursor.execute(
            "SELECT p.salt, p.body FROM record_recordpayload p JOIN record_event e"
            " ON e.id = p.event_id WHERE e.stream_id = %s ORDER BY e.id",
            [str(case.id)],
        )
        payloads = [(bytes(salt), bytes(said)) for salt, said in cursor.fetchall()]

    @csrf_exempt
    def view(request: Any) -> Any:
        sent = json.loads(request.body)
        id = uuid7(case.received_at)
        fresh = {
            ("reviews_case", "id"): id,
            ("reviews_case", "external_id"): sent["external_id"],
            ("api_idempotencykey", "key"): sent["external_id"],
            ("delivery_delivery", "webhook_id"): f"msg_{uuid.uuid4().hex}",
            ("reviews_submission", "body"): json.dumps(sent),
        }
        events = iter(payloads)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT nextval('reviews_case_number')")
            fresh["reviews_case", "number"] = cursor.fetchone()[0]
            for table, sql, names, values in rows:
                links = {"case_id": id, "stream_id": str(id), "linked_to": str(id)}
                new = [
                    fresh.get((table, name), links.get(name, value))
                    for name, value in zip(names, values, strict=True)
                ]
                cursor.execute(sql, new)
                first = cursor.fetchone()[0]
                if table == "controls_assessment":
                    fresh["reviews_case", "assessment_id"] = first
                if table == "record_event":
                    salt, said = next(events)
                    cursor.execute(
                        "INSERT INTO record_recordpayload (event_id, salt, body)"
                        " VALUES (%s, %s, %s)",
                        [first, salt, said],
                    )
                    cursor.execute(
                        "INSERT INTO record_eventpending (event_id) VALUES (%s)", [first]
                    )
        return JsonResponse({"id": str(id)}, status=201)

    return view


# Columns that the database fills by itself.
DRAWN = {
    ("id", table)
    for table in (
        *("controls_assessment", "reviews_submission", "record_event", "record_streamhead"),
        *("delivery_delivery", "api_idempotencykey"),
    )
}


class Bare:
    """A URL configuration with one view."""

    def __init__(self, view: Callable[[Any], Any]) -> None:
        from django.urls import path

        self.urlpatterns = [path("api/v1/cases/", view)]


def handlers() -> dict[str, Any]:
    """Ours, and the bare one with neither middleware nor other addresses."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    ours = WSGIHandler()
    view = bare_view()
    with override_settings(MIDDLEWARE=[]):
        bare = WSGIHandler()
    urls = Bare(view)
    resolved = bare.resolve_request

    def with_own_urls(request: Any) -> Any:
        request.urlconf = urls
        return resolved(request)

    bare.resolve_request = with_own_urls  # type: ignore[method-assign]
    return {"countermark": ours, "bare": bare}


def measure(headers: dict[str, str]) -> dict[str, Any]:
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection

    first = WSGIHandler()
    number = 0
    for number in range(1, 21):
        request(first, number, headers)
    statements: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        number += 1
        request(first, number, headers)
    both = handlers()
    rates: dict[str, list[float]] = {name: [] for name in both}
    spent: dict[str, list[float]] = {name: [] for name in both}
    for turn in range(ROUNDS + 1):  # the first warms up
        for name, handler in both.items():
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(REQUESTS):
                number += 1
                request(handler, number, headers)
            if turn:
                rates[name].append(REQUESTS / (time.perf_counter() - wall))
                spent[name].append((time.process_time() - cpu) / REQUESTS * 1000)
    rate = {name: statistics.median(found) for name, found in rates.items()}
    cpu_ms = {name: statistics.median(found) for name, found in spent.items()}
    return {
        "controls": CONTROLS,
        "requests_per_round": REQUESTS,
        "rounds": ROUNDS,
        "requests_per_second": {name: round(value, 1) for name, value in rate.items()},
        "cpu_ms_per_request": {name: round(value, 2) for name, value in cpu_ms.items()},
        "rate_ratio": round(rate["countermark"] / rate["bare"], 2),
        "cpu_ratio": round(cpu_ms["countermark"] / cpu_ms["bare"], 2),
        "statements": len(statements),
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
        print(json.dumps(measure(prepare()), indent=2))
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)
    return 0


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assurance.settings")
    sys.exit(main())
