from __future__ import annotations

import json
import time

import pytest
from jsonschema import Draft202012Validator

from assurance.controls.checks import registry
from assurance.controls.checks.outcomes import OUTCOMES, Outcome, passed
from assurance.controls.checks.reading import need
from assurance.controls.checks.registry import CHECKS, Check, register, run_safely
from assurance.controls.conditions import Problem
from tests.controls.checks.sample_facts import CATALOGUE, codes, facts_of

NAMES = {
    *("json_schema", "required_wording", "banned_wording", "number_limit", "date_limit"),
    *("cumulative_limit", "allow_list", "deny_list", "confidence_band", "recompute"),
    *("cross_field", "figures_in_sources", "quotations_in_sources", "personal_data", "secrets"),
    *("duplicate", "contradiction", "freshness", "approved_versions", "length"),
    *("external_verifier", "agreement", "language"),
}
# The least parameters that each check accepts, naming fields that this case does not have.
LEAST = {
    "external_verifier": {"verifier": "judge"},
    "agreement": {"field": "output.absent", "other": "context.absent"},
    "language": {"field": "output.absent", "allowed": ["en"]},
    "json_schema": {"schema": {"type": "object"}, "field": "output.absent"},
    "required_wording": {"phrases": ["x"], "fields": ["output.absent"]},
    "banned_wording": {"phrases": ["x"], "fields": ["output.absent"]},
    "number_limit": {"field": "output.absent", "maximum": 1},
    "date_limit": {"field": "output.absent", "latest": "clock"},
    "cumulative_limit": {"field": "output.absent", "maximum": 1},
    "allow_list": {"field": "output.absent", "values": [1]},
    "deny_list": {"field": "output.absent", "values": [1]},
    "confidence_band": {"field": "signals.absent"},
    "recompute": {"field": "output.absent", "expression": "1"},
    "cross_field": {"left": "output.absent", "right": "1"},
    "figures_in_sources": {"fields": ["output.absent"]},
    "quotations_in_sources": {"fields": ["output.absent"]},
    "personal_data": {"fields": ["output.absent"]},
    "secrets": {"fields": ["output.absent"]},
    "duplicate": {"same": ["output.absent"]},
    "contradiction": {"field": "output.absent"},
    "freshness": {"fields": ["output.absent"], "max_age": "P1D"},
    "approved_versions": {"approved": [{"name": "scorecard"}]},
    "length": {"field": "output.absent", "maximum": 1},
}


@pytest.fixture
def scratch(monkeypatch):
    """A registry of its own, so that a check made here is on no list afterwards."""
    monkeypatch.setattr(registry, "CHECKS", {})
    return registry.CHECKS


def a_check(answer):
    class Sample(Check):
        name = "sample"
        title = "Sample"
        description = "For the tests."
        params_schema = {"type": "object", "properties": {}, "additionalProperties": False}

        def run(self, params, facts, gathered):
            return answer(params, facts, gathered)

    return Sample


def test_all_the_built_in_checks_are_on_the_list():
    assert set(CHECKS) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_check_describes_itself_and_its_parameters_in_words(name):
    check = CHECKS[name]

    Draft202012Validator.check_schema(check.params_schema)
    assert check.title
    assert check.description.endswith(".")
    assert check.params_schema["additionalProperties"] is False
    for parameter in check.params_schema["properties"].values():
        assert parameter["title"]
        assert parameter["description"].endswith((".", "`."))
        assert "pattern" not in parameter.keys() | parameter.get("items", {}).keys()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_defaults_of_every_check_fit_its_own_schema(name):
    check = CHECKS[name]
    settled = check.settled({})

    for key, value in settled.items():
        schema = check.params_schema["properties"][key]
        assert list(Draft202012Validator(schema).iter_errors(value)) == []


@pytest.mark.parametrize("name", sorted(NAMES - {"external_verifier"}))
def test_a_missing_field_is_inconclusive_and_named_and_never_passes(name):
    gathered = {"sum": "0", "earlier": []}
    found = run_safely(name, LEAST[name], facts_of({"text": "hello"}), gathered)

    assert found.outcome == "inconclusive"
    assert found.reason_code == "missing_field"
    assert "absent" in found.message or "`model.name`" in found.message


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"output": None, "evidence": None, "clock": None},
        {"output": 7, "evidence": "text", "clock": 5, "arithmetic": 3, "model": []},
        {"output": [[[]]], "evidence": [None, 3, {}], "signals": [], "context": "x"},
    ],
)
def test_no_check_passes_or_breaks_on_facts_of_another_shape(name, facts):
    found = run_safely(name, LEAST[name], facts, None)

    assert found.outcome in {"inconclusive", "not_run"}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_outcome_of_every_check_can_be_stored_as_json(name):
    found = run_safely(name, LEAST[name], facts_of({"text": "hello"}), None)

    assert json.loads(json.dumps(found.as_json()))["outcome"] == found.outcome


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_unknown_parameter_is_refused_with_its_pointer(name):
    assert codes(name, {**LEAST[name], "colour": "red"})["/colour"] == "unknown_parameter"


