"""What is done on the pages of integration. Each view finds, calls one verb, and answers: a
redirect with a notice, or, for a fresh secret, the only page that ever shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from assurance import clock
from assurance.accounts import keys, roles
from assurance.accounts.clients import KEEPERS
from assurance.accounts.models import ApiKey, Client, User
from assurance.api import problems
from assurance.delivery import alerts, endpoints, resend
from assurance.delivery.forms import EndpointForm, KeyForm
from assurance.delivery.models import Alert, Delivery, Endpoint
from assurance.delivery.visibility import Reach, reach_of
from assurance.errors import DomainError


@login_required
@require_http_methods(["GET", "POST"])
def issue_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask when it ends; then the new key of a client, shown once."""
    client = get_object_or_404(_reach(request).clients(), pk=pk)
    if refusal := _not_kept(request, client):
        return refusal
    form = KeyForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        context = {"form": form, "client": client}
        return render(request, "delivery/key.html", context, status=422 if form.errors else 200)
    days, at = form.cleaned_data["days"], clock.now()
    expires_at = at + timedelta(days=days) if days else None
    try:
        key, secret = keys.issue(client, by=_me(request), at=at, expires_at=expires_at)
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect("delivery:integrate")
    return _secret(request, "key", secret, client, ends=key.expires_at)


@login_required
@require_POST
def revoke_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a key from its next request on."""
    visible = ApiKey.objects.filter(client__in=_reach(request).clients())
    key = get_object_or_404(visible.select_related("client"), pk=pk)
    if refusal := _not_kept(request, key.client):
        return refusal
    return _act(
        request,
        lambda: keys.revoke(key, by=_me(request), at=clock.now()),
        f"The key {key} of {key.client} is revoked.",
    )


@login_required
@require_http_methods(["GET", "POST"])
def new_endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a new endpoint; then its secret, shown once."""
    client = get_object_or_404(_reach(request).clients(), pk=pk)
    if refusal := _not_kept(request, client):
        return refusal
    form = EndpointForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wanted = {**form.cleaned_data, "secret": form.cleaned_data["secret"] or None}
        try:
            endpoint, secret = endpoints.create_endpoint(
                client, **wanted, by=_me(request), at=clock.now()
            )
        except DomainError as error:
            form.refuse(error)
        else:
            return _secret(request, "endpoint", secret, client, endpoint=endpoint)
    return _form(request, form, client)


@login_required
@require_http_methods(["GET", "POST"])
def edit_endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of an endpoint that is there."""
    endpoint = get_object_or_404(_reach(request).endpoints().select_related("client"), pk=pk)
    if refusal := _not_kept(request, endpoint.client):
        return refusal
    form = EndpointForm(request.POST if request.method == "POST" else None, endpoint=endpoint)
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.change_endpoint(
                endpoint, by=_me(request), at=clock.now(), **form.cleaned_data
            )
        except DomainError as error:
            form.refuse(error)
        else:
            messages.success(request, f"The endpoint {endpoint.url} is changed.")
            return redirect("delivery:integrate")
    return _form(request, form, endpoint.client, endpoint)


@login_required
@require_POST
def act_on_endpoint(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """rotate, off, on, resend."""
    endpoint = get_object_or_404(_reach(request).endpoints().select_related("client"), pk=pk)
    if refusal := _not_kept(request, endpoint.client):
        return refusal
    by, at = _me(request), clock.now()
    if act == "rotate":
        endpoint, secret = endpoints.rotate_secret(endpoint, by=by, at=at)
        return _secret(
            request,
            "endpoint",
            secret,
            endpoint.client,
            endpoint=endpoint,
            both_until=endpoint.previous_secret_until,
        )
    verbs: dict[str, Callable[[], object]] = {
        "off": lambda: endpoints.switch_off(
            endpoint, by=by, at=at, reason=request.POST.get("reason", "").strip() or "By hand"
        ),
        "on": lambda: endpoints.switch_on(endpoint, by=by, at=at),
        "resend": lambda: resend.resend_undelivered(endpoint, by=by, at=at),
    }
    done = {
        "off": "is switched off. What was on its way is cancelled and can be resent.",
        "on": "is switched on.",
        "resend": "gets what was given up or cancelled again, under the same ids.",
    }
    return _act(request, verbs[act], f"{endpoint.url} {done[act]}")


@login_required
@require_POST
def resend_delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one webhook again, under the same id."""
    reach = _reach(request)
    delivery: Delivery = get_object_or_404(reach.deliveries(), pk=pk)
    if not reach.may_keep([delivery.workflow]):
        return problems.answer(request, roles.role_missing(KEEPERS, delivery.workflow))
    return _act(
        request,
        lambda: resend.resend(delivery, by=_me(request), at=clock.now()),
        f"{delivery.event_type} {delivery.reference} is on its way again, under the same id.",
    )


@login_required
@require_POST
def close_alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has dealt with it."""
    reach = _reach(request)
    alert: Alert = get_object_or_404(reach.alerts(), pk=pk)
    if not reach.may_keep([alert.workflow]):
        return problems.answer(request, roles.role_missing(KEEPERS, alert.workflow))
    return _act(
        request,
        lambda: alerts.close_alert(alert, by=_me(request), at=clock.now()),
        "The alert is closed. It is raised anew if it happens again.",
    )


def _me(request: HttpRequest) -> User:
    """The account behind a request that has passed `login_required`."""
    return cast(User, request.user)


def _reach(request: HttpRequest) -> Reach:
    return reach_of(_me(request), clock.now())


def _not_kept(request: HttpRequest, client: Client) -> HttpResponse | None:
    """The refusal for somebody who sees a client without keeping all of its workflows."""
    reach = _reach(request)
    if reach.may_keep(client.workflows):
        return None
    missing = [slug for slug in client.workflows if not reach.may_keep([slug])]
    return problems.answer(request, roles.role_missing(KEEPERS, (missing or [""])[0]))


def _act(request: HttpRequest, verb: Callable[[], object], done: str) -> HttpResponse:
    try:
        verb()
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, done)
    return redirect("delivery:integrate")


def _form(
    request: HttpRequest, form: EndpointForm, client: Client, endpoint: Endpoint | None = None
) -> HttpResponse:
    context = {"form": form, "client": client, "endpoint": endpoint, "errors": form.faults()}
    return render(request, "delivery/endpoint.html", context, status=422 if form.errors else 200)


def _secret(
    request: HttpRequest, what: str, secret: str, client: Client, **more: object
) -> HttpResponse:
    """No cache keeps this page, and no second request finds the secret again."""
    context = {"what": what, "secret": secret, "client": client, **more}
    response = render(request, "delivery/secret.html", context)
    response["Cache-Control"] = "no-store"
    return response
