"""Stored facts for eyes that need not see everything."""

from __future__ import annotations

from assurance.controls.covering import covered_facts, covered_results
from assurance.controls.fields import catalogue_from_schemas

CATALOGUE = catalogue_from_schemas(
    {
        "properties": {
            "iban": {"type": "string", "sensitive": True},
            "person": {"type": "object", "x-sensitive": True, "properties": {"name": {}}},
            "amount": {"type": "number"},
        }
    },
    None,
)


def test_sensitive_values_are_covered_wherever_they_lie_and_the_rest_stays():
    facts = {
        "output": {"iban": "DE02", "amount": 5, "person": {"name": "Ada"}},
        "subject": "customer-7",
        "evidence": [{"label": "A", "content": "DE02", "sensitive": True}, {"label": "B"}],
    }

    shown = covered_facts(facts, CATALOGUE)

    assert shown["output"] == {"iban": "(covered)", "amount": 5, "person": "(covered)"}
    assert shown["subject"] == "customer-7"
    assert shown["evidence"] == [
        {"label": "A", "content": "(covered)", "sensitive": True},
        {"label": "B"},
    ]
    assert facts["output"]["iban"] == "DE02"


def test_what_a_verifier_said_is_covered_where_it_touches_a_covered_field():
    def answer(path: str) -> dict:
        found = {"path": path, "message": "Is DE02.", "suggested_value": "DE03"}
        return {"message": "Fails. Is DE02.", "findings": [found], "suggested_value": {"iban": 1}}

    facts = {"external": {"A": answer("output.iban"), "B": answer("output.amount")}}

    shown = covered_facts(facts, CATALOGUE)["external"]

    assert shown["A"] == {
        "message": "(covered)",
        "findings": [{"path": "output.iban", "message": "(covered)"}],
    }
    assert shown["B"] == {
        "message": "Fails. Is DE02.",
        "findings": answer("output.amount")["findings"],
    }


def test_facts_of_an_unexpected_shape_are_covered_as_far_as_they_go():
    assert covered_facts({"output": "DE02"}, CATALOGUE) == {"output": "DE02", "evidence": []}
    assert covered_facts({}, CATALOGUE) == {"evidence": []}


def test_of_a_sensitive_source_of_any_kind_only_the_name_is_shown():
    table = {"label": "Account", "kind": "table", "columns": ["IBAN"], "rows": [["DE02"]]}
    link = {"label": "File", "kind": "link", "url": "https://bank.example/DE02"}
    facts = {"evidence": [table | {"sensitive": True}, link | {"sensitive": True}]}

    shown = covered_facts(facts, CATALOGUE)

    assert shown["evidence"] == [
        {"label": "Account", "kind": "table", "sensitive": True, "content": "(covered)"},
        {"label": "File", "kind": "link", "sensitive": True, "content": "(covered)"},
    ]


def test_operands_of_sensitive_fields_are_covered_on_both_sides():
    results = [
        {
            "key": "A",
            "operands": [
                {"field": "output.iban", "value": "DE02", "op": "==", "other": "DE02"},
                {"field": "output.amount", "value": 5, "op": ">", "other": 1},
                {"field": "context.a", "value": 1, "op": "==", "other": 2,
                 "other_field": "output.iban"},
            ],
        },
        {"key": "B"},
    ]  # fmt: skip

    shown = covered_results(results, CATALOGUE)

    assert shown[0]["operands"][0] | {"op": ""} == {
        "field": "output.iban",
        "value": "(covered)",
        "op": "",
        "other": "(covered)",
    }
    assert shown[0]["operands"][1]["value"] == 5
    assert shown[0]["operands"][2]["other"] == "(covered)"
    assert shown[1] == {"key": "B", "operands": [], "findings": []}


def test_what_a_check_says_of_a_sensitive_field_goes_with_its_findings_and_a_policy_s_word_stays():
    said = {"message": "DE02 is no account.", "operands": []}
    found = {"path": "output.iban", "message": "DE02 is none."}
    check = {**said, "key": "V-1", "kind": "verification", "findings": [found]}
    policy = {**said, "key": "P-1", "kind": "policy", "findings": []}

    shown = covered_results([check, policy], CATALOGUE)

    assert shown[0]["message"] == "V-1 spoke on a covered field."
    assert shown[0]["findings"][0]["message"] == "(covered)"
    assert shown[1]["message"] == "DE02 is no account."
