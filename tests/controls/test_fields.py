"""The field catalogue: from schemas, from cases seen, kept and read back."""

from __future__ import annotations

import time

import pytest

from assurance.controls.fields import Catalogue, Field, catalogue_from_schemas, infer

SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {
            "type": "integer",
            "title": "Loan amount",
            "unit": "EUR",
            "examples": [4820, 350],
        },
        "purpose": {"enum": ["car", "furniture"], "x-label": "Purpose", "title": "purpose_code"},
        "term": {"type": ["number", "null"], "x-unit": "months"},
        "limit": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "when": {"type": "string", "format": "date-time"},
        "day": {"$ref": "#/$defs/day"},
        "applicant": {
            "type": "object",
            "x-sensitive": True,
            "properties": {"age": {"type": "number"}, "email": {"type": "string"}},
        },
        "tags": {"type": "array", "items": {"type": "string"}},
        "mixed": {"type": ["string", "number"]},
        "free": {"type": "object"},
        "whatever": True,
    },
    "$defs": {"day": {"type": "string", "format": "date", "title": "Value date"}},
}


@pytest.fixture
def catalogue():
    return catalogue_from_schemas(SCHEMA, None)


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("output.amount", "number"),
        ("output.purpose", "string"),
        ("output.term", "number"),
        ("output.limit", "number"),
        ("output.when", "date-time"),
        ("output.day", "date"),
        ("output.applicant", "object"),
        ("output.applicant.age", "number"),
        ("output.tags", "list"),
        ("output.mixed", "any"),
        ("output.free", "object"),
        ("output.free.below", "any"),
        ("output.whatever", "any"),
        ("output.whatever.below", "any"),
        ("context.anything.at.all", "any"),
        ("signals.confidence", "any"),
        ("model.version", "any"),
        ("occurred_at", "date-time"),
        ("proposed_action", "string"),
        ("workflow.tier", "string"),
    ],
)
def test_each_path_has_its_declared_type(catalogue, path, type_):
    assert catalogue.get(path).type == type_


@pytest.mark.parametrize(
    "path",
    ["output.nowhere", "output", "output.tags.first", "workflow.owner", "assessment.fired", "x"],
)
def test_a_path_that_the_schema_does_not_name_is_unknown(catalogue, path):
    assert catalogue.get(path) is None
    assert catalogue.type_at(path) == "any"


def test_label_unit_examples_and_sensitivity_come_from_the_schema(catalogue):
    assert catalogue.get("output.amount") == Field(
        "output.amount", "number", "Loan amount", "EUR", examples=(4820, 350)
    )
    assert catalogue.get("output.purpose").label == "Purpose"
    assert catalogue.get("output.purpose").examples == ("car", "furniture")
    assert catalogue.get("output.term").unit == "months"
    assert catalogue.get("output.day").label == "Value date"


def test_what_lies_in_a_sensitive_object_is_sensitive(catalogue):
    assert catalogue.get("output.applicant.email").sensitive
    assert not catalogue.get("output.amount").sensitive


def test_a_list_with_something_sensitive_inside_is_sensitive_as_a_whole():
    iban = {"type": "object", "properties": {"iban": {"$ref": "#/$defs/iban"}}}
    schema = {
        "properties": {
            "accounts": {"type": "array", "items": iban},
            "rows": {"type": "array", "items": {"type": "array", "items": iban}},
            "amounts": {"type": "array", "items": {"type": "number"}},
        },
        "$defs": {"iban": {"type": "string", "x-sensitive": True}},
    }

    fields = catalogue_from_schemas(schema, None).fields

    assert fields["output.accounts"].sensitive
    assert fields["output.rows"].sensitive
    assert not fields["output.amounts"].sensitive


def test_examples_of_a_sensitive_field_are_not_kept():
    schema = {"properties": {"name": {"type": "string", "sensitive": True, "examples": ["Ann"]}}}

    assert catalogue_from_schemas(schema, None).get("output.name").examples == ()


