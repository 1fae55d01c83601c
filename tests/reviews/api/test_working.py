"""The work of people over REST: queues, claims, drafts, decisions, undo, resume."""

from __future__ import annotations

import pytest
from django.test import Client

from assurance import clock
from reviews.models import Case, Draft
from tests.controls_factories import make_workflow, policy
from tests.reviews.api.conftest import (
    a_case,
    assert_case,
    assert_instants,
    assert_problem,
    claimed,
    system_of,
)
from tests.reviews.conftest import MINUTE

pytestmark = pytest.mark.django_db
LEASE = {"number", "until", "holder"}


def test_queues_tell_what_waits_in_them(people, submit):
    first = submit()
    submit()
    answer = people.ada.get("queues/")

    assert set(answer.json()) == {"next", "previous", "results"}
    (queue,) = answer.json()["results"]
    assert queue == {
        "slug": "credit-review",
        "name": "Credit review",
        "kind": "general",
        "waiting": 2,
        "oldest_at": first["received_at"],
        "next_due_at": first["due_at"],
    }
    assert_instants(queue)


def test_queues_are_paged_like_every_list(people, credit):
    page = people.grace.get("queues/", limit=2).json()
    more = people.grace.get(page["next"]).json()

    slugs = [queue["slug"] for queue in page["results"] + more["results"]]
    assert slugs == ["credit-governance", "credit-review", "credit-specialists"]


def test_next_gives_the_most_urgent_case_with_a_lease(people, submit):
    first = submit()
    submit()
    answer = people.ada.post("queues/credit-review/next/")

    assert answer.status_code == 200
    assert_case(answer.json(), "lease")
    assert (answer.json()["id"], answer.json()["status"]) == (first["id"], "in_review")
    assert set(answer.json()["lease"]) == LEASE
    assert (answer.json()["lease"]["number"], answer.json()["lease"]["holder"]) == (1, "ada")


def test_next_says_why_there_is_nothing(people, submit, cast):
    def refused(person):
        return assert_problem(person.post("queues/credit-review/next/"), 409, "nothing_to_claim")

    assert (refused(people.ada)["reason"], refused(people.ada)["next_free_at"]) == (
        "none_waiting", None,
    )  # fmt: skip
    submit(requested_by="ben")
    assert refused(people.ben)["reason"] == "not_eligible"
    claimed(people.ada, submit(requested_by=""))
    claimed(people.ada, Case.objects.filter(leased_by=None).values("id").get())
    assert refused(people.ben)["reason"] == "all_held"
    assert_instants(refused(people.ben))


def test_the_queue_of_others_is_not_there_and_without_membership_nothing_is_taken(people, letters):
    assert_problem(people.ada.post("queues/claims-review/next/"), 404, "not_found")
    assert_problem(people.otto.post("queues/claims-review/next/"), 403, "role_missing")


def test_a_claim_has_one_holder_and_the_other_is_told_who(people, submit):
    case = submit()
    claimed(people.ada, case)
    refused = assert_problem(people.ben.post(f"cases/{case['id']}/claim/"), 409, "held_by_other")

    assert refused["holder"] == "ada"
    assert_instants(refused)
    again = people.ada.post(f"cases/{case['id']}/claim/").json()
    assert again["lease"]["number"] == 1


def test_six_in_hand_are_too_many(people, submit):
    for _ in range(5):
        claimed(people.ada, submit())

    assert_problem(people.ada.post(f"cases/{submit()['id']}/claim/"), 409, "too_many_held")
    assert_problem(people.ada.post("queues/credit-review/next/"), 409, "too_many_held")


def test_a_heartbeat_renews_and_a_lapsed_lease_cannot(people, submit):
    case = submit()
    held = claimed(people.ada, case)
    before = Case.objects.get().leased_until
    with clock.shifted(5 * MINUTE):
        answer = people.ada.post(f"cases/{case['id']}/heartbeat/", {"lease": held})
    with clock.shifted(26 * MINUTE):
        lapsed = people.ada.post(f"cases/{case['id']}/heartbeat/", {"lease": held})

    assert set(answer.json()) == {"lease"}
    assert set(answer.json()["lease"]) == LEASE
    assert Case.objects.get().leased_until > before
    assert assert_problem(lapsed, 409, "lease_lost")["holder"] is None


