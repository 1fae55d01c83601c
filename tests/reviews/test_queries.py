"""Every list takes as many queries with fifty rows as with five."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assurance import clock
from reviews.models import Case
from tests.accounts_factories import ClientFactory, KeyFactory, bearer
from tests.delivery_factories import EndpointFactory
from tests.reviews.conftest import MINUTE, closed

# Who asks, and where.
LISTS = [
    ("ada", "/queues/"),
    ("ada", "/queues/credit-review/"),
    ("dev", "/cases/"),
    ("dev", "/cases/?status=in_review"),
    ("dev", "/workflows/"),
    ("dev", "/workflows/credit-decisions/"),
    ("ada", "/api/v1/workflows/credit-decisions/"),
    ("grace", "/integrate/"),
    ("ada", "/api/v1/queues/"),
    ("ada", "/api/v1/cases/?limit=200"),
    ("", "/api/v1/cases/?limit=200"),
    ("", "/api/v1/events/?limit=200"),
    ("grace", "/api/v1/controls/"),
    ("grace", "/api/v1/control-sets/?workflow=credit-decisions"),
    ("grace", "/admin/reviews/case/"),
    ("grace", "/admin/reviews/decision/"),
]


@pytest.fixture
def fill(post, cast) -> Callable[[int], None]:
    """So many cases more: some held, some decided, all with events, some with webhooks."""

    def _fill(rows: int) -> None:
        at = clock.now() - timedelta(minutes=5)
        for number in range(rows):
            case = post(4000 + number, at=at)
            if number % 5 == 0:
                closed(case, cast.ada, at=at)
            elif number % 5 == 1:
                Case.objects.filter(pk=case.pk).update(
                    leased_by=cast.ben, leased_until=clock.now() + 15 * MINUTE
                )

    return _fill


@pytest.fixture
def ask(client, cast, post) -> Iterator[Callable[[str, str], int]]:
    """How many queries one request takes, its answer being 200."""
    system = ClientFactory(name="scorecard")
    key = KeyFactory(client=system)
    EndpointFactory(client=system)

    def _ask(person: str, address: str) -> int:
        headers = {} if person else bearer(key)
        client.logout()
        if person:
            client.force_login(getattr(cast, person))
        # Notes the sign-in, gives new events their place, reads what is read once a process.
        client.get(address, **headers)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address, **headers)
        assert answer.status_code == 200, answer.content[:300]
        return len(queries)

    return _ask


def test_every_list_takes_as_many_queries_with_fifty_rows_as_with_five(fill, ask):
    fill(5)
    few = {where: ask(*where) for where in LISTS}

    fill(45)
    many = {where: ask(*where) for where in LISTS}

    assert many == few
    assert max(many.values()) < 30
