"""No case is committed under a set that has been replaced, however intake and publication race."""

from __future__ import annotations

import time
from typing import Any

import pytest

from assurance.controls import approvals
from assurance.controls.control_sets import newest_set
from assurance.record.actors import Actor
from reviews import intake, placing
from reviews.models import Case
from tests.cast import make_cast
from tests.controls.changing import NOON, approved, control_edit, replayed
from tests.controls.changing import drafted as draft_of
from tests.controls_factories import make_workflow, policy
from tests.racing import race

SYSTEM = Actor.system("test")
POSTS = 24


@pytest.mark.django_db(transaction=True)
def test_no_case_is_committed_under_a_set_that_has_been_replaced(monkeypatch):
    """Each intake dawdles between judging and committing, so that without the lock it would commit
    after the publication what it judged before."""
    cast = make_cast()
    credit = make_workflow("credit-decisions", tier="medium", controls=[policy()])
    change = draft_of(credit, cast.grace, control_edit(credit, effect="governance"))
    change = replayed(approvals.submit(change, by=cast.grace, at=NOON))
    tell = placing.tell

    def dawdle(case: Case, **more: Any) -> None:
        time.sleep(0.05 * (case.number % 7))
        tell(case, **more)

    monkeypatch.setattr(placing, "tell", dawdle)
    under_the_old_set: list[int] = []

    def post(number: int) -> Case:
        time.sleep(0.15 * number)
        body = {
            "workflow": credit.slug,
            "external_id": f"race-{number}",
            "output": {"amount": 4820},
        }
        return intake.submit(body, workflow=credit, client=None, actor=SYSTEM, at=NOON).case

    def publish() -> None:
        time.sleep(0.3)
        approved(change, cast.gus)
        under_the_old_set.append(Case.objects.filter(control_set__number=1).count())

    race([publish, *(lambda n=n: post(n) for n in range(POSTS))])

    assert newest_set(credit).number == 2
    assert Case.objects.count() == POSTS
    old = Case.objects.filter(control_set__number=1).count()
    assert under_the_old_set == [old]
    assert 0 < old < POSTS, "the publication came in the middle"
    held = set(Case.objects.filter(control_set__number=2).values_list("disposition", flat=True))
    assert held == {"governance"}
