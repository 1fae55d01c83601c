"""Decisions over REST: every outcome, every refusal, undo and supersede."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance import clock
from assurance.record.ledger import Stream, types
from reviews.models import Case, Decision
from tests.controls_factories import make_workflow, policy, verification
from tests.reviews.api.conftest import (
    a_case,
    approval,
    assert_case,
    assert_instants,
    assert_problem,
    claimed,
    decided,
    release_all,
    system_of,
)
from tests.reviews.conftest import MINUTE, WHY

pytestmark = pytest.mark.django_db

OUTCOMES = [
    ({}, "closed", "approved", True),
    ({"outcome": "correct", "reasons": ["figure-wrong"], "output": {"amount": 4000}}, "closed",
     "corrected", True),
    ({"outcome": "reject", "reasons": ["against-policy"]}, "closed", "rejected", False),
    ({"outcome": "escalate", "reasons": ["needs-expert"], "queue": "credit-specialists"},
     "waiting", None, None),
    ({"outcome": "return", "reasons": ["tone"]}, "returned", None, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "status", "end", "proceed"), OUTCOMES, ids=lambda one: str(one)[:30]
)
def test_every_outcome_leads_where_the_contract_says(
    people, scorecard, submit, said, status, end, proceed
):
    case = submit()
    policy = scorecard.get("control-sets/").json()["results"][0]["sha256"]
    offered = {
        reason["code"]: reason["outcomes"]
        for one in scorecard.get(f"control-sets/{policy}/").json()["queue_policies"]
        if one["queue"] == "credit-review"
        for reason in one["reasons"]
    }
    outcome = said.get("outcome", "approve")
    code = next(code for code, of in offered.items() if of is None or outcome in of)
    made = decided(people.ada, case, **{**said, "reasons": [code]})
    inside = scorecard.get(f"cases/{case['id']}/").json()
    release_all()
    after = scorecard.get(f"cases/{case['id']}/").json()

    assert set(made) == {"id", "release_at"}
    assert_instants(made)
    assert (inside["status"], inside["decision"], inside["proceed"]) == ("in_review", None, None)
    assert_case(after, "submission")
    assert (after["status"], after["end"], after["proceed"]) == (status, end, proceed)
    if end:
        assert after["decision"]["outcome"] == outcome
        assert after["decision"]["reasons"] == [code]
        assert after["decision"]["reviewers"] == ["ada"]
    else:
        assert after["decision"] is None
        assert after["instructions"] == (WHY if outcome == "return" else None)
    if outcome == "escalate":
        assert after["queue"] == "credit-specialists"
        assert people.cleo.post("queues/credit-specialists/next/").json()["id"] == case["id"]


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"outcome": "hold"}, 400, "not_a_choice", "/outcome"),
        ({"outcome": None}, 400, "wrong_type", "/outcome"),
        ({"reasons": []}, 422, "required", "/reasons"),
        ({"reasons": ["no-such"]}, 422, "unknown_reason", "/reasons/0"),
        ({"reasons": "within-policy"}, 400, "wrong_type", "/reasons"),
        ({"rationale": "Short."}, 422, "too_short", "/rationale"),
        ({"rationale": " \u200b\u2060 \t"}, 422, "required", "/rationale"),
        ({"rationale": "x" * 100_000}, 400, "too_long", "/rationale"),
        ({"rationale": "x" * 5_000}, 422, "too_long", "/rationale"),
        ({"output": {"amount": 1}}, 422, "not_a_correction", "/output"),
        ({"outcome": "correct"}, 422, None, "/reasons/0"),
        ({"outcome": "escalate", "queue": "nowhere"}, 422, None, "/reasons/0"),
        ({"queue": "credit-governance"}, 422, "not_an_escalation", "/queue"),
        ({"control_was_right": {"VER-01": "yes"}}, 422, "unknown_control",
         "/control_was_right/VER-01"),
        ({"control_was_right": {"A/B": "yes"}}, 422, "unknown_control", "/control_was_right/A~1B"),
        ({"control_was_right": {"VER-01": "maybe"}}, 400, "not_a_choice",
         "/control_was_right/VER-01"),
        ({"lease": "1"}, 400, "wrong_type", "/lease"),
        ({"lease": True}, 400, "wrong_type", "/lease"),
        ({"lease": 99}, 409, "not_claimed", None),
        ({"supersedes": 99}, 422, "not_superseding", "/supersedes"),
        ({"status": "closed"}, 400, "unknown_field", "/status"),
    ],
    ids=lambda one: str(one)[:40],
)  # fmt: skip
def test_a_decision_that_is_not_one_is_refused_with_its_place(
    people, submit, change, status, code, pointer
):
    case = submit()
    held = claimed(people.ada, case)
    answer = people.ada.post(f"cases/{case['id']}/decisions/", approval(held) | change)

    code = code or answer.json()["code"]
    assert_problem(answer, status, code, pointer)
    assert not Decision.objects.exists()
    assert Case.objects.get().leased_by is not None


def test_a_correction_that_a_check_refuses_comes_back_with_its_findings(cast, people):
    make_workflow(
        controls=[policy(), verification()], owner=cast.grace, members=[cast.ada],
        output_schema={"type": "object", "properties": {"amount": {"type": "number"}}},
    )  # fmt: skip
    case = system_of("credit-decisions").post("cases/", a_case()).json()
    held = claimed(people.ada, case)

    def correct(output):
        body = approval(held, outcome="correct", reasons=["figure-wrong"], output=output)
        return people.ada.post(f"cases/{case['id']}/decisions/", body)

    beyond = assert_problem(correct({"amount": 20_000}), 422, "correction_refused")
    assert beyond["errors"][0]["control"] == "VER-01"
    assert_problem(correct({"amount": "much"}), 422, "schema", "/output/amount")
    assert_problem(correct({"amount": 4820}), 422, "unchanged", "/output")
    assert_problem(correct(None), 422, "required", "/output")
    assert not Decision.objects.exists()
    assert correct({"amount": 4000}).status_code == 201


def test_the_slower_of_two_is_told_what_was_decided_and_keeps_every_word(people, submit):
    case = submit()
    words = {"outcome": "reject", "rationale": "I was going to say no, since"}
    people.ben.put(f"cases/{case['id']}/draft/", words)
    decided(people.ada, case)

    def slower():
        answer = people.ben.post(f"cases/{case['id']}/decisions/", approval(1))
        return assert_problem(answer, 409, "already_decided")["decision"]

    inside = slower()
    release_all()
    for told in (inside, slower()):
        assert (told["outcome"], told["reviewer"], told["rationale"]) == ("approve", "ada", WHY)
        assert_instants(told)
    assert people.ben.get(f"cases/{case['id']}/draft/").json()["draft"] == words


def test_the_slower_of_two_is_told_too_where_the_case_has_moved_on(people, submit):
    case = submit()
    people.ben.put(f"cases/{case['id']}/draft/", {"rationale": "Let me see"})
    decided(people.ada, case, outcome="return", reasons=["tone"])
    release_all()

    answer = people.ben.post(f"cases/{case['id']}/decisions/", approval(1))
    assert_problem(answer, 409, "case_closed")
    assert_problem(people.mallory.get(f"cases/{case['id']}/draft/"), 404, "not_found")


def test_a_lapsed_lease_decides_nothing_and_says_who_has_the_case_now(people, submit):
    case = submit()
    held = claimed(people.ada, case)
    with clock.shifted(21 * MINUTE):
        free = people.ada.post(f"cases/{case['id']}/decisions/", approval(held))
        claimed(people.ben, case)
        taken = people.ada.post(f"cases/{case['id']}/decisions/", approval(held))

    assert assert_problem(free, 409, "lease_lost")["holder"] is None
    assert assert_problem(taken, 409, "lease_lost")["holder"] == "ben"
    assert not Decision.objects.exists()


def test_undoing_gives_the_lease_back_and_is_over_after_the_window(people, submit):
    case = submit()
    made = decided(people.ada, case)
    address = f"cases/{case['id']}/decisions/{made['id']}/undo/"
    assert_problem(people.ben.post(address), 403, "role_missing")
    undone = people.ada.post(address)

    assert undone.status_code == 200
    assert_case(undone.json(), "lease")
    assert (undone.json()["lease"]["number"], undone.json()["lease"]["holder"]) == (2, "ada")
    assert_problem(people.ada.post(address), 409, "already_undone")
    again = approval(2)
    made = people.ada.post(f"cases/{case['id']}/decisions/", again).json()
    with clock.shifted(timedelta(seconds=11)):
        late = people.ada.post(f"cases/{case['id']}/decisions/{made['id']}/undo/")
    assert_problem(late, 409, "undo_window_over")
    assert_problem(people.ada.post(f"cases/{case['id']}/decisions/999999/undo/"), 404, "not_found")


def test_a_later_correction_supersedes_and_is_told_again(people, scorecard, submit):
    case = submit()
    first = decided(people.ada, case)
    release_all()
    body = approval(0, outcome="reject", reasons=["against-policy"], supersedes=first["id"])
    del body["lease"]
    address = f"cases/{case['id']}/decisions/"
    assert_problem(people.cleo.post(address, body), 404, "not_found")
    refused = people.grace.post(address, body)
    made = people.dev.post(address, body)
    before = scorecard.get(f"cases/{case['id']}/").json()
    release_all()
    after = scorecard.get(f"cases/{case['id']}/").json()

    assert_problem(refused, 403, "role_missing")
    assert made.status_code == 201, made.content
    assert (before["end"], before["proceed"]) == ("approved", True)
    assert (after["end"], after["proceed"]) == ("rejected", False)
    assert after["decision"]["reviewers"] == ["dev"]
    assert types(Stream.case(case["id"])).count("case.closed") == 2
    assert_problem(people.dev.post(address, body), 422, "not_superseding", "/supersedes")


def test_nobody_reviews_what_they_asked_for_or_built(people, submit, credit, cast):
    mine = submit(requested_by="ada")
    assert_problem(people.ada.post(f"cases/{mine['id']}/claim/"), 403, "conflict_of_interest")
    held = claimed(people.ben, submit())
    credit.builders.add(cast.ben.person)
    case = Case.objects.get(leased_by=cast.ben)

    answer = people.ben.post(f"cases/{case.pk}/decisions/", approval(held))
    assert_problem(answer, 403, "conflict_of_interest")


def test_who_was_taken_off_the_queue_decides_nothing_any_more(people, submit, cast):
    case = submit()
    held = claimed(people.ada, case)
    people.ada.put(f"cases/{case['id']}/draft/", {"rationale": "soon"})
    Case.objects.get().queue.members.remove(cast.ada)

    answer = people.ada.post(f"cases/{case['id']}/decisions/", approval(held))
    assert_problem(answer, 404, "not_found")
    assert not Decision.objects.exists()


def test_who_chose_no_reason_is_told_which_there_are(people, submit):
    case = submit()
    held = claimed(people.ada, case)
    answer = people.ada.post(f"cases/{case['id']}/decisions/", approval(held, reasons=[]))

    (fault,) = assert_problem(answer, 422, "required", "/reasons")["errors"]
    assert "within-policy" in fault["offered"]
