"""What the worker does for this room."""

from __future__ import annotations

from celery import shared_task

from assurance import clock
from assurance.record import anchors, checkpoints


@shared_task(name="assurance.record.tasks.sign_checkpoint")
def sign_checkpoint() -> int:
    """Sign what is new and publish it. Safe to run twice, and at the same time. Returns how many
    checkpoints were signed."""
    made = checkpoints.make_all(clock.now())
    anchors.publish()
    return len(made)
