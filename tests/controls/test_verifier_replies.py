"""What the reply of a verifier is worth: bytes in, an answer or a reason out, nothing between."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.checks.external_verifier import ExternalVerifier
from assurance.controls.checks.outcomes import NEVER_OPEN, OUTCOMES
from assurance.controls.verifier_replies import (
    SENTENCES,
    Bound,
    Refused,
    answer_of,
    read,
    unanswered,
)
from assurance.delivery.network import LONGEST_REPLY, Reply

BOUND = Bound("0193f0a0-0000-7000-8000-000000000001", "a" * 64, "b" * 64, "Judge")
GOOD = {
    "check_run_id": BOUND.check_run,
    "output_sha256": BOUND.output_sha256,
    "outcome": "pass",
    "verifier": {"name": "reference", "version": "1.4"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def said(**more) -> bytes:
    return json.dumps({**GOOD, **more}).encode()


def test_the_least_that_the_contract_asks_for_is_an_answer():
    answer = read(said(), BOUND)

    assert (answer["outcome"], answer["reason_code"], answer["message"]) == ("pass", "", "")
    assert answer["verifier"] == {"name": "reference", "version": "1.4"}


def test_everything_that_the_contract_allows_is_kept():
    found = {"path": "output.text", "message": "No.", "start": 3, "end": 9, "suggested_value": "x"}

    answer = read(
        said(outcome="fail", reason_code="tone", score=0.5, findings=[found],
             suggested_value={"text": "y"}),
        BOUND,
    )  # fmt: skip

    assert (answer["reason_code"], answer["score"]) == ("tone", 0.5)
    assert answer["findings"][0] == found
    assert answer["findings"][1]["suggested_value"] == {"text": "y"}
    assert answer["message"] == "The verifier “Judge” says fail: tone. No."


@pytest.mark.parametrize("outcome", sorted(OUTCOMES - {"pass"}))
def test_every_outcome_but_a_pass_needs_its_reason(outcome):
    with pytest.raises(Refused, match="reason_code"):
        read(said(outcome=outcome), BOUND)
    assert read(said(outcome=outcome, reason_code="x"), BOUND)["outcome"] == outcome


@pytest.mark.parametrize("name", ["check_run_id", "output_sha256"])
@pytest.mark.parametrize("value", [None, "", "A" * 64, 1, [], {}])
def test_an_answer_that_names_something_else_is_none(name, value):
    with pytest.raises(Refused) as refusal:
        read(said(**{name: value}), BOUND)

    assert refusal.value.code == "wrong_binding"


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": "PASS"},
        {"outcome": None},
        {"outcome": ["pass"]},
        {"reason_code": 7},
        {"reason_code": "x" * 101},
        {"score": True},
        {"score": "1"},
        {"findings": {}},
        {"findings": [1]},
        {"findings": [{"path": "output"}]},
        {"findings": [{"path": "output", "message": "x" * 601}]},
        {"findings": [{"path": "output", "message": "x", "start": 1}]},
        {"findings": [{"path": "output", "message": "x", "start": -1, "end": 2}]},
        {"findings": [{"path": "output", "message": "x", "start": True, "end": 2}]},
        {"findings": [{"path": "o", "message": "x"}] * 101},
        {"verifier": {}},
        {"verifier": {"name": " ", "version": "1"}},
        {"verifier": {"name": "x"}},
        {"verifier": "reference"},
    ],
)
def test_an_answer_of_another_shape_is_none(more):
    with pytest.raises(Refused) as refusal:
        read(said(**more), BOUND)

    assert refusal.value.code == "malformed"


def test_64_kb_is_too_much_whatever_it_says():
    with pytest.raises(Refused) as refusal:
        read(said(note="x" * LONGEST_REPLY), BOUND)

    assert refusal.value.code == "too_large"


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_are_an_answer_by_chance(data):
    with pytest.raises(Refused):
        read(data, BOUND)


@given(st.dictionaries(st.sampled_from([*GOOD, "score", "findings", "suggested_value",
                                        "reason_code", "other"]), JSON))  # fmt: skip
def test_whatever_is_changed_in_an_answer_it_is_whole_or_none(more):
    try:
        answer = read(said(**more), BOUND)
    except Refused:
        return
    assert answer["outcome"] in OUTCOMES
    assert answer["check_run"] == BOUND.check_run
    found = ExternalVerifier().run({}, {}, answer)
    assert found.outcome == answer["outcome"]


@given(st.integers(100, 599), st.text(max_size=40))
def test_no_status_but_200_brings_an_answer(status, text):
    answer = answer_of(Reply(status=status, text=text), BOUND, waits=False)

    assert answer is not None
    assert answer["outcome"] in ("error", "timeout")
    assert answer["verifier"]["name"] == ""


def test_a_202_announces_an_answer_only_where_the_control_waits():
    assert answer_of(Reply(status=202), BOUND, waits=True) is None
    told = answer_of(Reply(status=202), BOUND, waits=False)
    assert told is not None
    assert told["reason_code"] == "not_asked_to_wait"


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_every_reason_has_its_sentence(code):
    message = unanswered(BOUND, "error", code)["message"]

    assert message.startswith("The verifier “Judge” ")
    assert message.endswith(".")


def test_what_is_never_open_is_known_by_its_reason():
    assert set(SENTENCES) >= NEVER_OPEN
