"""Every fault of a definition is found, with its place, and says what to do."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from assurance.controls.defaults import completed
from assurance.controls.fields import catalogue_from_schemas
from assurance.controls.validation import problems
from tests.controls_factories import ACTIONS, BOUNDARIES, catch_alls, policy, verification

CATALOGUE = catalogue_from_schemas(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "number"},
            "text": {"type": "string"},
            "iban": {"type": "string", "sensitive": True},
            "person": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    },
    {"type": "object", "properties": {"age": {"type": "integer"}}},
)
PEOPLE = ("ada", "grace", "gus")
QUEUES = {
    "credit-review": "general",
    "credit-specialists": "specialist",
    "credit-governance": "governance",
    "samples": "audit",
}


def sound() -> dict[str, Any]:
    return {
        "specification": {
            "purpose": "Decide on loans.",
            "boundaries": copy.deepcopy(BOUNDARIES),
            "actions": copy.deepcopy(ACTIONS),
        },
        "controls": [policy("LIM-01"), verification("VER-01")],
        "rules": [
            {
                "name": "Large",
                "condition": {"field": "output.amount", "op": ">", "value": 9000},
                "queue": "credit-specialists",
                "priority": "high",
                "due_in": "PT2H",
            },
            *catch_alls("credit"),
        ],
        "queue_policies": [{"queue": "credit-review"}],
    }


def found_in(content: Any, tier: str = "high") -> list[Any]:
    return problems(
        content, catalogue=CATALOGUE, known_people=PEOPLE, known_queues=QUEUES, tier=tier
    )


def changed(path: str, value: Any) -> dict[str, Any]:
    """A sound content with one thing changed; "…" as value removes it."""
    content = sound()
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    here: Any = content
    for part in parents:
        here = here[part]
    if value == "…":
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(value)
    else:
        here[last] = value
    return content


def test_a_sound_content_has_no_problem():
    assert found_in(sound()) == []


def test_a_completed_content_has_no_problem_either():
    whole = {"workflow": "credit-decisions", **completed(sound()), "fields": CATALOGUE.as_json()}

    assert found_in(whole) == []


REFUSED = [
    # pointer, value, pointer of the problem, code, what the sentence says
    ("controls/0/conditoin", {}, "/controls/0/conditoin", "unknown_key", "mean `condition`"),
    ("rules/0/que", "x", "/rules/0/que", "unknown_key", "Did you mean `queue`"),
    ("controlls", [], "/controlls", "unknown_key", "Did you mean `controls`"),
    ("specification/aim", "x", "/specification/aim", "unknown_key", "purpose, boundaries"),
    ("queue_policies/0/outcome", [], "/queue_policies/0/outcome", "unknown_key", "`outcomes`"),
    ("controls/0", "LIM-01", "/controls/0", "wrong_type", "an object with keys"),
    ("controls", {}, "/controls", "wrong_type", "a list"),
    ("rules", "none", "/rules", "wrong_type", "a list"),
    ("controls/0/key", 7, "/controls/0/key", "wrong_type", "Write text"),
    ("controls/0/key", "…", "/controls/0/key", "missing", "Write it down"),
    ("controls/0/key", "PAY/07", "/controls/0/key", "bad_key", "PAY-07"),
    ("controls/0/key", "caller", "/controls/0/key", "reserved_key", "another key"),
    ("controls/0/key", "VER-01", "/controls/1/key", "duplicate", "stands twice"),
    ("controls/0/name", "   ", "/controls/0/name", "missing", "Write it down"),
    ("controls/0/name", "x" * 121, "/controls/0/name", "too_long", "121 characters"),
    ("controls/0/failure_scenario", "…", "/controls/0/failure_scenario", "missing", "Write it"),
    ("controls/0/owner", "grcae", "/controls/0/owner", "unknown_person", "Did you mean “grace”"),
    ("controls/0/owner", "zoe", "/controls/0/owner", "unknown_person", "Make the account"),
    ("controls/0/boundary", 9, "/controls/0/boundary", "unknown_boundary", "It has: 1, 2"),
    ("controls/0/boundary", True, "/controls/0/boundary", "wrong_type", "a whole number"),
    ("controls/0/mode", "live", "/controls/0/mode", "unknown_value", "shadow"),
    ("controls/0/mode", False, "/controls/0/mode", "wrong_type", 'Write "off" in quotes'),
    ("controls/0/kind", "polciy", "/controls/0/kind", "unknown_value", "Did you mean “policy”"),
    ("controls/0/priority", -1, "/controls/0/priority", "too_small", "0"),
    ("controls/0/priority", "1", "/controls/0/priority", "wrong_type", "a whole number"),
    ("controls/0/effect", "hold", "/controls/0/effect", "unknown_value", "Use one of"),
    ("controls/0/effect", "…", "/controls/0/effect", "missing", "needs `effect`"),
    ("controls/0/effect", "reroute", "/controls/0/reroute_to", "missing", "which path"),
    ("controls/0/effect", "return", "/controls/0/instructions", "missing", "what the system"),
    ("controls/0/on_unknown", "maybe", "/controls/0/on_unknown", "unknown_value", "fire, quiet"),
    ("controls/0/on_unknown", "reroute", "/controls/0/reroute_to", "missing", "which path"),
    ("controls/0/check", {"name": "length"}, "/controls/0/check", "wrong_kind", "has no `check`"),
    ("controls/0/condition", "…", "/controls/0/condition", "missing", "`null`"),
    ("controls/1/effect", "review", "/controls/1/effect", "wrong_kind", "has no `effect`"),
    ("controls/1/check", "…", "/controls/1/check", "missing", "needs `check`"),
    ("controls/1/check/name", "number_limt", "/controls/1/check/name", "unknown_check",
     "Did you mean “number_limit”"),
    ("controls/1/check/extra", 1, "/controls/1/check/extra", "unknown_key", "name, params"),
    ("controls/1/check/params/field", "output.amuont", "/controls/1/check/params/field",
     "unknown_field", "Did you mean `output.amount`"),
    ("controls/1/check/params/maximun", 1, "/controls/1/check/params/maximun",
     "unknown_parameter", "Did you mean `maximum`"),
    ("controls/1/effects", {"fail": "hold"}, "/controls/1/effects/fail", "unknown_value", "block"),
    ("controls/1/effects", {"error": "review"}, "/controls/1/effects/error", "unknown_key",
     "fail, inconclusive"),
    ("controls/1/effects", {"fail": "return"}, "/controls/1/instructions", "missing", "return"),
    ("controls/1/failure_policy", "open", "/controls/1/failure_policy", "unknown_value",
     "closed_hold"),
    ("controls/1/failure_policy", "open_flagged", "/controls/1/failure_policy", "tier_too_high",
     "only a low one"),
    ("controls/1/on_error", "continue", "/controls/1/on_error", "unknown_value", "review"),
    ("controls/0/message", "{output.amuont} is large", "/controls/0/message", "unknown_field",
     "{output.amount}"),
    ("controls/0/message", "to {output.iban}", "/controls/0/message", "sensitive_field",
     "Name another field"),
    ("controls/0/message", "{output.person}", "/controls/0/message", "whole_object", "in it"),
    ("controls/0/message", "{ output.amount }", "/controls/0/message", "bad_placeholder", "braces"),
    ("rules/0/name", "Specialists", "/rules/2/name", "duplicate", "stands twice"),
    ("rules/0/position", 2, "/rules/1/position", "duplicate", "stands twice"),
    ("rules/0/position", 0, "/rules/0/position", "too_small", "1"),
    ("rules/0/position", 99, "/rules/1/position", "catch_all_not_last", "later position"),
    ("rules/0/queue", "credit-specialist", "/rules/0/queue", "unknown_queue",
     "Did you mean “credit-specialists”"),
    ("rules/0/queue", "samples", "/rules/0/queue", "wrong_queue_kind", "audit"),
    ("rules/0/priority", "urgent", "/rules/0/priority", "unknown_value", "low, medium, high"),
    ("rules/0/due_in", "P1000Y", "/rules/0/due_in", "bad_duration", "too long"),
    ("rules/0/due_in", "-PT2H", "/rules/0/due_in", "bad_duration", "negative"),
    ("rules/0/condition", "…", "/rules/0/condition", "missing", "catch-all"),
    ("rules/0/condition/field", "assessment.firde", "/rules/0/condition/field", "unknown_field",
     "assessment.fired"),
    ("rules/1/condition", {"field": "output.amount", "op": ">", "value": 1},
     "/rules/1/condition", "catch_all_with_condition", "no condition"),
    ("rules/1/catch_all", "block", "/rules/1/catch_all", "unknown_value", "review"),
    ("rules/2/queue", "credit-review", "/rules/2/queue", "queue_too_low", "specialist or higher"),
    ("rules/3/queue", "credit-specialists", "/rules/3/queue", "queue_too_low", "governance"),
    ("rules/3", "…", "/rules", "missing_catch_all", "`catch_all: governance`"),
    ("rules/4", {"name": "Again", "queue": "credit-review", "catch_all": "review"},
     "/rules/4/catch_all", "duplicate", "two catch-alls for review"),
    ("specification", "…", "/specification", "missing", "purpose"),
    ("specification/purpose", "", "/specification/purpose", "missing", "Write it down"),
    ("specification/boundaries/1/number", 1, "/specification/boundaries/1/number", "duplicate",
     "stands twice"),
    ("specification/actions/1/name", "approve", "/specification/actions/1/name", "duplicate",
     "“approve”"),
    ("specification/actions/0/reversible", "no", "/specification/actions/0/reversible",
     "wrong_type", "true or false"),
    ("queue_policies/0/queue", "credit-rewiev", "/queue_policies/0/queue", "unknown_queue",
     "credit-review"),
    ("queue_policies/1", {"queue": "credit-review"}, "/queue_policies/1/queue", "duplicate",
     "stands twice"),
    ("queue_policies/0/outcomes", [], "/queue_policies/0/outcomes", "empty", "approve"),
    ("queue_policies/0/outcomes", ["aprove"], "/queue_policies/0/outcomes/0", "unknown_value",
     "“approve”"),
    ("queue_policies/0/outcomes", ["reject", "reject"], "/queue_policies/0/outcomes/1",
     "duplicate", "twice"),
    ("queue_policies/0/rationale_min", {"reject": 2001}, "/queue_policies/0/rationale_min/reject",
     "too_large", "2,000"),
    ("queue_policies/0/rationale_min", {"reject": -1}, "/queue_policies/0/rationale_min/reject",
     "too_small", "0"),
    ("queue_policies/0/rationale_min", {"approve": {"urgent": 1}},
     "/queue_policies/0/rationale_min/approve/urgent", "unknown_key", "low, medium, high"),
    ("queue_policies/0/rationale_min", {"approve": {"high": 9999}},
     "/queue_policies/0/rationale_min/approve/high", "too_large", "2,000"),
    ("queue_policies/0/reasons_required", {"reject": 9},
     "/queue_policies/0/reasons_required/reject", "too_large", "5"),
    ("queue_policies/0/reasons", [{"code": "a", "label": "A"}, {"code": "a", "label": "B"}],
     "/queue_policies/0/reasons/1/code", "duplicate", "stands twice"),
    ("queue_policies/0/reasons", [{"code": "A b", "label": "A"}],
     "/queue_policies/0/reasons/0/code", "bad_code", "figure-wrong"),
    ("queue_policies/0/reasons", [{"code": "a", "label": "A", "starter": "{output.iban}"}],
     "/queue_policies/0/reasons/0/starter", "sensitive_field", "sensitive"),
    ("queue_policies/0/reasons", [], "/queue_policies/0/reasons_required/reject",
     "too_few_reasons", "0 can be chosen"),
    ("controls/0/name", "a\x00b", "/controls/0/name", "not_plain", "NUL"),
    ("controls/0/name", "\ud800", "/controls/0/name", "not_plain", "half a character"),
    ("controls/0/priority", 2**60, "/controls/0/priority", "not_plain", "too large"),
    ("controls/0/priority", float("nan"), "/controls/0/priority", "not_plain", "finite"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "pointer", "code", "said"), REFUSED, ids=lambda part: str(part)[:40]
)
def test_a_fault_is_told_with_its_place_and_a_way_out(path, value, pointer, code, said):
    found = found_in(changed(path, value))

    at_the_place = [(p.code, p.message) for p in found if p.pointer == pointer]
    assert any(c == code and said in message for c, message in at_the_place), found


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("controls/0/requires", {"readers": 2}, "readers"),
        ("controls/0/requires", {"skills": ["law"]}, "skills"),
        ("controls/0/requires", {"due_in": "PT1H"}, "due_in"),
        ("controls/0/readers", 2, "readers"),
        ("controls/0/skills", ["law"], "skills"),
        ("rules/0/readers", 2, "readers"),
        ("rules/0/skills", ["law"], "skills"),
        ("rules/0/second_reader", {"blind": True}, "second_reader"),
        ("queue_policies/0/authority", {"approve": 1000}, "authority"),
        ("queue_policies/0/second_reader", {"share": 0.1}, "second_reader"),
        ("queue_policies/0/outcomes", ["approve", "second_opinion"], "second_opinion"),
    ],
)
def test_what_nothing_enforces_yet_is_refused_by_name(path, value, name):
    found = [p for p in found_in(changed(path, value)) if p.code == "not_enforced_yet"]

    assert len(found) == 1
    assert f"`{name}`" in found[0].message
    assert "not enforced yet" in found[0].message


@pytest.mark.parametrize("value", [{"readers": 1}, {}, {"skills": []}])
def test_asking_for_what_is_the_case_anyway_is_no_problem(value):
    assert found_in(changed("controls/0/requires", value)) == []


def test_a_fault_in_a_condition_has_the_place_inside_of_it():
    tree = {"all": [{"field": "output.amuont", "op": ">", "value": 1}]}

    (found,) = found_in(changed("controls/0/condition", tree))

    assert found.pointer == "/controls/0/condition/all/0/field"
    assert "Did you mean “output.amount”" in found.message


def test_a_control_may_fire_on_every_case_if_it_says_so():
    assert found_in(changed("controls/0/condition", None)) == []


def test_a_low_tier_may_let_a_case_go_on_when_its_check_did_not_run():
    content = changed("controls/1/failure_policy", "open_flagged")

    assert found_in(content, tier="low") == []
    assert [p.code for p in found_in(content, tier="medium")] == ["tier_too_high"]


def test_no_controls_at_all_is_no_problem():
    assert found_in(changed("controls", [])) == []


def test_a_catch_all_may_go_to_a_queue_of_a_higher_kind():
    assert found_in(changed("rules/1/queue", "credit-governance")) == []


def test_a_routing_rule_may_ask_for_the_assessment_and_a_control_may_not():
    condition = {"field": "assessment.disposition", "op": "==", "value": "review"}

    assert found_in(changed("rules/0/condition", condition)) == []
    assert found_in(changed("controls/0/condition", condition)) != []


def test_all_faults_are_told_at_once_and_each_only_once():
    content = changed("controls/0/owner", "nobody")
    content["rules"][0]["queue"] = "nowhere"
    content["specification"]["purpose"] = ""

    found = found_in(content)

    assert {p.code for p in found} == {"unknown_person", "unknown_queue", "missing"}
    assert len(found) == len(set(found)) == 3


@pytest.mark.parametrize("junk", [None, [], "x", 3, {"controls": [None, 3, [], {"key": {}}]}])
def test_junk_is_refused_and_never_raises(junk):
    assert found_in(junk) != []


def test_every_sentence_ends_like_one_and_says_something_beyond_the_fault():
    for path, value, *_ in REFUSED:
        for problem in found_in(changed(path, value)):
            assert re.search(r"[.!?”`}]$", problem.message), problem.message
            assert problem.message[0].isupper() or problem.message[0] in "“`", problem.message


def test_a_verifier_that_nobody_made_known_is_found_with_its_place():
    content = sound()
    content["controls"][1]["check"] = {"name": "external_verifier", "params": {"verifier": "jugde"}}
    known = {"catalogue": CATALOGUE, "known_people": PEOPLE, "known_queues": QUEUES}

    (found,) = problems(content, **known, known_verifiers=["judge"])

    assert (found.pointer, found.code) == ("/controls/1/check/params/verifier", "unknown_verifier")
    assert "Did you mean “judge”?" in found.message
    assert problems(content, **known, known_verifiers=["jugde"]) == []
    assert problems(content, **known) == []


@pytest.mark.parametrize(
    ("params", "at"),
    [
        ({}, "verifier"),
        ({"verifier": "judge", "timeout": 11}, "timeout"),
        ({"verifier": "judge", "timeout": 0}, "timeout"),
        ({"verifier": "judge", "answer_within": "soon"}, "answer_within"),
        ({"verifier": "judge", "answer_within": "P8D"}, "answer_within"),
        ({"verifier": "judge", "context": ["context.nothing"]}, "context/0"),
        ({"verifier": "judge", "url": "https://example.com"}, "url"),
    ],
)
def test_the_parameters_of_an_external_verifier_are_checked_when_saved(params, at):
    content = changed("controls/1/check", {"name": "external_verifier", "params": params})

    pointers = [problem.pointer for problem in found_in(content)]

    assert pointers == [f"/controls/1/check/params/{at}"]
