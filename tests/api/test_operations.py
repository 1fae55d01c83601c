"""P12 and the addresses of those who run the installation."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection

from assurance import clock
from assurance.api import life
from assurance.api.models import CspReport
from assurance.api.tasks import canary, prune_keys


def test_the_process_says_that_it_lives_without_asking_anybody(house, client, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", lambda *a: pytest.fail("the database was asked"))
        answer = client.get("/healthz")

    assert answer.json() == {"status": "ok"}


def worker(client) -> dict:
    return client.get("/readyz").json()["checks"]["worker"]


def age_the_canary(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE api_canary SET touched_at = clock_timestamp() - make_interval(secs => %s)",
            [seconds],
        )


def test_ready_with_a_worker_that_hears(house, client):
    canary()

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert worker(client)["age"] < 5


def test_p12_a_deaf_worker_turns_it_red_within_a_minute(house, client, monkeypatch):
    monkeypatch.setattr(life, "_started", life.time.monotonic() - 50)
    canary()
    age_the_canary(46)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "No worker has run a task for 46 s" in answer.json()["checks"]["worker"]["reason"]
    canary()
    assert client.get("/readyz").status_code == 200


def test_no_worker_yet_is_forgiven_for_a_minute(house, client, monkeypatch):
    monkeypatch.setattr(life, "_started", life.time.monotonic())
    assert client.get("/readyz").status_code == 200

    monkeypatch.setattr(life, "_started", life.time.monotonic() - life.GRACE - 1)
    assert client.get("/readyz").status_code == 503


def test_a_sign_of_life_from_an_earlier_run_is_forgiven_while_the_worker_starts(
    house, client, monkeypatch
):
    canary()
    age_the_canary(3600)
    monkeypatch.setattr(life, "_started", life.time.monotonic())
    assert client.get("/readyz").status_code == 200

    monkeypatch.setattr(life, "_started", life.time.monotonic() - life.GRACE - 1)
    assert client.get("/readyz").status_code == 503


def test_a_waiting_migration_is_not_ready(house, client, monkeypatch):
    monkeypatch.setattr(life, "_migrated", False)
    monkeypatch.setattr(life.MigrationExecutor, "migration_plan", lambda *a: [1, 2])

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "2 migrations wait" in answer.json()["checks"]["migrations"]["reason"]


def test_without_the_database_it_is_not_ready_and_says_so(house, client, monkeypatch):
    def lost(*_: object) -> None:
        raise life.Error("no route")

    with monkeypatch.context() as patch:
        patch.setattr(life.connection, "cursor", lost)
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"]["ok"] is False


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.1.1.1"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.1.1.1"}, 403),
        ({"REMOTE_ADDR": "10.1.1.1", "HTTP_AUTHORIZATION": "Bearer right"}, 200),
        ({"REMOTE_ADDR": "10.1.1.1", "HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
    ],
)
def test_metrics_are_for_this_machine_or_with_the_token(house, client, settings, sender, status):
    settings.COUNTERMARK_METRICS_TOKEN = "right"

    assert client.get("/metrics", **sender).status_code == status


def test_without_a_configured_token_none_is_right(house, client, settings):
    settings.COUNTERMARK_METRICS_TOKEN = ""
    sender = {"REMOTE_ADDR": "10.1.1.1", "HTTP_AUTHORIZATION": "Bearer "}

    assert client.get("/metrics", **sender).status_code == 403


OLD = {
    "csp-report": {
        "document-uri": "http://127.0.0.1/queues/?q=a-name",
        "violated-directive": "style-src",
        "blocked-uri": "inline",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": "http://127.0.0.1/queues/?q=a-name",
            "effectiveDirective": "script-src",
            "blockedURL": "https://elsewhere.example/x.js?token=1",
            "sourceFile": "http://127.0.0.1/static/a.js",
        },
    }
]


@pytest.mark.parametrize(
    ("sent", "kind", "directive", "blocked"),
    [
        (OLD, "application/csp-report", "style-src", "inline"),
        (NEW, "application/reports+json", "script-src", "https://elsewhere.example/x.js"),
    ],
)
def test_browsers_reports_are_kept_without_queries(house, client, sent, kind, directive, blocked):
    answer = client.post("/csp-reports/", json.dumps(sent), content_type=kind)

    report = CspReport.objects.get()
    assert answer.status_code == 204
    assert (report.directive, report.blocked) == (directive, blocked)
    assert report.document == "http://127.0.0.1/queues/"


@pytest.mark.parametrize(
    "junk", ["", "null", "[1]", "{}", '{"csp-report": 5}', "not json", "[" * 9999, '"x"']
)
def test_junk_is_no_report_and_no_fault(house, client, junk):
    answer = client.post("/csp-reports/", junk, content_type="application/csp-report")

    assert answer.status_code == 204
    assert not CspReport.objects.exists()


def test_nul_in_a_report_is_left_out(house, client):
    sent = {"csp-report": {"blocked-uri": "in\0line", "violated-directive": "a" * 999}}

    client.post("/csp-reports/", json.dumps(sent), content_type="application/csp-report")

    report = CspReport.objects.get()
    assert (report.blocked, len(report.directive)) == ("inline", 200)


def test_a_flood_of_reports_is_dammed(house, client, monkeypatch):
    monkeypatch.setattr("assurance.api.operations.REPORTS_PER_MINUTE", 2)

    found = [
        client.post("/csp-reports/", json.dumps(OLD), content_type="application/csp-report")
        for _ in range(3)
    ]

    assert [one.status_code for one in found] == [204, 204, 429]
    assert CspReport.objects.count() == 2


def test_the_docs_alone_may_add_inline_style(house, client):
    docs = client.get("/api/docs/")
    policy = docs["Content-Security-Policy"]
    other = client.get("/pages/refusing/")["Content-Security-Policy"]

    assert docs.status_code == 200
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-inline" not in other
    assert "http" not in policy.replace("report-uri", "")


def test_the_schema_describes_the_feed(house, client):
    schema = client.get("/api/schema/").json()

    assert schema["openapi"].startswith("3.")
    assert "/api/v1/events/" in schema["paths"]


def test_old_reports_are_forgotten(house, client):
    client.post("/csp-reports/", json.dumps(OLD), content_type="application/csp-report")

    with clock.shifted(timedelta(days=29)):
        prune_keys()
    assert CspReport.objects.count() == 1
    with clock.shifted(timedelta(days=31)):
        prune_keys()
    assert CspReport.objects.count() == 0
