"""Every list takes as many queries with fifty rows as with five."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin import site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assurance import clock
from assurance.accounts.choices import Role
from assurance.accounts.models import ApiKey, User
from assurance.controls import drills
from assurance.controls.models import ControlChange, ExecutedReport, Verifier, Workflow
from assurance.delivery.mail import promise_mail
from incidents import affected, containment, lifecycle
from reviews import claims
from reviews.models import Case
from tests.accounts_factories import ClientFactory, KeyFactory, UserFactory, bearer, grant_to
from tests.controls.changing import drafted, limit
from tests.controls_factories import LONG_AGO, make_workflow, policy
from tests.delivery_factories import EndpointFactory
from tests.reviews.conftest import MINUTE, closed

# The gate measures fourteen criteria, each in a query or two of its own.
GATE = "/workflows/credit-decisions/gate/"
MOST = {GATE: 60}
# Who asks, and where.
LISTS = [
    ("ada", "/queues/"),
    ("ada", "/queues/credit-review/"),
    ("dev", "/cases/"),
    ("dev", "/cases/?status=in_review"),
    ("dev", "/workflows/"),
    ("dev", "/workflows/credit-decisions/"),
    ("ada", "/api/v1/workflows/credit-decisions/"),
    ("otto", "/api/v1/workflows/credit-decisions/drills/?limit=200"),
    ("otto", GATE),
    ("grace", "/integrate/"),
    ("grace", "/controls/"),
    ("grace", "/changes/"),
    ("gus", "/changes/?status=in_review"),
    ("ivy", "/incidents/"),
    ("otto", "/api/v1/incidents/?limit=200"),
    ("grace", "/grants/"),
    ("ada", "/api/v1/queues/"),
    ("ada", "/api/v1/cases/?limit=200"),
    ("", "/api/v1/cases/?limit=200"),
    ("", "/api/v1/events/?limit=200"),
    ("grace", "/api/v1/controls/"),
    ("grace", "/api/v1/control-sets/?workflow=credit-decisions"),
    ("ada", "/api/v1/cases/{long}/events/"),
    ("ada", "/cases/{long}/record/"),
]


@pytest.fixture
def long(waiting) -> Case:
    """A case with a long story, so that its record is a long list."""
    return waiting


@pytest.fixture
def fill(post, cast, credit, system, long) -> Callable[[int], None]:
    """So many more rows in every list, of the pages, of the API and of the admin."""

    def _fill(rows: int) -> None:
        now = clock.now()
        at = now - timedelta(minutes=5)
        for number in range(rows):
            case = post(4000 + number, at=at)
            if number % 5 == 0:
                closed(case, cast.dev, at=at)
            elif number % 5 in (1, 2):
                holder = cast.ada if number % 5 == 1 else cast.ben
                Case.objects.filter(pk=case.pk).update(
                    leased_by=holder, leased_until=now + 15 * MINUTE
                )
            held = claims.claim(long, by=cast.cleo, at=at)
            claims.release(held, by=cast.cleo, lease=held.lease_number, at=at)
            another(cast.ada)
            change_waits(credit, cast, number)
            drilled(credit, cast)
            went_wrong(credit, cast, case)
            ExecutedReport.objects.create(
                workflow=credit, start=LONG_AGO, end=at, count=number, reported_by="scorecard",
                at=at,
            )  # fmt: skip
            KeyFactory(client=system.client, slot=2, revoked_at=now)
            promise_mail(f"p{number}@example.com", "A case waits", "CM-1", at=now)

    long.queue.members.add(cast.cleo)
    return _fill


def change_waits(credit: Workflow, cast: SimpleNamespace, number: int) -> None:
    """One more control change: each other one in review, each third of gus."""
    by = cast.grace if number % 3 else cast.gus
    change = drafted(credit, by, limit(credit, 3000 + number), at=clock.now())
    if number % 2:
        ControlChange.objects.filter(pk=change.pk).update(
            status="in_review", submitted_at=clock.now(), submitted_by=by
        )


def drilled(credit: Workflow, cast: SimpleNamespace) -> None:
    """One more drill, entered by grace and confirmed by gus."""
    at = clock.now()
    drill = drills.enter(
        credit,
        kind="load_test",
        held_at=at,
        result="passed",
        evidence="https://example.com/1",
        by=cast.grace,
        at=at,
    )
    drills.confirm(drill, by=cast.gus, at=at)


def went_wrong(credit: Workflow, cast: SimpleNamespace, case: Case) -> None:
    """One more incident, with a clock, a case and something that was done."""
    at = clock.now()
    one = lifecycle.open_incident(
        credit, title="Wrong sums", severity=2, criteria=["rights"], by=cast.ivy, at=at
    )
    affected.add_cases(one, kind="affected", ids=[case.pk], by=cast.ivy, at=at)
    containment.draft_change(one, kind="tighten", reason="Hold more.", by=cast.grace, at=at)


def another(member: User) -> None:
    """One more person, system and workflow; its general queue has a member."""
    user = UserFactory()
    grant_to(user, Role.LEAD, "credit-decisions")
    EmailAddress.objects.create(user=user, email=f"{user.username}@example.com")
    slug = f"w{Workflow.objects.count()}-of-many"
    EndpointFactory(client=ClientFactory(workflows=[slug]))
    Verifier.objects.create(
        slug=slug, name=slug, url=f"https://{slug}.example.com/", created_at=LONG_AGO
    )
    make_workflow(slug, controls=[policy(f"{slug}-01".upper())], members=[member])


@pytest.fixture
def system(credit) -> ApiKey:
    """The key of the system behind the workflow, which hears of every case."""
    client = ClientFactory(name="scorecard")
    EndpointFactory(client=client)
    return KeyFactory(client=client)


@pytest.fixture
def ask(client, cast, system, long) -> Callable[[str, str], int]:
    """How many queries one request takes, its answer being 200."""
    people = vars(cast) | {"root": UserFactory(superuser=True)}

    def _ask(person: str, address: str) -> int:
        address = address.format(long=long.pk if "api" in address else long.reference)
        headers = {} if person else bearer(system)
        client.logout()
        if person:
            client.force_login(people[person])
        # Notes the sign-in, gives new events their place, reads what is read once a process.
        client.get(address, **headers)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address, **headers)
        assert answer.status_code == 200, answer.content[:300]
        return len(queries)

    return _ask


def lists_of_the_admin() -> list[tuple[str, str]]:
    """Whatever is registered there, by whichever room."""
    return [
        ("root", reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        for model in site._registry
    ]


def test_every_list_takes_as_many_queries_with_fifty_rows_as_with_five(fill, ask):
    every = [*LISTS, *lists_of_the_admin()]
    fill(5)
    few = {where: ask(*where) for where in every}
    rows = {model: model._default_manager.count() for model in site._registry}

    fill(45)
    many = {where: ask(*where) for where in every}
    grown = {model: model._default_manager.count() - rows[model] for model in site._registry}

    assert many == few
    for (_, address), queries in many.items():
        assert queries <= MOST.get(address, 40), address
    assert min(grown.values()) >= 9, f"too few new rows to prove anything: {grown}"
