"""Bad inputs 19 to 24, 26 and 33: our envelope, field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assurance.api import envelope
from assurance.errors import DomainError
from tests.api.house import CaseIn

RIGHT = {"workflow": "credit-decisions", "external_id": "a-1", "output": {"x": 1}}


def faults(**changes: Any) -> list[tuple[str, str]]:
    """Code and pointer of every fault of a submission with these changes; `...` leaves one out."""
    body = {name: value for name, value in {**RIGHT, **changes}.items() if value is not ...}
    return [(one["code"], one["pointer"]) for one in envelope.problems(CaseIn, body)]


def message(**changes: Any) -> str:
    return envelope.problems(CaseIn, {**RIGHT, **changes})[0]["message"]


def test_a_right_body_is_read():
    found = envelope.read(CaseIn, {**RIGHT, "occurred_at": "2026-11-22T10:31:00+01:00"})

    assert found.workflow == "credit-decisions"
    assert found.occurred_at == datetime(2026, 11, 22, 9, 31, tzinfo=UTC)
    assert found.output == {"x": 1}


def test_19_an_unknown_field_is_refused_with_the_nearest_known_one():
    assert faults(external_di="a") == [("unknown_field", "/external_di")]
    assert "Did you mean `external_id`?" in message(external_di="a")


@pytest.mark.parametrize("name", ["status", "queue", "priority", "disposition"])
def test_20_what_we_decide_cannot_be_set(api, name):
    answer = api.send("/api/t/submit/", {**RIGHT, name: "high"})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "pointer": f"/{name}",
            "code": "unknown_field",
            "message": answer.json()["errors"][0]["message"],
        }
    ]


def test_21_a_number_in_quotes_is_no_number():
    assert faults(count="1") == [("wrong_type", "/count")]
    assert "without quotes" in message(count="1")


def test_22_true_is_no_number_and_1_is_not_true():
    assert faults(count=True) == [("wrong_type", "/count")]
    assert faults(ratio=False) == [("wrong_type", "/ratio")]
    assert faults(sure=1) == [("wrong_type", "/sure")]


def test_a_fraction_is_no_whole_number_but_a_whole_number_is_a_number():
    assert faults(count=1.5) == [("wrong_type", "/count")]
    assert envelope.read(CaseIn, {**RIGHT, "ratio": 1}).ratio == 1.0


def test_23_a_time_without_its_zone_is_refused():
    assert faults(occurred_at="2026-11-22T10:31:00") == [("timezone_required", "/occurred_at")]


@pytest.mark.parametrize(
    "moment",
    [
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-22T10:31:60Z",
        "2026-11-22T24:00:00Z",
        "yesterday",
        "2026-11-22",
        "",
    ],
)
def test_24_a_time_that_never_was_is_refused(moment):
    assert faults(occurred_at=moment) == [("not_a_time", "/occurred_at")]


def test_26_an_unknown_choice_lists_the_known_ones():
    evidence = [{"label": "a", "kind": "film"}]

    assert faults(evidence=evidence) == [("not_a_choice", "/evidence/0/kind")]
    assert "Use one of: link, text." in message(evidence=evidence)


def test_33_a_missing_external_id_is_refused_with_its_place():
    assert faults(external_id=...) == [("required", "/external_id")]


@pytest.mark.parametrize(("text", "code"), [("", "too_short"), ("x" * 201, "too_long")])
def test_the_length_of_a_text_is_held(text, code):
    assert faults(external_id=text) == [(code, "/external_id")]


def test_every_fault_is_listed_at_once(api):
    answer = api.send(
        "/api/t/submit/", {"workflow": 5, "evidence": [{"kind": "text"}, 3], "colour": "red"}
    )

    assert [(one["code"], one["pointer"]) for one in answer.json()["errors"]] == [
        ("wrong_type", "/workflow"),
        ("required", "/external_id"),
        ("required", "/output"),
        ("required", "/evidence/0/label"),
        ("wrong_type", "/evidence/1"),
        ("unknown_field", "/colour"),
    ]


def test_null_is_only_for_fields_that_may_be_null():
    assert faults(workflow=None) == [("wrong_type", "/workflow")]
    assert faults(count=None) == []


class ByText(msgspec.Struct, forbid_unknown_fields=True, tag_field="by", tag="text"):
    text: str


class ByLink(msgspec.Struct, forbid_unknown_fields=True, tag_field="by", tag="link"):
    link: str


class Tagged(envelope.Envelope):
    source: ByText | ByLink
    size: Literal["s", "m"] | None = None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"by": "text", "text": "a"}, []),
        ({"text": "a"}, [("required", "/source/by")]),
        ({"by": "post"}, [("not_a_choice", "/source/by")]),
        (
            {"by": "link", "text": "a"},
            [("required", "/source/link"), ("unknown_field", "/source/text")],
        ),
        (5, [("wrong_type", "/source")]),
    ],
)
def test_kinds_of_objects_are_told_apart_by_their_tag(source, expected):
    found = envelope.problems(Tagged, {"source": source})

    assert [(one["code"], one["pointer"]) for one in found] == expected


def test_a_struct_that_would_let_something_through_is_a_mistake_of_ours():
    class Loose(msgspec.Struct):
        a: int

    class Zoneless(envelope.Envelope):
        at: datetime

    with pytest.raises(TypeError, match="accepts unknown fields"):
        envelope.read(Loose, {"a": 1})
    with pytest.raises(TypeError, match="without a zone"):
        envelope.read(Zoneless, {"at": "2026-11-22T10:31:00Z"})


def test_a_rule_of_the_struct_itself_is_a_refusal_too():
    class Span(envelope.Envelope):
        low: int
        high: int

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("`low` is above `high`. Swap them.")

    with pytest.raises(DomainError, match="Swap them") as caught:
        envelope.read(Span, {"low": 2, "high": 1})
    assert caught.value.status == 400


def test_the_schema_of_an_envelope_needs_no_references():
    schema = envelope.schema(CaseIn)

    assert schema["required"] == ["workflow", "external_id", "output"]
    assert schema["properties"]["evidence"]["items"]["additionalProperties"] is False
    assert "$ref" not in str(schema)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
LOOSE = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=2), max_leaves=4)
NAMES = ["workflow", "external_id", "output", "count", "ratio", "sure", "occurred_at", "evidence"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*NAMES, "else"]), LOOSE))
def test_the_quick_reading_and_the_list_of_faults_agree(body):
    found = envelope.problems(CaseIn, body)
    try:
        envelope.read(CaseIn, body)
        read = True
    except DomainError:
        read = False

    assert read == (not found)
