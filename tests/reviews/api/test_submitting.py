"""Submit one, many, or none at all: the 201, the 207 and the dry run."""

from __future__ import annotations

import hashlib

import pytest

from assurance.controls.models import Assessment
from assurance.record.canonical import canonical
from reviews.models import Case
from tests.accounts_factories import GrantFactory
from tests.reviews.api.conftest import (
    NOBODY,
    a_case,
    assert_case,
    assert_problem,
    claimed,
    decided,
    release_all,
    system_of,
)

pytestmark = pytest.mark.django_db

WHOLE = {
    "workflow": "credit-decisions",
    "external_id": "app-20931",
    "subject": "customer-7781",
    "title": "Loan of 4,820 to applicant 20931",
    "proposed_action": "approve",
    "requested_by": "hr-999",
    "escalate": {"to": "specialist", "reason": "Income could not be read"},
    "output": {"decision": "approve", "amount": 4820},
    "context": {"purpose": "car", "age": 34},
    "signals": {"confidence": 0.71},
    "model": {"name": "scorecard", "version": "2026.11", "prompt_version": "14"},
    "evidence": [
        {"label": "Application form", "kind": "text", "content": "Amount asked for: 4,820"},
        {"label": "Scores", "kind": "json", "content": {"score": 611}},
        {"label": "Offers", "kind": "table", "columns": ["bank", "rate"], "rows": [["A", 4.1]]},
        {"label": "Policy", "kind": "link", "url": "https://core.example/p", "sha256": "a" * 64},
    ],
    "occurred_at": "2026-11-22T10:31:00Z",
}


def test_three_fields_are_a_working_integration(scorecard):
    answer = scorecard.post("cases/", a_case(100))

    assert answer.status_code == 201
    said = answer.json()
    assert_case(said)
    assert (said["status"], said["end"], said["proceed"]) == ("continued", None, True)
    assert (said["subject"], said["revision"], said["enforced"]) == (None, 1, True)
    assert (said["queue"], said["due_at"], said["decision"]) == (None, None, None)


def test_everything_that_may_be_sent_is_taken_and_kept(scorecard):
    said = scorecard.post("cases/", WHOLE).json()
    read = scorecard.get(f"cases/{said['id']}/").json()

    assert_case(said)
    assert_case(read, "submission")
    assert read["submission"] == WHOLE
    assert (said["status"], said["disposition"], said["proceed"]) == ("waiting", "specialist", None)
    assert (said["queue"], said["priority"]) == ("credit-specialists", "high")
    assert said["decided_by"] == ["caller"]
    assert said["output_sha256"] == hashlib.sha256(canonical(WHOLE["output"])).hexdigest()
    assert said["url"].endswith(f"/api/v1/cases/{said['id']}/")
    assert said["web_url"].endswith(f"/cases/{said['reference']}/")


def test_the_answer_names_what_held_the_case_with_its_operands(scorecard, credit):
    said = scorecard.post("cases/", a_case(4820)).json()

    assert said["decided_by"] == ["LIM-01"]
    assert said["controls"] == [
        {
            "key": "LIM-01",
            "version": 1,
            "mode": "enforced",
            "kind": "policy",
            "outcome": "fired",
            "effect": "review",
            "message": said["controls"][0]["message"],
            "findings": [],
            "operands": [{"field": "output.amount", "value": 4820, "op": ">", "other": 2500}],
        }
    ]
    assert said["control_set"]["number"] == credit.control_sets.get().number


@pytest.mark.parametrize("output", [None, False, 0, "", "text", [], [1], {}])
def test_an_output_may_be_any_json(scorecard, output):
    said = scorecard.post("cases/", a_case(output=output)).json()

    assert scorecard.get(f"cases/{said['id']}/").json()["submission"]["output"] == output


def test_an_id_that_was_posted_gives_the_case_as_it_is_now(scorecard, people):
    body = a_case()
    first = scorecard.post("cases/", body).json()
    decided(people.ada, first)
    release_all()
    again = scorecard.post("cases/", dict(reversed(body.items())))

    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert (again.json()["id"], again.json()["end"]) == (first["id"], "approved")
    assert_case(again.json())
    assert Case.objects.count() == 1


def test_an_id_that_was_posted_with_another_body_is_refused_with_a_link(scorecard):
    body = a_case()
    first = scorecard.post("cases/", body).json()
    other = scorecard.post("cases/", body | {"subject": "someone else"})

    refused = assert_problem(other, 409, "external_id_used", "/external_id")
    assert refused["case"] == f"/api/v1/cases/{first['id']}/"
    assert scorecard.get(refused["case"]).json()["id"] == first["id"]


def test_a_batch_answers_every_item_in_order_and_each_alone(scorecard):
    good, wrong = a_case(100), a_case(100, status="closed")
    body = {"cases": [good, wrong, 7, {}, good, a_case(workflow="no-such")]}
    answer = scorecard.post("cases/batch/", body)

    assert answer.status_code == 207
    assert set(answer.json()) == {"results"}
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [201, 400, 400, 400, 201, 422]
    assert_case(results[0]["body"])
    assert results[0].keys() == {"status", "body"}
    assert results[1]["body"]["errors"][0]["pointer"] == "/status"
    assert results[2]["body"]["code"] == "not_an_object"
    assert [e["pointer"] for e in results[3]["body"]["errors"]] == [
        "/workflow", "/external_id", "/output",
    ]  # fmt: skip
    assert results[4]["replayed"] is True
    assert results[4]["body"]["id"] == results[0]["body"]["id"]
    assert results[5]["body"]["errors"][0]["pointer"] == "/workflow"
    assert Case.objects.count() == 1