def test_an_unknown_parameter_is_answered_with_the_nearest_one():
    (problem,) = CHECKS["length"].problems({"field": "output.text", "maximun": 3}, CATALOGUE)

    assert problem.pointer == "/maximun"
    assert "Did you mean `maximum`?" in problem.message


def test_a_missing_parameter_is_named():
    assert codes("number_limit", {"maximum": 3}) == {"/field": "missing_parameter"}


def test_a_parameter_of_the_wrong_type_is_explained_in_words():
    (problem,) = CHECKS["number_limit"].problems(
        {"field": "output.amount", "maximum": "many"}, CATALOGUE
    )

    assert problem.pointer == "/maximum"
    assert problem.message == "`maximum` is text, not a number."


@pytest.mark.parametrize("params", [None, [], "text", 3])
def test_parameters_that_are_no_object_are_refused(params):
    assert codes("length", params) == {"": "wrong_parameter"}


def test_an_unknown_field_is_answered_with_the_nearest_one():
    (problem,) = CHECKS["number_limit"].problems(
        {"field": "output.amuont", "maximum": 3}, CATALOGUE
    )

    said = "There is no field `output.amuont`. Did you mean `output.amount`?"
    assert problem == Problem("/field", "unknown_field", said)


def test_a_field_of_the_wrong_type_is_refused():
    assert codes("number_limit", {"field": "output.text", "maximum": 3}) == {
        "/field": "wrong_field_type"
    }


def test_each_field_of_a_list_has_its_own_pointer():
    params = {"fields": ["output.text", "output.txet"], "phrases": ["x"]}

    assert codes("banned_wording", params) == {"/fields/1": "unknown_field"}


def test_a_field_below_an_open_root_is_accepted():
    assert codes("confidence_band", {"field": "signals.anything.at.all"}) == {}


def test_the_whole_output_may_be_named_where_texts_are_read_but_not_where_a_number_is():
    assert codes("banned_wording", {"fields": ["output"], "phrases": ["x"]}) == {}
    assert codes("number_limit", {"field": "output", "maximum": 1}) == {"/field": "unknown_field"}


def test_an_unknown_check_is_answered_with_the_nearest_one():
    (problem,) = registry.problems_of("number_limits", {}, CATALOGUE)

    assert problem.code == "unknown_check"
    assert "number_limit" in problem.message


def test_an_unknown_check_does_not_run():
    found = run_safely("nonsense", {}, facts_of())

    assert (found.outcome, found.reason_code) == ("not_run", "unknown_check")


def test_a_name_can_be_taken_once(scratch):
    register(a_check(lambda *_: passed("fine")))

    with pytest.raises(ValueError, match="exists twice"):
        register(a_check(lambda *_: passed("fine")))


def test_an_exception_becomes_an_error_that_does_not_repeat_the_data(scratch):
    def breaks(params, facts, gathered):
        raise ValueError("iban GB00 0000")

    register(a_check(breaks))
    found = run_safely("sample", {}, {})

    assert (found.outcome, found.reason_code) == ("error", "exception")
    assert "GB00" not in found.message
    assert "did not pass" in found.message


def test_endless_recursion_becomes_an_error(scratch):
    def deeper(params, facts, gathered):
        return deeper(params, facts, gathered)

    register(a_check(deeper))

    assert run_safely("sample", {}, {}).outcome == "error"


@pytest.mark.parametrize("junk", [None, True, "pass", {"outcome": "pass"}, ("pass",)])
def test_an_answer_that_is_no_outcome_becomes_an_error(scratch, junk):
    register(a_check(lambda *_: junk))
    found = run_safely("sample", {}, {})

    assert (found.outcome, found.reason_code) == ("error", "malformed")


def test_a_check_that_used_too_much_time_is_a_timeout_even_if_it_passed(scratch):
    def slow(params, facts, gathered):
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        return passed("fine")

    register(a_check(slow))

    assert run_safely("sample", {}, {}, budget=0.01).outcome == "timeout"
    assert run_safely("sample", {}, {}, budget=10).outcome == "pass"


def test_an_unreadable_fact_is_inconclusive(scratch):
    register(a_check(lambda params, facts, gathered: need(facts, "output.amount")))
    found = run_safely("sample", {}, {"output": {"amount": None}})

    assert (found.outcome, found.reason_code) == ("inconclusive", "missing_field")
    assert found.message == "`output.amount` is missing from the case."


def test_there_are_seven_outcomes_and_no_other_can_be_made():
    assert len(OUTCOMES) == 7
    with pytest.raises(ValueError, match="is not an outcome"):
        Outcome("passed")
