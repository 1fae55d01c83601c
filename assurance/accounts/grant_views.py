"""The page on which governance owners confirm, each quarter, the grants of others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assurance import clock
from assurance.accounts import certifying, grants, roles
from assurance.accounts.choices import Role
from assurance.accounts.models import Grant, User
from assurance.accounts.principals import account_of
from assurance.api import problems
from assurance.errors import DomainError


@login_required
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every grant that one's governance reaches, those longest due first. 403 without any."""
    return _page(request)


def _page(request: HttpRequest, refusal: DomainError | None = None) -> HttpResponse:
    user, at = account_of(request), clock.now()
    if not roles.holds_anywhere(user, Role.GOVERNANCE, at):
        return problems.answer(request, roles.role_missing(Role.GOVERNANCE, ""))
    found = certifying.due(user, at)
    rows = [{"due": one, "late": one.is_late(at)} for one in found]
    context = {
        "rows": rows,
        "late": sum(one.is_late(at) and not one.is_own for one in found),
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    return render(request, "accounts/grants.html", context, status=status)


@login_required
@require_POST
def certify(request: HttpRequest, pk: int) -> HttpResponse:
    """This one is still right."""
    return _act(request, pk, certifying.certify, "Confirmed: {}. It is due again in 90 days.")


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """This one is not: it ends now."""
    return _act(request, pk, grants.revoke, "Ended: {}.")


def _act(request: HttpRequest, pk: int, verb: Callable[..., Any], done: str) -> HttpResponse:
    user, at = account_of(request), clock.now()
    grant = _find(user, pk, at)
    try:
        verb(grant, by=user, at=at)
    except DomainError as refusal:
        return _page(request, refusal)
    messages.success(request, done.format(grant))
    return redirect("grants")


def _find(user: User, pk: int, at: datetime) -> Grant:
    """A grant that this person's governance reaches; 404 for any other."""
    where = roles.workflows_of(user, Role.GOVERNANCE, at)
    grant = Grant.objects.filter(pk=pk).select_related("person").first()
    if grant is None or not roles.covers(where, grant.workflow):
        raise Http404
    return grant
