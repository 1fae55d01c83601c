"""The control change: a numbered proposal to replace one control set by the next, the only way in
which anything in a set changes. What one person may not do alone the database refuses too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from assurance.controls.choices import ENDED, ChangeKind, ChangeStatus, Disposition, InFlight, Way
from assurance.controls.models.guards import Guard
from assurance.controls.models.sets import ControlSet
from assurance.controls.models.workflows import Workflow
from assurance.controls.querysets import ControlChangeQuerySet
from assurance.record.history import History

if TYPE_CHECKING:
    from assurance.controls.models.replays import Replay

RANKS = f"'{{{','.join(Disposition.values)}}}'"

# Approved and published rows, whoever writes them: SQL, the shell, a second account.
SECOND_PERSON = """
    IF NEW.status NOT IN ('approved', 'published') OR TG_OP = 'UPDATE'
       AND OLD.status = NEW.status
       AND OLD.approver_person_id IS NOT DISTINCT FROM NEW.approver_person_id THEN
        RETURN NEW;
    END IF;
    SELECT w.stage INTO stage FROM controls_workflow w WHERE w.id = NEW.workflow_id;
    SELECT coalesce(array_agg(b.person_id), '{}') INTO builders
      FROM controls_workflow_builders b WHERE b.workflow_id = NEW.workflow_id;
    IF NEW.author_person_id = ANY (builders) AND NEW.way <> 'second_person' THEN
        RAISE EXCEPTION 'a builder of the workflow publishes nothing alone'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.way = 'second_person' AND (
           NEW.approver_person_id = ANY (builders)
        OR EXISTS (SELECT FROM controls_controlchange_editors e
                    WHERE e.controlchange_id = NEW.id
                      AND e.person_id = NEW.approver_person_id)) THEN
        RAISE EXCEPTION 'the approver edited this change or built the workflow'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.way = 'pilot' AND stage NOT IN ('observe', 'pilot') THEN
        RAISE EXCEPTION 'beyond the pilot a second person approves'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.way = 'emergency' AND (jsonb_array_length(NEW.edits) = 0 OR EXISTS (
           SELECT FROM jsonb_array_elements(NEW.edits) e
            WHERE e->>'item' <> 'control'
               OR coalesce(e->'content'->>'mode', '') <> 'enforced')) THEN
        RAISE EXCEPTION 'an emergency adds, enforces and raises controls, nothing else'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.way = 'emergency' AND EXISTS (
           SELECT FROM controls_controlset s
             CROSS JOIN jsonb_array_elements(s.canonical::jsonb->'controls') live
             JOIN jsonb_array_elements(NEW.edits) e ON e->>'key' = live->>'key'
             CROSS JOIN jsonb_object_keys(live || (e->'content')) part
            WHERE s.id = NEW.base_set_id AND live->>'mode' = 'enforced'
              AND nullif(live->part, 'null') IS DISTINCT FROM nullif(e->'content'->part, 'null')
              AND CASE
                  WHEN part = 'effects' THEN jsonb_typeof(live->part) <> 'object' OR EXISTS (
                      SELECT FROM jsonb_each_text(live->part) effect
                       WHERE coalesce(array_position(ranks, e->'content'->part->>effect.key)
                                    < array_position(ranks, effect.value), true))
                  WHEN part IN ('effect', 'on_error') THEN coalesce(
                      array_position(ranks, e->'content'->>part)
                    < array_position(ranks, live->>part), true)
                  ELSE true END) THEN
        RAISE EXCEPTION 'an emergency only raises the effects of a control that is enforced'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.way = 'second_person' AND stage NOT IN ('observe', 'pilot') AND NOT EXISTS (
           SELECT FROM controls_replay r
            WHERE r.change_id = NEW.id AND r.candidate_sha256 = NEW.candidate_sha256
              AND r.status = 'done') THEN
        RAISE EXCEPTION 'beyond the pilot a change is replayed before it is approved'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.way = 'operational' AND NOT EXISTS (
           SELECT FROM controls_replay r
            WHERE r.change_id = NEW.id AND r.candidate_sha256 = NEW.candidate_sha256
              AND r.status = 'done' AND r.direction = 'same'
              AND coalesce((r.report->>'replayable')::int, 0) >= 200)
       AND NOT EXISTS (
           SELECT FROM controls_controlset s JOIN controls_controlchange c ON c.id = s.change_id
            WHERE s.id = NEW.base_set_id AND c.way = 'operational'
              AND NEW.rollback_to_id = c.base_set_id) THEN
        RAISE EXCEPTION 'no replay shows that the change is operational'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
"""
FROZEN = """
    IF (NEW.number, NEW.workflow_id, NEW.author_id, NEW.author_person_id) IS DISTINCT FROM
       (OLD.number, OLD.workflow_id, OLD.author_id, OLD.author_person_id) THEN
        RAISE EXCEPTION 'who began control change % is never rewritten', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status IN ('published', 'declined', 'withdrawn', 'lapsed') AND (
           NEW.status, NEW.edits, NEW.content_sha256, NEW.candidate_sha256, NEW.base_set_id,
           NEW.author_id, NEW.approver_id, NEW.approved_at, NEW.way, NEW.published_at)
       IS DISTINCT FROM (
           OLD.status, OLD.edits, OLD.content_sha256, OLD.candidate_sha256, OLD.base_set_id,
           OLD.author_id, OLD.approver_id, OLD.approved_at, OLD.way, OLD.published_at) THEN
        RAISE EXCEPTION 'control change % is %: it is never rewritten', OLD.number, OLD.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'approved' AND NEW.status = 'approved' AND (
           NEW.edits, NEW.content_sha256, NEW.candidate_sha256, NEW.base_set_id)
       IS DISTINCT FROM (
           OLD.edits, OLD.content_sha256, OLD.candidate_sha256, OLD.base_set_id) THEN
        RAISE EXCEPTION 'control change % was approved as it stands: an edit voids that',
            OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
