"""What differs between two sets, in sentences that a governance owner can read out."""

from __future__ import annotations

from typing import Any

from assurance.controls.candidates import apply, edits_between
from assurance.controls.defaults import completed
from assurance.controls.differences import differences
from assurance.controls.fields import catalogue_from_schemas
from tests.controls_factories import BOUNDARIES, catch_alls, policy, verification

BASE = {
    "workflow": "credit-decisions",
    **completed(
        {
            "specification": {"purpose": "Loans.", "boundaries": BOUNDARIES, "actions": []},
            "controls": [policy(), verification(key="VER-01")],
            "rules": [
                {"name": "Phone", "queue": "credit-review", "position": 1,
                 "condition": {"field": "context.channel", "op": "==", "value": "phone"}},
                *catch_alls("credit"),
            ],
        }
    ),
    "fields": catalogue_from_schemas(None, None).as_json(),
}  # fmt: skip


def changed(*edits: dict[str, Any]) -> list[Any]:
    return differences(BASE, apply(BASE, edits))


def control(key: str, **fields: Any) -> dict[str, Any]:
    old = next(one for one in BASE["controls"] if one["key"] == key)
    return {"item": "control", "key": key, "content": {**old, **fields}}


def test_a_new_control_had_no_rule_before_and_not_one_for_every_case():
    new = policy("NEW-01")
    (found,) = changed({"item": "control", "key": "NEW-01", "content": new})
    (gone,) = changed({"item": "control", "key": "LIM-01", "content": None})

    (was, now), (before, after) = (
        next((row["was"], row["now"]) for row in one.rows if row["what"] == "condition")
        for one in (found, gone)
    )
    assert (was, after) == ("nothing", "nothing")
    assert "2,500" in now
    assert "2,500" in before


def test_a_moved_threshold_is_one_sentence():
    (found,) = changed(
        control("LIM-01", condition={"field": "output.amount", "op": ">", "value": 5000.5})
    )

    assert (found.title, found.kind) == ("Control LIM-01", "changed")
    test = "“`output.amount` is more than …”"
    assert found.words == (f"{test} was 2,500, now 5,000.5.",)
    assert found.rows == ({"what": test, "was": "2,500", "now": "5,000.5"},)


def test_a_moved_value_is_told_by_the_name_that_people_know_the_field_by():
    schema = {"properties": {"amount": {"type": "number", "title": "Loan amount"}}}
    base = {**BASE, "fields": catalogue_from_schemas(schema, None).as_json()}
    moved = control("LIM-01", condition={"field": "output.amount", "op": ">", "value": 3000})

    (found,) = differences(base, apply(base, [moved]))

    assert found.words == ("“Loan amount is more than …” was 2,500, now 3,000.",)


def test_another_rule_is_told_as_it_was_and_as_it_is():
    tree = {"all": [{"field": "output.amount", "op": ">", "value": 1},
                    {"field": "context.channel", "op": "present"}]}  # fmt: skip
    (found,) = changed(control("LIM-01", condition=tree))

    (row,) = found.rows
    assert row["what"] == "condition"
    assert "2,500" in row["was"]
    assert "context.channel" in row["now"]


def test_modes_effects_and_nested_effects_are_in_words():
    (policy_, check) = changed(
        control("LIM-01", mode="shadow", effect="specialist"),
        control("VER-01", effects={"fail": "block", "inconclusive": "review"}),
    )

    assert policy_.words == (
        "Mode was enforced, now shadow.",
        "What it orders was review, now specialist.",
    )
    assert check.words == ("What its outcomes order: fail was review, now block.",)


def test_what_comes_and_goes_says_so_with_everything_in_it():
    found = changed(
        {"item": "control", "key": "LIM-09", "content": policy("LIM-09")},
        {"item": "rule", "key": "Phone", "content": None},
    )

    assert [(one.key, one.kind, one.words) for one in found] == [
        ("LIM-09", "added", ("Control LIM-09 is new.",)),
        ("Phone", "removed", ("Routing rule Phone is removed.",)),
    ]
    assert {"what": "owner", "was": "nothing", "now": "grace"} in found[0].rows


def test_nothing_differs_from_itself():
    assert differences(BASE, BASE) == []
    assert edits_between(BASE, apply(BASE, [])) == []


def test_a_rule_put_at_a_taken_place_moves_the_others_on():
    new = {
        "name": "Letters",
        "queue": "credit-review",
        "position": 1,
        "condition": {"field": "context.channel", "op": "==", "value": "letter"},
    }
    content = apply(BASE, [{"item": "rule", "key": "Letters", "content": new}])

    assert [(one["name"], one["position"]) for one in content["rules"]][:3] == [
        ("Letters", 1),
        ("Phone", 2),
        ("Everything else", 3),
    ]


def test_a_rule_without_a_place_comes_last_of_those_with_a_condition():
    new = {
        "name": "Letters",
        "queue": "credit-review",
        "condition": {"field": "context.channel", "op": "==", "value": "letter"},
    }
    content = apply(BASE, [{"item": "rule", "key": "Letters", "content": new}])

    assert [one["name"] for one in content["rules"]][:3] == ["Phone", "Letters", "Everything else"]


def test_the_edits_between_two_contents_lead_from_one_to_the_other():
    target = apply(
        BASE,
        [
            control("LIM-01", name="Other"),
            {"item": "control", "key": "VER-01", "content": None},
            {"item": "specification", "key": "", "content": {"purpose": "Small loans."}},
        ],
    )

    assert apply(BASE, edits_between(BASE, target)) == target


def test_reasons_and_boundaries_are_told_by_the_names_that_people_know():
    said = BASE["specification"]
    more = [*said["boundaries"], {"number": 9, "text": "Nothing to minors.", "clause": ""}]
    policy_ = next(one for one in BASE["queue_policies"] if one["queue"] == "credit-review")
    fewer = {**policy_, "reasons": policy_["reasons"][1:]}

    (specification, reasons) = changed(
        {"item": "specification", "key": "", "content": {**said, "boundaries": more}},
        {"item": "queue_policy", "key": "credit-review", "content": fewer},
    )

    assert specification.words == ("Boundaries was nothing, now Nothing to minors.",)
    assert reasons.words == ("Reasons was Figures agree with sources, now nothing.",)
