"""The breaker of a verifier: after five failures in a row nobody waits for it any more; after a
minute one question is let through, and its answer decides. One alert when it opens.

A verifier that is asked in vain costs every submission its timeout; one that is left alone costs a
person's look, which its controls order anyway.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from assurance.controls.models import Verifier
from assurance.delivery.alerts import raise_alert

OPENS_AFTER = 5
RESTS = timedelta(seconds=60)
# A probe that never comes back (its worker died) is forgotten after this.
PROBE = timedelta(seconds=30)
_LATELY = timedelta(seconds=10)  # a busy verifier's row is not written with every success


def admit(verifier: Verifier, at: datetime) -> bool:
    """Whether it may be asked now. While half open, exactly one question gets through."""
    if verifier.opened_at is None:
        return True
    if at < verifier.opened_at + RESTS:
        return False
    free = Q(probing_until=None) | Q(probing_until__lte=at)
    resting = Verifier.objects.filter(free, pk=verifier.pk, opened_at=verifier.opened_at)
    return resting.update(probing_until=at + PROBE) == 1


def note_success(verifier: Verifier, *, at: datetime) -> None:
    """It gave an answer that counts."""
    seen_lately = verifier.last_success_at and at - verifier.last_success_at < _LATELY
    if verifier.failures or verifier.opened_at or not seen_lately:
        Verifier.objects.filter(pk=verifier.pk).update(
            failures=0, opened_at=None, probing_until=None, last_success_at=at
        )


@transaction.atomic
def note_failure(verifier: Verifier, *, error: str, workflow: str, at: datetime) -> None:
    """It gave none, or one that nobody can use. The fifth in a row opens the breaker and tells
    the owner of the workflow that asked; a failed probe only starts the minute anew."""
    row = Verifier.objects.select_for_update(no_key=True).get(pk=verifier.pk)
    opens = row.opened_at is None and row.failures + 1 >= OPENS_AFTER
    Verifier.objects.filter(pk=row.pk).update(
        failures=row.failures + 1,
        opened_at=at if opens or row.opened_at else None,
        probing_until=None,
        last_failure_at=at,
        last_error=error[:1000],
    )
    if opens:
        raise_alert(
            "verifier_failing",
            f"The verifier “{row.name}” failed {row.failures + 1} times in a row: {error} Cases"
            " that need it go to people until it answers again.",
            workflow=workflow,
            at=at,
            subject=f"verifier/{row.slug}",
            data={"verifier": row.slug, "failures": row.failures + 1},
        )


def state_of(verifier: Verifier, at: datetime) -> str:
    """closed, open or half_open, for people."""
    if verifier.opened_at is None:
        return "closed"
    return "open" if at < verifier.opened_at + RESTS else "half_open"
