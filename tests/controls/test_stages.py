"""Stages: up through the gate by two persons, back by one or by Countermark itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from assurance import clock
from assurance.controls import chain_watch, gate, pausing, stages
from assurance.controls.gate import fails, holds, unknown
from assurance.controls.models import GateSnapshot, StageMove, Workflow
from assurance.controls.stage_choices import StageWay
from assurance.delivery.models import Alert
from assurance.errors import DomainError
from assurance.record import ledger
from assurance.record.canonical import sha256_of
from tests.accounts_factories import UserFactory, grant_to
from tests.controls_factories import make_workflow
from tests.database import tampering
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db

WHY = "Thirty quiet days."


def workflow_in(stage: str, cast, **fields) -> Workflow:
    return make_workflow(owner=cast.grace, stage=stage, **fields)


@pytest.fixture
def open_gate(monkeypatch):
    """Every criterion holds, as once all of it is measured."""
    measures = {number: [lambda w, at: [holds("It does.", 1)]] for number in gate.CRITERIA}
    monkeypatch.setattr(gate, "_measures", measures)
    return measures


def types(workflow: Workflow) -> list[str]:
    return ledger.types(ledger.Stream.workflow(workflow.slug))


def stage_of(workflow: Workflow) -> str:
    return Workflow.objects.get(pk=workflow.pk).stage


def test_two_persons_take_a_workflow_from_pilot_to_limited_on_one_frozen_snapshot(cast, open_gate):
    pilot, at = workflow_in("pilot", cast), clock.now()

    first = stages.sign(pilot, "limited", reason=WHY, by=cast.grace, at=at)
    assert (first.moved, stage_of(pilot)) == (False, "pilot")
    second = stages.sign(pilot, "limited", reason="Agreed.", by=cast.gus, at=at)

    assert (second.moved, stage_of(pilot)) == (True, "limited")
    snapshot = GateSnapshot.objects.get()
    assert second.snapshot == first.snapshot == snapshot
    assert snapshot.sha256 == sha256_of(snapshot.content)
    assert snapshot.content["control_set"]["number"] == 1
    assert {one["state"] for one in snapshot.content["criteria"]} == {"holds"}
    move = StageMove.objects.get()
    assert (move.way, move.snapshot, move.from_stage) == ("promotion", snapshot, "pilot")
    assert types(pilot)[-2:] == ["workflow.stage_signed", "workflow.stage_changed"]


def test_the_same_person_signs_once_from_whichever_account(cast, open_gate):
    pilot, at = workflow_in("pilot", cast), clock.now()
    other_account = UserFactory(person=cast.grace.person)
    stages.sign(pilot, "limited", reason=WHY, by=cast.grace, at=at)

    for account in (cast.grace, other_account):
        with pytest.raises(DomainError, match="You signed this") as refusal:
            stages.sign(pilot, "limited", reason=WHY, by=account, at=at)
        assert refusal.value.status == 403

    assert stage_of(pilot) == "pilot"


def test_who_built_it_or_governs_elsewhere_signs_nothing(cast, open_gate):
    pilot = workflow_in("pilot", cast, builders=[cast.gus])
    grant_to(cast.mallory, "governance", "claims-letters")

    codes = []
    for who in (cast.gus, cast.mallory, cast.dev, cast.otto):
        with pytest.raises(DomainError) as refusal:
            stages.sign(pilot, "limited", reason=WHY, by=who, at=clock.now())
        codes.append((refusal.value.status, refusal.value.code))

    assert codes == [(403, "builder"), *[(403, "role_missing")] * 3]
    assert not GateSnapshot.objects.exists()


def test_the_database_refuses_one_person_twice_and_a_builder_on_its_own(cast, open_gate):
    pilot, at = workflow_in("pilot", cast), clock.now()
    snapshot = stages.sign(pilot, "limited", reason=WHY, by=cast.grace, at=at).snapshot
    rows = GateSnapshot.objects.filter(pk=snapshot.pk)
    signed = {"status": "signed", "second_at": at}

    with pytest.raises(IntegrityError, match="stage_signed_by_two"), transaction.atomic():
        rows.update(**signed, second_by=cast.grace, second_person=cast.grace.person)
    with pytest.raises(IntegrityError, match="stage_signed_by_two"), transaction.atomic():
        rows.update(**signed)
    pilot.builders.add(cast.gus.person)
    with pytest.raises(IntegrityError, match="who built the workflow"), transaction.atomic():
        rows.update(**signed, second_by=cast.gus, second_person=cast.gus.person)
    with pytest.raises(IntegrityError, match="Cannot update rows"), transaction.atomic():
        rows.update(sha256="0" * 64)
    with pytest.raises(IntegrityError, match="no snapshot of the gate"), transaction.atomic():
        StageMove.objects.create(
            workflow=pilot, from_stage="pilot", to_stage="limited", way="promotion", at=at
        )


@pytest.mark.parametrize("reading", [fails("It is not.", 3), unknown("Nobody knows.", 7)])
def test_a_binding_criterion_that_fails_or_cannot_be_said_closes_the_gate(cast, open_gate, reading):
    pilot = workflow_in("pilot", cast)
    open_gate[9] = [lambda w, at: [holds("Partly.", 1), reading]]

    with pytest.raises(DomainError) as refusal:
        stages.sign(pilot, "limited", reason=WHY, by=cast.grace, at=clock.now())

    assert (refusal.value.status, refusal.value.code) == (409, "gate_closed")
    assert [one["code"] for one in refusal.value.errors] == ["criterion_9"]
    assert reading.sentence in refusal.value.errors[0]["message"]


def test_the_second_signature_asks_the_gate_again(cast, open_gate):
    pilot, at = workflow_in("pilot", cast), clock.now()
    stages.sign(pilot, "limited", reason=WHY, by=cast.grace, at=at)
    open_gate[2] = [lambda w, at: [fails("It broke meanwhile.", 3)]]

    with pytest.raises(DomainError, match="one criterion of its gate is not met"):
        stages.sign(pilot, "limited", reason=WHY, by=cast.gus, at=at)

    assert stage_of(pilot) == "pilot"


def test_a_signature_under_another_set_or_a_week_ago_counts_no_more(cast, open_gate):
    pilot, at = workflow_in("pilot", cast), clock.now()
    stages.sign(pilot, "limited", reason=WHY, by=cast.grace, at=at)

    late = stages.sign(pilot, "limited", reason=WHY, by=cast.gus, at=at + timedelta(days=7))

    assert (late.moved, stage_of(pilot)) == (False, "pilot")
    assert sorted(GateSnapshot.objects.values_list("status", flat=True)) == ["open", "replaced"]
    with tampering():
        GateSnapshot.objects.filter(status="open").update(
            content={**late.snapshot.content, "control_set": {"number": 0, "sha256": "0" * 64}}
        )
    again = stages.sign(
        pilot, "limited", reason=WHY, by=cast.grace, at=at + timedelta(days=7, minutes=1)
    )
    assert again.moved is False


def test_out_of_observe_one_owner_is_enough_and_no_criterion_binds(cast, monkeypatch):
    monkeypatch.setattr(gate, "_measures", {})
    watched = workflow_in("observe", cast)

    moved = stages.sign(watched, "pilot", reason=WHY, by=cast.grace, at=clock.now())

    assert (moved.moved, stage_of(watched)) == (True, "pilot")
    shown = moved.snapshot.content["criteria"]
    assert {3, 9} <= {one["number"] for one in shown}
    assert not any(one["binding"] for one in shown)


@pytest.mark.parametrize(
    ("here", "to", "code"),
    [
        ("observe", "limited", "stage_skipped"),
        ("observe", "governed", "stage_skipped"),
        ("pilot", "governed", "stage_skipped"),
        ("limited", "limited", "already_there"),
        ("pilot", "observe", "not_back"),
        ("limited", "observe", "not_back"),
        ("suspended", "limited", "not_back"),
        ("suspended", "suspended", "already_there"),
    ],
)
def test_steps_that_there_are_not_are_refused_with_where_it_may_go(cast, open_gate, here, to, code):
    workflow = workflow_in(here, cast)

    with pytest.raises(DomainError) as refusal:
        stages.move(workflow, to, reason=WHY, by=cast.grace, at=clock.now())

    assert (refusal.value.status, refusal.value.code) == (409, code)
    assert stage_of(workflow) == here


def test_a_stage_that_there_is_not_is_refused_with_its_place(cast):
    with pytest.raises(DomainError, match="Not a stage") as refusal:
        stages.move(
            workflow_in("pilot", cast), "production", reason=WHY, by=cast.grace, at=clock.now()
        )

    assert (refusal.value.status, refusal.value.errors[0]["pointer"]) == (422, "/to")


@pytest.mark.parametrize(
    ("here", "to"),
    [
        ("governed", "limited"),
        ("governed", "pilot"),
        ("limited", "pilot"),
        ("pilot", "suspended"),
        ("observe", "suspended"),
        ("suspended", "pilot"),
    ],
)
def test_one_governance_owner_moves_it_back_with_a_reason(cast, here, to):
    workflow = workflow_in(here, cast)

    moved = stages.move(workflow, to, reason="It errs.", by=cast.gus, at=clock.now())

    assert (moved.moved, stage_of(workflow)) == (True, to)
    assert StageMove.objects.get().way == StageWay.DEMOTION
    assert "workflow.stage_changed" in types(workflow)


@pytest.mark.parametrize("who", ["dev", "ada", "otto", "mallory"])
def test_nobody_else_moves_it_back(cast, who):
    workflow = workflow_in("limited", cast)

    with pytest.raises(DomainError) as refusal:
        stages.demote(workflow, "pilot", reason="No.", by=getattr(cast, who), at=clock.now())

    assert refusal.value.code == "role_missing"


def test_a_move_back_without_a_reason_is_refused(cast):
    with pytest.raises(DomainError, match="Say why"):
        stages.demote(
            workflow_in("limited", cast), "pilot", reason=" ", by=cast.gus, at=clock.now()
        )


def test_suspended_is_paused_until_it_is_in_pilot_and_resumed(cast):
    workflow, at = workflow_in("limited", cast), clock.now()

    stages.demote(workflow, "suspended", reason="It errs.", by=cast.gus, at=at)
    workflow.refresh_from_db()
    assert (workflow.is_paused, workflow.pause_reason) == (True, "It errs.")
    assert types(workflow)[-2:] == ["workflow.stage_changed", "workflow.paused"]
    stages.demote(workflow, "pilot", reason="Mended.", by=cast.gus, at=at)
    workflow.refresh_from_db()
    assert workflow.is_paused
    pausing.resume(workflow, reason="Mended.", by=cast.gus, at=at)

    workflow.refresh_from_db()
    assert (workflow.stage, workflow.is_paused) == ("pilot", False)


def test_a_move_voids_the_signature_that_waited(cast, open_gate):
    limited, at = workflow_in("limited", cast), clock.now()
    stages.sign(limited, "governed", reason=WHY, by=cast.grace, at=at)

    stages.demote(limited, "pilot", reason="It errs.", by=cast.gus, at=at)

    assert GateSnapshot.objects.get().status == "replaced"
    assert stages.open_snapshot(limited, at) is None


def test_a_governed_workflow_is_attested_anew_by_two_every_ninety_days(cast, open_gate):
    governed, at = workflow_in("governed", cast), clock.now()
    assert stages.attest_by(governed) == governed.created_at + timedelta(days=90)

    stages.move(governed, "governed", reason=WHY, by=cast.grace, at=at)
    again = stages.move(governed, "governed", reason=WHY, by=cast.gus, at=at)

    assert (again.moved, again.workflow.stage) == (True, "governed")
    assert StageMove.objects.get().way == StageWay.ATTESTATION
    assert stages.attest_by(again.workflow) == at + timedelta(days=90)
    assert stages.stage_since(again.workflow) == governed.created_at


def test_the_demo_sets_its_stage_past_the_gate_and_the_record_says_demo(cast):
    pilot = workflow_in("pilot", cast)

    moved = stages.set_by_demo(pilot, "limited", at=clock.now())

    assert (moved.stage, StageMove.objects.get().way) == ("limited", "demo")
    assert types(pilot)[-1] == "workflow.stage_changed"


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_sign_at_once_one_is_first_and_the_other_second(cast, open_gate):
    pilot, at = workflow_in("pilot", cast), clock.now()

    results = race(
        [
            lambda by=by: stages.sign(pilot, "limited", reason=WHY, by=by, at=at)
            for by in (cast.grace, cast.gus)
        ]
    )

    assert sorted(one.moved for one in results) == [False, True]
    assert stage_of(pilot) == "limited"
    assert StageMove.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_owner_who_signs_four_times_at_once_is_one_signature(cast, open_gate):
    pilot, at = workflow_in("pilot", cast), clock.now()

    results = race([lambda: stages.sign(pilot, "limited", reason=WHY, by=cast.grace, at=at)] * 4)

    assert len(refusals(results, "second_person_needed")) == 3
    assert stage_of(pilot) == "pilot"


@pytest.mark.parametrize(
    ("here", "after"), [("governed", "pilot"), ("limited", "pilot"), ("observe", "observe")]
)
def test_a_break_of_the_chain_takes_it_back_to_pilot_at_once(cast, here, after):
    workflow, at = workflow_in(here, cast), clock.now()
    assert chain_watch.watch(workflow, at) is None
    with tampering() as cursor:
        cursor.execute(
            "UPDATE record_event SET actor_ref = 'somebody' WHERE stream_id = %s AND seq = 1",
            [workflow.slug],
        )

    broken = chain_watch.watch(workflow, at)

    assert broken is not None
    assert stage_of(workflow) == after
    assert Alert.objects.filter(code="record_broken", workflow=workflow.slug).count() == 1
    if after != here:
        assert StageMove.objects.get().way == StageWay.SYSTEM
        assert "does not verify" in StageMove.objects.get().reason
