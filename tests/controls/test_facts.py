"""The facts of a case: what was sent, what the workflow is, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import connection

from assurance.controls import facts
from assurance.controls.choices import Stage
from assurance.controls.models import Workflow
from assurance.record.canonical import canonical

AT = datetime(2026, 11, 22, 10, 31, tzinfo=UTC)
SCHEMA = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}}


def workflow(**fields) -> Workflow:
    return Workflow(
        slug="credit-decisions", name="Credit decisions", tier="high", stage="limited", **fields
    )


def test_facts_hold_what_was_sent_and_the_workflow_of_that_moment():
    body = {
        "workflow": "credit-decisions",
        "external_id": "app-1",
        "title": "A title",
        "output": {"amount": 4820},
        "proposed_action": "approve",
        "escalate": {"to": "review", "reason": "?"},
    }

    found = facts.build(body, workflow(), at=AT, returns=1)

    assert found["output"] == {"amount": 4820}
    assert found["proposed_action"] == "approve"
    assert found["escalate"] == {"to": "review", "reason": "?"}
    assert found["workflow"] == {
        "slug": "credit-decisions",
        "name": "Credit decisions",
        "tier": "high",
        "stage": "limited",
        "paused": False,
        "all_review": False,
    }
    assert (found["clock"], found["returns"]) == ("2026-11-22T10:31:00+00:00", 1)
    assert "title" not in found
    assert "external_id" not in found


@pytest.mark.parametrize("body", [{"output": 1}, {"output": 1, "subject": None, "context": None}])
def test_what_was_not_sent_and_what_was_sent_as_null_are_both_absent(body):
    found = facts.build(body, workflow(), at=AT)

    assert "subject" not in found
    assert "context" not in found
    assert found["evidence"] == []


def test_facts_are_plain_json_and_can_be_frozen():
    found = facts.build({"output": {"a": [1, 2.5, None, "ü"]}}, workflow(), at=AT)

    assert json.loads(canonical(found)) == found


def test_an_output_that_fits_its_schema_strays_nowhere():
    found = facts.build({"output": {"amount": 1}}, workflow(output_schema=SCHEMA), at=AT)

    assert found["schema"] == []


@pytest.mark.parametrize("output", [{}, {"amount": "4,820"}, [], "x", None])
def test_an_output_that_leaves_its_schema_is_caught_and_not_refused(output):
    found = facts.build({"output": output}, workflow(output_schema=SCHEMA), at=AT)

    assert found["schema"]
    assert found["schema"][0]["path"].startswith("output")


def test_a_context_is_held_to_its_schema_only_where_there_is_one():
    strict = workflow(context_schema=SCHEMA)

    assert facts.build({"output": 1}, strict, at=AT)["schema"] == []
    assert facts.build({"output": 1, "context": {}}, strict, at=AT)["schema"] != []
    assert facts.build({"output": 1, "context": {}}, workflow(), at=AT)["schema"] == []


def test_a_suspended_workflow_counts_as_paused():
    suspended = workflow()
    suspended.stage = Stage.SUSPENDED

    assert facts.build({"output": 1}, suspended, at=AT)["workflow"]["paused"]


def test_ties_of_a_reviewer_are_part_of_the_facts():
    tie = {"figure": "3,930.00", "expression": "4,280.00 - 350.00"}

    assert facts.build({"output": 1}, workflow(), at=AT, arithmetic=[tie])["arithmetic"] == [tie]


def test_values_are_judged_as_the_database_will_give_them_back(db):
    """Else judging the stored facts again could find other words, or another order of them."""
    sent = {
        "zz": [1e300, 1.5e20, 1e16, 1e-7, -0.0, 2.0, 7, True, None],
        "a": {"é": 1, "ab": 2, "z": {"b": 1, "aa": 2, "a": 3}},
        "": "x",
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT (%s::jsonb)::text", [json.dumps(sent)])
        kept = json.loads(cursor.fetchone()[0])

    assert json.dumps(facts.as_stored(sent)) == json.dumps(kept)
    assert json.dumps(facts.as_stored(kept)) == json.dumps(kept)
