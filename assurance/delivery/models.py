"""Where webhooks go, what was promised, each try, mail, and the alerts that people must see.

A promised row is the message itself, its body the exact bytes that are signed and sent. Its
order within one stream and endpoint is that of its id: promises of one stream are made under
the lock of that stream, so ids and commits agree.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from assurance.accounts.models import Client
from assurance.delivery.addresses import shown_host
from assurance.delivery.choices import DeliveryStatus, EventType, MailStatus
from assurance.delivery.querysets import (
    AlertQuerySet,
    DeliveryQuerySet,
    EndpointQuerySet,
    MailQuerySet,
)
from assurance.record.history import History

# What the worker notes about an endpoint: no configuration, so no history.
_HEALTH = [
    "failures",
    "failing_since",
    "resting_until",
    "last_success_at",
    "last_failure_at",
    "last_error",
]
_SECRETS = ["secret_sealed", "previous_secret_sealed"]


class Endpoint(models.Model):
    """An address of a client that receives webhooks. Switched off, never deleted."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="endpoints")
    url = models.CharField("address", max_length=500)
    description = models.CharField(max_length=200, blank=True)
    event_types = ArrayField(
        models.CharField(max_length=40, choices=EventType),
        default=list,
        blank=True,
        help_text="What it hears, separated by commas. Empty: everything.",
    )
    headers = models.JSONField(
        "custom headers", default=dict, blank=True, help_text="Sent with each try, name to value."
    )
    client_certificate = models.CharField(
        max_length=500, blank=True, help_text="Path of a PEM file on the servers of Countermark."
    )
    client_key = models.CharField(max_length=500, blank=True)
    # Sealed with SECRET_KEY: a copy of the database alone signs nothing.
    secret_sealed = models.TextField(editable=False)
    previous_secret_sealed = models.TextField(editable=False, blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    failures = models.PositiveIntegerField("failures in a row", default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    resting_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_failure_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    objects = EndpointQuerySet.as_manager()
    history = History(excluded_fields=[*_HEALTH, *_SECRETS])

    class Meta:
        ordering = ["client__name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "url"],
                condition=Q(active=True),
                name="endpoint_once_per_client",
                violation_error_message="This client has an active endpoint at this address.",
            ),
            models.CheckConstraint(
                condition=Q(active=True, disabled_reason="") | Q(active=False),
                name="endpoint_active_has_no_reason",
                violation_error_message="Only an endpoint that is switched off says why.",
            ),
            models.CheckConstraint(
                condition=Q(client_key="") | ~Q(client_certificate=""),
                name="endpoint_key_needs_certificate",
                violation_error_message="A client key needs its certificate.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client}: {self.url}"

    def is_resting(self, at: datetime) -> bool:
        """Nothing is sent for a while, because it failed several times in a row or asked for it."""
        return self.resting_until is not None and self.resting_until > at

    @property
    def host(self) -> str:
        """Where it leads, for people; a name in punycode decoded and raw."""
        return shown_host(urlsplit(self.url).hostname or "")

    @property
    def health(self) -> str:
        """One word for the page: off, untried, ok or failing."""
        if not self.active:
            return "off"
        if self.failures:
            return "failing"
        return "ok" if self.last_success_at else "untried"


class Delivery(models.Model):
    """One webhook promised to one endpoint: the outbox row."""

    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="deliveries")
    webhook_id = models.CharField(max_length=40, unique=True)
    event_type = models.CharField(max_length=40)
    workflow = models.CharField(max_length=100)
    stream_type = models.CharField(max_length=20)
    stream_id = models.CharField(max_length=100)
    reference = models.CharField("what people call it", max_length=100, blank=True)
    body = models.BinaryField()
    status = models.CharField(max_length=9, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveIntegerField("tries in all", default=0)
    round_attempts = models.PositiveIntegerField("tries since promised or resent", default=0)
    round_started_at = models.DateTimeField("promised or resent at")
    next_attempt_at = models.DateTimeField()
    # The lease of the worker that is sending it, and its number: a late answer of a worker that
    # lost its lease must not undo what the next one noted.
    claimed_until = models.DateTimeField(null=True, blank=True)
    claim = models.BigIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(status=DeliveryStatus.PENDING),
                name="delivery_due",
            ),
            models.Index(
                fields=["endpoint", "stream_type", "stream_id", "id"],
                condition=Q(status=DeliveryStatus.PENDING),
                name="delivery_order",
            ),
            models.Index(
                fields=["endpoint", "claimed_until"],
                condition=Q(claimed_until__isnull=False),
                name="delivery_in_flight",
            ),
            models.Index(
                fields=["endpoint", "status"],
                condition=~Q(status=DeliveryStatus.DELIVERED),
                name="delivery_undelivered",
            ),
            models.Index(fields=["-id"], condition=~Q(last_error=""), name="delivery_in_trouble"),
            models.Index(fields=["stream_type", "stream_id"], name="delivery_stream"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.DELIVERED, delivered_at__isnull=False)
                | ~Q(status=DeliveryStatus.DELIVERED),
                name="delivery_delivered_has_time",
                violation_error_message="A delivered webhook says when it was delivered.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values),
                name="delivery_status_known",
                violation_error_message="A delivery is pending, delivered, dead or cancelled.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.webhook_id}"

    def get_absolute_url(self) -> str:
        return reverse("delivery:delivery", args=[self.pk])

    @property
    def is_pending(self) -> bool:
        return self.status == DeliveryStatus.PENDING

    @property
    def text(self) -> str:
        """The body as it was signed and sent."""
        return bytes(self.body).decode()


class DeliveryAttempt(models.Model):
    """One try at one delivery, as it went. Written once."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="tries")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    address = models.CharField(max_length=60, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    request_headers = models.JSONField(default=dict)
    response_headers = models.JSONField(default=dict)
    response = models.TextField(blank=True)

    class Meta:
        ordering = ["-number", "-id"]

    def __str__(self) -> str:
        return f"Try {self.number}: {self.status or self.code}"


class MailDelivery(models.Model):
    """One mail promised to one address."""

    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    message_id = models.CharField(max_length=120, unique=True)
    status = models.CharField(max_length=7, choices=MailStatus, default=MailStatus.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    claim = models.BigIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mail deliveries"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status=MailStatus.PENDING),
                name="mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"


class Alert(models.Model):
    """Something that a person must look at. A repeat of an open one only counts."""

    code = models.CharField(max_length=60)
    workflow = models.CharField(max_length=100, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    sentence = models.TextField()
    data = models.JSONField(default=dict, blank=True)
    count = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    told_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "workflow", "subject"],
                condition=Q(closed_at=None),
                name="alert_open_once",
                violation_error_message="This alert is open already.",
            )
        ]

    def __str__(self) -> str:
        return self.sentence
