"""What may go live without a second person is computed from the edits, never declared."""

from __future__ import annotations

from typing import Any

import pytest

from assurance.controls.defaults import completed, completed_control
from assurance.controls.ways import why_not_operational, why_not_tightening
from tests.controls_factories import BOUNDARIES, policy, verification

KINDS = {"general": "general", "experts": "specialist", "board": "governance", "sample": "audit"}
RULES = [
    {"name": "Phone", "queue": "general", "priority": "medium", "due_in": "PT4H",
     "condition": {"field": "context.channel", "op": "==", "value": "phone"}},
    {"name": "Rest", "queue": "general", "catch_all": "review"},
    {"name": "Experts", "queue": "experts", "catch_all": "specialist"},
    {"name": "Board", "queue": "board", "catch_all": "governance"},
]  # fmt: skip
BASE = completed(
    {
        "specification": {"purpose": "x", "boundaries": BOUNDARIES, "actions": []},
        "controls": [policy(), policy("LIM-02", mode="shadow"), verification(key="VER-01")],
        "rules": RULES,
    }
)


def item(part: str, name: str, key: str) -> dict[str, Any]:
    return next(one for one in BASE[part] if one[name] == key)


def control(key: str = "LIM-01", **fields: Any) -> dict[str, Any]:
    content = {**item("controls", "key", key), **fields}
    return {"item": "control", "key": key, "content": content}


def rule(**fields: Any) -> dict[str, Any]:
    content = {**item("rules", "name", "Phone"), **fields}
    return {"item": "rule", "key": "Phone", "content": content}


def new(key: str = "LIM-09", **fields: Any) -> dict[str, Any]:
    made = completed_control(policy(key, mode="enforced", **fields))
    return {"item": "control", "key": key, "content": made}


@pytest.mark.parametrize(
    "edit",
    [
        control(message="Above {output.amount}."),
        control(owner="gus"),
        rule(queue="experts"),
        rule(priority="high"),
        rule(due_in="PT2H"),
    ],
)
def test_words_owners_and_stricter_routing_are_operational(edit):
    assert why_not_operational(BASE, [edit], KINDS) is None


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (control(mode="off"), "mode"),
        (control(effect="continue"), "effect"),
        (control(condition=None), "condition"),
        (control("VER-01", failure_policy="closed_block"), "failure policy"),
        (control(on_unknown="quiet"), "on unknown"),
        (new(), "adds"),
        ({"item": "control", "key": "LIM-01", "content": None}, "removes"),
        (rule(priority="low"), "higher priority"),
        (rule(due_in="P1D"), "due later"),
        (rule(due_in=None), "another clock"),
        (rule(queue="sample"), "lower kind"),
        (rule(condition=None), "condition"),
        (rule(position=7), "position"),
        ({"item": "specification", "key": "", "content": BASE["specification"]}, "content"),
        ({"item": "queue_policy", "key": "general", "content": {}}, "general"),
        ({"item": "waiver", "key": "W", "content": {"key": "W"}}, "adds"),
    ],
)
def test_everything_else_is_more_than_operational(edit, says):
    said = why_not_operational(BASE, [control(owner="gus"), edit], KINDS)

    assert said is not None
    assert says in said


@pytest.mark.parametrize(
    "edit",
    [
        new(),
        control("LIM-02", mode="enforced"),
        control(effect="block"),
        control("VER-01", effects={"fail": "block", "inconclusive": "review"}),
        control("VER-01", on_error="governance"),
        control("LIM-02", mode="enforced", effect="governance"),
    ],
)
def test_an_added_an_enforced_and_a_raised_control_tighten_by_construction(edit):
    assert why_not_tightening(BASE, [edit]) is None


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (control(effect="return"), "lower effect"),
        (control(mode="off"), "not be enforced"),
        (control(condition=None), "another condition"),
        (control(on_unknown="fire"), "another on unknown"),
        (control(effect="block", message="Other words"), "another message"),
        (control("VER-01", effects={"fail": "review", "inconclusive": "continue"}), "lower"),
        ({"item": "control", "key": "LIM-01", "content": None}, "removes"),
        (rule(queue="experts"), "routing rule"),
        ({"item": "waiver", "key": "W", "content": {"key": "W"}}, "waiver"),
    ],
)
def test_what_could_let_a_case_go_does_not_tighten_by_construction(edit, says):
    said = why_not_tightening(BASE, [edit])

    assert said is not None
    assert says in said


def test_nothing_tightens_nothing():
    assert why_not_tightening(BASE, []) == "It edits nothing."


def test_the_first_enforced_control_could_let_go_what_nothing_governed():
    bare = {**BASE, "controls": [one for one in BASE["controls"] if one["mode"] != "enforced"]}

    assert "enforced control yet" in (why_not_tightening(bare, [new()]) or "")


def test_enforcing_what_was_in_shadow_could_let_go_what_nothing_governed_as_well():
    shadow = [{**one, "mode": "shadow"} for one in BASE["controls"]]

    said = why_not_tightening({**BASE, "controls": shadow}, [control("LIM-02", mode="enforced")])

    assert "enforced control yet" in (said or "")


def test_an_enforced_verification_of_some_cases_governs_not_every_case():
    some = {"field": "context.channel", "op": "==", "value": "phone"}
    partly = [completed_control(verification(key="VER-01", condition=some))]

    said = why_not_tightening({**BASE, "controls": partly}, [new()])

    assert "governs every case" in (said or "")


PAY = {"name": "pay", "reversible": False, "verification_required": True}
PAYING = {**BASE["specification"], "actions": [PAY]}
CHECKED = {
    "item": "control",
    "key": "VER-09",
    "content": completed_control(verification("VER-09", mode="enforced")),
}


@pytest.mark.parametrize(
    "held",
    [
        [],
        [verification("VER-01", effects={"fail": "review", "inconclusive": "continue"})],
        [verification("VER-01", effects={"fail": "return"}, instructions="Again.")],
        [verification("VER-01", failure_policy="open_flagged")],
        [verification("VER-01", mode="shadow")],
        [verification("VER-01", condition={"field": "output.amount", "op": ">", "value": 1})],
    ],
)
def test_a_pass_could_let_an_action_go_that_nothing_verified_for_sure(held):
    controls = [completed_control(one) for one in [policy(), *held]]
    base = {**BASE, "specification": PAYING, "controls": controls}

    assert "could let “pay” go" in (why_not_tightening(base, [CHECKED]) or "")


def test_one_more_verification_of_what_is_verified_tightens():
    controls = [completed_control(one) for one in [policy(), verification("VER-01")]]
    base = {**BASE, "specification": PAYING, "controls": controls, "waivers": []}
    waived = {**base, "waivers": [{"key": "W", "control": "VER-01"}]}

    assert why_not_tightening(base, [CHECKED]) is None
    assert "could let “pay” go" in (why_not_tightening(waived, [CHECKED]) or "")


def test_a_raised_effect_orders_no_less_where_a_field_is_missing():
    """Unknown follows the effect up to governance; beyond, it would fall back to a review."""
    governed = completed_control(policy(effect="governance", mode="enforced"))
    base = {**BASE, "controls": [governed]}

    raised = {"item": "control", "key": "LIM-01", "content": {**governed, "effect": "block"}}

    assert "where a field is missing" in (why_not_tightening(base, [raised]) or "")
    said = {**base, "controls": [{**governed, "on_unknown": "governance"}]}
    raised["content"] = {**said["controls"][0], "effect": "block"}
    assert why_not_tightening(said, [raised]) is None
