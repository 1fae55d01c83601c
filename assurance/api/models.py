"""What the API keeps: answers to repeated requests, the sign of life of the workers, reports of
browsers about what they refused to load."""

from __future__ import annotations

from django.db import models


class IdempotencyKey(models.Model):
    """One answered request that its caller may repeat: the same key gets the same bytes.

    `linked_to` names what the answer is about (a case's id) where the key must outlive it.
    """

    caller = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    linked_to = models.CharField(max_length=100, default="", blank=True)
    created_at = models.DateTimeField()
    keep_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "key"],
                name="idempotency_key_once",
                violation_error_message="This caller has used this key.",
            ),
            models.CheckConstraint(
                condition=models.Q(status__gte=200, status__lt=500) & ~models.Q(status=429),
                name="idempotency_final_answers",
                violation_error_message="Only answers that stay true are kept.",
            ),
        ]
        indexes = [
            models.Index(fields=["keep_until"], name="idempotency_by_end"),
            models.Index(
                fields=["linked_to"],
                name="idempotency_by_link",
                condition=~models.Q(linked_to=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}: {self.status}"


class Canary(models.Model):
    """The one row that a task touches: as old as the workers have been deaf."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    touched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1),
                name="canary_one_row",
                violation_error_message="There is one canary.",
            )
        ]


class CspReport(models.Model):
    """Something that a browser refused under our content security policy. Should stay empty."""

    received_at = models.DateTimeField()
    directive = models.CharField(max_length=200)
    blocked = models.CharField(max_length=500)
    document = models.CharField(max_length=500)
    source = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="csp_report_by_time")]

    def __str__(self) -> str:
        return f"{self.directive} refused {self.blocked} on {self.document}"
