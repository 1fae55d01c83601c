"""The workflow: one AI use under control."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from assurance.controls.choices import OutagePolicy, SafeOutcome, Stage, Tier
from assurance.controls.querysets import WorkflowQuerySet
from assurance.dated import Dated


class Workflow(Dated, models.Model):
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
