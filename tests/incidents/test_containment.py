"""Keeping the harm from growing, and the story that the record tells of it."""

from __future__ import annotations

import pytest

from assurance.controls import changes
from assurance.controls.models import Workflow
from assurance.errors import DomainError
from assurance.record.ledger import Stream, types
from incidents import affected, containment, lifecycle, notes, signal_matrix, stories, timeline
from incidents.signal_matrix import Answer, Safeguard
from tests.controls_factories import make_workflow
from tests.reviews.conftest import MINUTE, NOON, closed

pytestmark = pytest.mark.django_db


def test_an_incident_lead_stops_the_workflow_at_once(incident, cast, credit, post):
    made = containment.pause(incident, reason="Nobody knows why.", by=cast.ivy, at=NOON)
    incident.refresh_from_db()
    held = post()

    assert Workflow.objects.get(pk=credit.pk).pause_reason == f"{incident.reference}: {made.reason}"
    assert (incident.state, incident.contained_at) == ("contained", NOON)
    assert held.state == "paused"
    assert types(Stream.workflow(credit.slug))[-1] == "workflow.paused"
    assert types(lifecycle.stream_of(incident))[-2:] == [
        "incident.containment_begun",
        "incident.contained",
    ]


def test_where_it_is_paused_already_the_incident_is_tied_to_that_pause(incident, cast, credit):
    containment.pause(incident, reason="Stop.", by=cast.ivy, at=NOON)
    before = types(Stream.workflow(credit.slug))
    containment.pause(incident, reason="It is stopped.", by=cast.dev, at=NOON + MINUTE)

    assert types(Stream.workflow(credit.slug)) == before
    assert [one.reason for one in incident.containments.all()] == ["Stop.", "It is stopped."]


@pytest.mark.parametrize("who", ["ada", "otto", "mallory"])
def test_nobody_else_stops_it(incident, cast, credit, who):
    with pytest.raises(DomainError) as refused:
        containment.pause(incident, reason="Stop.", by=getattr(cast, who), at=NOON)
    assert refused.value.code == "role_missing"
    assert not Workflow.objects.get(pk=credit.pk).is_paused


def test_a_governance_owner_drafts_the_change_that_tightens(incident, cast):
    made = containment.draft_change(
        incident, kind="tighten", reason="Hold from 1,000.", by=cast.grace, at=NOON
    )
    incident.refresh_from_db()

    assert made.change is not None
    assert (made.change.kind, made.change.status) == ("incident", "draft")
    assert made.change.links == [f"incident:{incident.number}"]
    assert incident.reference in made.change.reason
    assert incident.state == "detected"  # it contains nothing until it is live
    with pytest.raises(DomainError, match="Governance owner"):
        containment.draft_change(incident, kind="tighten", reason="x", by=cast.ivy, at=NOON)


def test_only_changes_of_the_same_workflow_are_tied_to_it(incident, cast):
    other = make_workflow("claims-letters")
    foreign = changes.create(other, reason="Other.", by=cast.grace, at=NOON)
    with pytest.raises(DomainError, match="no control change"):
        containment.link_change(
            incident, foreign.number, kind="reroute", reason="x", by=cast.ivy, at=NOON
        )

    own = changes.create(incident.workflow, reason="Ours.", by=cast.grace, at=NOON)
    made = containment.link_change(
        incident, own.number, kind="reroute", reason="By hand.", by=cast.ivy, at=NOON
    )
    assert (made.kind, made.change) == ("reroute", own)


def test_the_timeline_is_the_record_in_order_with_the_notes_of_people(incident, cast, post):
    trigger = closed(post(at=NOON - 9 * MINUTE), cast.ada, at=NOON - 5 * MINUTE)
    affected.add_cases(incident, kind="trigger", ids=[trigger.pk], by=cast.ivy, at=NOON)
    containment.pause(incident, reason="Stop.", by=cast.ivy, at=NOON + MINUTE)
    early = NOON - 7 * MINUTE
    wrong = notes.note(incident, text="It rang.", about_at=early, by=cast.dev, at=NOON)
    notes.note(incident, text="It rang twice.", corrects=wrong.pk, by=cast.dev, at=NOON)

    lines = timeline.of(incident)
    told = [line.text for line in lines]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert told[0] == f"{trigger.reference} arrived"
    assert "LIM-01" in told[1]
    assert [line.quote for line in lines if line.note] == ["It rang.", "It rang twice."]
    assert [line.corrected for line in lines if line.note] == [True, False]
    assert f"{trigger.reference} ended: approved" in told
    assert "Put 1 case on the list, trigger" in told
    assert "Paused the workflow" in told
    assert told[-1] == "Contained, until then detected"


def test_the_matrix_reads_the_stories_of_the_harmed_cases(incident, cast, post):
    unseen, approved = post(100), closed(post(4000), cast.ada)
    expired, similar = post(4000), post(100)
    ids = [unseen.pk, approved.pk, expired.pk]
    affected.add_cases(incident, kind="affected", ids=ids, by=cast.ivy, at=NOON)
    affected.add_cases(incident, kind="similar", ids=[similar.pk], by=cast.ivy, at=NOON)

    rows = {one.case_id: signal_matrix.cells(story) for one, story in stories.of(incident)}
    answers = {pk: {s: cell.answer for s, cell in row.items()} for pk, row in rows.items()}
    assert set(answers) == set(ids)
    assert answers[unseen.pk][Safeguard.POLICY] == Answer.SILENT
    assert answers[unseen.pk][Safeguard.REVIEWER] == Answer.MISSING
    assert answers[approved.pk][Safeguard.POLICY] == Answer.OVERRIDDEN
    assert answers[approved.pk][Safeguard.REVIEWER] == Answer.SILENT
    assert answers[expired.pk][Safeguard.POLICY] == Answer.ACTED
    assert rows[approved.pk][Safeguard.POLICY].keys == ("LIM-01 v1",)
