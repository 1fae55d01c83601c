"""The case and the work on it. A case's payload lies apart (Submission); its story is on the
record; what stands here is what the next act needs to know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from assurance.controls.choices import Disposition
from assurance.controls.models.guards import kept_but
from assurance.dated import Dated
from assurance.record.history import History
from assurance.record.models import AppendOnly
from reviews.choices import (
    PROCEEDING,
    End,
    Outcome,
    Priority,
    QueueKind,
    SkipReason,
    State,
    Status,
)
from reviews.querysets import CaseQuerySet, DecisionQuerySet, QueueQuerySet

if TYPE_CHECKING:
    from assurance.accounts.models import User


class Queue(Dated, models.Model):
    """Where people work."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=QueueKind)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="queues")
    service_level = models.DurationField(
        null=True, blank=True, help_text="Due this long after arrival, unless the rule says."
    )
    lease = models.DurationField(
        "lease length",
        default=timedelta(minutes=20),
        help_text="How long a claim holds after the last act.",
        validators=[
            MinValueValidator(timedelta(minutes=1), "A lease under a minute helps nobody."),
            MaxValueValidator(timedelta(hours=8), "A lease may last 8 hours at most."),
        ],
    )
    undo_window = models.DurationField(
        default=timedelta(seconds=10),
        help_text="How long a decision can be undone before it leaves.",
        validators=[
            MinValueValidator(timedelta(0), "The undo window cannot be negative."),
            MaxValueValidator(timedelta(seconds=30), "The undo window is 30 seconds at most."),
        ],
    )
    skip_for = models.DurationField(
        default=timedelta(hours=8), help_text="How long a skipped case stays away from its skipper."
    )
    guideline = models.TextField(blank=True, help_text="Shown beside every case. Markdown.")
    guideline_version = models.PositiveIntegerField(default=1)

    if TYPE_CHECKING:  # what `with_load` adds
        waiting: int
        oldest_at: datetime | None
        next_due_at: datetime | None

    history = History(m2m_fields=[members])
    objects = QueueQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reviews:queue", args=[self.slug])


class Case(models.Model):
    """One output submitted for a go-ahead, from intake to its end. The spine of everything."""

    id = models.UUIDField(primary_key=True, editable=False)
    number = models.BigIntegerField(unique=True, editable=False)
    workflow = models.ForeignKey("controls.Workflow", models.PROTECT, related_name="cases")
    client = models.ForeignKey(
        "accounts.Client", models.PROTECT, null=True, blank=True, related_name="cases"
    )
    external_id = models.CharField(max_length=200)
    subject = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200)
    requested_by = models.CharField(max_length=200, blank=True)
    body_sha256 = models.CharField(max_length=64)
    revision = models.PositiveIntegerField(default=1)
    output_sha256 = models.CharField(max_length=64)
    late = models.BooleanField(default=False)

    state = models.CharField(max_length=10, choices=State)
    end = models.CharField(max_length=22, choices=End, blank=True)
    disposition = models.CharField(
        max_length=10, choices=Disposition, blank=True, help_text="Empty while verifying."
    )
    enforced = models.BooleanField(default=True)
    would_be = models.CharField(max_length=10, choices=Disposition, blank=True)
    decided_by = models.JSONField(default=list)
    ungoverned = models.BooleanField(default=False)
    reroute_to = models.CharField(max_length=200, blank=True)
    instructions = models.TextField(blank=True)
    proceed_until = models.DateTimeField(null=True, blank=True)
    control_set = models.ForeignKey("controls.ControlSet", models.PROTECT, related_name="+")
    assessment = models.ForeignKey("controls.Assessment", models.PROTECT, related_name="+")
    returns = models.PositiveIntegerField(default=0)

    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="cases")
    priority = models.CharField(max_length=8, choices=Priority, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    rank_at = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    verify_by = models.DateTimeField(
        null=True, blank=True, help_text="Verifiers are waited for until then."
    )
    held_at = models.DateTimeField(null=True, blank=True, help_text="Paused since; clocks stop.")

    lease_number = models.PositiveIntegerField(default=0)
    leased_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="leases"
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    pending = models.OneToOneField(
        "Decision", models.PROTECT, null=True, blank=True, related_name="pending_for"
    )

    received_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    rule = ""  # the routing rule that has just placed it: for the record, not for the table

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "external_id"],
                name="case_once_per_external_id",
                violation_error_message="This external_id was used before in this workflow.",
            ),
            models.CheckConstraint(
                name="closed_has_an_end",
                condition=Q(state=State.CLOSED, closed_at__isnull=False) & ~Q(end="")
                | ~Q(state=State.CLOSED) & Q(end=""),
                violation_error_message="A case has an end exactly when it is closed.",
            ),
            models.CheckConstraint(
                name="open_has_a_queue",
                condition=~Q(state=State.OPEN)
                | Q(queue__isnull=False, due_at__isnull=False, rank_at__isnull=False),
                violation_error_message="An open case is in a queue and has a due time.",
            ),
            models.CheckConstraint(
                name="verifying_has_a_deadline",
                condition=Q(state=State.VERIFYING, verify_by__isnull=False, disposition="")
                | ~Q(state=State.VERIFYING)
                & (~Q(disposition="") | Q(end=End.WITHDRAWN))
                & Q(verify_by=None),
                violation_error_message="A case that is verifying has a deadline, no disposition.",
            ),
            models.CheckConstraint(
                name="lease_is_whole",
                condition=Q(leased_by=None, leased_until=None)
                | Q(leased_by__isnull=False, leased_until__isnull=False, state=State.OPEN),
                violation_error_message="A lease has a holder and an end, and its case is open.",
            ),
        ]
        indexes = [
            models.Index(
                "queue", "rank_at", "id", name="case_work_order", condition=Q(state="open")
            ),
            models.Index(
                "queue", "received_at", name="case_queue_oldest", condition=Q(state="open")
            ),
            models.Index("queue", "due_at", name="case_queue_due", condition=Q(state="open")),
            models.Index(F("received_at").desc(), F("id").desc(), name="case_newest"),
            models.Index("workflow", "received_at", "id", name="case_workflow_received"),
            models.Index("subject", "received_at", name="case_subject"),
            models.Index("verify_by", name="case_verifying", condition=Q(state="verifying")),
            models.Index("leased_by", name="case_leased", condition=Q(leased_by__isnull=False)),
            models.Index(
                "due_at", name="case_due", condition=Q(state="open", overdue_at__isnull=True)
            ),
            models.Index("workflow", name="case_paused", condition=Q(state="paused")),
        ]

    def __str__(self) -> str:
        return f"{self.reference}, {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("reviews:case", args=[self.reference])

    @property
    def reference(self) -> str:
        return f"CM-{self.number}"

    def status(self, at: datetime) -> Status:
        """Where the case stands at a moment. No cleaner decides what is true."""
        if self.state != State.OPEN:
            return Status(self.state)
        if self.pending is not None:
            held = self.workflow.is_paused and self.pending.release_at <= at
            return Status.PAUSED if held else Status.IN_REVIEW
        return Status.IN_REVIEW if self.is_leased(at) else Status.WAITING

    def is_leased(self, at: datetime) -> bool:
        return self.leased_until is not None and self.leased_until > at

    def is_held_by(self, user: User, at: datetime) -> bool:
        return self.is_leased(at) and self.leased_by_id == user.pk

    @property
    def proceed(self) -> bool | None:
        """May the system go ahead? None: a person has not said yet."""
        if self.state == State.CONTINUED:
            return True
        if self.state == State.RETURNED:
            return False
        if self.state == State.CLOSED:
            return self.end in PROCEEDING
        return None


