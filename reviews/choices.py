"""The closed lists of human work: where a case stands, how it ends, what a person can say."""

from datetime import timedelta

from django.db import models


class State(models.TextChoices):
    """What is stored. What is true at a moment (`Case.status`) is worked out from it when read."""

    VERIFYING = "verifying", "Verifying"
    OPEN = "open", "Open"
    CONTINUED = "continued", "Continued"
    RETURNED = "returned", "Returned"
    PAUSED = "paused", "Paused"
    CLOSED = "closed", "Closed"


class Status(models.TextChoices):
    VERIFYING = "verifying", "Verifying"
    CONTINUED = "continued", "Continued"
    WAITING = "waiting", "Waiting"
    IN_REVIEW = "in_review", "In review"
    PAUSED = "paused", "Paused"
    RETURNED = "returned", "Returned"
    CLOSED = "closed", "Closed"


class End(models.TextChoices):
    APPROVED = "approved", "Approved"
    CORRECTED = "corrected", "Corrected"
    REJECTED = "rejected", "Rejected"
    BLOCKED = "blocked", "Blocked"
    REROUTED = "rerouted", "Rerouted"
    EXPIRED = "expired", "Expired"
    NO_ELIGIBLE_REVIEWER = "no_eligible_reviewer", "Nobody eligible"
    WITHDRAWN = "withdrawn", "Withdrawn"
    OBSERVED = "observed", "Observed"
    IMPORTED = "imported", "Imported"


# The ends after which the system may go ahead.
PROCEEDING = (End.APPROVED, End.CORRECTED, End.OBSERVED)


class Outcome(models.TextChoices):
    APPROVE = "approve", "Approve as drafted"
    CORRECT = "correct", "Correct and approve"
    REJECT = "reject", "Reject, send nothing"
    ESCALATE = "escalate", "Escalate"
    RETURN = "return", "Return for a new draft"


FINAL = {
    Outcome.APPROVE: End.APPROVED,
    Outcome.CORRECT: End.CORRECTED,
    Outcome.REJECT: End.REJECTED,
}


class QueueKind(models.TextChoices):
    GENERAL = "general", "General"
    SPECIALIST = "specialist", "Specialist"
    GOVERNANCE = "governance", "Governance"
    AUDIT = "audit", "Audit"

    @property
    def rank(self) -> int:
        """Which disposition the queue can take: general < specialist < governance."""
        return list(type(self)).index(self)


class Priority(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


# Urgent first, nothing starves: a case ranks by its due time less this head start.
HEAD_START = {
    Priority.HIGH: timedelta(hours=24),
    Priority.MEDIUM: timedelta(hours=4),
    Priority.LOW: timedelta(0),
}
# Where neither the routing rule nor the queue says how long.
DEFAULT_DUE_IN = {
    Priority.HIGH: timedelta(hours=4),
    Priority.MEDIUM: timedelta(days=1),
    Priority.LOW: timedelta(days=3),
}


class Right(models.TextChoices):
    """Was the control right to hold?"""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNSURE = "unsure", "Unsure"


class SkipReason(models.TextChoices):
    NOT_MY_FIELD = "not_my_field", "Not my field"
    NEED_MORE_TIME = "need_more_time", "Needs more time than I have now"
    LANGUAGE = "language", "I do not read this language well enough"
    DISTRESSING = "distressing", "I would rather not see this"
    TECHNICAL = "technical", "It does not show correctly"
