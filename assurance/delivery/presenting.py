"""What `/integrate/` shows, computed in a handful of queries whatever the number of rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Prefetch

from assurance.accounts import roles
from assurance.accounts.models import ApiKey
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.models import Delivery, Endpoint
from assurance.delivery.visibility import Reach

PAGE = 50
SHOWN = ("trouble", "all", "pending", "delivered", "dead", "cancelled")
LABELS = {
    "trouble": "Needing attention",
    "all": "All",
    "pending": "On their way",
    "delivered": "Delivered",
    "dead": "Given up",
    "cancelled": "Cancelled",
}

# What a system does while Countermark cannot be reached, by workflow: the room that knows says it.
_outage_policies: Callable[[Iterable[str]], Mapping[str, str]] | None = None


def ask_for_outage_policies(answer: Callable[[Iterable[str]], Mapping[str, str]]) -> None:
    """Called once, from `AppConfig.ready()`. `answer(slugs)` gives each workflow's in words."""
    global _outage_policies
    _outage_policies = answer


def clients(reach: Reach, *, at: datetime) -> list[dict[str, Any]]:
    """Each client with its keys and endpoints, and what of them may be changed."""
    live_first = ApiKey.objects.order_by("-created_at")
    found = (
        reach.clients()
        .order_by("name")
        .prefetch_related(
            Prefetch("keys", live_first),
            Prefetch("endpoints", Endpoint.objects.order_by("-active", "id")),
        )
    )
    waiting = _waiting(reach)
    slugs = {slug for client in found for slug in client.workflows}
    policies = _outage_policies(slugs) if _outage_policies else {}
    return [
        {
            "client": client,
            "outages": [(slug, policies[slug]) for slug in client.workflows if slug in policies],
            "kept": reach.may_keep(client.workflows),
            "keys": [{"key": key, "state": _state_of(key, at)} for key in client.keys.all()],
            "endpoints": [
                {
                    "endpoint": endpoint,
                    "resting": endpoint.active and endpoint.is_resting(at),
                    "pending": waiting.get((endpoint.pk, DeliveryStatus.PENDING), 0),
                    "undelivered": waiting.get((endpoint.pk, DeliveryStatus.DEAD), 0)
                    + waiting.get((endpoint.pk, DeliveryStatus.CANCELLED), 0),
                }
                for endpoint in client.endpoints.all()
            ],
        }
        for client in found
    ]


def alerts(reach: Reach) -> list[dict[str, Any]]:
    """Open alerts, the newest first."""
    return [
        {"alert": alert, "kept": reach.may_keep([alert.workflow])}
        for alert in reach.alerts().open()[:PAGE]
    ]


def deliveries(
    reach: Reach, *, show: str, endpoint: str, reference: str, before: str
) -> dict[str, Any]:
    """One page of deliveries, newest first, with its filters and the address of the next page."""
    rows = reach.deliveries().select_related("endpoint__client").defer("body")
    if not show:
        show = "trouble" if rows.in_trouble().exists() else "all"
    if show == "trouble":
        rows = rows.in_trouble()
    elif show in DeliveryStatus.values:
        rows = rows.filter(status=show)
    if endpoint.isascii() and endpoint.isdigit():
        rows = rows.filter(endpoint_id=min(int(endpoint[:18]), 2**62))
    if reference:
        rows = rows.filter(reference=reference[:100])
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=min(int(before[:18]), 2**62))
    found = list(rows.order_by("-pk")[: PAGE + 1])
    return {
        "rows": [_row(delivery, reach) for delivery in found[:PAGE]],
        "show": show,
        "last": found[PAGE - 1].pk if len(found) > PAGE else None,
    }


def tries(delivery: Delivery) -> list[dict[str, Any]]:
    """Each try with its headers as text, the last first."""
    return [
        {
            "attempt": attempt,
            "request": _lines(attempt.request_headers),
            "response": _lines(attempt.response_headers),
        }
        for attempt in delivery.tries.all()
    ]


def pretty(delivery: Delivery) -> str:
    """The body laid out for reading. What was sent has no spaces."""
    return json.dumps(json.loads(bytes(delivery.body)), ensure_ascii=False, indent=2)


def first_call(reach: Reach, shown: list[dict[str, Any]]) -> str:
    """A first case as a command to copy, for a workflow of the reader's."""
    mine = [slug for card in shown for slug in card["client"].workflows]
    if reach.reads != roles.ALL:
        mine = [slug for slug in mine if slug in reach.reads] or sorted(reach.reads)
    body = {
        "workflow": mine[0] if mine else "your-workflow",
        "external_id": "first-1",
        "output": {"decision": "approve"},
        "escalate": {"to": "review", "reason": "A first try"},
    }
    return (
        f"curl {settings.COUNTERMARK_URL}/api/v1/cases/ \\\n"
        '  -H "Authorization: Api-Key $COUNTERMARK_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{json.dumps(body)}'"
    )


def endpoint_choices(shown: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The endpoints of the clients shown, for the filter."""
    return [
        {"value": str(endpoint.pk), "label": f"{endpoint.client.name}: {endpoint.url}"}
        for client in shown
        for endpoint in (card["endpoint"] for card in client["endpoints"])
    ]


def _row(delivery: Delivery, reach: Reach) -> dict[str, Any]:
    state = {DeliveryStatus.DELIVERED: "ok", DeliveryStatus.PENDING: "waiting"}
    shown = state.get(DeliveryStatus(delivery.status), "dead")
    if delivery.is_pending and delivery.last_error:
        shown = "retrying"
    may_act = reach.may_keep([delivery.workflow]) and delivery.endpoint.active
    acts = {"retrying": "Try now", "ok": "Send again", "dead": "Send again"}
    return {"delivery": delivery, "state": shown, "act": acts.get(shown) if may_act else None}


def _waiting(reach: Reach) -> dict[tuple[int, str], int]:
    """How many wait or were given up, for each endpoint."""
    open_ones = Delivery.objects.exclude(status=DeliveryStatus.DELIVERED)
    counted = (
        open_ones.filter(endpoint__in=reach.endpoints())
        .order_by()
        .values_list("endpoint_id", "status")
        .annotate(count=Count("pk"))
    )
    return {(endpoint, status): count for endpoint, status, count in counted}


def _state_of(key: ApiKey, at: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= at else "live"


def _lines(headers: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
