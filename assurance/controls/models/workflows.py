"""The workflow: one AI use under control."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models

from assurance.controls.choices import OutagePolicy, SafeOutcome, Stage, Tier
from assurance.controls.models.guards import Guard
from assurance.controls.querysets import WorkflowQuerySet
from assurance.dated import Dated
from assurance.record.history import History

# At commit, so that a verb may write the row, what signs for it and the record in any order. The
# row is read anew: the trigger runs once for each version of it. What this cannot see: who made up
# a whole chain of snapshot, move and event by SQL, which the verification of the record is for,
# and in which stage a new workflow without cases begins.
AS_RECORDED = """
    SELECT * INTO is_now FROM controls_workflow w WHERE w.id = NEW.id;
    IF OLD.stage <> NEW.stage THEN
        SELECT * INTO move FROM controls_stagemove m
         WHERE m.workflow_id = NEW.id ORDER BY m.id DESC LIMIT 1;
        SELECT e.at INTO told FROM record_event e
         WHERE e.stream_type = 'workflow' AND e.stream_id = is_now.slug
           AND e.type = 'workflow.stage_changed' ORDER BY e.seq DESC LIMIT 1;
        IF move.to_stage IS DISTINCT FROM is_now.stage OR move.at IS DISTINCT FROM told THEN
            RAISE EXCEPTION 'no recorded move brought this workflow to %', is_now.stage
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    SELECT e.type INTO said FROM record_event e
     WHERE e.stream_type = 'workflow' AND e.stream_id = is_now.slug
       AND e.type IN ('workflow.paused', 'workflow.resumed') ORDER BY e.seq DESC LIMIT 1;
    IF (OLD.paused_at IS NULL) <> (NEW.paused_at IS NULL)
       AND (is_now.paused_at IS NOT NULL) <> (coalesce(said, '') = 'workflow.paused') THEN
        RAISE EXCEPTION 'the record does not say that this workflow was paused or resumed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT e.type INTO said FROM record_event e
     WHERE e.stream_type = 'workflow' AND e.stream_id = is_now.slug
       AND e.type IN ('workflow.all_review', 'workflow.all_review_ended')
     ORDER BY e.seq DESC LIMIT 1;
    IF OLD.all_review <> NEW.all_review
       AND is_now.all_review <> (coalesce(said, '') = 'workflow.all_review') THEN
        RAISE EXCEPTION 'the record does not say that all cases of this workflow are reviewed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
"""


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

    history = History(m2m_fields=[builders])
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
        triggers = [
            Guard(
                name="as_recorded",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.AnyChange("stage", "paused_at", "all_review"),
                declare=[
                    ("is_now", "controls_workflow%ROWTYPE"),
                    ("move", "controls_stagemove%ROWTYPE"),
                    ("told", "timestamptz"),
                    ("said", "text"),
                ],
                func=AS_RECORDED,
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Suspended counts as paused."""
        return self.paused_at is not None or self.stage == Stage.SUSPENDED
