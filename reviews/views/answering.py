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
from assurance.errors import DomainError
from reviews.choices import Outcome
from reviews.models import Case


def notice_for(error: DomainError, case: Case) -> tuple[str, dict[str, Any]]:
    """The part that tells this refusal best, and what it needs."""
    if error.code == "already_decided":
        decision = error.extra["decision"]
        who = User.objects.filter(username=decision["decided_by"]).first()
        return "includes/_notice_conflict.html", {
            "decision": {
                "who": who.full_name_or_username if who else decision["decided_by"],
                "label": Outcome(decision["outcome"]).label.lower(),
                "at": parse_datetime(decision["decided_at"]),
                "reasons": decision["reasons"],
                "rationale": decision["rationale"],
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
    return "includes/_notice.html", {
        "kind": "error",
        "title": error.sentence,
        "items": [fault["message"] for fault in error.errors if fault["message"] != error.sentence],
    }


def refused(request: HttpRequest, error: DomainError, case: Case) -> HttpResponse:
    """For script: only the notice, with the refusal's own status."""
    template, context = notice_for(error, case)
    return render(request, template, context, status=error.status)
