"""Incidents over REST: systems open them, people do the rest, everybody else is told nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from incidents.api.nouns import AffectedSchema, IncidentSchema, NoteSchema
from incidents.models import Incident
from tests.reviews.api.conftest import (  # noqa: F401 (fixtures)
    Caller,
    a_case,
    letters,
    scorecard,
    served,
    signed_in,
    system_of,
)

pytestmark = pytest.mark.django_db
OPEN = {"workflow": "credit-decisions", "title": "Loans went out unseen", "severity": 2}


def keys_of(noun) -> set[str]:
    return set(noun().fields)


@pytest.fixture
def callers(cast, credit, letters) -> SimpleNamespace:  # noqa: F811
    return SimpleNamespace(**{name: signed_in(user) for name, user in vars(cast).items()})


def with_scope(*scopes: str, workflows=("credit-decisions",)) -> Caller:
    return system_of(*workflows, scopes=list(scopes))


def test_a_system_opens_one_with_the_cases_that_set_it_off(callers, scorecard):  # noqa: F811
    case = scorecard.post("cases/", a_case()).json()
    system = with_scope("incidents:write")
    answer = system.post("incidents/", OPEN | {"cases": [case["id"]], "summary": "Eleven."})

    told = answer.json()
    assert answer.status_code == 201, told
    assert set(told) == keys_of(IncidentSchema)
    assert (told["state"], told["severity"]) == ("detected", 2)
    assert told["cases"] == {"total": 1, "harmed": 1, "without_remedy": 1}
    assert system.get(f"incidents/{told['number']}/").json() == told
    assert callers.ivy.get("incidents/").json()["results"] == [told]


def test_without_the_scope_or_the_workflow_it_opens_none(callers):
    assert with_scope("cases:write").post("incidents/", OPEN).json()["code"] == "scope_missing"
    other = with_scope("incidents:write", workflows=["claims-letters"])
    answer = other.post("incidents/", OPEN)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_workflow")
    assert not Incident.objects.exists()


def test_a_case_that_is_not_there_opens_nothing_at_all(callers):
    unknown = "01930000-0000-7000-8000-000000000000"
    for cases in ([unknown], ["x" * 36]):
        answer = callers.ivy.post("incidents/", OPEN | {"cases": cases})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_case")
    assert not Incident.objects.exists()


def test_people_walk_it_to_its_end(callers, scorecard):  # noqa: F811
    case = scorecard.post("cases/", a_case()).json()
    number = callers.ivy.post("incidents/", OPEN | {"cases": [case["id"]]}).json()["number"]
    at = f"incidents/{number}/"
    for to in ("triaged", "investigating", "correcting"):
        answer = callers.ivy.post(f"{at}transition/", {"to": to, "reason": "As found."})
        assert answer.json()["state"] == to
    refused = callers.ivy.post(f"{at}transition/", {"to": "closed", "reason": "Done."})
    assert refused.status_code == 422
    assert {one["code"] for one in refused.json()["errors"]} == {
        "finding_missing",
        "remedy_missing",
    }

    remedy = {"cases": [case["id"]], "remedy": "corrected"}
    assert callers.ivy.post(f"{at}cases/", remedy).json()["remedied"] == 1
    patched = callers.ivy.send(
        "PATCH", f"/api/v1/{at}", {"finding": "The limit was wrong.", "criteria": ["rights"]}
    )
    assert [one["key"] for one in patched.json()["clocks"]] == ["ai-act-73-2"]
    closed = callers.ivy.post(f"{at}transition/", {"to": "closed", "reason": "Done."})
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")


def test_cases_by_query_are_listed_with_what_they_are(callers, scorecard):  # noqa: F811
    case = scorecard.post("cases/", a_case()).json()
    number = callers.ivy.post("incidents/", OPEN).json()["number"]
    query = {"query": {"disposition": case["disposition"]}, "kind": "similar"}
    added = callers.ivy.post(f"incidents/{number}/cases/", query).json()
    (listed,) = callers.otto.get(f"incidents/{number}/cases/").json()["results"]

    assert (added["added"], listed["id"], listed["kind"]) == (1, case["id"], "similar")
    assert set(listed) == keys_of(AffectedSchema)
    assert callers.otto.get(f"incidents/{number}/cases/?kind=trigger").json()["results"] == []
    both = callers.ivy.post(f"incidents/{number}/cases/", {"kind": "similar"})
    assert (both.status_code, both.json()["code"]) == (422, "one_of")


def test_notes_are_added_and_read_in_order(callers):
    number = callers.ivy.post("incidents/", OPEN).json()["number"]
    first = callers.dev.post(f"incidents/{number}/notes/", {"text": "At nine."}).json()
    callers.ivy.post(f"incidents/{number}/notes/", {"text": "At ten.", "corrects": first["id"]})

    told = callers.otto.get(f"incidents/{number}/notes/").json()["results"]
    assert [(one["text"], one["corrects"]) for one in told] == [
        ("At nine.", None),
        ("At ten.", first["id"]),
    ]
    assert set(told[0]) == keys_of(NoteSchema)


@pytest.mark.parametrize("who", ["ada", "mallory", "nobody's system"])
def test_those_of_others_answer_exactly_as_those_that_are_not_there(callers, who):
    number = callers.ivy.post("incidents/", OPEN).json()["number"]
    system = with_scope("incidents:write", workflows=["claims-letters"])
    caller = system if who == "nobody's system" else getattr(callers, who)

    def told(path):
        answer = caller.get(path)
        return answer.status_code, answer.content.replace(answer["X-Request-ID"].encode(), b"")

    assert told(f"incidents/{number}/") == told("incidents/987654321/")
    assert told(f"incidents/{number}/")[0] == 404
    assert caller.get("incidents/").json()["results"] == []
    if who != "nobody's system":
        for path in ("", "notes/", "cases/"):
            assert caller.get(f"incidents/{number}/{path}").status_code == 404
        for page in (f"/incidents/{number}/", "/incidents/987654321/"):
            assert caller.client.get(page).status_code == 404
        assert "Loans went out" not in caller.client.get("/incidents/").content.decode()
