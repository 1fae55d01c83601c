"""A credit workflow with its people in their queues, and a way to post cases into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assurance.controls.models import Workflow
from assurance.record.actors import Actor
from reviews import claims, decisions, intake, releasing
from reviews.decisions import Verdict
from reviews.models import Case, Decision, Queue
from tests.controls_factories import make_workflow, policy, verification

# After every grant of the cast, whenever the tests run.
NOON = datetime(2031, 1, 6, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
WHY = "Checked against the application form; the figures agree with it in every line."
SYSTEM = Actor.system("test")


@pytest.fixture
def credit(cast) -> Workflow:
    """ada and ben review, cleo is the specialist, grace and gus govern."""
    return make_workflow(
        "credit-decisions",
        controls=[policy(), verification()],
        owner=cast.grace,
        members=[cast.ada, cast.ben, cast.dev],
        specialists=[cast.cleo],
        governors=[cast.grace, cast.gus],
    )


@pytest.fixture
def post(credit) -> Callable[..., Case]:
    """Post a case; without more it waits in credit-review."""
    numbers = iter(range(1, 10_000))

    def _post(amount: float = 4820, *, at: datetime = NOON, **body: Any) -> Case:
        sent = {
            "workflow": credit.slug,
            "external_id": f"a-{next(numbers)}",
            "output": {"amount": amount, "text": "We lend it."},
            **body,
        }
        return intake.submit(sent, workflow=credit, client=None, actor=SYSTEM, at=at).case

    return _post


@pytest.fixture
def waiting(post) -> Case:
    return post()


def the_queue(slug: str = "credit-review") -> Queue:
    return Queue.objects.get(slug=slug)


def approve(**more: Any) -> Verdict:
    return Verdict("approve", **{"reasons": ["within-policy"], "rationale": WHY, **more})


def decided(case: Case, user, verdict: Verdict | None = None, *, at: datetime = NOON) -> Decision:
    """Claim and decide, not yet released."""
    held = claims.claim(case, by=user, at=at)
    return decisions.decide(held, verdict or approve(), by=user, lease=held.lease_number, at=at)


def closed(case: Case, user, verdict: Verdict | None = None, *, at: datetime = NOON) -> Case:
    """Claim, decide, release."""
    decision = decided(case, user, verdict, at=at)
    assert releasing.release_due(decision.release_at) == 1
    case.refresh_from_db()
    return case
