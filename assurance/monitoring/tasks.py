"""What the worker does for this room. Every task may run twice, and may be killed halfway."""

from __future__ import annotations

from celery import shared_task

from assurance import clock
from assurance.monitoring import baselines, rollups


@shared_task(name="assurance.monitoring.tasks.count_days")
def count_days() -> int:
    """Count anew each day that something was recorded about."""
    return rollups.sweep(clock.now())


@shared_task(name="assurance.monitoring.tasks.freeze_baselines")
def freeze_baselines() -> int:
    """Freeze what is usual for every signal that has shown it for long enough."""
    return baselines.freeze_due(clock.now())
