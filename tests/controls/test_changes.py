"""A control change from its draft to the next set; nothing in a set changes in another way."""

from __future__ import annotations

import pytest

from assurance.controls import alone, approvals, changes, publishing
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, Workflow
from assurance.errors import DomainError
from assurance.record.ledger import Stream, types, verify
from tests.controls.changing import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    approved,
    control_edit,
    drafted,
    limit,
    published,
    replayed,
    submitted,
)
from tests.controls_factories import make_workflow, policy, verification
from tests.database import past_the_guards

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(cast) -> Workflow:
    return make_workflow(
        "credit-decisions",
        tier="medium",
        controls=[policy(), policy("LIM-02", mode="shadow"), verification()],
        owner=cast.grace,
    )


def refused(code: str, act, *args, **kwargs) -> DomainError:
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code, error.value.sentence
    return error.value


def test_two_persons_make_the_next_set_live(credit, cast):
    change = submitted(credit, cast.grace, limit(credit, 3000))
    assert (change.status, newest_set(credit).number) == ("in_review", 1)

    change = approved(change, cast.gus, note="The replay convinces me.")

    live = newest_set(credit)
    assert (live.number, live.change, live.published_by) == (2, change, cast.gus)
    assert live.sha256 == change.candidate_sha256
    assert (change.status, change.way) == ("published", "second_person")
    (control,) = [one for one in live.content["controls"] if one["key"] == "LIM-01"]
    assert control["condition"]["value"] == 3000
    assert types(Stream.workflow(credit.slug))[-6:] == [
        "control_change.created",
        "control_change.submitted",
        "control_change.replayed",
        "control_change.approved",
        "control_set.published",
        "control_change.published",
    ]
    assert verify() == []


def test_saving_a_form_touches_nothing_that_is_live_and_gathers_in_one_draft(credit, cast):
    first = changes.put(
        credit, "control", "LIM-01", control_edit(credit, name="Other")["content"],
        by=cast.grace, at=NOON,
    )  # fmt: skip
    second = changes.put(credit, "control", "LIM-02", None, by=cast.grace, at=NOON)
    of_gus = changes.put(credit, "control", "LIM-02", None, by=cast.gus, at=NOON)

    assert first == second != of_gus
    assert {e["key"] for e in second.edits} == {"LIM-01", "LIM-02"}
    assert newest_set(credit).number == 1
    waiting = ControlChange.objects.touching(credit.pk, "control", "LIM-02")
    assert {one.author for one in waiting} == {cast.grace, cast.gus}


def test_every_problem_of_the_edits_is_told_with_its_place(credit, cast):
    error = refused(
        "bad_change",
        drafted,
        credit,
        cast.grace,
        limit(credit, 3000),
        control_edit(credit, "LIM-02", owner="nobody", condition={"field": "output.amout"}),
        {"item": "rule", "key": "Nothing", "content": None},
    )
    assert [e["pointer"] for e in error.errors] == ["/edits/2/key"]

    error = refused(
        "bad_change",
        drafted,
        credit,
        cast.grace,
        limit(credit, 3000),
        control_edit(credit, "LIM-02", owner="nobody"),
        {"item": "rule", "key": "Everything else", "content": None},
    )
    assert {e["pointer"] for e in error.errors} == {"/edits/1/content/owner", "/edits"}
    assert "catches all that needs review" in str(error.errors)
    assert not ControlChange.objects.exists()


def test_a_change_without_a_reason_or_without_effect_is_not_submitted(credit, cast):
    silent = drafted(credit, cast.grace, limit(credit, 3000), reason=" ")
    refused("required", approvals.submit, silent, by=cast.grace, at=NOON)

    idle = drafted(credit, cast.grace, control_edit(credit))
    refused("changes_nothing", approvals.submit, idle, by=cast.grace, at=NOON)


def test_an_approval_names_the_hash_that_was_seen(credit, cast):
    change = submitted(credit, cast.grace, limit(credit, 3000))

    error = refused(
        "content_changed",
        approvals.approve,
        change,
        content_sha256="0" * 64,
        note="",
        by=cast.gus,
        at=NOON,
    )

    assert error.extra["content_sha256"] == change.content_sha256


def test_56_an_edit_voids_the_approval_and_the_old_hash_approves_nothing(credit, cast):
    change = submitted(credit, cast.grace, limit(credit, 3000), start_at=NOON + DAY)
    seen = change.content_sha256
    change = approved(change, cast.gus)
    assert change.status == "approved"

    change = changes.edit(change, edits=[limit(credit, 9000)], by=cast.grace, at=NOON)

    assert (change.status, change.approver, change.approved_sha256) == ("draft", None, "")
    change = replayed(approvals.submit(change, by=cast.grace, at=NOON))
    refused(
        "content_changed",
        approvals.approve,
        change,
        content_sha256=seen,
        note="",
        by=cast.gus,
        at=NOON,
    )
    assert publishing.sweep(NOON + 2 * DAY) == 0
    assert newest_set(credit).number == 1


