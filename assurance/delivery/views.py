"""The pages of integration: clients, keys, endpoints, deliveries, alerts. Reading only; the acts
are in `act_views`."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from assurance import clock
from assurance.accounts import roles
from assurance.accounts.clients import KEEPERS
from assurance.accounts.models import User
from assurance.api import problems
from assurance.delivery import presenting
from assurance.delivery.choices import EventType
from assurance.delivery.visibility import reach_of


@login_required
@require_GET
def integrate(request: HttpRequest) -> HttpResponse:
    """Everything an engineer needs on one page. 403 without a role that opens it."""
    at = clock.now()
    reach = reach_of(cast(User, request.user), at)
    if not reach.reads:
        return problems.answer(request, roles.role_missing(KEEPERS, ""))
    asked = {name: request.GET.get(name, "") for name in ("show", "endpoint", "case", "before")}
    clients = presenting.clients(reach, at=at)
    page = presenting.deliveries(
        reach,
        show=asked["show"] if asked["show"] in presenting.SHOWN else "",
        endpoint=asked["endpoint"],
        reference=asked["case"].strip(),
        before=asked["before"],
    )
    kept = {name: asked[name] for name in ("endpoint", "case") if asked[name]}
    here = reverse("delivery:integrate")
    older = urlencode({"show": page["show"], **kept, "before": page["last"]})
    context = {
        "clients": clients,
        "alerts": presenting.alerts(reach),
        "deliveries": page,
        "filters": {
            "action": here,
            "clear_url": here if kept or asked["show"] or asked["before"] else "",
            "fields": _fields(page["show"], asked, presenting.endpoint_choices(clients)),
        },
        "pager": {"next": f"{here}?{older}#deliveries" if page["last"] else None},
        "first_call": presenting.first_call(reach, clients),
        "event_types": EventType,
        "keeps_any": bool(reach.keeps),
    }
    return render(request, "delivery/integrate.html", context)


@login_required
@require_GET
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One webhook: what was sent, each try, what came back. 404 for a foreign one."""
    reach = reach_of(cast(User, request.user), clock.now())
    found = get_object_or_404(reach.deliveries().select_related("endpoint__client"), pk=pk)
    context = {
        "delivery": found,
        "tries": presenting.tries(found),
        "body": presenting.pretty(found),
        "kept": reach.may_keep([found.workflow]),
    }
    return render(request, "delivery/delivery.html", context)


def _fields(
    show: str, asked: dict[str, str], endpoints: list[dict[str, str]]
) -> list[dict[str, object]]:
    shown = [{"value": name, "label": presenting.LABELS[name]} for name in presenting.SHOWN]
    every = [{"value": "", "label": "Every endpoint"}, *endpoints]
    return [
        {"name": "show", "label": "Show", "options": shown, "value": show},
        {
            "name": "endpoint",
            "label": "Endpoint",
            "options": every,
            "value": asked["endpoint"],
            "wide": True,
        },
        {"name": "case", "label": "Case", "type": "search", "value": asked["case"]},
    ]
