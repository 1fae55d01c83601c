"""The cases of an incident as the signal matrix reads them: eight queries, however many cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from assurance.controls.choices import LabelSource
from assurance.controls.models import Label
from assurance.delivery.models import Alert
from assurance.record.models import Event
from incidents.models import AffectedCase, Incident
from incidents.signal_matrix import Story
from reviews.models import Case, Decision

# The newest so many harmed cases; a page says so where there are more.
MOST = 1_000


def of(incident: Incident) -> list[tuple[AffectedCase, Story]]:
    """Each harmed case with its story, oldest first."""
    listed = list(
        incident.cases.harmed()
        .select_related("case__assessment", "case__control_set", "case__workflow")
        .order_by("-case__received_at")[:MOST]
    )[::-1]
    ids = [one.case_id for one in listed]
    outcomes, audits = _outcomes(ids), _audits(ids)
    routed = _routed(ids)
    alerts = list(_alerts(incident))
    return [
        (
            one,
            _story(
                one.case,
                outcomes.get(one.case_id, ()),
                audits.get(one.case_id, ()),
                routed=str(one.case_id) in routed,
                alerts=[answered for opened, answered in alerts if opened >= one.case.received_at],
            ),
        )
        for one in listed
    ]


def _story(case: Case, outcomes: Any, audits: Any, *, routed: bool, alerts: list[bool]) -> Story:
    return Story(
        controls=case.control_set.controls(),
        results=case.assessment.results,
        enforced=case.enforced,
        went_ahead=case.proceed,
        routed=routed,
        end=case.end,
        outcomes=outcomes,
        audits=audits,
        alerts=alerts,
    )


def _outcomes(ids: list[UUID]) -> Mapping[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    decided = Decision.objects.filter(case__in=ids, withdrawn_at=None).order_by("decided_at", "pk")
    for case, outcome in decided.values_list("case_id", "outcome"):
        found[case].append(outcome)
    return found


def _audits(ids: list[UUID]) -> Mapping[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    said = Label.objects.filter(case_id__in=ids, source=LabelSource.AUDIT).order_by("at", "pk")
    for case, value in said.values_list("case_id", "value"):
        found[case].append(value)
    return found


def _routed(ids: list[UUID]) -> set[str]:
    events = Event.objects.filter(
        stream_type="case", stream_id__in=[str(one) for one in ids], type="case.routed"
    )
    return set(events.values_list("stream_id", flat=True))


def _alerts(incident: Incident) -> list[tuple[datetime, bool]]:
    """The alerts of the workflow until the incident was opened, and whether each was answered:
    closed by then, or what the incident was opened from."""
    until = incident.detected_at
    raised = Alert.objects.filter(workflow=incident.workflow.slug, opened_at__lte=until)
    return [
        (
            one.opened_at,
            one.pk == incident.alert_id or (one.closed_at is not None and one.closed_at <= until),
        )
        for one in raised
    ]
