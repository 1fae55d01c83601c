"""A person's own page: how pages look, where one is signed in, and the form that was too old."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from assurance import clock
from assurance.accounts import roles, sign_ins
from assurance.accounts.choices import Role
from assurance.accounts.forms import PreferencesForm, ThemeForm
from assurance.accounts.models import User
from assurance.accounts.principals import account_of
from assurance.api.problems import problem
from assurance.errors import DomainError


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """One's settings, roles and sign-ins; a post keeps the settings."""
    # The form writes to its instance before it is valid, and the page shows the account.
    account = User.objects.get(pk=account_of(request).pk)
    form = PreferencesForm(request.POST if request.method == "POST" else None, instance=account)
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=account_of(request).pk).update(**form.cleaned_data)
        messages.success(request, "Your settings are kept.")
        return redirect("me")
    at = clock.now()
    page = {
        "form": form,
        "errors": [
            {"id": form[name].id_for_label if name in form.fields else "", "message": message}
            for name, found in form.errors.items()
            for message in found
        ],
        "sign_ins": sign_ins.current(account_of(request), at=at),
        "here": request.session.session_key,
        "governs": roles.holds_anywhere(request.user, Role.GOVERNANCE, at),
        "held": [
            (Role(role).label, "all workflows" if where == roles.ALL else ", ".join(sorted(where)))
            for role, where in sorted(roles.roles_of(request.user, at).items())
        ],
    }
    return render(request, "accounts/me.html", page, status=422 if form.errors else 200)


@login_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The theme switch: nothing for a script, the page one came from for everyone else."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Choose a theme: auto, light or dark.", "text/plain")
    User.objects.filter(pk=account_of(request).pk).update(theme=form.cleaned_data["theme"])
    if request.headers.get("Accept", "").startswith("text/html"):
        return redirect(form.way_back(request.get_host()))
    return HttpResponse(status=204)


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = sign_ins.end_others(account_of(request), keep=request.session.session_key)
    if ended:
        messages.success(request, f"Signed out elsewhere: {ended}.")
    else:
        messages.info(request, "You were signed in nowhere else.")
    return redirect("me")


@login_required
@require_POST
def end_one(request: HttpRequest, sign_in_id: int) -> HttpResponse:
    """Sign out one other browser. One that is not yours is simply not there."""
    sign_ins.end_one(account_of(request), sign_in_id)
    messages.success(request, "That browser is signed out.")
    return redirect("me")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that is too old or comes from elsewhere: what was written is kept."""
    if request.path.startswith("/api/"):
        return problem(
            DomainError(
                "csrf_failed",
                "The CSRF token is missing or stale. Send the CSRF cookie's value as X-CSRFToken,"
                " or reload the page and sign in again.",
                status=403,
            )
        )
    return render(request, "accounts/csrf_failure.html", {"again": _again(request)}, status=403)


def _again(request: HttpRequest) -> str:
    """Signing in again leads back to the page of the form: its path only, never a host."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    path = came_from.path if came_from.netloc == request.get_host() else ""
    next_page = path if path.startswith("/") and not path.startswith("//") else "/queues/"
    return "/accounts/login/?" + urlencode({"next": next_page})
