"""Answer a refused act: a notice for script, the same page with the notice for everyone else.

The form is never swapped, and what was typed is never lost: without script it was kept as a
draft before the verb was called, so the page shows it again.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from assurance.accounts.models import User
from assurance.controls.live_set import live_set
from assurance.errors import DomainError
from reviews.decision_rules import reason_labels
from reviews.models import Case
from reviews.presenting import changes, panel
from reviews.presenting.wording import named
from reviews.views.receipts import SAID

FIELDS = {"outcome", "reasons", "queue", "rationale", "output"}


def notice_for(error: DomainError, case: Case, yours: Any = None) -> tuple[str, dict[str, Any]]:
    """The part that tells this refusal best, and what it needs. `yours`: the output as this
    person corrected it, if they did."""
    if error.code == "already_decided":
        decision = error.extra["decision"]
        who = User.objects.filter(username=decision["decided_by"]).first()
        return "includes/_notice_conflict.html", {
            "decision": {
                "who": who.full_name_or_username if who else decision["decided_by"],
                "label": SAID[decision["outcome"]].lower(),
                "at": parse_datetime(decision["decided_at"]),
                "reasons": reason_labels(case, decision["reasons"]),
                "rationale": decision["rationale"],
                "changes": from_yours_to_theirs(case, yours, decision["output"]),
                "mine": yours is not None,
            },
            "record_url": reverse("reviews:record", args=[case.reference]),
            "next_url": case.queue.get_absolute_url() if case.queue else reverse("reviews:work"),
        }
    if error.code == "lease_lost":
        holder = User.objects.filter(username=error.extra.get("holder") or "").first()
        return "includes/_notice_lost.html", {
            "ended": case.leased_until if holder is None else None,
            "holder": holder.full_name_or_username if holder else "",
            "until": parse_datetime(error.extra.get("until") or ""),
            "claim_url": reverse("reviews:claim", args=[case.reference]),
        }
    if error.errors:
        return "includes/_error_summary.html", {"errors": faults_of(error, case)}
    return "includes/_notice.html", {"kind": "error", "text": error.sentence}


def from_yours_to_theirs(case: Case, yours: Any, theirs: Any) -> dict[str, Any]:
    """What differs between two people's outputs; who corrected nothing stands for the draft."""
    submission = case.submissions.order_by("revision").last()
    assert submission is not None  # written with the case
    drafted = submission.body["output"]
    before, after = (drafted if output is None else output for output in (yours, theirs))
    return changes.present(before, after, live_set(case.control_set).catalogue)


def faults_of(error: DomainError, case: Case) -> list[dict[str, str]]:
    """Every fault in a reader's words, with the field of the form that it belongs to ("": none)."""
    catalogue = live_set(case.control_set).catalogue
    found = [
        {
            "id": panel.anchor(field_of(fault["pointer"])),
            "message": named(fault["message"], catalogue),
        }
        for fault in error.errors
    ]
    return [fault for n, fault in enumerate(found) if fault not in found[:n]]


def by_field(error: DomainError, case: Case) -> dict[str, str]:
    """The first fault of each field: what stands beside it."""
    found: dict[str, str] = {}
    catalogue = live_set(case.control_set).catalogue
    for fault in error.errors:
        if field := field_of(fault["pointer"]):
            found.setdefault(field, named(fault["message"], catalogue))
    return found


def field_of(pointer: str) -> str:
    """ "/reasons/0" is in `reasons`, "/output/payout" in `output.payout`; "" is nowhere."""
    keys = [key for key in pointer.split("/") if key]
    if not keys or keys[0] not in FIELDS:
        return ""
    return ".".join(keys) if keys[0] == "output" else keys[0]


def refused(
    request: HttpRequest, error: DomainError, case: Case, yours: Any = None
) -> HttpResponse:
    """For script: only the notice, with the refusal's own status."""
    template, context = notice_for(error, case, yours)
    return render(request, template, context, status=error.status)
