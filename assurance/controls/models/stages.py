"""How a workflow moved between stages: the snapshot that two persons signed, each move, and the
drills that somebody else confirmed. None is ever rewritten."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assurance.controls.choices import Stage
from assurance.controls.models.guards import Guard, kept_but
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
SIGNED_ONCE = """
    IF OLD.status <> 'open' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'this snapshot of the gate is %: it is never rewritten', OLD.status
            USING ERRCODE = 'restrict_violation';
    END IF;
"""
CONFIRMED_ONCE = """
    IF OLD.confirmed_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'this drill was confirmed: it is never rewritten'
            USING ERRCODE = 'restrict_violation';
    END IF;
"""
# Up by a snapshot that was signed for this very step, back by one owner or by Countermark, past
# the gate only where nobody has a case. Two persons and no builder: the snapshot's own guards.
AS_THE_GATE_SAYS = """
    IF NEW.way IN ('promotion', 'attestation') THEN
        IF NOT EXISTS (
               SELECT FROM controls_gatesnapshot s
                WHERE s.id = NEW.snapshot_id AND s.workflow_id = NEW.workflow_id
                  AND s.status = 'signed' AND s.from_stage = NEW.from_stage
                  AND s.to_stage = NEW.to_stage) THEN
            RAISE EXCEPTION 'no snapshot of the gate was signed for this stage'
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NEW.way = 'demo' THEN
        IF EXISTS (SELECT FROM controls_assessment a WHERE a.workflow_id = NEW.workflow_id) THEN
            RAISE EXCEPTION 'past the gate goes only a workflow without cases'
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSE
        back := CASE NEW.from_stage
            WHEN 'suspended' THEN '{pilot}'
            WHEN 'governed' THEN '{limited,pilot,suspended}'
            WHEN 'limited' THEN '{pilot,suspended}'
            ELSE '{suspended}' END;
        IF NEW.to_stage <> ALL (back) OR NEW.way = 'demotion' AND NEW.by_id IS NULL THEN
            RAISE EXCEPTION 'from % a workflow is not moved back to %',
                NEW.from_stage, NEW.to_stage USING ERRCODE = 'restrict_violation';
        END IF;
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
            *kept_but(
                "status",
                "second_by_id",
                "second_person_id",
                "second_at",
                prefix="snapshot_",
                more=SIGNED_ONCE,
            ),
            Guard(
                name="no_builder_signs",
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
        triggers = [
            AppendOnly(),
            Guard(
                name="move_as_the_gate_says",
                operation=pgtrigger.Insert,
                declare=[("back", "text[]")],
                func=AS_THE_GATE_SAYS,
            ),
        ]

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
        triggers = kept_but(
            "confirmed_by_id",
            "confirmed_person_id",
            "confirmed_at",
            prefix="drill_",
            more=CONFIRMED_ONCE,
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.workflow.slug}, {self.held_at:%Y-%m-%d}"
