"""The gate's criteria: what binds for a tier, and what each says of the records that there are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls import drills, gate, gate_readings, guarding
from assurance.controls.models import Drill, StageMove
from assurance.errors import DomainError
from assurance.record import ledger
from reviews import gate_readings as of_people
from reviews import intake
from reviews.models import Case, Queue
from tests.controls_factories import ACTIONS, make_workflow, policy, verification
from tests.reviews.conftest import NOON, SYSTEM, closed

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)


@pytest.fixture
def credit(cast):
    return make_workflow(
        controls=[policy(), verification()],
        owner=cast.grace,
        deputy=cast.gus,
        members=[cast.ada, cast.ben],
        specialists=[cast.cleo],
        governors=[cast.grace, cast.gus],
        stage="pilot",
    )


@pytest.fixture
def post(credit):
    def _post(number: int, at=NOON, **body) -> Case:
        sent = {
            "workflow": credit.slug,
            "external_id": f"a-{number}",
            "output": {"amount": number, "text": "We lend it."},
            **body,
        }
        return intake.submit(sent, workflow=credit, client=None, actor=SYSTEM, at=at).case

    return _post


def read(measure, workflow, at=LATER):
    return list(measure(workflow, at))


def states(measure, workflow, at=LATER) -> list[str]:
    return [one.state for one in read(measure, workflow, at)]


@pytest.mark.parametrize(
    ("tier", "to", "expected"),
    [
        ("low", "limited", {1, 2, 3, 8, 9}),
        ("medium", "limited", {1, 2, 3, 8, 9, 14}),
        ("high", "limited", {1, 2, 3, 8, 9, 11, 12, 14}),
        ("low", "governed", {1, 2, 3, 8, 9}),
        ("medium", "governed", {1, 2, 3, 5, 7, 8, 9, 14}),
        ("high", "governed", set(range(1, 15))),
        ("high", "pilot", set()),
    ],
)
def test_each_tier_asks_for_its_own_criteria_and_the_pilot_for_fewer(tier, to, expected):
    assert gate.binding(tier, to) == expected


def test_what_nobody_measures_yet_cannot_be_said_and_does_not_hold(credit):
    answers = {one.number: one for one in gate.read(credit, LATER, to="governed")}

    assert set(answers) == set(range(1, 15))
    for number in (5, 6, 7, 8):
        assert answers[number].state == "unknown"
        assert "Cannot say (n=0)" in answers[number].sentence
    assert not any(one.state == "holds" for one in answers.values() if one.number in (1, 4, 11))


def test_one_part_that_fails_outweighs_one_that_cannot_be_said(credit, monkeypatch):
    monkeypatch.setattr(gate, "_measures", {})
    gate.register(1, lambda w, at: [gate.unknown("No."), gate.holds("Yes.", 3)])
    assert gate.read(credit, LATER, to="limited")[0].state == "unknown"

    gate.register(1, lambda w, at: [gate.fails("No.", 3)])

    assert gate.read(credit, LATER, to="limited")[0].state == "fails"
    with pytest.raises(ValueError, match="no criterion 15"):
        gate.register(15, lambda w, at: [])


def test_ungoverned_cases_of_a_fortnight_are_counted(credit, post):
    assert states(gate_readings.governed, credit) == ["unknown"]
    post(1)
    assert states(gate_readings.governed, credit) == ["holds"]
    bare = make_workflow("claims-letters", controls=[])
    body = {"workflow": bare.slug, "external_id": "l", "output": 1}
    intake.submit(body, workflow=bare, client=None, actor=SYSTEM, at=NOON)

    (reading,) = read(gate_readings.governed, bare)

    assert reading.sentence == "1 of 1 cases in 14 days were governed by no control."
    assert reading.state == "fails"
    assert states(gate_readings.governed, bare, NOON + timedelta(days=15)) == ["unknown"]


def test_an_action_without_an_enforced_verification_is_named(credit, cast):
    assert states(gate_readings.verified, credit) == ["holds"]
    only = {"field": "proposed_action", "op": "==", "value": "pay"}
    partly = make_workflow("claims-letters", controls=[verification("LET-01", condition=only)])

    (reading,) = read(gate_readings.verified, partly)

    assert reading.state == "fails"
    assert reading.sentence.endswith("without an enforced verification: approve, decline.")


@pytest.mark.parametrize(
    ("tree", "verdict"),
    [
        (None, True),
        ({"field": "proposed_action", "op": "==", "value": "pay"}, True),
        ({"field": "proposed_action", "op": "!=", "value": "pay"}, False),
        ({"field": "output.amount", "op": "present"}, None),
        ({"not": {"field": "proposed_action", "op": "in", "value": ["pay"]}}, False),
        (
            {
                "all": [
                    {"field": "output.amount", "op": ">", "value": 1},
                    {"field": "proposed_action", "op": "==", "value": "approve"},
                ]
            },
            False,
        ),
        (
            {
                "any": [
                    {"field": "output.amount", "op": ">", "value": 1},
                    {"field": "proposed_action", "op": "==", "value": "pay"},
                ]
            },
            True,
        ),
    ],
)
def test_what_a_condition_leaves_of_an_action_is_worked_out_without_the_case(tree, verdict):
    assert guarding.about_action(tree, "pay") is verdict


def test_checks_that_broke_are_counted_against_those_that_ran(credit, post, monkeypatch):
    assert states(gate_readings.running, credit) == ["unknown"]
    for number in range(1, 4):
        post(number)
    assert states(gate_readings.running, credit) == ["holds", "holds"]
    credit.tier = "low"
    assert states(gate_readings.running, credit) == ["holds"]
    credit.tier = "high"

    from assurance.controls.checks.registry import CHECKS

    monkeypatch.setattr(CHECKS["number_limit"], "run", lambda *asked: 1 / 0)
    post(5)
    reading, opened = read(gate_readings.running, credit)

    assert (reading.state, reading.value) == ("fails", "25.0%")
    assert opened.state == "holds"


def test_twenty_stored_judgements_come_out_again(credit, post):
    for number in range(19):
        post(number * 500, at=NOON + timedelta(minutes=number))
    (few,) = read(gate_readings.reconstructed, credit)
    assert few.sentence == "Too few cases were judged to take 20. Cannot say (n=19, 20 needed)."
    for number in range(19, 40):
        post(number * 500, at=NOON + timedelta(minutes=number))

    (reading,) = read(gate_readings.reconstructed, credit)

    assert (reading.state, reading.value) == ("holds", "20/20")


def test_a_stored_judgement_that_comes_out_differently_is_seen(credit, post):
    one = post(4820).assessment
    assert gate_readings.agrees(one)

    one.decided_by = ["OTHER"]

    assert not gate_readings.agrees(one)


def test_owner_and_deputy_are_no_builders(credit, cast):
    assert read(gate_readings.people, credit)[0].state == "holds"
    credit.builders.add(cast.gus.person)

    reading = read(gate_readings.people, credit)[0]

    assert (reading.state, reading.sentence) == ("fails", "The deputy built it.")


def test_a_control_that_asks_for_the_pilot_is_left_of_it(cast):
    only = {"field": "workflow.stage", "op": "in", "value": ["observe", "pilot"]}
    other = {"not": {"field": "workflow.stage", "op": "==", "value": "governed"}}
    workflow = make_workflow(
        controls=[policy("A-1", condition=only), policy("A-2", condition=other)], stage="pilot"
    )

    (reading,) = read(gate_readings.pilot_only, workflow)

    assert (reading.state, reading.sentence) == (
        "fails", "A-1 of 2 controls speaks in the pilot only.",
    )  # fmt: skip


def enter(workflow, by, **more) -> Drill:
    said = {
        "kind": "kill_switch",
        "held_at": NOON,
        "result": "passed",
        "evidence": "https://example.com/drill",
        **more,
    }
    return drills.enter(workflow, **said, by=by, at=LATER)


def test_a_drill_counts_once_a_second_person_confirmed_it_and_for_ninety_days(credit, cast):
    drill = enter(credit, cast.grace)
    assert states(gate_readings.drilled, credit) == ["unknown"] * 3
    assert "waits to be confirmed" in read(gate_readings.drilled, credit)[0].sentence

    drills.confirm(drill, by=cast.gus, at=LATER)

    assert states(gate_readings.drilled, credit) == ["holds", "unknown", "unknown"]
    later = NOON + timedelta(days=90)
    assert states(gate_readings.drilled, credit, later) == ["unknown"] * 3
    assert ledger.types(ledger.Stream.workflow(credit.slug))[-2:] == [
        "drill.entered", "drill.confirmed",
    ]  # fmt: skip


def test_a_drill_that_failed_does_not_hold(credit, cast):
    drills.confirm(enter(credit, cast.grace, result="failed"), by=cast.gus, at=LATER)

    assert states(gate_readings.drilled, credit)[0] == "fails"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"kind": "fire"}, "/kind"),
        ({"result": "so so"}, "/result"),
        ({"held_at": LATER + timedelta(seconds=1)}, "/held_at"),
        ({"evidence": "javascript:alert(1)"}, "/evidence"),
        ({"evidence": ""}, "/evidence"),
    ],
)
def test_a_drill_with_a_hole_in_it_is_refused_with_its_place(credit, cast, more, pointer):
    with pytest.raises(DomainError) as refusal:
        enter(credit, cast.grace, **more)

    assert refusal.value.errors[0]["pointer"] == pointer
    assert not Drill.objects.exists()


def test_who_entered_a_drill_does_not_confirm_it_and_nobody_twice(credit, cast):
    drill = enter(credit, cast.grace)

    for who, code in ((cast.grace, "second_person_needed"), (cast.dev, "role_missing")):
        with pytest.raises(DomainError) as refusal:
            drills.confirm(drill, by=who, at=LATER)
        assert refusal.value.code == code
    drills.confirm(drill, by=cast.gus, at=LATER)
    with pytest.raises(DomainError, match="confirmed already"):
        drills.confirm(drill, by=cast.gus, at=LATER)


def test_each_disposition_needs_two_people_who_did_not_build_it(credit, cast):
    (reading,) = read(of_people.reached, credit)
    assert reading.sentence == ("Credit specialists has 1 who may take its cases; two are needed.")
    Queue.objects.get(slug="credit-specialists").members.add(cast.ben)
    assert states(of_people.reached, credit) == ["holds"]

    credit.builders.add(cast.ben.person)

    assert states(of_people.reached, credit) == ["fails"]


def test_executions_that_were_no_cases_break_the_coverage(credit, post):
    from reviews import aftermath

    assert states(of_people.covered, credit) == ["unknown"]
    post(1)
    report = {"start": NOON - timedelta(hours=1), "end": NOON + timedelta(hours=1)}
    aftermath.report_executed(
        credit, **report, count=1, external_ids=["a-1"], actor=SYSTEM, at=LATER
    )
    assert states(of_people.covered, credit) == ["holds"]
    aftermath.report_executed(credit, **report, count=2, external_ids=None, actor=SYSTEM, at=LATER)

    (reading,) = read(of_people.covered, credit)

    assert (reading.state, reading.value) == ("fails", "66.7%")


def test_decisions_in_time_and_by_whom_are_counted(credit, post, cast):
    assert states(of_people.in_time, credit) == ["unknown"]
    closed(post(4820), cast.ada)
    assert states(of_people.in_time, credit) == ["holds"]
    assert states(of_people.by_others, credit) == ["holds"]

    credit.builders.add(cast.ada.person)

    assert states(of_people.by_others, credit) == ["fails"]


def test_days_and_decisions_are_counted_in_the_stage(credit, post, cast):
    StageMove.objects.create(
        workflow=credit, from_stage="observe", to_stage="pilot", way="demo", reason="x",
        at=NOON - timedelta(days=31),
    )  # fmt: skip
    closed(post(4820, proposed_action="approve"), cast.ada)

    days, made, *actions = read(of_people.experienced, credit, NOON + timedelta(hours=1))

    assert (days.state, made.state, made.n) == ("holds", "fails", 1)
    assert [one.n for one in actions] == [1, 0, 0]
    assert len(actions) == len(ACTIONS)