@pytest.mark.parametrize("how", ["withdraw", "lapse", "decline"])
def test_57_what_is_over_is_not_approved(credit, cast, how):
    change = submitted(credit, cast.grace, limit(credit, 3000))
    if how == "withdraw":
        changes.withdraw(change, by=cast.grace, at=NOON)
    elif how == "decline":
        approvals.decline(change, note="Not now.", by=cast.gus, at=NOON)
    else:
        refused("change_lapsed", approved, change, cast.gus, NOON + 7 * DAY)
        assert publishing.sweep(NOON + 7 * DAY) == 1
        change.refresh_from_db()
        assert change.status == "lapsed"

    error = refused("not_in_review", approved, change, cast.gus)

    assert error.status == 409
    refused("change_over", changes.edit, change, reason="More.", by=cast.grace, at=NOON)


def test_no_approval_without_a_finished_and_fresh_replay(credit, cast):
    change = approvals.submit(
        drafted(credit, cast.grace, limit(credit, 3000)), by=cast.grace, at=NOON
    )
    refused("replay_running", approved, change, cast.gus)
    replayed(change)

    past_the_guards(change.replays.update, finished_at=NOON - 14 * DAY)
    refused("replay_stale", approved, change, cast.gus)
    past_the_guards(change.replays.update, status="failed", problem="The self-test failed.")
    error = refused("replay_missing", approved, change, cast.gus)

    assert "The self-test failed." in error.sentence


def test_an_approved_change_goes_live_at_its_start(credit, cast):
    change = submitted(credit, cast.grace, limit(credit, 3000), start_at=NOON + HOUR)
    approved(change, cast.gus)
    assert publishing.sweep(NOON + HOUR - MINUTE) == 0
    assert newest_set(credit).number == 1

    assert publishing.sweep(NOON + HOUR) == 1

    assert newest_set(credit).number == 2
    assert newest_set(credit).effective_from >= NOON + HOUR


def test_a_publication_rebases_and_replays_what_shares_nothing_with_it(credit, cast):
    other = submitted(credit, cast.grace, control_edit(credit, "LIM-02", name="Kept"))
    later = changes.edit(other, start_at=NOON + DAY, by=cast.grace, at=NOON)
    later = approved(replayed(approvals.submit(later, by=cast.grace, at=NOON)), cast.gus)
    assert later.status == "approved"

    published(credit, cast, limit(credit, 3000))

    later.refresh_from_db()
    assert (later.status, later.approver, later.base_set.number) == ("in_review", None, 2)
    assert changes.latest_replay(later).status == "queued"
    live = approved(replayed(later), cast.gus)
    publishing.sweep(NOON + DAY)
    content = newest_set(credit).content["controls"]
    assert live.status == "approved"
    assert {c["key"]: c["condition"]["value"] for c in content if c["key"] == "LIM-01"} == {
        "LIM-01": 3000
    }
    assert [c["name"] for c in content if c["key"] == "LIM-02"] == ["Kept"]


def test_a_publication_of_the_same_item_sends_the_other_back_to_be_compared(credit, cast):
    other = submitted(credit, cast.grace, limit(credit, 9000))

    published(credit, cast, limit(credit, 3000))

    other.refresh_from_db()
    assert (other.status, other.base_set.number) == ("draft", 1)
    error = refused("rebase_needed", approvals.submit, other, by=cast.grace, at=NOON)
    assert "control LIM-01" in error.sentence
    rebased = changes.rebase(other, by=cast.grace, at=NOON)
    assert rebased.base_set.number == 2
    approved(replayed(approvals.submit(rebased, by=cast.grace, at=NOON)), cast.gus)
    assert newest_set(credit).number == 3


def test_a_rollback_is_one_request_and_one_approval_and_has_the_old_hash(credit, cast):
    first = newest_set(credit)
    second = published(credit, cast, limit(credit, 9000))

    back = changes.rollback(second.change, reason="Too lax.", by=cast.gus, at=NOON)
    back = replayed(approvals.submit(back, by=cast.gus, at=NOON))
    approved(back, cast.grace)

    live = newest_set(credit)
    assert (live.number, live.sha256) == (3, first.sha256)
    assert live.change.links == [f"change:{second.change.number}"]


def test_what_was_never_live_is_not_rolled_back(credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 3000))

    refused("not_published", changes.rollback, change, reason="x", by=cast.grace, at=NOON)


def test_in_a_pilot_one_owner_publishes_alone_and_it_is_marked(cast):
    pilot = make_workflow("claims-letters", stage="pilot", controls=[policy("LET-01")])

    change = alone.publish(
        drafted(pilot, cast.grace, limit(pilot, 3000, "LET-01")), by=cast.grace, at=NOON
    )

    assert (change.status, change.way, change.approver) == ("published", "pilot", None)
    assert newest_set(pilot).number == 2
    assert verify() == []


