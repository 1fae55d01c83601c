"""External verifiers, and every question that was put to one. A case is known here by id only."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from assurance.controls.choices import Mode
from assurance.controls.models.workflows import Workflow
from assurance.delivery.addresses import shown_host
from assurance.record.history import History

# What is noted with each answer: no configuration, so no history.
_HEALTH = ["failures", "opened_at", "probing_until", "last_success_at", "last_failure_at",
           "last_error"]  # fmt: skip
LONGEST_TIMEOUT = 10
USUAL_TIMEOUT = 2


class Verifier(models.Model):
    """A system of somebody else's that judges outputs. Switched off, never deleted."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    url = models.CharField("address", max_length=500)
    timeout = models.FloatField(
        default=USUAL_TIMEOUT,
        help_text="Seconds that a submission waits for its answer, where the control says nothing.",
        validators=[
            MinValueValidator(0.1, "Give it a tenth of a second at least."),
            MaxValueValidator(LONGEST_TIMEOUT, "Nobody waits longer than 10 seconds inline."),
        ],
    )
    client_certificate = models.CharField(
        max_length=500, blank=True, help_text="Path of a PEM file on the servers of Countermark."
    )
    client_key = models.CharField(max_length=500, blank=True, help_text="Path of its key.")
    # Sealed with SECRET_KEY: a copy of the database alone signs nothing.
    secret_sealed = models.TextField(editable=False)
    previous_secret_sealed = models.TextField(editable=False, blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    active = models.BooleanField(
        default=True, help_text="Off: it is not asked, and its controls count as not run."
    )
    created_at = models.DateTimeField(editable=False)

    failures = models.PositiveIntegerField("failures in a row", default=0, editable=False)
    opened_at = models.DateTimeField(
        "given up at", null=True, blank=True, editable=False,
        help_text="It failed too often in a row and is not asked for a while.",
    )  # fmt: skip
    probing_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_failure_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    history = History(excluded_fields=[*_HEALTH, "secret_sealed", "previous_secret_sealed"])

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(timeout__gt=0, timeout__lte=LONGEST_TIMEOUT),
                name="verifier_timeout_is_short",
                violation_error_message="Nobody waits longer than 10 seconds inline.",
            ),
            models.CheckConstraint(
                condition=Q(client_key="") | ~Q(client_certificate=""),
                name="verifier_key_needs_certificate",
                violation_error_message="A client key needs its certificate.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """Where it leads, for people; a name in punycode decoded and raw."""
        return shown_host(urlsplit(self.url).hostname or "")


class CheckRun(models.Model):
    """One question to one verifier about one output. Its id is the `check_run_id` that both sides
    name; it is answered once, by the reply or later with the single-use token."""

    class Status(models.TextChoices):
        QUEUED = "queued", "To be asked"
        ASKING = "asking", "Being asked"
        AWAITING = "awaiting", "Answer announced"
        CLOSED = "closed", "Closed"

    id = models.UUIDField(primary_key=True, editable=False)
    case_id = models.UUIDField()
    revision = models.PositiveIntegerField()
    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="check_runs")
    control_key = models.CharField(max_length=40)
    control_version = models.PositiveIntegerField()
    check_sha256 = models.CharField(
        max_length=64, help_text="Of the check as the control named it: what was asked."
    )
    mode = models.CharField(max_length=8, choices=Mode)
    verifier = models.ForeignKey(
        Verifier, models.PROTECT, null=True, blank=True, related_name="runs"
    )
    output_sha256 = models.CharField(max_length=64)
    token_sha256 = models.CharField(max_length=64, blank=True)

    status = models.CharField(max_length=8, choices=Status)
    asked_at = models.DateTimeField()
    deadline = models.DateTimeField(help_text="An answer after it changes nothing any more.")
    taken_until = models.DateTimeField(null=True, blank=True, help_text="A worker is asking.")
    attempts = models.PositiveSmallIntegerField(default=0)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.TextField(blank=True)

    outcome = models.CharField(max_length=14, blank=True)
    reason_code = models.CharField(max_length=100, blank=True)
    answer = models.JSONField(null=True, blank=True, help_text="As it went into the facts.")
    answered_at = models.DateTimeField(null=True, blank=True)
    verifier_name = models.CharField(max_length=120, blank=True)
    verifier_version = models.CharField(max_length=120, blank=True)
    late_answer = models.JSONField(
        null=True, blank=True, help_text="What came after the deadline. It changed nothing."
    )
    late_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="check_run_closed_is_whole",
                condition=Q(status="closed", answered_at__isnull=False, answer__isnull=False)
                & ~Q(outcome="")
                | ~Q(status="closed") & Q(outcome="", answered_at=None),
                violation_error_message="A closed check run has an outcome, an open one none.",
            )
        ]
        indexes = [
            models.Index(fields=["case_id", "revision"], name="check_run_case"),
            models.Index(fields=["control_key", "-asked_at"], name="check_run_control"),
            models.Index(
                fields=["asked_at"], name="check_run_queued", condition=Q(status="queued")
            ),
            models.Index(
                fields=["deadline"],
                name="check_run_open",
                condition=~Q(status="closed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control_key} on {self.case_id}: {self.outcome or self.status}"

    @property
    def is_open(self) -> bool:
        return self.status != self.Status.CLOSED

    def is_late(self, at: datetime) -> bool:
        return at > self.deadline
