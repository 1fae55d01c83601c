"""REST: drills are entered by one governance owner, confirmed by another, and read by whoever may
read the workflow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args, get_type_hints

import pytest

from assurance import clock
from assurance.controls.api.drills import DrillIn, DrillSchema
from assurance.controls.models import Drill
from assurance.controls.stage_choices import DrillKind, DrillResult
from assurance.record import ledger
from tests.accounts_factories import UserFactory, grant_to
from tests.reviews.api.conftest import Caller, assert_instants, assert_problem, signed_in

pytestmark = pytest.mark.django_db

PLACE = "workflows/credit-decisions/drills/"
STREAM = ledger.Stream.workflow("credit-decisions")


def said(**more: Any) -> dict[str, Any]:
    return {
        "kind": "kill_switch",
        "held_at": "2026-11-20T09:30:00+01:00",
        "result": "passed",
        "evidence": "https://example.com/drills/17",
        "note": "Everything stopped within four seconds.",
        **more,
    }


def entered(person: Caller, **more: Any) -> dict[str, Any]:
    answer = person.post(PLACE, said(**more))
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_drill_is_entered_by_one_confirmed_by_another_and_on_the_record(credit, people):
    drill = entered(people.grace)

    assert set(drill) == set(DrillSchema().fields)
    assert_instants(drill)
    assert drill["held_at"] == "2026-11-20T08:30:00Z"
    assert drill["entered_by"] == {"username": "grace", "name": "Grace Holm"}
    assert (drill["confirmed_by"], drill["confirmed_at"]) == (None, None)

    answer = people.gus.post(f"{PLACE}{drill['id']}/confirm/")

    assert answer.status_code == 200, answer.content
    assert answer.json()["confirmed_by"]["username"] == "gus"
    assert_instants(answer.json())
    assert ledger.types(STREAM)[-2:] == ["drill.entered", "drill.confirmed"]


def test_every_kind_and_result_that_there_is_can_be_sent_and_no_other(credit, people):
    hints = get_type_hints(DrillIn)

    assert set(get_args(hints["kind"])) == set(DrillKind.values)
    assert set(get_args(hints["result"])) == set(DrillResult.values)


def test_the_list_has_the_last_first_by_kind_and_page_by_page(credit, people):
    made = [entered(people.grace, kind=kind)["id"] for kind in ("escalation", "load_test") * 2]

    def ids(path: str) -> list[int]:
        return [one["id"] for one in people.otto.get(path).json()["results"]]

    assert ids(PLACE) == made[::-1]
    assert ids(f"{PLACE}?kind=load_test") == [made[3], made[1]]
    page = people.otto.get(f"{PLACE}?limit=3").json()
    assert [one["id"] for one in page["results"]] == made[:0:-1]
    assert ids(page["next"]) == [made[0]]
    assert_problem(people.otto.get(f"{PLACE}?kind=fire"), 400, "not_a_choice", "?kind")


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"kind": "fire"}, 400, "not_a_choice", "/kind"),
        ({"result": None}, 400, "wrong_type", "/result"),
        ({"held_at": "2026-11-20T09:30:00"}, 400, "timezone_required", "/held_at"),
        ({"held_at": "0001-01-01T00:00:00Z"}, 400, "out_of_range", "/held_at"),
        ({"held_at": "2199-01-01T00:00:00Z"}, 422, "in_the_future", "/held_at"),
        ({"evidence": "the wiki"}, 422, "not_a_link", "/evidence"),
        ({"evidence": "javascript:alert(1)"}, 422, "not_a_link", "/evidence"),
        ({"evidence": "https://example.com/" + "x" * 481}, 400, "too_long", "/evidence"),
        ({"note": "x" * 2001}, 400, "too_long", "/note"),
        ({"confirmed_by": "gus"}, 400, "unknown_field", "/confirmed_by"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_a_drill_that_cannot_be_is_refused_with_its_place(
    credit, people, change, status, code, pointer
):
    assert_problem(people.grace.post(PLACE, said(**change)), status, code, pointer)
    assert not Drill.objects.exists()


@pytest.mark.parametrize("who", ["ada", "dev", "ivy", "otto"])
def test_who_does_not_govern_reads_drills_and_neither_enters_nor_confirms_one(credit, people, who):
    drill = entered(people.grace)
    reader = getattr(people, who)

    assert reader.get(PLACE).json()["results"] == [drill]
    assert_problem(reader.post(PLACE, said()), 403, "role_missing")
    assert_problem(reader.post(f"{PLACE}{drill['id']}/confirm/"), 403, "role_missing")
    assert Drill.objects.get().confirmed_at is None


def test_a_system_neither_reads_nor_enters_nor_confirms(credit, people, scorecard):
    drill = entered(people.grace)

    assert_problem(scorecard.get(PLACE), 403, "role_missing")
    assert_problem(scorecard.post(PLACE, said()), 403, "role_missing")
    assert_problem(scorecard.post(f"{PLACE}{drill['id']}/confirm/"), 403, "role_missing")


def test_nobody_confirms_what_he_entered_not_even_with_a_second_account(credit, cast, people):
    drill = entered(people.grace)
    twin = UserFactory(person=cast.grace.person)

    for person in (people.grace, signed_in(twin)):
        document = assert_problem(
            person.post(f"{PLACE}{drill['id']}/confirm/"), 403, "second_person_needed"
        )
        assert "Another governance owner" in document["detail"]
    assert Drill.objects.get().confirmed_at is None


def test_a_drill_is_confirmed_once(credit, people):
    drill = entered(people.grace)
    first = people.gus.post(f"{PLACE}{drill['id']}/confirm/", idempotency_key="c-1")
    again = people.gus.post(f"{PLACE}{drill['id']}/confirm/", idempotency_key="c-1")

    assert (first.status_code, again.content) == (200, first.content)
    assert_problem(people.gus.post(f"{PLACE}{drill['id']}/confirm/"), 409, "already_confirmed")
    assert ledger.types(STREAM).count("drill.confirmed") == 1


def test_a_drill_is_confirmed_at_its_own_workflow_only(credit, letters, people):
    """A governance owner of one workflow confirms nothing of another by naming his own."""
    drill = entered(people.grace)
    owner = UserFactory()
    grant_to(owner, "governance", "claims-letters")
    caller = signed_in(owner)

    for slug in ("claims-letters", "credit-decisions"):
        answer = caller.post(f"workflows/{slug}/drills/{drill['id']}/confirm/")
        assert_problem(answer, 404, "not_found")
    assert Drill.objects.get().confirmed_at is None


def test_a_form_of_the_page_with_what_no_column_holds_is_refused_too(credit, people):
    """The page's form has no envelope before the verb."""
    at = clock.now() - timedelta(days=1)
    form = said(held_at=f"{at:%Y-%m-%dT%H:%M}", evidence="https://example.com/" + "x" * 481)

    page = people.grace.client.post("/workflows/credit-decisions/gate/drills/", form)

    assert page.status_code == 422
    assert "Keep the evidence to 500 characters." in page.content.decode()
    assert not Drill.objects.exists()
