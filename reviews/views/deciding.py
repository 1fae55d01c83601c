"""The decision form: read it, keep every word, call the verb, go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.errors import DomainError
from reviews import asking, decisions, drafts
from reviews.decisions import Verdict
from reviews.models import Case, Decision
from reviews.presenting.output import corrected
from reviews.views import receipts
from reviews.views.answering import by_field, refused
from reviews.views.cases import lease_of, number_of, play_on, render_case
from reviews.views.finding import find_case

MOST_TIES = 20


@login_required
@require_POST
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """Decide and, in Play, open the next case. A form sent twice is one decision."""
    at = clock.now()
    case = find_case(request, reference, at)
    if again := sent_before(request, case):
        return after(request, case, again)
    typed, faults = words_of(request.POST, case)
    try:
        require_readable(faults)
        by = account_of(request)
        verdict = asking.before_correction(case, verdict_of(typed), by=by, at=at)
        with transaction.atomic():
            decision = decisions.decide(case, verdict, by=by, lease=lease_of(request), at=at)
    except DomainError as error:
        if again := sent_before(request, case):
            return after(request, case, again)
        return kept(request, case, typed, error, at=at)
    receipts.decided(request, decision)
    return after(request, case, decision)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def supersede(request: HttpRequest, reference: str) -> HttpResponse:
    """Correct a released decision by a new one: its decider or a lead, without a lease."""
    at = clock.now()
    case = find_case(request, reference, at)
    old = decisions.correctable(case, account_of(request), at)
    if request.method != "POST":
        return render_case(request, case, superseding=old) if old else redirect(case)
    asked = number_of(request, "supersedes")
    typed, faults = words_of(request.POST, case)
    try:
        require_readable(faults)
        by = account_of(request)
        verdict = asking.before_correction(case, verdict_of(typed), by=by, at=at)
        with transaction.atomic():
            decision = decisions.supersede(case, verdict, of=asked, by=by, at=at)
    except DomainError as error:
        mine = case.decisions.filter(decided_by=account_of(request), withdrawn_at=None)
        if mine.filter(supersedes=asked).exists():  # this very form, sent twice
            return redirect(case)
        return kept(request, case, typed, error, at=at, superseding=old)
    receipts.decided(request, decision)
    return redirect(case)


def require_readable(faults: Mapping[str, str]) -> None:
    """422 with every field that could not be read."""
    if faults:
        raise DomainError(
            "invalid",
            next(iter(faults.values())),
            status=422,
            errors=[
                {"pointer": "/" + path.replace(".", "/"), "code": "invalid", "message": text}
                for path, text in faults.items()
            ],
        )


def kept(
    request: HttpRequest,
    case: Case,
    typed: dict[str, Any],
    error: DomainError,
    *,
    at: datetime,
    superseding: Decision | None = None,
) -> HttpResponse:
    """The refusal, after every typed word was kept."""
    if drafts.may_write(case, account_of(request), at):
        drafts.save_draft(case, typed, by=account_of(request), at=at)
    if request.headers.get("HX-Request"):
        return refused(request, error, case, typed.get("output"))
    case.refresh_from_db()
    return render_case(
        request, case, error=error, errors=by_field(error, case), superseding=superseding
    )


def after(request: HttpRequest, case: Case, decision: Decision) -> HttpResponse:
    """The next case in Play, else the decided one with its receipt."""
    queue = decision.from_queue
    if queue is None:
        return redirect(case)
    return redirect(play_on(request, queue))


def words_of(form: QueryDict, case: Case) -> tuple[dict[str, Any], dict[str, str]]:
    """Everything typed, in the shape of a draft, and what of it could not be read."""
    submission = case.submissions.order_by("revision").last()
    assert submission is not None  # written with the case
    output = submission.body["output"]
    edits = {name: str(form[name]) for name in form if name.startswith("output.")}
    changed, faults = corrected(output, edits)
    outcome = form.get("outcome", "")
    typed: dict[str, Any] = {
        "outcome": outcome,
        "reasons": form.getlist("reasons"),
        "rationale": form.get("rationale", "").replace("\r\n", "\n"),
        "queue": form.get("queue") or None,
        "control_was_right": {
            name.removeprefix("right."): form[name] for name in form if name.startswith("right.")
        },
        "arithmetic": [
            {"figure": figure.strip(), "expression": expression.strip()}
            for figure, expression in zip(
                form.getlist("tie_figure")[:MOST_TIES],
                form.getlist("tie_expression")[:MOST_TIES],
                strict=False,
            )
            if figure.strip() and expression.strip()
        ],
    }
    if changed != output or outcome == "correct":
        typed["output"] = changed
    return typed, faults if outcome == "correct" else {}


def verdict_of(typed: dict[str, Any]) -> Verdict:
    """Only what the chosen outcome asks for: an edit left behind under "approve" is no edit."""
    outcome = typed["outcome"]
    return Verdict(
        outcome=outcome,
        reasons=typed["reasons"],
        rationale=typed["rationale"],
        output=typed.get("output") if outcome == "correct" else None,
        queue=typed["queue"] if outcome == "escalate" else None,
        control_was_right=typed["control_was_right"],
        arithmetic=typed["arithmetic"] if outcome == "correct" else (),
    )


def sent_before(request: HttpRequest, case: Case) -> Decision | None:
    """The decision that this very form made already: the lease that it carries decided once.
    A second click must not be told that it came too late."""
    return case.decisions.filter(
        lease_number=lease_of(request), decided_by=account_of(request), withdrawn_at=None
    ).first()
