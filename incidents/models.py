"""The incident, its cases, what was said and what was done at once. Its story is on its chain of
the record; what stands here is what the next act needs to know."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from assurance.controls.models.guards import kept_but
from assurance.dated import Dated
from assurance.record.history import History
from assurance.record.models import AppendOnly
from incidents.choices import (
    OVER,
    CaseKind,
    ContainmentKind,
    Criterion,
    IncidentState,
    Remedy,
    Severity,
)
from incidents.querysets import AffectedCaseQuerySet, IncidentQuerySet

# What a verb may write again; the rest of an incident stands as it was opened.
INCIDENT_MAY_CHANGE = (
    *("title", "summary", "finding", "severity", "state", "lead_id", *Criterion.values),
    *("occurred_at", "first_signal_at", "aware_at"),
    *("contained_at", "corrected_at", "closed_at", "ended_reason"),
)


class Incident(Dated, models.Model):
    """What went wrong under control, from its detection to its end."""

    number = models.BigIntegerField(unique=True, editable=False)
    workflow = models.ForeignKey("controls.Workflow", models.PROTECT, related_name="incidents")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, help_text="What is known of it so far.")
    finding = models.TextField(blank=True, help_text="What failed in the runtime path.")
    severity = models.PositiveSmallIntegerField(choices=Severity)
    state = models.CharField(max_length=14, choices=IncidentState, default=IncidentState.DETECTED)

    death = models.BooleanField(Criterion.DEATH.label, default=False)
    health = models.BooleanField(Criterion.HEALTH.label, default=False)
    infrastructure = models.BooleanField(Criterion.INFRASTRUCTURE.label, default=False)
    rights = models.BooleanField(Criterion.RIGHTS.label, default=False)
    property_or_environment = models.BooleanField(Criterion.PROPERTY.label, default=False)
    widespread = models.BooleanField(Criterion.WIDESPREAD.label, default=False)
    personal_data = models.BooleanField(Criterion.PERSONAL_DATA.label, default=False)

    occurred_at = models.DateTimeField(null=True, blank=True)
    first_signal_at = models.DateTimeField(null=True, blank=True)
    detected_at = models.DateTimeField(help_text="When it was opened here.")
    aware_at = models.DateTimeField(
        null=True, blank=True, help_text="When we became aware of it. Legal clocks run from here."
    )
    contained_at = models.DateTimeField(null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.TextField(blank=True, help_text="Why it was closed or rejected.")

    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    client = models.ForeignKey(
        "accounts.Client", models.PROTECT, null=True, blank=True, related_name="+"
    )
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    alert = models.ForeignKey(
        "delivery.Alert", models.PROTECT, null=True, blank=True, related_name="incidents"
    )

    if TYPE_CHECKING:  # what `with_counts` adds
        listed: int
        harmed: int
        unremedied: int

    history = History()
    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                name="incident_over_has_its_time",
                condition=Q(state__in=OVER, closed_at__isnull=False)
                | ~Q(state__in=OVER) & Q(closed_at=None),
                violation_error_message="An incident has a time of its end when it is over.",
            ),
            models.CheckConstraint(
                name="incident_closed_has_a_finding",
                condition=~Q(state=IncidentState.CLOSED) | ~Q(finding=""),
                violation_error_message="A closed incident says what failed.",
            ),
            models.CheckConstraint(
                name="incident_severity_known",
                condition=Q(severity__in=Severity.values),
                violation_error_message="Severity is 1, 2, 3 or 4.",
            ),
        ]
        indexes = [
            models.Index(fields=["workflow", "state"], name="incident_workflow_state"),
            models.Index(fields=["workflow", "detected_at"], name="incident_workflow_at"),
        ]
        triggers = kept_but(*INCIDENT_MAY_CHANGE)

    def __str__(self) -> str:
        return f"{self.reference}, {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:incident", args=[self.number])

    @property
    def reference(self) -> str:
        return f"INC-{self.number}"

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def criteria(self) -> list[Criterion]:
        """The legal criteria that were said to hold."""
        return [one for one in Criterion if getattr(self, one.value)]

    @property
    def began_at(self) -> datetime:
        """Since when, as far as is known."""
        return self.occurred_at or self.first_signal_at or self.detected_at


class AffectedCase(models.Model):
    """One case on the frozen list of an incident. It stays there; its kind and remedy are said
    by a verb and on the record."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="cases")
    case = models.ForeignKey("reviews.Case", models.PROTECT, related_name="incidents")
    kind = models.CharField(max_length=8, choices=CaseKind)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField()
    remedy = models.CharField(max_length=12, choices=Remedy, blank=True)
    remedy_reason = models.TextField(blank=True)
    remedied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    remedied_at = models.DateTimeField(null=True, blank=True)

    history = History()
    objects = AffectedCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "case"],
                name="case_once_per_incident",
                violation_error_message="This case is on the list of the incident already.",
            ),
            models.CheckConstraint(
                name="no_remedy_needs_a_reason",
                condition=~Q(remedy=Remedy.NONE_NEEDED) | ~Q(remedy_reason=""),
                violation_error_message="“None needed” needs its reason.",
            ),
            models.CheckConstraint(
                name="remedy_has_its_time",
                condition=Q(remedy="", remedied_at=None)
                | ~Q(remedy="") & Q(remedied_at__isnull=False),
                violation_error_message="A remedy has the moment when it was said.",
            ),
        ]
        triggers = kept_but(
            *("kind", "remedy", "remedy_reason", "remedied_by_id", "remedied_at"),
            prefix="affected_",
        )

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} of {self.incident_id}"


class IncidentNote(models.Model):
    """What somebody added to the timeline. Written once; a mistake is put right by another note
    that names it."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="notes")
    text = models.TextField()
    about_at = models.DateTimeField(help_text="When what it tells happened.")
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["about_at", "pk"]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"note {self.pk} of {self.incident_id}"


class Containment(models.Model):
    """One act that kept the harm from growing."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="containments")
    kind = models.CharField(max_length=8, choices=ContainmentKind)
    change = models.ForeignKey(
        "controls.ControlChange", models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="containment_names_its_change",
                condition=Q(kind=ContainmentKind.PAUSE, change=None)
                | ~Q(kind=ContainmentKind.PAUSE) & Q(change__isnull=False),
                violation_error_message="To tighten or reroute is a control change: name it.",
            ),
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.kind} for {self.incident_id}"
