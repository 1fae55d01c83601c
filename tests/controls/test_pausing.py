"""Pause and resume of a workflow: who may, what is said, and what the record keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance import clock
from assurance.controls import pausing, rooms_above
from assurance.controls.models import Workflow
from assurance.delivery.models import Delivery
from assurance.errors import DomainError
from assurance.record import ledger
from tests.accounts_factories import ClientFactory, grant_to
from tests.controls_factories import make_workflow
from tests.database import past_the_guards
from tests.delivery_factories import EndpointFactory
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(cast) -> Workflow:
    return make_workflow(owner=cast.grace)


def types(workflow: Workflow) -> list[str]:
    return ledger.types(ledger.Stream.workflow(workflow.slug))


@pytest.mark.parametrize("who", ["dev", "grace", "gus"])
def test_a_lead_or_a_governance_owner_pauses_with_a_reason_on_the_record(credit, cast, who):
    at = clock.now()

    paused = pausing.pause(credit, reason=" Wrong sums. ", by=getattr(cast, who), at=at)

    assert (paused.paused_at, paused.pause_reason) == (at, "Wrong sums.")
    assert types(credit)[-1] == "workflow.paused"
    assert paused.history.first().history_date == at


@pytest.mark.parametrize("who", ["ada", "ivy", "otto", "mallory"])
def test_nobody_else_pauses_or_resumes(credit, cast, who):
    with pytest.raises(DomainError, match="Lead") as refusal:
        pausing.pause(credit, reason="No.", by=getattr(cast, who), at=clock.now())

    assert refusal.value.status == 403
    assert not pausing.may_pause(credit, getattr(cast, who), clock.now())


def test_a_lead_of_another_workflow_does_not_pause_this_one(credit, cast):
    grant_to(cast.mallory, "lead", "claims-letters")

    with pytest.raises(DomainError) as refusal:
        pausing.pause(credit, reason="No.", by=cast.mallory, at=clock.now())

    assert refusal.value.code == "role_missing"


def test_a_lead_pauses_and_only_a_governance_owner_resumes(credit, cast):
    at = clock.now()
    pausing.pause(credit, reason="Wrong sums.", by=cast.dev, at=at)

    with pytest.raises(DomainError) as refusal:
        pausing.resume(credit, reason="Fine again.", by=cast.dev, at=at)
    resumed = pausing.resume(credit, reason="Fine again.", by=cast.gus, at=at + timedelta(hours=1))

    assert refusal.value.code == "role_missing"
    assert (resumed.paused_at, resumed.pause_reason) == (None, "")
    assert types(credit)[-2:] == ["workflow.paused", "workflow.resumed"]


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 2001])
def test_a_pause_without_a_reason_or_with_a_book_is_refused(credit, cast, reason):
    with pytest.raises(DomainError) as refusal:
        pausing.pause(credit, reason=reason, by=cast.dev, at=clock.now())

    assert refusal.value.status == 422
    assert refusal.value.errors[0]["pointer"] == "/reason"
    credit.refresh_from_db()
    assert credit.paused_at is None


def test_pausing_twice_says_why_it_is_paused_and_resuming_twice_that_it_is_not(credit, cast):
    at = clock.now()
    pausing.pause(credit, reason="Wrong sums.", by=cast.dev, at=at)

    with pytest.raises(DomainError, match=r"paused already.*Wrong sums") as again:
        pausing.pause(credit, reason="Me too.", by=cast.grace, at=at)
    pausing.resume(credit, reason="Fine.", by=cast.grace, at=at)
    with pytest.raises(DomainError, match="is not paused") as never:
        pausing.resume(credit, reason="Fine.", by=cast.grace, at=at)

    assert (again.value.status, never.value.status) == (409, 409)
    assert types(credit).count("workflow.paused") == 1


def test_systems_are_told_of_the_pause_and_of_its_end(credit, cast):
    EndpointFactory(client=ClientFactory(workflows=[credit.slug]))
    EndpointFactory(client=ClientFactory(workflows=["claims-letters"]))

    pausing.pause(credit, reason="Wrong sums.", by=cast.dev, at=clock.now())
    pausing.resume(credit, reason="Fine.", by=cast.grace, at=clock.now())

    told = Delivery.objects.filter(event_type__startswith="workflow.").order_by("pk")
    assert [one.event_type for one in told] == ["workflow.paused", "workflow.resumed"]
    assert b'"reason":"Wrong sums."' in bytes(told[0].body)
    assert b'"slug":"credit-decisions"' in bytes(told[0].body)


@pytest.mark.django_db(transaction=True)
def test_of_four_who_pause_at_once_one_does_and_three_are_told(credit, cast):
    at = clock.now()

    results = race(
        [
            lambda by=by: pausing.pause(credit, reason=f"By {by}.", by=by, at=at)
            for by in (cast.dev, cast.grace, cast.gus, cast.dev)
        ]
    )

    assert len(refusals(results, "already_paused")) == 3
    assert types(credit).count("workflow.paused") == 1


def test_a_suspended_workflow_is_not_resumed_but_moved_to_pilot_first(credit, cast):
    past_the_guards(Workflow.objects.update, stage="suspended", paused_at=clock.now())

    with pytest.raises(DomainError, match="Move it to pilot") as refusal:
        pausing.resume(credit, reason="Fine.", by=cast.grace, at=clock.now())

    assert refusal.value.code == "suspended"


def test_the_room_of_cases_has_registered_what_a_pause_means_for_them(credit):
    assert len(list(rooms_above.on_resume)) == 1
    assert dict(next(iter(rooms_above.open_cases))(credit, clock.now()))["waiting"] == 0
