"""P7: an act and all that it implies are kept together or not at all, wherever it is cut off.

Every act is run again and again; the first time its first statement fails, then its second, and so
on, then its commit, until once nothing fails. Every time the rows of all kinds and the states of
the cases must be those from before or those of the whole act.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connection
from django.test import Client

from assurance import clock
from assurance.delivery import settling
from assurance.delivery.due import take
from assurance.delivery.models import Delivery
from assurance.delivery.network import Reply
from assurance.record import ledger
from reviews import aftermath, claims, decisions, intake, releasing
from reviews.models import Case, Decision
from tests.accounts_factories import KeyFactory, bearer
from tests.delivery_factories import EndpointFactory
from tests.reviews.conftest import SYSTEM, WHY, approve, credit  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {"workflow": "credit-decisions", "output": {"amount": 4820, "text": "We lend it."}}
ROOMS = ("record", "delivery", "controls", "reviews", "api")
WINDOW = timedelta(seconds=11)


class Cut(OperationalError):
    """What psycopg raises when the connection is gone or the statement was cancelled."""


class Failpoint:
    """Lets statements pass and fails the one with this number, or the commit (`number` 0)."""

    def __init__(self, number: int) -> None:
        self.number, self.seen, self.struck = number, 0, ""

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        self.seen += 1
        if self.seen == self.number:
            self.struck = sql
            raise Cut("cut by the failpoint")
        return execute(sql, *rest)


@contextmanager
def failing(point: Failpoint, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside this, the statement or the commit of the failpoint fails."""

    def commit() -> None:
        point.struck = "COMMIT"
        raise Cut("cut by the failpoint")

    with patch.context() as patched, connection.execute_wrapper(point):
        if point.number == 0:
            patched.setattr(connection, "_commit", commit)
        yield


def rows() -> Counter[Any]:
    """How many rows of each kind there are, how long the chains are, and how the cases stand."""
    tables = [
        model._meta.db_table
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
        if model._meta.db_table != "api_canary"
    ]
    counts = " UNION ALL ".join(f"SELECT '{one}', count(*) FROM {one}" for one in tables)
    found: Counter[Any] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(counts + " UNION ALL SELECT 'chained', sum(seq) FROM record_streamhead")
        found.update({name: int(count or 0) for name, count in cursor.fetchall()})
    for case in Case.objects.values("state", "end", "queue_id", "pending", "lease_number"):
        case["pending"] = case["pending"] is not None
        found[("case", *case.values())] += 1
    flags = ("outcome", "is_current", "released_at", "withdrawn_at")
    for outcome, current, *times in Decision.objects.values_list(*flags):
        found[("decision", outcome, current, *(one is not None for one in times))] += 1
    for delivery in Delivery.objects.values_list("status", "claim"):
        found[("delivery", delivery[0], delivery[1] != 0)] += 1
    return found


def change(before: Counter[Any], after: Counter[Any]) -> dict[Any, int]:
    return {
        what: after[what] - before[what]
        for what in before.keys() | after.keys()
        if after[what] != before[what]
    }


Story = Callable[[int], Callable[[], Any]]


@pytest.fixture
def story(cast, credit, settings) -> Story:  # noqa: F811
    """Somebody who wants mail, a system with a key, its endpoint, and cases to act on."""
    settings.PLAIN_HTTP, settings.SECURE_SSL_REDIRECT = True, False
    cast.ada.wants_case_email = True
    cast.ada.save()
    key = KeyFactory()
    EndpointFactory(client=key.client)
    EndpointFactory()
    system = Client(raise_request_exception=False, **bearer(key))
    browser = Client(raise_request_exception=False)
    browser.force_login(cast.ada)
    browser.get("/api/v1/queues/")  # so that the session is noted before

    def posted(number: int, **more: Any) -> Case:
        body = BODY | {"external_id": f"x-{number}"} | more
        return intake.submit(
            body, workflow=credit, client=key.client, actor=SYSTEM, at=clock.now()
        ).case

    def claimed(number: int) -> Case:
        Case.objects.filter(leased_by=cast.ada).update(leased_by=None, leased_until=None)
        return claims.claim(posted(number), by=cast.ada, at=clock.now())

    def decided(number: int) -> Decision:
        case = claimed(number)
        return decisions.decide(
            case, approve(), by=cast.ada, lease=case.lease_number, at=clock.now()
        )

    def submit(number: int) -> Callable[[], Any]:
        return lambda: system.post(
            "/api/v1/cases/",
            BODY | {"external_id": f"x-{number}"},
            content_type="application/json",
            headers={"Idempotency-Key": f"key-{number}"},
        )

    def decide(number: int) -> Callable[[], Any]:
        case = claimed(number)
        browser.put(f"/api/v1/cases/{case.id}/draft/", {"rationale": "Checked"}, "application/json")
        said = {"outcome": "approve", "reasons": ["within-policy"], "rationale": WHY}
        return lambda: browser.post(
            f"/api/v1/cases/{case.id}/decisions/",
            said | {"lease": case.lease_number},
            content_type="application/json",
            headers={"Idempotency-Key": f"key-{number}"},
        )

    def release(number: int) -> Callable[[], Any]:
        releasing.release_due(clock.now() + WINDOW)  # of earlier rounds
        decided(number)
        return lambda: releasing.release_due(clock.now() + WINDOW)

    def undo(number: int) -> Callable[[], Any]:
        decision = decided(number)
        return lambda: decisions.undo(decision, by=cast.ada, at=clock.now())

    def withdraw(number: int) -> Callable[[], Any]:
        case = decided(number).case
        return lambda: aftermath.withdraw(case, actor=SYSTEM, at=clock.now())

    def settle(number: int) -> Callable[[], Any]:
        Delivery.objects.update(status="cancelled", claimed_until=None)
        posted(number)
        delivery = take(clock.now(), room=1)[0]
        reply = Reply(status=200)
        return lambda: settling.settle(delivery, reply, sent={}, began=clock.now(), at=clock.now())

    acts = {
        "submit": submit,
        "decide": decide,
        "release": release,
        "undo": undo,
        "withdraw": withdraw,
        "settle": settle,
    }
    return acts


@pytest.mark.parametrize(
    ("name", "least"),
    [("submit", 15), ("decide", 15), ("release", 10), ("undo", 8), ("withdraw", 8), ("settle", 6)],
)
def test_p7_an_act_cut_off_anywhere_leaves_all_or_nothing(story, name, least, monkeypatch):
    prepare, changes, struck = story[name], {}, []
    number = 0
    while True:
        act, point = prepare(number), Failpoint(number)
        before = rows()
        try:
            with failing(point, monkeypatch):
                act()
        except Cut:
            pass
        changes[number] = change(before, rows())
        if not point.struck:
            break
        struck.append(point.struck)
        number += 1

    whole = changes.pop(number)
    assert whole["record_event"] >= 1
    mixed = {struck[n]: found for n, found in changes.items() if found not in ({}, whole)}
    assert not mixed
    undone = [n for n, found in changes.items() if not found]
    assert len(undone) >= least, "most of the statements belong to the act"
    assert 0 in undone, "a commit that fails keeps nothing"
    assert ledger.verify() == []