def test_all_of_adds_properties_up():
    schema = {
        "allOf": [{"$ref": "#/$defs/money"}, {"properties": {"note": {"type": "string"}}}],
        "properties": {"amount": {"title": "Amount", "type": "number"}},
        "$defs": {"money": {"properties": {"currency": {"type": "string"}}}},
    }
    catalogue = catalogue_from_schemas(schema, None)

    assert {p for p in catalogue.paths() if p.startswith("output.")} == {
        "output.amount",
        "output.currency",
        "output.note",
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"properties": {"child": {"$ref": "#"}}},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"$ref": "https://elsewhere.example/schema"},
        {"properties": {"a": 5, "b": None, "c": {"type": 7}, "d": {"type": []}}},
        {"properties": [1]},
        {"type": "string"},
        {},
    ],
)
def test_a_strange_schema_never_raises(schema):
    assert catalogue_from_schemas(schema, schema).get("occurred_at")


def test_a_schema_that_multiplies_itself_is_read_in_bounded_time():
    ring = {"properties": {f"k{n}": {"$ref": "#"} for n in range(50)}}
    tower = {"$ref": "#/$defs/d0", "$defs": {}}
    for n in range(40):
        tower["$defs"][f"d{n}"] = {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 50}
    started = time.process_time()

    catalogue = catalogue_from_schemas(ring, tower)

    assert time.process_time() - started < 2
    assert catalogue.get("output.k1.k2.k3")
    assert catalogue.get("context.anything").type == "any"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("output.amuont", "output.amount"),
        ("ouput.amount", "output.amount"),
        ("context.amount", "output.amount"),
        ("output.age", "output.applicant.age"),
        ("zzz.qqq", None),
    ],
)
def test_the_nearest_path_is_the_one_meant(catalogue, written, meant):
    assert catalogue.nearest(written) == meant


def test_routing_rules_also_know_the_assessment(catalogue):
    routing = catalogue.for_routing()

    assert routing.get("assessment.fired").type == "list"
    assert routing.get("assessment.disposition").type == "string"
    assert routing.get("output.amount") == catalogue.get("output.amount")


def test_what_is_kept_beside_a_judgement_is_read_back_the_same(catalogue):
    back = Catalogue.from_json(catalogue.as_json())

    assert back.open_roots == catalogue.open_roots
    assert back.paths() == catalogue.paths()
    for path in catalogue.paths():
        field, kept = catalogue.get(path), back.get(path)
        assert (kept.type, kept.label, kept.unit, kept.sensitive) == (
            field.type,
            field.label,
            field.unit,
            field.sensitive,
        )


def test_open_roots_are_inferred_from_cases_with_types_examples_and_null_rates():
    cases = [
        {"context": {"age": 30, "channel": "broker", "when": "2026-11-22", "deep": {"x": True}}},
        {"context": {"age": 31.5, "channel": None, "when": "2026-11-23", "deep": {}}},
        {"context": {"age": 30, "channel": 7, "tags": []}},
        {"output": {"amount": 5}},
    ]

    found = infer(cases, roots=["context"])

    assert found["context.age"] == Field(
        "context.age", "number", examples=(30, 31.5), null_rate=0.25
    )
    assert found["context.channel"].type == "any"
    assert found["context.channel"].null_rate == 0.5
    assert found["context.deep.x"].type == "boolean"
    assert found["context.tags"].type == "list"
    assert found["context.when"].type == "string"  # only a declaration makes text a date
    assert "output.amount" not in found


def test_an_inferred_field_never_overrules_a_declared_one(catalogue):
    more = infer([{"output": {"amount": "text"}, "context": {"age": 3}}], ["output", "context"])

    extended = catalogue.extended(more.values())

    assert extended.get("output.amount").type == "number"
    assert extended.get("context.age").type == "number"
    assert extended.get("context.other").type == "any"


@pytest.mark.parametrize("facts", [[], [{}], [{"context": None}], [{"context": 5}]])
def test_nothing_is_inferred_from_nothing(facts):
    assert infer(facts) == {}
