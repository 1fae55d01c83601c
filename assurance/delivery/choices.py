"""The fixed lists of this room, each word as it is stored."""

from django.db import models


class EventType(models.TextChoices):
    """What a receiver can subscribe to."""

    CASE_ROUTED = "case.routed", "A case was routed to a queue"
    CASE_CLOSED = "case.closed", "A case ended"
    CASE_OVERDUE = "case.overdue", "A case is past its due time"
    CASE_RETURNED = "case.returned", "A case was returned for a new draft"
    CASE_REOPENED = "case.reopened", "A case was reopened"
    ALERT_RAISED = "alert.raised", "An alert was raised"
    WORKFLOW_PAUSED = "workflow.paused", "A workflow was paused"
    WORKFLOW_RESUMED = "workflow.resumed", "A workflow was resumed"
    CONTROL_SET_PUBLISHED = "control_set.published", "A control set was published"
    INCIDENT_OPENED = "incident.opened", "An incident was opened"
    INCIDENT_CLOSED = "incident.closed", "An incident was closed"


class DeliveryStatus(models.TextChoices):
    """`dead` after the last try; `cancelled` when its endpoint or client was switched off."""

    PENDING = "pending", "On its way"
    DELIVERED = "delivered", "Delivered"
    DEAD = "dead", "Given up"
    CANCELLED = "cancelled", "Cancelled"


class MailStatus(models.TextChoices):
    """`dead` after the last try."""

    PENDING = "pending", "On its way"
    SENT = "sent", "Sent"
    DEAD = "dead", "Given up"
