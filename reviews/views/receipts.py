"""What became of the last act: kept in the session, shown on the next page until another act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from assurance.accounts.principals import account_of
from reviews.choices import State
from reviews.models import Case, Decision

KEY = "receipt"
SAID = {
    "approve": "Approved",
    "correct": "Corrected and approved",
    "reject": "Rejected",
    "escalate": "Escalated",
    "return": "Returned for a new draft",
}


def decided(request: HttpRequest, decision: Decision) -> None:
    request.session[KEY] = {"decision": decision.pk}


def note(request: HttpRequest, *, text: str) -> None:
    request.session[KEY] = {"text": text}


def withdrawn(request: HttpRequest, case: Case) -> None:
    words = "in the form again" if case.state == State.OPEN else "kept as your draft"
    request.session[KEY] = {
        "text": f"You took your decision on {case.reference} back.",
        "detail": f"Nothing was sent. Your words are {words}.",
        "state": "withdrawn",
    }


def clear(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def of(request: HttpRequest, at: datetime) -> dict[str, Any] | None:
    """What `_receipt.html` needs. A note is shown once, a decision until its window is over and
    once more after."""
    kept = request.session.get(KEY)
    if kept is None:
        return None
    if "decision" not in kept:
        clear(request)
        return {"state": "sent", "detail": "", **kept}
    decision = (
        Decision.objects.filter(pk=kept["decision"], decided_by=account_of(request))
        .select_related("case__workflow")
        .only(
            *("outcome", "released_at", "release_at", "withdrawn_at", "case__number"),
            *("case__workflow__paused_at", "case__workflow__stage"),
        )
        .first()
    )
    if decision is None or decision.withdrawn_at is not None:
        clear(request)
        return None
    said = SAID[decision.outcome]
    receipt = {
        "text": f"{said}: {decision.case.reference}",
        "url": decision.case.get_absolute_url(),
        "detail": "",
    }
    if decision.released_at is None and decision.release_at > at:
        return receipt | {
            "state": "undo",
            "until": decision.release_at,
            "detail": "Nothing has left yet.",
            "undo_url": reverse("reviews:undo", args=[decision.case.reference, decision.pk]),
        }
    if decision.released_at is None:
        held = decision.case.workflow.is_paused
        detail = "It is kept until the workflow resumes." if held else "It leaves in a moment."
        return receipt | {"state": "sent", "detail": detail}
    clear(request)
    return receipt | {"state": "sent", "detail": "It has left."}