"""
NEVER_DELETED = """
    RAISE EXCEPTION 'Cannot delete control change %: withdraw it instead', OLD.number
        USING ERRCODE = 'restrict_violation';
"""


class ControlChange(models.Model):
    """One proposal. `edits` is a list of `{"item", "key", "content"}`; content null removes."""

    number = models.BigIntegerField(unique=True, editable=False)
    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=20, choices=ChangeKind, default=ChangeKind.ROUTINE)
    reason = models.TextField()
    links = models.JSONField(default=list, blank=True)
    edits = models.JSONField(default=list)
    start_at = models.DateTimeField(null=True, blank=True)
    shadow_explanation = models.TextField(blank=True)
    in_flight = models.CharField(max_length=10, choices=InFlight, default=InFlight.LEAVE)

    status = models.CharField(
        max_length=10, choices=ChangeStatus, default=ChangeStatus.DRAFT, editable=False
    )
    base_set = models.ForeignKey(ControlSet, models.PROTECT, related_name="+")
    content_sha256 = models.CharField(
        max_length=64, help_text="Covers the edits and the hash of each item that they replace."
    )
    candidate_sha256 = models.CharField(
        max_length=64, help_text="Of the whole set as it would be, on its base."
    )
    rollback_to = models.ForeignKey(
        ControlSet, models.PROTECT, null=True, blank=True, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_person = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    editors = models.ManyToManyField("accounts.Person", related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lapses_at = models.DateTimeField(null=True, blank=True)
    way = models.CharField(max_length=15, choices=Way, blank=True)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    approver_person = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_sha256 = models.CharField(max_length=64, blank=True)
    approval_note = models.TextField(blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_note = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    direction = models.CharField(max_length=10, blank=True)

    ratify_by = models.DateTimeField(null=True, blank=True)
    ratified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ratified_person = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    ratified_at = models.DateTimeField(null=True, blank=True)
    unratified_at = models.DateTimeField(
        null=True, blank=True, help_text="Nobody ratified in time: all cases are reviewed since."
    )

    if TYPE_CHECKING:
        replays: models.Manager[Replay]

    history = History(m2m_fields=[editors])
    objects = ControlChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                name="approved_by_a_second_person",
                condition=~Q(status__in=[ChangeStatus.APPROVED, ChangeStatus.PUBLISHED])
                | Q(way__in=[Way.PILOT, Way.OPERATIONAL, Way.EMERGENCY])
                | Q(
                    way=Way.SECOND_PERSON,
                    approver__isnull=False,
                    approver_person__isnull=False,
                    approved_at__isnull=False,
                    approved_sha256=F("content_sha256"),
                )
                & (Q(author_person=None) | ~Q(approver_person=F("author_person"))),
                violation_error_message="A second person approves exactly what will be live.",
            ),
            models.CheckConstraint(
                name="ratified_by_a_second_person",
                condition=Q(ratified_at=None)
                | Q(ratified_person__isnull=False, author_person__isnull=False)
                & ~Q(ratified_person=F("author_person")),
                violation_error_message="Somebody else than its author ratifies a change.",
            ),
            models.CheckConstraint(
                name="emergency_is_said_and_ratified",
                condition=~Q(way=Way.EMERGENCY)
                | Q(kind=ChangeKind.EMERGENCY, ratify_by__isnull=False),
                violation_error_message="An emergency change says so and waits for ratification.",
            ),
            models.CheckConstraint(
                name="published_change_has_its_moment",
                condition=Q(status=ChangeStatus.PUBLISHED, published_at__isnull=False)
                | ~Q(status=ChangeStatus.PUBLISHED) & Q(published_at=None),
                violation_error_message="A published change says when it was published.",
            ),
        ]
        indexes = [models.Index(fields=["workflow", "status"], name="change_workflow_status")]
        triggers = [
            Guard(
                name="second_person",
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[
                    ("stage", "text"),
                    ("builders", "bigint[]"),
                    ("ranks", f"text[] := {RANKS}"),
                ],
                func=SECOND_PERSON,
            ),
            Guard(name="frozen", operation=pgtrigger.Update, func=FROZEN),
            Guard(name="never_deleted", operation=pgtrigger.Delete, func=NEVER_DELETED),
        ]

    def __str__(self) -> str:
        return f"Change {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("change", args=[self.number])

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED

    @property
    def awaits_ratification(self) -> bool:
        return self.way == Way.EMERGENCY and self.ratified_at is None

    def touched(self) -> set[tuple[str, str]]:
        """The items that it edits, as (item, key)."""
        return {(edit["item"], edit["key"]) for edit in self.edits}

    def edit_of(self, item: str, key: str) -> dict[str, Any] | None:
        found = (e for e in self.edits if (e["item"], e["key"]) == (item, key))
        return next(found, None)
