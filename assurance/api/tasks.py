"""What the workers do for this room."""

from datetime import timedelta

from celery import shared_task

from assurance import clock
from assurance.api import idempotency, life
from assurance.api.models import CspReport

REPORTS_LIVE = timedelta(days=30)


@shared_task
def prune_keys() -> int:
    """Forget answers whose time is over, and what browsers reported long ago. Safe to run twice,
    and at the same time. Returns the number of keys forgotten."""
    at = clock.now()
    CspReport.objects.filter(received_at__lt=at - REPORTS_LIVE).delete()
    return idempotency.prune(at=at)


@shared_task
def canary() -> None:
    """Say that a worker is alive and hears."""
    life.touch()
