"""In a high tier a control is enforced after it was seen in shadow, or with a written reason."""

from __future__ import annotations

import pytest

from assurance.controls import approvals, changes
from assurance.controls.models import Workflow
from assurance.errors import DomainError
from assurance.record.actors import Actor
from reviews import intake
from tests.controls.changing import (
    NOON,
    approved,
    control_edit,
    limit,
    replayed,
    submitted,
)
from tests.controls_factories import make_workflow, policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(cast) -> Workflow:
    """High tier; one case of 4,820 that LIM-01 holds is on its record."""
    workflow = make_workflow(
        "credit-decisions", controls=[policy(), policy("LIM-02", mode="shadow")], owner=cast.grace
    )
    body = {"workflow": workflow.slug, "external_id": "a", "output": {"amount": 4820}}
    intake.submit(body, workflow=workflow, client=None, actor=Actor.system("t"), at=NOON)
    return workflow


def test_a_loosened_control_needs_its_time_in_shadow(credit, cast):
    change = submitted(credit, cast.grace, limit(credit, 9000))

    with pytest.raises(DomainError, match="7 days and 200 assessments") as error:
        approved(change, cast.gus)

    assert (error.value.code, error.value.status) == ("shadow_first", 409)


def test_a_written_explanation_shown_to_the_approver_stands_in_for_it(credit, cast):
    change = submitted(
        credit,
        cast.grace,
        limit(credit, 9000),
        shadow_explanation="The limit was raised by the board; 9,000 was measured last year.",
    )

    assert approved(change, cast.gus).status == "published"


def test_a_blank_explanation_is_none(credit, cast):
    change = submitted(credit, cast.grace, limit(credit, 9000), shadow_explanation="  ")

    with pytest.raises(DomainError, match="shadow"):
        approved(change, cast.gus)


def test_what_tightens_by_construction_or_by_its_replay_needs_none(credit, cast):
    by_construction = submitted(credit, cast.grace, control_edit(credit, effect="governance"))
    assert approved(by_construction, cast.gus).status == "published"

    change = changes.create(
        credit,
        reason="Smaller ones too.",
        edits=[control_edit(credit, effect="block", condition=None)],
        by=cast.grace,
        at=NOON,
    )
    by_replay = replayed(approvals.submit(change, by=cast.grace, at=NOON))
    assert changes.latest_replay(by_replay).direction == "tightens"
    assert approved(by_replay, cast.gus).status == "published"


def test_a_control_that_stays_in_shadow_needs_none(credit, cast):
    change = submitted(credit, cast.grace, limit(credit, 9000, "LIM-02"))

    assert approved(change, cast.gus).status == "published"
