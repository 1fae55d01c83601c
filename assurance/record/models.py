"""The tables of the record. Entries and checkpoints are written once and never again: triggers
refuse UPDATE, DELETE and TRUNCATE for everyone, the owner of the tables included."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models

from assurance.record.sealing import header

REFUSAL = (
    "RAISE EXCEPTION 'The record is append-only: % on % is refused. Record a new event instead.',"
    " TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';"
)


class AppendOnly(pgtrigger.Trigger):
    """Refuses every change. It runs our own function, since a function that pgtrigger writes can
    be talked out of it by a session variable."""

    name = "append_only"
    level = pgtrigger.Statement
    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate
    func = REFUSAL

    def render_execute(self, model: Any) -> str:
        return "record_append_only()"


class Event(models.Model):
    """One entry of one chain. `hash` seals everything here, `commitment` seals the payload."""

    stream_type = models.CharField(max_length=12)
    stream_id = models.CharField(max_length=100)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=6)
    actor_ref = models.CharField(max_length=200)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()
    workflow = models.CharField(max_length=100, default="", blank=True)
    commitment = models.CharField(max_length=64)
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream_type", "stream_id", "seq"],
                name="event_seq_once",
                violation_error_message="This place of the chain is taken.",
            ),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="event_seq_from_one"),
            models.CheckConstraint(
                condition=models.Q(
                    stream_type__in=["case", "workflow", "incident", "installation"]
                ),
                name="event_stream_type_known",
            ),
            models.CheckConstraint(
                condition=models.Q(actor_kind="person", actor_user__isnull=False)
                | models.Q(actor_kind__in=["client", "system"], actor_user=None),
                name="event_actor_is_someone",
                violation_error_message="A person's event names the account, no other does.",
            ),
        ]
        indexes = [models.Index(fields=["workflow", "type", "at"], name="event_by_workflow_type")]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.stream_type}/{self.stream_id} #{self.seq} {self.type}"

    def sealed(self) -> dict[str, Any]:
        """What the hash covers. Times are UTC with microseconds, as PostgreSQL keeps them."""
        return header(
            stream_type=self.stream_type,
            stream_id=self.stream_id,
            workflow=self.workflow,
            seq=self.seq,
            type=self.type,
            actor={"kind": self.actor_kind, "ref": self.actor_ref, "user": self.actor_user_id},
            at=self.at,
            commitment=self.commitment,
            prev=self.prev,
        )


class RecordPayload(models.Model):
    """What an event says: the exact bytes and the salt of its commitment, apart from the chain, so
    that content may one day be erased lawfully while the chain still verifies."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="payload")
    salt = models.BinaryField(max_length=32)
    body = models.BinaryField()

    class Meta:
        triggers = [AppendOnly()]


class EventPending(models.Model):
    """Committed, not yet numbered. Ids are given before commit, so no reader may page by them."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="+")


class EventPosition(models.Model):
    """The gapless public number of an event, given after its commit by one sequencer at a time."""

    position = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, models.PROTECT, related_name="position")
    workflow = models.CharField(max_length=100, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["workflow", "position"], name="position_by_workflow")]
        triggers = [AppendOnly()]


class Checkpoint(models.Model):
    """A signed hash over the heads of the chains that grew: see `checkpoints.py` for its body."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    last_position = models.BigIntegerField(unique=True)
    body = models.BinaryField()
    hash = models.CharField(max_length=64, unique=True)
    signature = models.BinaryField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__gte=1, last_position__gte=models.F("number")),
                name="checkpoint_covers_something",
                violation_error_message="Each checkpoint covers at least one entry more.",
            ),
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"checkpoint/{self.number}"


class CheckpointLeaf(models.Model):
    """The head of one chain, at its place in the tree of one checkpoint."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="leaves")
    place = models.PositiveIntegerField()
    stream_type = models.CharField(max_length=12)
    stream_id = models.CharField(max_length=100)
    seq = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "place"],
                name="leaf_place_once",
                violation_error_message="This place of the tree is taken.",
            ),
        ]
        indexes = [
            models.Index(fields=["stream_type", "stream_id", "seq"], name="leaf_by_stream"),
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.stream_type}/{self.stream_id} #{self.seq}"


class StreamHead(models.Model):
    """The newest entry of each chain, and the lock under which the next one is appended."""

    stream_type = models.CharField(max_length=12)
    stream_id = models.CharField(max_length=100)
    seq = models.PositiveIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream_type", "stream_id"], name="head_once_per_stream"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream_type}/{self.stream_id} #{self.seq}"


class ClockOffset(models.Model):
    """One row by which tests and the demo move the clock of every process (`clock.py`)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    shift = models.DurationField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1),
                name="clock_offset_one_row",
                violation_error_message="There is one clock, so there is one offset.",
            )
        ]
