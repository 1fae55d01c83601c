"""What people do beside deciding: take a decision back, correct one that has left, hold a case."""

from __future__ import annotations

from datetime import timedelta

from assurance import clock
from assurance.accounts.models import User
from incidents.demo.receiver import Tell
from incidents.demo.verdicts import given
from reviews import claims, decisions, releasing
from reviews.choices import Outcome
from reviews.models import Case, Decision

LATER = timedelta(hours=20)
LETTERS, LOANS = "claims-review", "credit-specialists"
MISREAD = "On a second look the schedule names another cause; nothing is due under this cover."
TWICE = "The same invoice came in again under another claim. This letter must not stand."


def have(tell: Tell) -> None:
    """One decision undone and made anew, one superseded, two cases in somebody's hands."""
    _undo_one(tell)
    _supersede_one(tell)
    for name, queue in (("ada", LETTERS), ("cleo", LOANS)):
        if case := _next(queue, name):
            claims.claim(case, by=_person(name), at=clock.now())


def _undo_one(tell: Tell) -> None:
    case = _next(LETTERS, "ben")
    if case is None:
        return
    ben, at = _person("ben"), clock.now()
    held = claims.claim(case, by=ben, at=at)
    hasty = decisions.decide(
        held, given(held, Outcome.APPROVE), by=ben, lease=held.lease_number, at=at
    )
    held = decisions.undo(hasty, by=ben, at=at)
    better = given(held, Outcome.REJECT, MISREAD)
    decision = decisions.decide(held, better, by=ben, lease=held.lease_number, at=at)
    releasing.release_due(decision.release_at)
    tell(decision.release_at)


def _supersede_one(tell: Tell) -> None:
    """The day after a letter was approved its reviewer learns better."""
    old = (
        Decision.objects.standing_finals()
        .filter(
            outcome=Outcome.APPROVE,
            case__workflow__slug="claims-letters",
            supersedes=None,
            decided_at__lt=clock.now() - LATER,
        )
        .first()
    )
    if old is None:
        return
    at = old.decided_at + LATER
    verdict = given(old.case, Outcome.REJECT, TWICE)
    new = decisions.supersede(old.case, verdict, of=old.pk, by=old.decided_by, at=at)
    releasing.release_due(new.release_at)
    tell(new.release_at)


def _next(queue: str, name: str) -> Case | None:
    at = clock.now()
    cases = Case.objects.waiting(at).filter(queue__slug=queue).for_person(_person(name), at)
    return cases.for_list().in_work_order().first()


def _person(name: str) -> User:
    return User.objects.get(username=name)
