"""What is counted per day, so that nobody counts cases while somebody waits; and what is usual,
frozen so that a slow drift cannot move its own yardstick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assurance.monitoring.choices import Measure
from assurance.monitoring.querysets import DailyCountQuerySet
from assurance.record.models import AppendOnly

if TYPE_CHECKING:
    from datetime import date


class DailyCount(models.Model):
    """One measure of one day in UTC, of a workflow or of one control, queue or model in it.

    An empty `control`, `queue` or `model_version` means all of them: rows of different levels are
    never added. Nothing here is kept by adding to it: a day is counted anew, whole.
    """

    day = models.DateField()
    workflow = models.CharField(max_length=100)
    queue = models.CharField(max_length=60, blank=True, default="")
    control = models.CharField(max_length=60, blank=True, default="")
    control_version = models.PositiveIntegerField(null=True, blank=True)
    model_version = models.CharField(max_length=310, blank=True, default="")
    measure = models.CharField(max_length=20, choices=Measure)
    n = models.PositiveBigIntegerField(help_text="How many were looked at.")
    hits = models.PositiveBigIntegerField(default=0, help_text="How many of those it was.")
    total = models.FloatField(default=0, help_text="A sum, in seconds where it is a time.")
    buckets = models.JSONField(default=dict, help_text="Counts by name, or a histogram.")
    gaps = models.JSONField(
        default=list,
        help_text="How many came before each hit since the hit before it, and last how many came "
        "after: what a CUSUM needs to be exact.",
    )

    objects = DailyCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "workflow",
                    "day",
                    "measure",
                    "control",
                    "control_version",
                    "queue",
                    "model_version",
                ],
                nulls_distinct=False,
                name="daily_count_once",
                violation_error_message="This is counted for that day already.",
            ),
            models.CheckConstraint(
                condition=Q(hits__lte=F("n")),
                name="daily_hits_within_n",
                violation_error_message="There are no more hits than were looked at.",
            ),
        ]
        indexes = [
            models.Index(fields=["workflow", "measure", "day"], name="daily_count_measure"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.day} {self.measure}: {self.hits} of {self.n}"


class DirtyDay(models.Model):
    """A day of a workflow that something was recorded about since it was counted."""

    workflow = models.CharField(max_length=100)
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "day"], name="dirty_day_once")]

    def __str__(self) -> str:
        return f"{self.workflow} {self.day}"


class SweepPosition(models.Model):
    """How far the sweep has read. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    event = models.BigIntegerField(default=0, help_text="The newest position of the feed read.")
    label = models.BigIntegerField(default=0, help_text="The newest label looked at.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(id=1),
                name="sweep_position_one_row",
                violation_error_message="There is one sweep, so there is one position.",
            )
        ]


class Baseline(models.Model):
    """What was usual for one signal when it was looked at. Never edited: another version is."""

    workflow = models.CharField(max_length=100)
    signal = models.CharField(max_length=40)
    control = models.CharField(max_length=60, blank=True, default="")
    queue = models.CharField(max_length=60, blank=True, default="")
    model_version = models.CharField(max_length=310, blank=True, default="")
    version = models.PositiveIntegerField()
    period_days = models.PositiveSmallIntegerField(help_text="1: of days; 7: of weeks.")
    first_day = models.DateField()
    last_day = models.DateField()
    periods = models.PositiveIntegerField()
    n = models.PositiveBigIntegerField()
    hits = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=500)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "signal", "control", "queue", "model_version", "version"],
                name="baseline_version_once",
                violation_error_message="This version of the baseline is there already.",
            ),
            models.CheckConstraint(
                condition=Q(periods__gte=20),
                name="baseline_of_twenty",
                violation_error_message="A baseline needs 20 periods or more.",
            ),
            models.CheckConstraint(
                condition=Q(hits__lte=F("n"), n__gte=1),
                name="baseline_counts_sound",
                violation_error_message="There are no more hits than were looked at.",
            ),
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.workflow} {self.signal} v{self.version}: {self.hits} of {self.n}"

    def covers(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day
