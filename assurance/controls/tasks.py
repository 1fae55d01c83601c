"""What the worker does for this room. Every task may run twice, and may be killed halfway."""

from __future__ import annotations

from celery import shared_task

from assurance import clock
from assurance.controls import replay


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
