"""What the worker does for this room. Every task may run twice, and may be killed halfway."""

from __future__ import annotations

from celery import shared_task

from assurance import clock
from assurance.controls import chain_watch, publishing, reminders, replay
from assurance.controls.models import Workflow


@shared_task(name="assurance.controls.tasks.replay_slice")
def replay_slice(replay_pk: int) -> None:
    """Judge one slice of a replay, and ring for the next."""
    if replay.run_slice(replay_pk, at=clock.now()):
        replay.ring(replay_pk)


@shared_task(name="assurance.controls.tasks.sweep_replays")
def sweep_replays() -> None:
    """Ring the replays that nobody is at: their ring was lost, or their worker."""
    for replay_pk in replay.due(clock.now()):
        replay.ring(replay_pk)


# A long chain takes minutes to walk; the message is not given out again meanwhile.
@shared_task(
    name="assurance.controls.tasks.verify_chains",
    acks_late=False,
    time_limit=4 * 3600,
    soft_time_limit=4 * 3600 - 60,
)
def verify_chains() -> int:
    """Verify the record of every workflow. Returns how many do not hold."""
    return sum(
        chain_watch.watch(workflow, clock.now()) is not None for workflow in Workflow.objects.all()
    )


@shared_task(name="assurance.controls.tasks.sweep_changes")
def sweep_changes() -> int:
    """Lapse, start and alarm: what time brings to control changes."""
    return publishing.sweep(clock.now())


@shared_task(name="assurance.controls.tasks.remind")
def remind() -> int:
    """Alarm who lets grants or a stage go unconfirmed."""
    return reminders.remind(clock.now())
