"""An incident from its detection to its end, and what may not happen to it."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from assurance.delivery import alerts
from assurance.delivery.models import Delivery
from assurance.errors import DomainError
from assurance.record.ledger import types, verify
from incidents import affected, lifecycle, notes
from incidents.choices import STEPS, IncidentState
from incidents.models import AffectedCase, Incident, IncidentNote
from tests.accounts_factories import ClientFactory
from tests.delivery_factories import EndpointFactory
from tests.reviews.conftest import MINUTE, NOON

pytestmark = pytest.mark.django_db


def walk(incident, by, *states, at=NOON) -> Incident:
    for state in states:
        incident = lifecycle.transition(incident, state, reason="As found.", by=by, at=at)
    return incident


def test_an_incident_is_walked_to_its_end_and_each_step_is_on_its_chain(incident, cast):
    walk(incident, cast.ivy, "triaged", "contained", "investigating", "correcting")
    lifecycle.describe(incident, finding="LIM-01 held from 2,500 only.", by=cast.ivy, at=NOON)
    done = walk(incident, cast.ivy, "closed", at=NOON + MINUTE)

    assert done.state == "closed"
    assert (done.contained_at, done.closed_at) == (NOON, NOON + MINUTE)
    assert types(lifecycle.stream_of(incident)) == [
        "incident.opened",
        "incident.triaged",
        "incident.contained",
        "incident.investigating",
        "incident.correcting",
        "incident.described",
        "incident.closed",
    ]
    assert verify(lifecycle.stream_of(incident)) == []
    assert Incident.history.filter(number=incident.number).count() == 7


def test_without_a_finding_it_is_not_closed(incident, cast):
    walk(incident, cast.ivy, "triaged", "investigating", "correcting")

    with pytest.raises(DomainError, match="Say what failed") as refused:
        walk(incident, cast.ivy, "closed")

    assert (refused.value.status, refused.value.code) == (422, "not_closable")
    assert [one["pointer"] for one in refused.value.errors] == ["/finding"]


def test_while_a_harmed_case_lacks_its_remedy_it_is_not_closed(incident, cast, waiting):
    affected.add_cases(incident, kind="affected", ids=[waiting.pk], by=cast.ivy, at=NOON)
    walk(incident, cast.ivy, "triaged", "investigating", "correcting")
    lifecycle.describe(incident, finding="The limit was wrong.", by=cast.ivy, at=NOON)

    with pytest.raises(DomainError, match=waiting.reference) as refused:
        walk(incident, cast.ivy, "closed")
    assert [one["code"] for one in refused.value.errors] == ["remedy_missing"]

    affected.set_remedy(incident, [waiting.pk], remedy="corrected", by=cast.ivy, at=NOON)
    assert walk(incident, cast.ivy, "closed").state == "closed"


@pytest.mark.parametrize("here", IncidentState.values)
@pytest.mark.parametrize("to", IncidentState.values)
def test_only_the_steps_there_are_are_taken(incident, cast, here, to):
    over = {"closed_at": NOON} if here in ("closed", "rejected") else {}
    Incident.objects.filter(pk=incident.pk).update(state=here, finding="It failed.", **over)

    if to in STEPS[IncidentState(here)]:
        assert walk(incident, cast.ivy, to).state == to
    else:
        with pytest.raises(DomainError, match="It may become") as refused:
            walk(incident, cast.ivy, to)
        assert refused.value.code == "not_a_step"


def test_a_closed_incident_is_described_only_after_it_was_reopened(incident, cast):
    walk(incident, cast.ivy, "rejected")

    with pytest.raises(DomainError, match="Reopen it first"):
        lifecycle.describe(incident, summary="More was found.", by=cast.ivy, at=NOON)

    again = walk(incident, cast.ivy, "reopened")
    assert (again.closed_at, again.ended_reason) == (None, "")
    described = lifecycle.describe(incident, summary="More was found.", by=cast.ivy, at=NOON)
    assert described.summary == "More was found."


@pytest.mark.parametrize("who", ["ada", "otto", "mallory"])
def test_who_neither_leads_nor_governs_opens_none(cast, credit, who):
    with pytest.raises(DomainError, match="Incident lead") as refused:
        lifecycle.open_incident(credit, title="Wrong", severity=1, by=getattr(cast, who), at=NOON)
    assert refused.value.status == 403


def test_a_lead_opens_one_and_an_incident_lead_takes_it_on(cast, credit):
    opened = lifecycle.open_incident(credit, title="Wrong", severity=1, by=cast.dev, at=NOON)
    assert opened.lead is None
    with pytest.raises(DomainError, match="Incident lead"):
        walk(opened, cast.dev, "triaged")

    assert walk(opened, cast.ivy, "triaged").lead == cast.ivy


def test_severity_and_the_legal_criteria_say_nothing_of_each_other(incident, cast):
    told = lifecycle.describe(incident, severity=4, death=True, by=cast.ivy, at=NOON)

    assert [str(one) for one in told.criteria] == ["death"]
    assert lifecycle.describe(incident, death=False, by=cast.ivy, at=NOON).severity == 4


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", " \n", "required"),
        ("title", "x" * 201, "too_long"),
        ("summary", "x" * 10_001, "too_long"),
        ("summary", "a\x00b", "nul"),
        ("severity", 5, "not_a_choice"),
        ("occurred_at", NOON + MINUTE, "in_the_future"),
    ],
)
def test_what_no_incident_can_hold_is_refused_with_its_place(credit, cast, field, value, code):
    said = {"title": "Wrong", "severity": 1, field: value}
    with pytest.raises(DomainError) as refused:
        lifecycle.open_incident(credit, **said, by=cast.ivy, at=NOON)

    assert refused.value.errors[0]["pointer"] == f"/{field}"
    assert refused.value.code == code
    assert not Incident.objects.exists()


def test_an_alert_lends_it_the_first_signal_and_must_be_of_the_workflow(credit, cast):
    ours = alerts.raise_alert("x", "Too many.", workflow=credit.slug, at=NOON)
    others = alerts.raise_alert("x", "Too many.", workflow="other", at=NOON)
    later = NOON + MINUTE

    made = lifecycle.open_incident(
        credit, title="Wrong", severity=2, alert=ours, by=cast.ivy, at=later
    )
    assert (made.first_signal_at, made.detected_at) == (NOON, later)
    with pytest.raises(DomainError, match="has no alert"):
        lifecycle.open_incident(
            credit, title="Wrong", severity=2, alert=others, by=cast.ivy, at=later
        )


def test_receivers_hear_of_its_beginning_and_its_end(credit, cast):
    client = ClientFactory(workflows=[credit.slug])
    EndpointFactory(client=client)
    made = lifecycle.open_incident(credit, title="Wrong", severity=2, client=client, at=NOON)
    walk(made, cast.ivy, "triaged", "rejected")

    sent = Delivery.objects.filter(stream_type="incident").order_by("pk")
    assert [one.event_type for one in sent] == ["incident.opened", "incident.closed"]
    assert {one.reference for one in sent} == {made.reference}


def test_a_note_is_put_right_by_another_and_only_once(incident, cast):
    first = notes.note(incident, text="At nine it began.", by=cast.ivy, at=NOON)
    second = notes.note(
        incident, text="At eight it began.", corrects=first.pk, by=cast.dev, at=NOON + MINUTE
    )

    assert (second.corrects, second.about_at) == (first, NOON)
    with pytest.raises(DomainError, match=f"note {second.pk}"):
        notes.note(incident, text="At seven.", corrects=first.pk, by=cast.ivy, at=NOON)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Incident, "UPDATE incidents_incident SET workflow_id = workflow_id, detected_at = now()"),
        (Incident, "DELETE FROM incidents_incident"),
        (AffectedCase, "UPDATE incidents_affectedcase SET added_at = now()"),
        (AffectedCase, "DELETE FROM incidents_affectedcase"),
        (IncidentNote, "UPDATE incidents_incidentnote SET text = 'other'"),
        (IncidentNote, "DELETE FROM incidents_incidentnote"),
        (Incident.history.model, "UPDATE incidents_historicalincident SET title = 'other'"),
        (AffectedCase.history.model, "DELETE FROM incidents_historicalaffectedcase"),
    ],
)
def test_not_even_sql_rewrites_what_was_said(incident, cast, waiting, model, change):
    affected.add_cases(incident, kind="trigger", ids=[waiting.pk], by=cast.ivy, at=NOON)
    notes.note(incident, text="It began at nine.", by=cast.ivy, at=NOON)
    before = list(model.objects.values())

    with pytest.raises(DatabaseError, match=r"append-only|Cannot"), transaction.atomic():
        connection.cursor().execute(change)

    assert list(model.objects.values()) == before
