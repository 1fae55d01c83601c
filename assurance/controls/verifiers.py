"""What people do to an external verifier: make it known, change it, rotate its secret, switch it
off and on. Each act goes on the chain of the installation; no secret does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.grants import actor_for
from assurance.accounts.roles import ALL, roles_of
from assurance.controls.models import Verifier
from assurance.delivery import signing
from assurance.delivery.addresses import check_url
from assurance.errors import DomainError, invalid
from assurance.record.ledger import INSTALLATION, record

if TYPE_CHECKING:
    from assurance.accounts.models import User

ROTATION = timedelta(hours=24)  # how long the former secret still signs beside the new one
CHANGEABLE = ("name", "url", "timeout", "client_certificate", "client_key", "active")


@transaction.atomic
def create_verifier(
    slug: str,
    url: str,
    *,
    by: User | None,
    at: datetime,
    name: str = "",
    secret: str | None = None,
    **more: Any,
) -> tuple[Verifier, str]:
    """Make a verifier known; returns it and its secret, which is shown this once.

    `more`: timeout, client_certificate, client_key, active. Raises DomainError with the pointer of
    the field. `by` None is the operator.
    """
    require_keeper(by, at)
    secret = signing.new_secret() if secret is None else signing.check_secret(secret)
    verifier = Verifier(
        slug=slug,
        name=name.strip() or slug,
        url=check_url(url).url,
        secret_sealed=signing.seal(secret),
        created_at=at,
        **more,
    )
    _save(verifier)
    _tell("verifier.created", verifier, by, at)
    return verifier, secret


@transaction.atomic
def change_verifier(
    verifier: Verifier, *, by: User | None, at: datetime, **changes: Any
) -> Verifier:
    """Change name, url, timeout, client certificate and key, or whether it is asked at all."""
    require_keeper(by, at)
    verifier = _locked(verifier)
    checks: dict[str, Callable[[Any], Any]] = {"url": lambda url: check_url(url).url}
    for field, value in changes.items():
        if field not in CHANGEABLE:
            raise TypeError(f"{field} of a verifier is not changed here.")
        setattr(verifier, field, checks.get(field, lambda one: one)(value))
    _save(verifier)
    _tell("verifier.changed", verifier, by, at, changed=sorted(changes))
    return verifier


@transaction.atomic
def rotate_secret(
    verifier: Verifier, *, by: User | None, at: datetime, overlap: timedelta = ROTATION
) -> tuple[Verifier, str]:
    """Give a new secret, shown this once. For a day both sign, so that the other side can move."""
    require_keeper(by, at)
    verifier = _locked(verifier)
    secret = signing.new_secret()
    verifier.previous_secret_sealed = verifier.secret_sealed
    verifier.previous_secret_until = at + overlap
    verifier.secret_sealed = signing.seal(secret)
    _save(verifier)
    hours = overlap.total_seconds() / 3600
    _tell("verifier.secret_rotated", verifier, by, at, overlap_hours=hours)
    return verifier, secret


def require_keeper(by: User | None, at: datetime) -> None:
    """A verifier serves every workflow, so whoever keeps it governs or integrates all of them."""
    if by is None:
        return
    held = roles_of(by, at)
    if not any(held.get(role) == ALL for role in (Role.GOVERNANCE, Role.INTEGRATOR)):
        raise DomainError(
            "role_missing",
            "Verifiers are kept by governance owners and integrators of all workflows. Ask one.",
            status=403,
        )


def _locked(verifier: Verifier) -> Verifier:
    return Verifier.objects.select_for_update(no_key=True).get(pk=verifier.pk)


def _save(verifier: Verifier) -> None:
    try:
        verifier.full_clean(exclude=["secret_sealed", "previous_secret_sealed"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        pointer = "" if field == "__all__" else f"/{field}"
        raise invalid(pointer, "wrong_value", messages[0]) from error
    verifier.save()


def _tell(type: str, verifier: Verifier, by: User | None, at: datetime, **more: Any) -> None:
    payload = {
        "verifier": verifier.slug,
        "url": verifier.url,
        "timeout": verifier.timeout,
        "active": verifier.active,
        **more,
    }
    record(INSTALLATION, type, payload, actor=actor_for(by), at=at)