def test_what_is_spoiled_in_one_item_of_a_batch_spoils_no_other(scorecard):
    body = (
        b'{"cases": [{"workflow": "credit-decisions", "external_id": "b-1", "output": {"a": NaN}},'
        b' {"workflow": "credit-decisions", "external_id": "b-2", "output": {"a": 1, "a": 2}},'
        b' {"workflow": "credit-decisions", "external_id": "b-3", "output": {"amount": 1}}]}'
    )
    results = scorecard.post("cases/batch/", body).json()["results"]

    assert [one["status"] for one in results] == [400, 400, 201]
    assert [one["body"].get("code") for one in results[:2]] == ["number_range", "duplicate_key"]
    assert results[0]["body"]["errors"][0]["pointer"] == "/output/a"
    assert Case.objects.get().external_id == "b-3"


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "required", "/cases"),
        ({"cases": {}}, "wrong_type", "/cases"),
        ({"cases": []}, "batch_size", "/cases"),
        ({"cases": [1] * 501}, "batch_size", "/cases"),
        ({"cases": [1], "atomic": True}, "unknown_field", "/atomic"),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(scorecard, body, code, pointer):
    assert_problem(scorecard.post("cases/batch/", body), 400, code, pointer)


def test_a_batch_takes_five_hundred(scorecard):
    answer = scorecard.post("cases/batch/", {"cases": [{}] * 500})

    assert {one["status"] for one in answer.json()["results"]} == {400}
    assert len(answer.json()["results"]) == 500


def test_a_dry_run_says_the_same_and_keeps_nothing(scorecard):
    body = a_case()
    dry = scorecard.post("assessments/", body)
    wet = scorecard.post("cases/", body)

    unkept = {"id", "reference", "head_hash", "received_at", "closed_at", "url", "web_url"}
    assert dry.status_code == 200
    assert_case(dry.json())
    assert all(dry.json()[name] is None for name in unkept)
    same = wet.json().keys() - unkept - {"due_at"}
    assert {name: dry.json()[name] for name in same} == {name: wet.json()[name] for name in same}
    assert Case.objects.count() == Assessment.objects.count() == 1


def test_a_dry_run_of_an_id_that_was_used_judges_what_was_sent(scorecard):
    body = a_case()
    scorecard.post("cases/", body)
    dry = scorecard.post("assessments/", body | {"output": {"amount": 1}})

    assert (dry.status_code, dry.json()["disposition"]) == (200, "continue")
    assert "Idempotency-Replayed" not in dry


def test_a_workflow_of_others_is_unknown_to_a_system_and_to_people(scorecard, writer, people, cast):
    foreign = scorecard.post("cases/", a_case(workflow="claims-letters"))
    missing = scorecard.post("cases/", a_case(workflow="no-such-workflow"))

    assert_problem(foreign, 422, "unknown_workflow", "/workflow")
    assert_problem(missing, 422, "unknown_workflow", "/workflow")
    assert foreign.json()["detail"].replace("claims-letters", "X") == missing.json()[
        "detail"
    ].replace("no-such-workflow", "X")
    assert_problem(people.ada.post("cases/", a_case()), 422, "unknown_workflow", "/workflow")
    assert Case.objects.count() == 0


def test_an_integrator_may_submit_as_a_person(credit, people, cast):
    GrantFactory(person=cast.mallory.person, role="integrator", workflow="credit-decisions")

    assert people.mallory.post("cases/", a_case()).status_code == 201


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("cases:write", "POST", "cases/"),
        ("cases:write", "POST", "cases/batch/"),
        ("cases:write", "POST", "assessments/"),
        ("cases:write", "POST", f"cases/{NOBODY}/revisions/"),
        ("cases:write", "POST", f"cases/{NOBODY}/withdraw/"),
        ("cases:write", "POST", f"cases/{NOBODY}/execution/"),
        ("cases:write", "POST", "workflows/credit-decisions/executed/"),
        ("outcomes:write", "POST", f"cases/{NOBODY}/outcomes/"),
        ("cases:read", "GET", "cases/"),
        ("cases:read", "GET", f"cases/{NOBODY}/"),
        ("cases:read", "GET", "control-sets/"),
        ("cases:read", "GET", "control-sets/" + "0" * 64 + "/"),
        ("cases:read", "GET", "controls/"),
        ("events:read", "GET", "events/"),
        ("events:read", "GET", f"cases/{NOBODY}/events/"),
    ],
)
def test_a_key_without_the_scope_is_told_which(credit, scope, method, path):
    others = {"cases:write", "cases:read", "events:read", "outcomes:write"} - {scope}
    without = system_of("credit-decisions", scopes=sorted(others))

    refused = assert_problem(without.send(method, path), 403, "scope_missing")
    assert scope in refused["detail"]
    assert refused["scope"] == scope


def test_a_case_in_someones_hands_is_told_as_in_review(scorecard, submit, people):
    case = submit()
    claimed(people.ada, case)

    assert scorecard.get(f"cases/{case['id']}/").json()["status"] == "in_review"
