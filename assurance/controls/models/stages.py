"""How a workflow moved between stages: the snapshot that two persons signed, each move, and the
drills that somebody else confirmed. None is ever rewritten."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assurance.controls.choices import Stage
from assurance.controls.models.workflows import Workflow
from assurance.controls.stage_choices import DrillKind, DrillResult, SnapshotStatus, StageWay
from assurance.record.models import AppendOnly

NO_BUILDER = """
    IF EXISTS (SELECT FROM controls_workflow_builders b
                WHERE b.workflow_id = NEW.workflow_id
                  AND b.person_id IN (NEW.first_person_id, NEW.second_person_id)) THEN
        RAISE EXCEPTION 'who built the workflow signs no stage of it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
"""


class GateSnapshot(models.Model):
    """What the gate said at one moment, frozen and hashed, with who signed it."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="gate_snapshots")
    from_stage = models.CharField(max_length=10, choices=Stage)
    to_stage = models.CharField(max_length=10, choices=Stage)
    reason = models.TextField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=SnapshotStatus, default=SnapshotStatus.OPEN)
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    first_person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    first_at = models.DateTimeField()
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_person = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_at = models.DateTimeField(null=True, blank=True)
    lapses_at = models.DateTimeField()

    class Meta:
        ordering = ["-first_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow"],
                condition=Q(status=SnapshotStatus.OPEN),
                name="one_open_snapshot",
                violation_error_message="One snapshot of this workflow waits already.",
            ),
            models.CheckConstraint(
                name="stage_signed_by_two",
                condition=~Q(status=SnapshotStatus.SIGNED)
                | Q(from_stage=Stage.OBSERVE)
                | Q(second_by__isnull=False, second_person__isnull=False, second_at__isnull=False)
                & ~Q(second_person=F("first_person")),
                violation_error_message="Two different persons sign a stage beyond the pilot.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="snapshot_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="snapshot_never_rewritten",
                exclude=["status", "second_by", "second_person", "second_at"],
            ),
            pgtrigger.Trigger(
                name="no_builder_signs",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=NO_BUILDER,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow.slug}: {self.from_stage} to {self.to_stage}, {self.status}"


class StageMove(models.Model):
    """One change of stage."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="stage_moves")
    from_stage = models.CharField(max_length=10, choices=Stage)
    to_stage = models.CharField(max_length=10, choices=Stage)
    way = models.CharField(max_length=12, choices=StageWay)
    reason = models.TextField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    snapshot = models.OneToOneField(
        GateSnapshot, models.PROTECT, null=True, blank=True, related_name="move"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["workflow", "-at"], name="stage_move_newest")]
        constraints = [
            models.CheckConstraint(
                name="promotion_has_its_snapshot",
                condition=~Q(way__in=[StageWay.PROMOTION, StageWay.ATTESTATION])
                | Q(snapshot__isnull=False),
                violation_error_message="A promotion names the snapshot that was signed.",
            )
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.workflow.slug}: {self.from_stage} to {self.to_stage}"


class Drill(models.Model):
    """An exercise that was held: entered by one person, confirmed by another."""

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="drills")
    kind = models.CharField(max_length=20, choices=DrillKind)
    held_at = models.DateTimeField()
    result = models.CharField(max_length=10, choices=DrillResult)
    note = models.TextField(blank=True)
    evidence = models.URLField(max_length=500)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_person = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-held_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="drill_confirmed_by_a_second_person",
                condition=Q(confirmed_by=None, confirmed_person=None, confirmed_at=None)
                | Q(
                    confirmed_by__isnull=False,
                    confirmed_person__isnull=False,
                    confirmed_at__isnull=False,
                )
                & ~Q(confirmed_person=F("entered_person")),
                violation_error_message="A second person confirms a drill.",
            )
        ]
        triggers = [
            pgtrigger.Protect(name="drill_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="drill_never_rewritten",
                exclude=["confirmed_by", "confirmed_person", "confirmed_at"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.workflow.slug}, {self.held_at:%Y-%m-%d}"
