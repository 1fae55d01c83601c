"""Writing defaults out: complete, stable, and the same when done twice."""

from __future__ import annotations

import copy
import itertools
import random

from assurance.controls.defaults import OUTCOMES, REASONS, completed, least, queue_policy
from assurance.record.canonical import sha256_of
from tests.controls_factories import catch_alls, policy, verification

SOURCE = {
    "specification": {
        "purpose": "Decide.",
        "boundaries": [{"number": 2, "text": "B"}, {"number": 1, "text": "A"}],
        "actions": [{"name": "approve"}],
    },
    "controls": [verification("VER-01"), policy("LIM-01")],
    "rules": catch_alls("credit"),
    "queue_policies": [{"queue": "credit-review", "rationale_min": {"reject": 50}}],
}
# fmt: off
CONTROL_KEYS = [
    "key", "name", "purpose", "kind", "owner", "failure_scenario", "boundary", "mode", "condition",
    "effect", "check", "effects", "failure_policy", "on_error", "on_unknown", "reroute_to",
    "instructions", "message", "priority",
]
# fmt: on


def test_every_control_has_every_key_in_one_order():
    whole = completed(SOURCE)

    assert [list(control) for control in whole["controls"]] == [CONTROL_KEYS, CONTROL_KEYS]


def test_a_verification_control_says_what_a_failure_means():
    found = next(c for c in completed(SOURCE)["controls"] if c["key"] == "VER-01")

    assert found["effects"] == {"fail": "review", "inconclusive": "review"}
    assert (found["failure_policy"], found["on_error"]) == ("closed_hold", "review")
    assert (found["mode"], found["priority"], found["on_unknown"]) == ("enforced", 100, None)


def test_a_policy_control_keeps_what_is_not_its_own_empty():
    found = next(c for c in completed(SOURCE)["controls"] if c["key"] == "LIM-01")

    empty = ("check", "effects", "failure_policy", "on_error")
    assert [found[name] for name in empty] == [None] * 4


def test_the_kind_follows_from_having_a_check():
    bare = {"key": "A", "check": {"name": "length"}}

    whole = completed({"controls": [bare, {"key": "B", "effect": "review"}]})

    assert [control["kind"] for control in whole["controls"]] == ["verification", "policy"]
    assert whole["controls"][0]["check"] == {"name": "length", "params": {}}


def test_doing_it_twice_changes_nothing():
    once = completed(SOURCE)

    assert completed(copy.deepcopy(once)) == once


def test_the_order_of_a_file_does_not_change_the_hash():
    hashes = set()
    for order in itertools.permutations(range(2)):
        source = copy.deepcopy(SOURCE)
        source["controls"] = [source["controls"][index] for index in order]
        source["specification"]["boundaries"] = [
            source["specification"]["boundaries"][index] for index in order
        ]
        hashes.add(sha256_of(completed(source)))

    assert len(hashes) == 1


def test_rules_without_positions_keep_the_order_of_the_file():
    names = ["a", "b", "c"]

    rules = completed({"rules": [{"name": name, "queue": "q"} for name in names]})["rules"]

    assert [(rule["name"], rule["position"]) for rule in rules] == [("a", 1), ("b", 2), ("c", 3)]
    assert rules[0]["due_in"] is rules[0]["priority"] is rules[0]["catch_all"] is None


def test_every_queue_that_a_rule_names_has_a_policy():
    whole = completed(SOURCE)

    assert [one["queue"] for one in whole["queue_policies"]] == [
        "credit-governance",
        "credit-review",
        "credit-specialists",
    ]


def test_a_file_changes_one_figure_of_a_policy_and_keeps_the_others():
    policy_ = next(p for p in completed(SOURCE)["queue_policies"] if p["queue"] == "credit-review")

    assert least(policy_, "rationale_min", "reject", "low") == 50
    assert least(policy_, "rationale_min", "return", "low") == 20


def test_the_default_policy_is_the_table_of_the_decision_panel():
    default = queue_policy({"queue": "q"})
    names = ("reasons_required", "rationale_min")
    table = {
        outcome: [
            tuple(least(default, name, outcome, priority) for name in names)
            for priority in ("low", "medium", "high")
        ]
        for outcome in OUTCOMES
    }

    assert default["outcomes"] == list(OUTCOMES)
    assert table == {
        "approve": [(0, 0), (1, 0), (1, 40)],
        "correct": [(1, 40)] * 3,
        "reject": [(1, 20)] * 3,
        "escalate": [(1, 20)] * 3,
        "return": [(1, 20)] * 3,
    }


def test_one_figure_counts_for_every_priority_where_the_default_goes_by_priority():
    said = {"approve": 15, "correct": {"high": 60}}

    default = queue_policy({"queue": "q", "rationale_min": said})

    assert default["rationale_min"]["approve"] == {"low": 15, "medium": 15, "high": 15}
    assert default["rationale_min"]["correct"] == {"low": 40, "medium": 40, "high": 60}


def test_the_default_reasons_cover_every_outcome_in_two_levels():
    groups = {reason["group"] for reason in REASONS}
    codes = [reason["code"] for reason in REASONS]

    assert len(codes) == len(set(codes))
    assert all(reason["group"] and reason["label"] for reason in REASONS)
    assert {"Figure", "Source", "Policy", "Harm or fairness", "Privacy", "Tone", "Other"} <= groups
    for outcome in OUTCOMES:
        fitting = [r for r in REASONS if r["outcomes"] is None or outcome in r["outcomes"]]
        assert len(fitting) >= 3, outcome


def test_the_last_reason_needs_words_of_its_own():
    assert [reason["code"] for reason in REASONS if reason["text_required"]] == ["other"]


def test_an_own_list_of_reasons_replaces_the_default_one_and_may_be_empty():
    own = [{"code": "x", "label": "X"}]

    assert [r["code"] for r in queue_policy({"queue": "q", "reasons": own})["reasons"]] == ["x"]
    assert queue_policy({"queue": "q", "reasons": []})["reasons"] == []


def test_completing_leaves_its_source_as_it_was():
    source = copy.deepcopy(SOURCE)
    random.Random(1).shuffle(source["rules"])
    before = copy.deepcopy(source)

    completed(source)

    assert source == before