def test_releasing_and_skipping_give_the_case_back(people, submit):
    case = submit()
    held = claimed(people.ada, case)
    released = people.ada.post(f"cases/{case['id']}/release/", {"lease": held})
    held = claimed(people.ada, case)
    unsaid = people.ada.post(f"cases/{case['id']}/skip/", {"lease": held})
    skipped = people.ada.post(
        f"cases/{case['id']}/skip/", {"lease": held, "reason": "not_my_field"}
    )

    for answer in (released, skipped):
        assert_case(answer.json())
        assert answer.json()["status"] == "waiting"
    assert_problem(unsaid, 422, "invalid", "/reason")
    assert_problem(people.ada.post("queues/credit-review/next/"), 409, "nothing_to_claim")
    assert people.ben.post("queues/credit-review/next/").json()["lease"]["number"] == 3


@pytest.mark.parametrize("act", ["heartbeat", "release", "skip"])
def test_without_holding_it_nobody_acts_on_a_case(people, submit, act):
    case = submit()
    body = {"lease": 1, "reason": "language"} if act == "skip" else {"lease": 1}

    assert_problem(people.ada.post(f"cases/{case['id']}/{act}/", body), 409, "not_claimed")
    claimed(people.ben, case)
    assert_problem(people.ada.post(f"cases/{case['id']}/{act}/", body), 409, "held_by_other")


def test_a_draft_is_kept_for_its_person_and_revision(people, submit):
    case = submit()
    words = {"outcome": "reject", "rationale": "Not yet fin", "output": {"amount": 1}}
    none = people.ada.get(f"cases/{case['id']}/draft/")
    kept = people.ada.put(f"cases/{case['id']}/draft/", words)
    read = people.ada.get(f"cases/{case['id']}/draft/")

    assert none.json() == {"revision": 1, "draft": {}, "saved_at": None}
    assert kept.json() == read.json()
    assert read.json()["draft"] == words
    assert_instants(read.json())
    assert people.ben.get(f"cases/{case['id']}/draft/").json()["draft"] == {}
    assert_problem(
        people.ada.put(f"cases/{case['id']}/draft/", {"verdict": 1}), 400, "unknown_field",
        "/verdict",
    )  # fmt: skip


def test_who_may_only_read_leaves_no_draft(people, submit):
    case = submit()

    assert_problem(people.otto.put(f"cases/{case['id']}/draft/", {}), 403, "role_missing")
    assert_problem(people.ivy.put(f"cases/{case['id']}/draft/", {}), 403, "role_missing")
    assert not Draft.objects.exists()


def test_a_case_that_a_control_held_is_resumed_by_a_governance_owner(cast, people):
    make_workflow(
        controls=[policy(effect="pause")], owner=cast.grace, members=[cast.ada],
        governors=[cast.grace],
    )  # fmt: skip
    scorecard = system_of("credit-decisions")
    case = scorecard.post("cases/", a_case()).json()
    address = f"cases/{case['id']}/resume/"

    assert (case["status"], case["proceed"], case["due_at"]) == ("paused", None, None)
    assert_problem(people.dev.post(address, {"reason": "Looked at it."}), 403, "role_missing")
    assert_problem(people.grace.post(address, {}), 400, "required", "/reason")
    assert_problem(people.grace.post(address, {"reason": "  "}), 422, "required", "/reason")
    answer = people.grace.post(address, {"reason": "Looked at it."})
    assert answer.status_code == 200
    assert_case(answer.json())
    assert (answer.json()["status"], answer.json()["queue"]) == ("waiting", "credit-review")
    assert_problem(people.grace.post(address, {"reason": "Again."}), 409, "not_paused")


def test_a_system_does_no_human_work(scorecard, submit):
    case = submit()
    for path in ("queues/credit-review/next/", f"cases/{case['id']}/claim/"):
        assert_problem(scorecard.post(path), 403, "role_missing")
    assert_problem(scorecard.get("queues/"), 403, "role_missing")


def test_a_person_needs_the_csrf_token_for_every_act(cast, submit):
    case = submit()
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(cast.ada)
    answer = browser.post(f"/api/v1/cases/{case['id']}/claim/", content_type="application/json")

    assert_problem(answer, 403, "csrf_failed")
    assert Case.objects.get().leased_by is None
