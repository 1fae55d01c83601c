"""Going live: nothing else that is open, and nobody who left, stands in a publication's way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from assurance.accounts.models import User
from assurance.controls import alone, approvals, changes, publishing
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, Workflow
from assurance.errors import DomainError
from assurance.record.ledger import Stream, types, verify
from tests.accounts_factories import UserFactory
from tests.controls.changing import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    approved,
    control_edit,
    drafted,
    limit,
    replayed,
    submitted,
)
from tests.controls_factories import make_workflow, policy, verification
from tests.database import past_the_guards

pytestmark = pytest.mark.django_db


@pytest.fixture
def olaf() -> User:
    return UserFactory(username="olaf")


@pytest.fixture
def credit(cast, olaf) -> Workflow:
    return make_workflow(
        "credit-decisions",
        tier="medium",
        controls=[policy(), policy("LIM-02", mode="shadow", owner="olaf"), verification()],
        owner=cast.grace,
    )


def leaves(user: User) -> None:
    user.is_active = False
    user.save()


def waiver(control: str) -> dict[str, Any]:
    content = {
        "key": "WAI-01",
        "control": control,
        "condition": None,
        "reason": "A month of travel.",
        "expires_at": "2031-06-01T00:00:00Z",
    }
    return {"item": "waiver", "key": "WAI-01", "content": content}


def removed(key: str) -> dict[str, Any]:
    return {"item": "control", "key": key, "content": None}


def started(workflow: Workflow, people: Any, at: datetime) -> ControlChange:
    """Approved by gus, to go live at this moment."""
    change = approved(submitted(workflow, people.grace, limit(workflow, 9000), start_at=at),
                      people.gus)  # fmt: skip
    assert change.status == "approved"
    return change


def test_an_open_change_that_fits_no_more_goes_back_to_its_owner_and_stops_nothing(credit, cast):
    waits = submitted(credit, cast.grace, waiver("LIM-02"))
    change = submitted(credit, cast.grace, removed("LIM-02"))

    approved(change, cast.gus)

    waits.refresh_from_db()
    assert newest_set(credit).number == 2
    assert (waits.status, waits.base_set.number) == ("draft", 1)
    with pytest.raises(DomainError) as error:
        approvals.submit(waits, by=cast.grace, at=NOON)
    assert "no control “LIM-02” to waive" in error.value.sentence
    assert verify() == []


def test_who_left_stops_no_change_of_what_they_owned_and_no_way_back_to_it(credit, cast, olaf):
    own = control_edit(credit, "LIM-02", owner="grace")
    handed_on = approved(submitted(credit, cast.grace, own), cast.gus)
    first = changes.rollback(handed_on, reason="Too soon.", by=cast.grace, at=NOON + MINUTE)
    leaves(olaf)

    back = replayed(approvals.submit(first, by=cast.grace, at=NOON + MINUTE), NOON + MINUTE)
    assert approved(back, cast.gus, NOON + MINUTE).status == "published"
    change = submitted(credit, cast.grace, limit(credit, 9000), at=NOON + HOUR)
    assert approved(change, cast.gus, NOON + HOUR).status == "published"


def test_who_left_is_given_nothing_new(credit, cast, olaf):
    leaves(olaf)

    for edit in (control_edit(credit, owner="olaf"), policy_of("LIM-03", owner="olaf")):
        with pytest.raises(DomainError) as error:
            drafted(credit, cast.grace, edit)
        assert "no account “olaf”" in error.value.sentence


def policy_of(key: str, **fields: Any) -> dict[str, Any]:
    return {"item": "control", "key": key, "content": policy(key, **fields)}


def test_what_fails_for_one_change_fails_for_none_of_the_others(credit, cast, monkeypatch):
    claims = make_workflow("claims-letters", tier="medium", controls=[policy("CLA-01")])
    started(credit, cast, NOON + HOUR)
    other = drafted(claims, cast.grace, policy_of("CLA-02"), kind="emergency")
    alone.publish(other, by=cast.grace, at=NOON)

    def breaks(change: ControlChange, **more: Any) -> None:
        raise DomainError("broken", "The set cannot be made.")

    monkeypatch.setattr(publishing, "go_live", breaks)
    publishing.sweep(NOON + 2 * DAY)

    claims.refresh_from_db()
    assert claims.all_review, "the emergency of the other workflow was drawn all the same"


def test_a_start_that_is_not_allowed_any_more_waits_for_a_second_person_again(credit, cast):
    change = started(credit, cast, NOON + DAY)
    credit.builders.add(cast.gus.person)

    publishing.sweep(NOON + DAY)

    change.refresh_from_db()
    assert (change.status, change.way, change.approver) == ("in_review", "", None)
    assert newest_set(credit).number == 1
    assert types(Stream.workflow(credit.slug))[-1] == "control_change.not_started"
    assert publishing.sweep(NOON + DAY + MINUTE) == 0


@pytest.mark.parametrize(("later", "status"), [("pilot", "published"), ("limited", "in_review")])
def test_alone_in_a_pilot_it_goes_live_at_its_start_if_it_is_one_by_then(cast, later, status):
    letters = make_workflow("claims-letters", stage="pilot", controls=[policy()])
    change = drafted(letters, cast.grace, limit(letters, 9000), start_at=NOON + DAY)

    change = alone.publish(change, by=cast.grace, at=NOON)
    assert (change.status, newest_set(letters).number) == ("approved", 1)
    past_the_guards(Workflow.objects.update, stage=later)
    publishing.sweep(NOON + DAY)

    change.refresh_from_db()
    assert change.status == status


def test_what_two_agreed_on_in_a_pilot_waits_past_it_for_a_replay_and_a_new_approval(cast):
    letters = make_workflow("claims-letters", stage="pilot", controls=[policy()])
    later = {"start_at": NOON + DAY, "shadow_explanation": "Seen."}
    change = drafted(letters, cast.grace, limit(letters, 9000), **later)
    change = approved(approvals.submit(change, by=cast.grace, at=NOON), cast.gus)
    past_the_guards(Workflow.objects.update, stage="limited")

    with pytest.raises(DomainError, match="without a replay") as refusal:
        publishing.go_live(changes.locked(change), by=cast.gus, at=NOON + DAY)
    publishing.sweep(NOON + DAY)

    assert (refusal.value.code, refusal.value.status) == ("replay_missing", 409)
    change.refresh_from_db()
    assert (change.status, change.approver, newest_set(letters).number) == ("in_review", None, 1)
    assert types(Stream.workflow(letters.slug))[-1] == "control_change.not_started"
    assert publishing.sweep(NOON + DAY + MINUTE) == 0
    approved(replayed(change, NOON + DAY), cast.gus, NOON + DAY + MINUTE)
    assert newest_set(letters).change == change


@pytest.mark.parametrize(
    "act",
    [
        lambda change, cast: approved(change, cast.gus),
        lambda change, cast: alone.publish(change, by=cast.grace, at=NOON),
    ],
    ids=["by two", "alone"],
)
def test_a_stage_that_moves_meanwhile_stops_what_was_asked_under_the_old_one(
    cast, monkeypatch, act
):
    """In a pilot nobody asks for a replay, and one owner publishes alone. The promotion is
    committed between the question and the lock."""
    letters = make_workflow("claims-letters", stage="pilot", controls=[policy()])
    change = drafted(letters, cast.grace, limit(letters, 9000))
    change = approvals.submit(change, by=cast.grace, at=NOON)
    lock = publishing.lock_workflow

    def late(workflow: Workflow, *, shared: bool) -> None:
        past_the_guards(Workflow.objects.filter(pk=workflow.pk).update, stage="limited")
        lock(workflow, shared=shared)

    monkeypatch.setattr(publishing, "lock_workflow", late)
    with pytest.raises(DomainError) as error:
        act(change, cast)

    assert error.value.code == "stage_moved"
    assert newest_set(letters).number == 1


def test_a_builder_undoes_nothing_alone(credit, cast):
    change = submitted(credit, cast.grace, control_edit(credit, owner="gus"))
    past_the_guards(change.replays.update, report={"replayable": 200})
    change = alone.publish(change, by=cast.grace, at=NOON)
    credit.builders.add(cast.gus.person)

    with pytest.raises(DomainError) as error:
        alone.undo(change, by=cast.gus, at=NOON + MINUTE)

    assert (error.value.code, error.value.status) == ("second_person_needed", 403)


def test_cases_that_could_not_be_judged_again_show_nothing(credit, cast):
    change = submitted(credit, cast.grace, control_edit(credit, owner="gus"))
    past_the_guards(change.replays.update, done=500, report={"replayable": 199})

    with pytest.raises(DomainError) as error:
        alone.publish(change, by=cast.grace, at=NOON)

    assert "its replay of 199 cases" in error.value.sentence
