"""What the schedule rings. Each looks at the rows, so a lost or doubled ring does no harm."""

from celery import shared_task

from assurance import clock
from reviews import deadlines, in_flight, releasing, verifying, workflow_pauses


@shared_task
def release_due() -> int:
    """Release decisions whose undo window is over."""
    return releasing.release_due(clock.now())


@shared_task
def alarm_again() -> int:
    """Alarm owners whose overdue cases still wait."""
    return deadlines.alarm_again(clock.now())


@shared_task
def record_overdue() -> int:
    """Record cases whose due time has passed."""
    return deadlines.record_overdue(clock.now())


@shared_task
def ask_verifiers() -> int:
    """Ask external verifiers what was left to a worker."""
    return verifying.ask_queued(clock.now)


@shared_task
def close_verifications() -> int:
    """Judge the verifying cases whose answers are there, or whose time is over."""
    return verifying.sweep(clock.now())


@shared_task
def resume_held() -> int:
    """Judge again the cases that a lifted pause still holds."""
    return workflow_pauses.resume_held(clock.now())


@shared_task
def reassess() -> int:
    """Judge open cases again where a new set was published with that wish."""
    return in_flight.reassess(clock.now())
