"""The API's description of itself: made without a warning, true of what is answered, and never
answered with a fault."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework import serializers

from reviews.api import nouns
from tests.reviews.api.conftest import (
    a_case,
    approval,
    claimed,
    decided,
    release_all,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    GENERATOR_STATS.enable_trace_lineno()
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_schema_is_made_without_a_warning_and_is_valid(schema):
    said = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]

    assert said == []
    validate_schema(schema)


def test_every_operation_has_its_own_name_and_says_how_it_refuses(schema):
    operations = [one for path in schema["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]

    assert len(names) == len(set(names)) > 25
    for one in operations:
        assert {"401", "403", "429"} <= set(one["responses"]), one["operationId"]
        refusals = [r for status, r in one["responses"].items() if status.startswith("4")]
        for refusal in refusals:
            assert "application/problem+json" in refusal["content"], one["operationId"]


def test_the_schema_and_its_docs_are_read_without_a_key():
    stranger = Client()

    assert stranger.get("/api/schema/").status_code == 200
    docs = stranger.get("/api/docs/")
    assert docs.status_code == 200
    assert b"http://" not in docs.content
    assert b"https://" not in docs.content


def keys_of(noun: type[serializers.Serializer]) -> set[str]:
    return {name for name, field in noun().fields.items() if field.required}


def test_the_nouns_of_the_description_are_those_of_the_answers(scorecard, people, submit):
    """The answers are made in `answers.py` and the views, the nouns only describe them."""
    case = submit()
    read = scorecard.get(f"cases/{case['id']}/").json()
    lists = scorecard.get("cases/").json()
    dry = scorecard.post("assessments/", a_case()).json()
    batch = scorecard.post("cases/batch/", {"cases": [a_case(1)]}).json()
    queues = people.ada.get("queues/").json()
    taken = people.ada.post(f"cases/{case['id']}/claim/").json()
    beat = people.ada.post(f"cases/{case['id']}/heartbeat/", {"lease": 1}).json()
    draft = people.ada.put(f"cases/{case['id']}/draft/", {"outcome": "approve"}).json()
    made = people.ada.post(f"cases/{case['id']}/decisions/", approval(1)).json()
    release_all()
    closed = scorecard.get(f"cases/{case['id']}/").json()
    done = scorecard.post(f"cases/{case['id']}/execution/", {"executed": False}).json()
    label = scorecard.post(f"cases/{case['id']}/outcomes/", {"label": "correct"}).json()
    period = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "count": 0}
    executed = scorecard.post("workflows/credit-decisions/executed/", period).json()
    events = scorecard.get(f"cases/{case['id']}/events/").json()
    refusal = scorecard.get("cases/?nothing=1").json()

    told = [
        (nouns.CaseAnswer, case), (nouns.CaseAnswer, dry), (nouns.CaseWithSubmission, read),
        (nouns.CasePage, lists), (nouns.CaseAnswer, lists["results"][0]),
        (nouns.ControlAnswer, case["controls"][0]), (nouns.ControlSetName, case["control_set"]),
        (nouns.Operand, case["controls"][0]["operands"][0]),
        (nouns.BatchAnswer, batch), (nouns.QueuePage, queues),
        (nouns.QueueAnswer, queues["results"][0]), (nouns.CaseWithLease, taken),
        (nouns.LeaseAnswer, taken["lease"]), (nouns.LeaseOnly, beat), (nouns.DraftAnswer, draft),
        (nouns.Decided, made), (nouns.DecisionAnswer, closed["decision"]),
        (nouns.ExecutionAnswer, done), (nouns.LabelAnswer, label),
        (nouns.ExecutedAnswer, executed), (nouns.EventPage, events),
        (nouns.Problem, refusal), (nouns.FaultAnswer, refusal["errors"][0]),
    ]  # fmt: skip
    for noun, answer in told:
        optional = {name for name, field in noun().fields.items() if not field.required}
        assert set(answer) - optional == keys_of(noun), noun.__name__


def test_every_noun_of_an_answer_is_held_against_one(scorecard, people, submit):
    case = submit()
    claimed(people.ada, case)
    decided(people.ben, submit())

    assert set(scorecard.get(f"cases/{case['id']}/").json()) == keys_of(nouns.CaseWithSubmission)


def test_the_description_says_how_to_begin_and_which_headers_count(schema):
    about = schema["info"]["description"]
    for words in ("Api-Key", "X-CSRFToken", "Idempotency-Key", "proceed", "output_sha256"):
        assert words in about
    headers = {
        operation["operationId"]: {one["name"] for one in operation.get("parameters", [])}
        for path in schema["paths"].values()
        for operation in path.values()
    }

    assert "Idempotency-Key" in headers["cases_submit"]
    assert "Idempotency-Key" not in headers["assessments_dry_run"] | headers["cases_read"]
    assert "If-Match" in headers["cases_decide"]
