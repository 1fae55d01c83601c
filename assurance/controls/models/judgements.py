"""What was judged, what proved true of it, and what the callers say they did. Cases live above:
they are known here by id only."""

from __future__ import annotations

from django.db import models

from assurance.controls.choices import Disposition, LabelSource, LabelValue
from assurance.controls.models.sets import ControlSet
from assurance.controls.models.workflows import Workflow
from assurance.record.models import AppendOnly


class Assessment(models.Model):
    """The result of judging one case under one control set, with the frozen facts."""

    class Purpose(models.TextChoices):
        INTAKE = "intake", "Intake"
        VERIFYING = "verifying", "Before a verifier answered"
        CORRECTION = "correction", "Corrected output"
        RESUME = "resume", "Resumed"
        REASSESS = "reassess", "Judged again under a new set"
        RELEASE = "release", "Looked at before its release"

    case_id = models.UUIDField()
    revision = models.PositiveIntegerField()
    purpose = models.CharField(max_length=10, choices=Purpose)
    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="assessments")
    control_set = models.ForeignKey(ControlSet, models.PROTECT, related_name="assessments")
    subject = models.CharField(max_length=200, blank=True)
    facts = models.JSONField()
    results = models.JSONField(help_text="Each control that did not stay quiet, shadow included.")
    voices = models.JSONField(default=list)
    disposition = models.CharField(max_length=10, choices=Disposition)
    would_be = models.CharField(max_length=10, choices=Disposition)
    decided_by = models.JSONField(default=list)
    contributing = models.JSONField(default=list)
    enforced = models.BooleanField()
    ungoverned = models.BooleanField()
    duration_us = models.PositiveIntegerField(help_text="Judging alone, microseconds.")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["case_id", "revision"], name="assessment_case"),
            models.Index(fields=["workflow", "subject", "at"], name="assessment_subject"),
            models.Index(fields=["workflow", "at"], name="assessment_workflow_at"),
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"assessment of {self.case_id} revision {self.revision}: {self.disposition}"


class Label(models.Model):
    """What is known to be true of a case. What replay and monitoring learn from."""

    case_id = models.UUIDField(db_index=True)
    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="labels")
    value = models.CharField(max_length=10, choices=LabelValue)
    source = models.CharField(max_length=10, choices=LabelSource)
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workflow", "at"], name="label_workflow_at")]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.case_id} {self.value} ({self.source})"


class ExecutedReport(models.Model):
    """All that a caller says it did in a period: what coverage is measured against."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="executed_reports")
    start = models.DateTimeField()
    end = models.DateTimeField()
    count = models.PositiveIntegerField()
    external_ids = models.JSONField(null=True, blank=True)
    reported_by = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        triggers = [AppendOnly()]
        constraints = [
            models.CheckConstraint(
                name="executed_period_has_length",
                condition=models.Q(end__gt=models.F("start")),
                violation_error_message="“to” must be later than “from”.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow.slug}: {self.count} from {self.start} to {self.end}"