class Submission(models.Model):
    """What the system sent, one row a revision. Apart from the case, which stays narrow."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="submissions")
    revision = models.PositiveIntegerField()
    body = models.JSONField(help_text="The effective envelope: output, context, evidence, …")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "revision"], name="submission_once_a_revision")
        ]
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.case.reference} revision {self.revision}"


class Decision(models.Model):
    """A person's recorded judgement. Never edited, only undone in its window or superseded."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions")
    revision = models.PositiveIntegerField()
    lease_number = models.PositiveIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    reasons = models.JSONField(default=list)
    rationale = models.TextField(blank=True)
    output = models.JSONField(null=True, blank=True)
    output_sha256 = models.CharField(max_length=64)
    arithmetic = models.JSONField(default=list)
    to_queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="+")
    from_queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="+")
    control_was_right = models.JSONField(default=dict)
    assessment = models.ForeignKey(
        "controls.Assessment",
        models.PROTECT,
        related_name="+",
        help_text="What the decider saw; for a correction, the judgement of the corrected output.",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="decisions"
    )
    decided_at = models.DateTimeField()
    release_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    supersedes = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    is_current = models.BooleanField(
        default=False, help_text="The one final decision that stands (or stands in its window)."
    )

    history = History()
    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(is_current=True),
                name="one_final_decision_per_case",
                violation_error_message="Somebody else decided this case first.",
            ),
            models.UniqueConstraint(
                fields=["supersedes"],
                condition=Q(withdrawn_at=None),
                name="superseded_once",
                violation_error_message="This decision was superseded already.",
            ),
            models.CheckConstraint(
                name="withdrawn_or_released",
                condition=Q(withdrawn_at=None) | Q(released_at=None),
                violation_error_message="A released decision cannot be undone, only superseded.",
            ),
        ]
        triggers = kept_but("released_at", "withdrawn_at", "is_current")

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} on {self.case.reference}"


class Draft(models.Model):
    """What a reviewer has typed so far. Outlives the lease."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="drafts")
    revision = models.PositiveIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    body = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "revision", "user"], name="one_draft_each")
        ]

    def __str__(self) -> str:
        return f"draft of {self.user} on {self.case_id}"


class Skip(models.Model):
    """A case passed over by one person, who does not get it again until then."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="skips")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="skips")
    reason = models.CharField(max_length=20, choices=SkipReason)
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["case", "user", "until"], name="skip_case_user")]

    def __str__(self) -> str:
        return f"{self.user} skipped {self.case_id} until {self.until}"


class ExecutionReport(models.Model):
    """What the caller says it really did with one case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="executions")
    executed = models.BooleanField()
    output_sha256 = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    reported_at = models.DateTimeField()
    problem = models.CharField(
        max_length=40, blank=True, help_text="Empty: it did what it was allowed. Else what not."
    )

    class Meta:
        triggers = [AppendOnly()]

    def __str__(self) -> str:
        return f"{self.case_id} executed {self.executed} {self.problem}"
