"""The cases of an incident: found, frozen, given their remedy, and made known to replay."""

from __future__ import annotations

import pytest

from assurance.controls.models import Label
from assurance.errors import DomainError
from assurance.identifiers import uuid7
from incidents import affected
from incidents.affected import CaseQuery
from tests.controls_factories import make_workflow
from tests.reviews.conftest import MINUTE, NOON

pytestmark = pytest.mark.django_db


def add(incident, by, kind="affected", **what):
    return affected.add_cases(incident, kind=kind, by=by, at=NOON, **what)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (CaseQuery(model_version="2"), [2, 3]),
        (CaseQuery(disposition="continue"), [1]),
        (CaseQuery(control="LIM-01", version=1), [0, 1, 2, 3]),
        (CaseQuery(received_from=NOON + 2 * MINUTE), [2, 3]),
        (CaseQuery(received_until=NOON + 2 * MINUTE, disposition="review"), [0]),
        (CaseQuery(model_version="2", received_until=NOON + 3 * MINUTE), [2]),
        (CaseQuery(model_version="9"), []),
    ],
)
def test_a_query_finds_exactly_the_cases_of_which_all_of_it_holds(incident, post, query, expected):
    amounts, models = (4000, 100, 4000, 4000), ("1", "1", "2", "2")
    cases = [
        post(amount, model={"version": version}, at=NOON + number * MINUTE)
        for number, (amount, version) in enumerate(zip(amounts, models, strict=True))
    ]
    assert list(affected.matching(incident, query)) == [cases[number] for number in expected]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (CaseQuery(), "required"),
        (CaseQuery(version=1), "no_control"),
        (CaseQuery(control="LIM-01", version=7), "unknown_control"),
        (CaseQuery(control="LIM-99"), "unknown_control"),
        (CaseQuery(disposition="maybe"), "not_a_choice"),
    ],
)
def test_a_query_that_says_nothing_or_names_nothing_is_refused(incident, query, code):
    with pytest.raises(DomainError) as refused:
        list(affected.matching(incident, query))
    assert refused.value.code == code


def test_the_list_is_frozen_and_what_is_on_it_stays_as_it_is(incident, cast, post):
    first = post(model={"version": "2"})
    query = CaseQuery(model_version="2")
    add(incident, cast.ivy, query=query)
    affected.classify(incident, first.pk, kind="cleared", by=cast.ivy, at=NOON)
    second = post(model={"version": "2"})

    assert [one.case_id for one in incident.cases.all()] == [first.pk]
    assert [one.case_id for one in add(incident, cast.ivy, query=query)] == [second.pk]
    assert incident.cases.get(case=first).kind == "cleared"


def test_what_an_incident_says_of_a_case_becomes_a_label(incident, cast, post):
    wrong, like, fine = post(), post(), post()
    add(incident, cast.ivy, ids=[wrong.pk, fine.pk])
    add(incident, cast.ivy, kind="similar", ids=[like.pk])
    affected.classify(incident, fine.pk, kind="cleared", by=cast.ivy, at=NOON + MINUTE)

    told = Label.objects.filter(source="incident").order_by("pk")
    assert [one.value for one in told.filter(case_id=wrong.pk)] == ["incorrect"]
    assert [one.value for one in told.filter(case_id=fine.pk)] == ["incorrect", "correct"]
    assert not told.filter(case_id=like.pk)
    assert {one.note for one in told} == {incident.reference}


def test_cases_of_another_workflow_are_unknown(incident, cast):
    make_workflow("claims-letters")
    with pytest.raises(DomainError, match="Credit") as refused:
        add(incident, cast.ivy, ids=[uuid7(NOON)])
    assert (refused.value.code, incident.cases.count()) == ("unknown_case", 0)


def test_none_needed_needs_its_reason(incident, cast, waiting):
    add(incident, cast.ivy, ids=[waiting.pk])
    given = {"remedy": "none_needed", "by": cast.ivy, "at": NOON}
    with pytest.raises(DomainError, match="no remedy is needed"):
        affected.set_remedy(incident, [waiting.pk], reason="  ", **given)

    (done,) = affected.set_remedy(incident, [waiting.pk], reason="Never sent.", **given)
    assert (done.remedy, done.remedy_reason, done.remedied_by) == (
        "none_needed", "Never sent.", cast.ivy,
    )  # fmt: skip
    assert not incident.cases.unremedied().exists()


def test_a_remedy_is_for_cases_of_the_list_only(incident, cast, waiting):
    with pytest.raises(DomainError, match="add them first"):
        affected.set_remedy(incident, [waiting.pk], remedy="informed", by=cast.ivy, at=NOON)


@pytest.mark.parametrize("who", ["dev", "ada", "otto", "mallory"])
def test_only_who_leads_incidents_or_governs_says_whom_it_harmed(incident, cast, waiting, who):
    with pytest.raises(DomainError) as refused:
        add(incident, getattr(cast, who), ids=[waiting.pk])
    assert refused.value.code == "role_missing"


def test_more_than_can_be_looked_at_is_refused_whole(incident, cast, post, monkeypatch):
    monkeypatch.setattr(affected, "MOST_AT_ONCE", 2)
    for _ in range(3):
        post()
    with pytest.raises(DomainError, match="shorter period"):
        add(incident, cast.ivy, query=CaseQuery(control="LIM-01"))
    assert not incident.cases.exists()
