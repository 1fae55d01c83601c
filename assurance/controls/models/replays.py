"""A replay: what a candidate set would have done with the cases that were really judged."""

from __future__ import annotations

from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.db import models

from assurance.controls.choices import ReplayStatus
from assurance.controls.models.changes import ControlChange
from assurance.controls.models.guards import Guard, never_deleted
from assurance.controls.models.sets import ControlSet
from assurance.controls.models.workflows import Workflow

# A report that is older says too little of the cases of today.
FRESH_FOR = timedelta(days=14)

ANSWERED_ONCE = """
    IF OLD.status = 'done' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'replay % is done: it is never rewritten', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.workflow_id, NEW.change_id, NEW.base_set_id, NEW.candidate, NEW.candidate_sha256,
        NEW.window_from, NEW.window_until)
       IS DISTINCT FROM (
        OLD.workflow_id, OLD.change_id, OLD.base_set_id, OLD.candidate, OLD.candidate_sha256,
        OLD.window_from, OLD.window_until) THEN
        RAISE EXCEPTION 'what replay % tries is never rewritten: ask for another', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
"""


class Replay(models.Model):
    """One run of a candidate over stored facts: queued, taken in slices by workers, done once.

    `tally` is what has been counted so far and lets another worker go on after `position`;
    `report` is the whole answer, and `sha256` covers it.
    """

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="replays")
    change = models.ForeignKey(
        ControlChange, models.PROTECT, null=True, blank=True, related_name="replays"
    )
    base_set = models.ForeignKey(ControlSet, models.PROTECT, related_name="+")
    candidate = models.JSONField(help_text="The content of the set that is tried.")
    candidate_sha256 = models.CharField(max_length=64)
    window_from = models.DateTimeField(null=True, blank=True)
    window_until = models.DateTimeField()

    status = models.CharField(
        max_length=10, choices=ReplayStatus, default=ReplayStatus.QUEUED, editable=False
    )
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    position = models.BigIntegerField(default=0, help_text="The last assessment that was judged.")
    tally = models.JSONField(default=dict)
    taken_until = models.DateTimeField(null=True, blank=True, help_text="A worker holds it.")
    report = models.JSONField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    direction = models.CharField(max_length=10, blank=True)
    problem = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="replay_done_is_whole",
                condition=~models.Q(status=ReplayStatus.DONE)
                | models.Q(report__isnull=False, finished_at__isnull=False) & ~models.Q(sha256=""),
                violation_error_message="A replay that is done has its report and hash.",
            )
        ]
        triggers = [
            never_deleted("replay_"),
            Guard(name="replay_answered_once", operation=pgtrigger.Update, func=ANSWERED_ONCE),
        ]
        indexes = [
            models.Index(
                fields=["taken_until"],
                name="replay_to_do",
                condition=models.Q(status__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"Replay {self.pk} of {self.workflow.slug}"

    def is_fresh(self, at: datetime) -> bool:
        return (
            self.status == ReplayStatus.DONE
            and self.finished_at is not None
            and at - self.finished_at < FRESH_FOR
        )