def test_a_builder_publishes_alone_not_even_in_a_pilot(cast):
    pilot = make_workflow(
        "claims-letters", stage="pilot", controls=[policy("LET-01")], builders=[cast.grace]
    )
    change = drafted(pilot, cast.grace, limit(pilot, 3000, "LET-01"))

    error = refused("second_person_needed", alone.publish, change, by=cast.grace, at=NOON)

    assert "built this workflow" in error.sentence
    assert error.status == 403


@pytest.mark.parametrize(
    "edit",
    [
        {"key": "LIM-02", "mode": "enforced"},
        {"key": "LIM-01", "effect": "governance"},
    ],
)
def test_an_emergency_tightens_at_once_by_one_person_and_is_ratified(credit, cast, edit):
    change = drafted(credit, cast.grace, control_edit(credit, **edit), kind="emergency")

    change = alone.publish(change, by=cast.grace, at=NOON)

    assert (change.way, change.ratify_by, newest_set(credit).number) == (
        "emergency",
        NOON + DAY,
        2,
    )
    refused("own_change", approvals.ratify, change, by=cast.grace, at=NOON)
    ratified = approvals.ratify(change, by=cast.gus, at=NOON + HOUR)
    assert ratified.ratified_by == cast.gus
    assert publishing.sweep(NOON + 2 * DAY) == 0
    credit.refresh_from_db()
    assert not credit.all_review


def test_an_emergency_never_loosens(credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 9000), kind="emergency")

    error = refused("second_person_needed", alone.publish, change, by=cast.grace, at=NOON)

    assert "may only tighten" in error.sentence
    assert newest_set(credit).number == 1


def test_28_an_unratified_emergency_turns_the_workflow_to_all_review_until_a_second_person(
    credit, cast
):
    edit = control_edit(credit, effect="governance")
    change = alone.publish(
        drafted(credit, cast.grace, edit, kind="emergency"), by=cast.grace, at=NOON
    )
    assert publishing.sweep(NOON + DAY - MINUTE) == 0

    assert publishing.sweep(NOON + DAY) == 1
    assert publishing.sweep(NOON + DAY) == 0

    credit.refresh_from_db()
    assert credit.all_review
    assert "alert.raised" in types(Stream.workflow(credit.slug))
    change.refresh_from_db()
    approvals.ratify(change, by=cast.gus, at=NOON + 2 * DAY)
    credit.refresh_from_db()
    assert not credit.all_review
    assert newest_set(credit).number == 2


def test_a_set_published_by_two_persons_ends_the_all_review_too(credit, cast):
    edit = control_edit(credit, effect="governance")
    alone.publish(drafted(credit, cast.grace, edit, kind="emergency"), by=cast.grace, at=NOON)
    publishing.sweep(NOON + DAY)
    credit.refresh_from_db()
    assert credit.all_review

    published(credit, cast, control_edit(credit, "LIM-02", name="Other"), at=NOON + 2 * DAY)

    credit.refresh_from_db()
    assert not credit.all_review


def test_nobody_without_governance_drafts_or_edits(credit, cast):
    refused("role_missing", drafted, credit, cast.dev, limit(credit, 3000))
    change = drafted(credit, cast.grace, limit(credit, 3000))

    refused("role_missing", changes.edit, change, reason="x", by=cast.ada, at=NOON)
    refused("role_missing", approvals.submit, change, by=cast.otto, at=NOON)


@pytest.fixture
def operational(credit, cast) -> ControlChange:
    """Another owner of LIM-01, in review; its replay is done over no case at all."""
    return submitted(credit, cast.grace, control_edit(credit, owner="gus"))


def test_an_operational_change_is_one_only_if_enough_cases_show_it(operational, credit, cast):
    error = refused("second_person_needed", alone.publish, operational, by=cast.grace, at=NOON)
    assert "at least 200" in error.sentence

    past_the_guards(operational.replays.update, report={"replayable": 200})
    change = alone.publish(operational, by=cast.grace, at=NOON)

    assert (change.status, change.way, newest_set(credit).number) == ("published", "operational", 2)
    assert verify() == []


@pytest.mark.parametrize("direction", ["loosens", "tightens", "mixed"])
def test_a_replay_that_shows_another_outcome_makes_it_none(operational, cast, direction):
    past_the_guards(operational.replays.update, report={"replayable": 1000}, direction=direction)

    refused("second_person_needed", alone.publish, operational, by=cast.grace, at=NOON)


def test_an_operational_change_is_undone_in_one_click_while_it_is_live(operational, credit, cast):
    first = newest_set(credit)
    past_the_guards(operational.replays.update, report={"replayable": 200})
    change = alone.publish(operational, by=cast.grace, at=NOON)

    back = alone.undo(change, by=cast.gus, at=NOON + MINUTE)

    assert newest_set(credit).sha256 == first.sha256
    assert (back.way, back.author) == ("operational", cast.gus)
    refused("not_live", alone.undo, change, by=cast.gus, at=NOON + MINUTE)


def test_what_two_persons_published_is_not_undone_by_one(credit, cast):
    made = published(credit, cast, limit(credit, 3000))

    refused("not_operational", alone.undo, made.change, by=cast.grace, at=NOON)
