"""What people and commands do to an endpoint: create, change, rotate its secret, switch it off
and on. Each act goes on the chain of the installation; no secret and no header value does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from assurance.accounts.clients import require_keeper
from assurance.accounts.grants import actor_for
from assurance.accounts.models import Client, User
from assurance.delivery import signing
from assurance.delivery.addresses import check_url
from assurance.delivery.choices import DeliveryStatus, EventType
from assurance.delivery.models import Delivery, Endpoint
from assurance.delivery.webhooks import check_headers
from assurance.errors import invalid
from assurance.record.actors import Actor
from assurance.record.ledger import INSTALLATION, record

ROTATION = timedelta(hours=24)  # how long the former secret still signs beside the new one


@transaction.atomic
def create_endpoint(
    client: Client,
    url: str,
    *,
    by: User | None,
    at: datetime,
    event_types: Iterable[str] = (),
    description: str = "",
    headers: Mapping[str, str] | None = None,
    client_certificate: str = "",
    client_key: str = "",
    secret: str | None = None,
) -> tuple[Endpoint, str]:
    """Make an endpoint; returns it and its secret, which is shown this once.

    Raises DomainError with the pointer of the field: `/url`, `/event_types`, `/headers/…`,
    `/secret`. Whoever acts here keeps every workflow of the client; None is the operator.
    """
    require_keeper(client.workflows, by, at)
    secret = signing.new_secret() if secret is None else signing.check_secret(secret)
    endpoint = Endpoint(
        client=client,
        url=check_url(url).url,
        description=description.strip()[:200],
        event_types=_checked_types(event_types),
        headers=check_headers(headers or {}),
        client_certificate=client_certificate,
        client_key=client_key,
        secret_sealed=signing.seal(secret),
        created_at=at,
    )
    _save(endpoint)
    _tell("endpoint.created", endpoint, actor_for(by), at)
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    endpoint: Endpoint, *, by: User | None, at: datetime, **changes: Any
) -> Endpoint:
    """Change url, description, event_types, headers or the client certificate and its key."""
    endpoint = _kept(endpoint, by, at)
    checks: dict[str, Callable[[Any], Any]] = {
        "url": lambda url: check_url(url).url,
        "headers": check_headers,
        "event_types": _checked_types,
    }
    for name, value in changes.items():
        if name not in {"client_certificate", "client_key", "description", *checks}:
            raise TypeError(f"{name} of an endpoint is not changed here.")
        setattr(endpoint, name, checks.get(name, str)(value))
    _save(endpoint)
    _tell("endpoint.changed", endpoint, actor_for(by), at, changed=sorted(changes))
    return endpoint


@transaction.atomic
def rotate_secret(
    endpoint: Endpoint, *, by: User | None, at: datetime, overlap: timedelta = ROTATION
) -> tuple[Endpoint, str]:
    """Give a new secret, shown this once. For a day both sign, so that the receiver can move."""
    endpoint = _kept(endpoint, by, at)
    secret = signing.new_secret()
    endpoint.previous_secret_sealed = endpoint.secret_sealed
    endpoint.previous_secret_until = at + overlap
    endpoint.secret_sealed = signing.seal(secret)
    _save(endpoint)
    hours = overlap.total_seconds() / 3600
    _tell("endpoint.secret_rotated", endpoint, actor_for(by), at, overlap_hours=hours)
    return endpoint, secret


@transaction.atomic
def switch_off(endpoint: Endpoint, *, by: User | None, at: datetime, reason: str) -> Endpoint:
    """Send nothing more to it. What was on its way is cancelled and can be resent later."""
    endpoint = _kept(endpoint, by, at)
    return turn_away(endpoint, actor=actor_for(by), at=at, reason=reason)


@transaction.atomic
def turn_away(endpoint: Endpoint, *, actor: Actor, at: datetime, reason: str) -> Endpoint:
    """The same, asked for by a receiver that has gone."""
    endpoint = _locked(endpoint)
    if not endpoint.active:
        return endpoint
    endpoint.active, endpoint.disabled_reason = False, reason[:200]
    _save(endpoint)
    sentence = f"Cancelled: the endpoint was switched off ({reason})."
    Delivery.objects.pending().filter(endpoint=endpoint).update(
        status=DeliveryStatus.CANCELLED, claimed_until=None, last_error=sentence
    )
    _tell("endpoint.switched_off", endpoint, actor, at, reason=endpoint.disabled_reason)
    return endpoint


@transaction.atomic
def switch_on(endpoint: Endpoint, *, by: User | None, at: datetime) -> Endpoint:
    """Send to it again, what is promised from now on."""
    endpoint = _kept(endpoint, by, at)
    if endpoint.active:
        return endpoint
    check_url(endpoint.url)
    endpoint.active, endpoint.disabled_reason = True, ""
    endpoint.failures, endpoint.failing_since, endpoint.resting_until = 0, None, None
    _save(endpoint)
    _tell("endpoint.switched_on", endpoint, actor_for(by), at)
    return endpoint


def _kept(endpoint: Endpoint, by: User | None, at: datetime) -> Endpoint:
    """The endpoint under its lock, for somebody who keeps its client."""
    endpoint = _locked(endpoint)
    require_keeper(endpoint.client.workflows, by, at)
    return endpoint


def _locked(endpoint: Endpoint) -> Endpoint:
    """No key lock: a promise that points to the endpoint need not wait, nor we for it."""
    return Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)


def _checked_types(types: Iterable[str]) -> list[str]:
    types = sorted(set(types))
    unknown = [type for type in types if type not in EventType.values]
    if unknown:
        raise invalid(
            "/event_types",
            "unknown_event_type",
            f"{', '.join(unknown)} is no webhook. Use {', '.join(EventType.values)}.",
        )
    return types


def _save(endpoint: Endpoint) -> None:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError as error:
        if "endpoint_once_per_client" in str(error):
            raise invalid(
                "/url",
                "endpoint_exists",
                "This client has an active endpoint at this address. Use that one.",
                status=409,
            ) from None
        if "endpoint_key_needs_certificate" in str(error):
            raise invalid(
                "/client_key", "certificate_missing", "A client key needs its certificate."
            ) from None
        raise


def _tell(type: str, endpoint: Endpoint, actor: Actor, at: datetime, **more: Any) -> None:
    payload = {
        "endpoint": endpoint.pk,
        "client": endpoint.client.name,
        "url": endpoint.url,
        "event_types": endpoint.event_types,
        "headers": sorted(endpoint.headers),
        **more,
    }
    record(INSTALLATION, type, payload, actor=actor, at=at)
