"""Workflows and what governs them. A control set is complete, immutable and hashed; an
assessment names the set that made it. Cases live above: they are known here by id only."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from assurance.controls.choices import (
    Disposition,
    LabelSource,
    LabelValue,
    OutagePolicy,
    SafeOutcome,
    Stage,
    Tier,
)
from assurance.controls.querysets import ControlSetQuerySet, WorkflowQuerySet
from assurance.record.models import AppendOnly


class Workflow(models.Model):
    """One AI use under control."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned")
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="deputised"
    )
    builders = models.ManyToManyField(
        "accounts.Person",
        blank=True,
        related_name="built",
        help_text="Who built it. They never review its cases or approve its changes.",
    )
    tier = models.CharField(max_length=10, choices=Tier)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.OBSERVE)
    output_schema = models.JSONField(null=True, blank=True)
    context_schema = models.JSONField(null=True, blank=True)
    title_template = models.CharField(max_length=200, blank=True)
    link_templates = models.JSONField(default=list, blank=True)
    safe_outcome = models.CharField(
        "What happens to the customer if nobody answers?", max_length=20, choices=SafeOutcome
    )
    safe_reroute_to = models.CharField(max_length=200, blank=True)
    outage_policy = models.CharField(max_length=20, choices=OutagePolicy)
    proceed_validity = models.DurationField(
        null=True, blank=True, help_text="How long an answer to go ahead holds. Empty: for ever."
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.TextField(blank=True)
    all_review = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    history = HistoricalRecords(m2m_fields=[builders])
    objects = WorkflowQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="reroute_names_its_path",
                condition=~models.Q(safe_outcome=SafeOutcome.REROUTE)
                | ~models.Q(safe_reroute_to=""),
                violation_error_message="“Hand over to the other path” needs the path: name it.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Suspended counts as paused."""
        return self.paused_at is not None or self.stage == Stage.SUSPENDED


class ControlSet(models.Model):
    """All that governs one workflow from a moment on. Never edited."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="control_sets")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    canonical = models.TextField(help_text="The content as RFC 8785 JSON: what the hash covers.")
    effective_from = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ControlSetQuerySet.as_manager()

    class Meta:
        ordering = ["workflow", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="set_number_once"),
        ]
        triggers = [
            AppendOnly(),
            pgtrigger.Trigger(
                name="next_in_line",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("last", "controls_controlset%ROWTYPE")],
                func="""
                    SELECT * INTO last FROM controls_controlset
                     WHERE workflow_id = NEW.workflow_id ORDER BY number DESC LIMIT 1;
                    IF NEW.number <> coalesce(last.number, 0) + 1 THEN
                        RAISE EXCEPTION 'control set % of this workflow is not the next one: %',
                            NEW.number, coalesce(last.number, 0) + 1;
                    END IF;
                    IF NEW.effective_from <= last.effective_from THEN
                        RAISE EXCEPTION 'a control set must begin later than the one it replaces';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow.slug} set {self.number}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """The content as data. Treat it as frozen."""
        return json.loads(self.canonical)

    def controls(self) -> list[dict[str, Any]]:
        return self.content["controls"]

    def queue_policy(self, queue_slug: str) -> dict[str, Any] | None:
        policies = self.content.get("queue_policies", [])
        return next((policy for policy in policies if policy["queue"] == queue_slug), None)


class ControlVersion(models.Model):
    """The number of one distinct content of a control. Old content has its old number again."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="control_versions")
    key = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the content without its mode.")
    content = models.JSONField()
    first_set = models.ForeignKey(ControlSet, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="control_version_once"),
            models.UniqueConstraint(fields=["key", "sha256"], name="control_content_once"),
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.key} version {self.version}"


class Assessment(models.Model):
    """The result of judging one case under one control set, with the frozen facts."""

    class Purpose(models.TextChoices):
        INTAKE = "intake", "Intake"
        CORRECTION = "correction", "Corrected output"
        RESUME = "resume", "Resumed"

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
