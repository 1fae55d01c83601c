"""The case workspace and the acts on it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.errors import DomainError
from reviews import claims, decisions, resuming
from reviews.models import Case, Decision
from reviews.presenting import workspace
from reviews.views import play, receipts
from reviews.views.answering import notice_for, refused
from reviews.views.finding import find_case


@login_required
@require_GET
def show(request: HttpRequest, reference: str) -> HttpResponse:
    """The workspace. Opening a case never claims it; a page load by its holder renews the lease."""
    at = clock.now()
    case = find_case(request, reference, at)
    user = account_of(request)
    if case.is_held_by(user, at) and case.pending is None and claims.is_ageing(case, at):
        case = claims.heartbeat(case, by=user, lease=case.lease_number, at=at)
    return render_case(request, case)


def render_case(
    request: HttpRequest,
    case: Case,
    *,
    error: DomainError | None = None,
    errors: dict[str, str] | None = None,
    superseding: Decision | None = None,
) -> HttpResponse:
    """The page, with what was refused where something was."""
    at = clock.now()
    context: dict[str, Any] = workspace.present(
        case,
        user=account_of(request),
        at=at,
        play=play.is_on(request),
        errors=errors,
        superseding=superseding,
    )
    context["receipt"] = receipts.of(request, at)
    if error is not None:
        context["refusal_template"], refusal = notice_for(error, case)
        context |= {"refusal": refusal}
    status = error.status if error else 200
    return render(request, "reviews/case.html", context, status=status)


@login_required
@require_POST
def claim(request: HttpRequest, reference: str) -> HttpResponse:
    """The Claim button."""
    at = clock.now()
    case = find_case(request, reference, at)
    try:
        case = claims.claim(case, by=account_of(request), at=at)
    except DomainError as error:
        return answer(request, case, error)
    return redirect(case)


@login_required
@require_POST
def release(request: HttpRequest, reference: str) -> HttpResponse:
    """Give it back."""
    at = clock.now()
    case = find_case(request, reference, at)
    queue = case.queue
    try:
        claims.release(case, by=account_of(request), lease=lease_of(request), at=at)
    except DomainError as error:
        return answer(request, case, error)
    receipts.note(request, text=f"You gave {case.reference} back.")
    assert queue is not None  # a held case is in a queue
    return redirect(queue)


@login_required
@require_POST
def skip(request: HttpRequest, reference: str) -> HttpResponse:
    """Not this one; in Play the next opens."""
    at = clock.now()
    case = find_case(request, reference, at)
    queue = case.queue
    try:
        claims.skip(
            case,
            by=account_of(request),
            lease=lease_of(request),
            reason=request.POST.get("reason", ""),
            at=at,
        )
    except DomainError as error:
        return answer(request, case, error)
    receipts.note(request, text=f"You skipped {case.reference}. It stays away for a while.")
    assert queue is not None  # a held case is in a queue
    return redirect(play_on(request, queue))


def play_on(request: HttpRequest, queue) -> Any:
    """Where to go after an act that ends the work on a case: the next case, or the queue."""
    if play.is_on(request) and isinstance(account_of(request), AbstractUser):
        try:
            return claims.claim_next(queue, by=account_of(request), at=clock.now())
        except DomainError:
            return queue  # the queue's page says why there is none
    return queue


@login_required
@require_POST
def undo(request: HttpRequest, reference: str, decision: int) -> HttpResponse:
    """Take a decision back inside its window."""
    at = clock.now()
    case = find_case(request, reference, at)
    found = case.decisions.filter(pk=decision).first()
    if found is None:
        return redirect(case)
    try:
        case = decisions.undo(found, by=account_of(request), at=at)
    except DomainError as error:
        receipts.clear(request)
        return answer(request, case, error)
    receipts.withdrawn(request, case)
    return redirect(case)


@login_required
@require_POST
def resume(request: HttpRequest, reference: str) -> HttpResponse:
    """A governance owner lifts the pause of one case."""
    at = clock.now()
    case = find_case(request, reference, at)
    try:
        resuming.resume(case, reason=request.POST.get("reason", ""), by=account_of(request), at=at)
    except DomainError as error:
        return answer(request, case, error)
    receipts.note(request, text=f"You resumed {case.reference}.")
    return redirect(case)


def answer(request: HttpRequest, case: Case, error: DomainError) -> HttpResponse:
    """What was refused, in the form that this caller reads."""
    if request.headers.get("HX-Request"):
        return refused(request, error, case)
    case.refresh_from_db()
    return render_case(request, case, error=error)


def lease_of(request: HttpRequest) -> int:
    """The fencing number that the form carries; 0 is never one."""
    return number_of(request, "lease")


def number_of(request: HttpRequest, name: str) -> int:
    """A whole number of the form, 0 where there is none."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
