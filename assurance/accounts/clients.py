"""The systems that post cases: what they are bound to, on the record. Their keys: `keys`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from assurance.accounts import roles
from assurance.accounts.choices import Role, Scope
from assurance.accounts.grants import actor_for
from assurance.accounts.models import Client, User
from assurance.errors import DomainError, invalid
from assurance.record.ledger import INSTALLATION, record

# Who may make clients and hand out their keys, for the workflows they hold.
KEEPERS = (Role.INTEGRATOR, Role.GOVERNANCE)


@transaction.atomic
def make(
    name: str,
    workflows: Iterable[str],
    scopes: Iterable[str],
    *,
    by: User | None,
    at: datetime,
) -> Client:
    """A client bound to workflows and scopes. 409 `client_exists`, 422 `scope_unknown`."""
    client = Client(name=name, workflows=_sorted(workflows), scopes=_scopes(scopes))
    require_keeper(client.workflows, by, at)
    if Client.objects.filter(name=name).exists():
        raise DomainError("client_exists", f"A client “{name}” exists. Choose another name.")
    client.full_clean()
    client.save()
    _record("client.made", client, by, at)
    return client


@transaction.atomic
def change(
    client: Client,
    *,
    workflows: Iterable[str],
    scopes: Iterable[str],
    active: bool,
    by: User | None,
    at: datetime,
) -> Client:
    """Bind a client anew. Whoever does it keeps both what it had and what it gets."""
    client = Client.objects.select_for_update().get(pk=client.pk)
    require_keeper(client.workflows, by, at)
    client.workflows, client.scopes, client.active = _sorted(workflows), _scopes(scopes), active
    require_keeper(client.workflows, by, at)
    client.full_clean()
    client.save()
    _record("client.changed", client, by, at)
    return client


def require_keeper(workflows: list[str], by: User | None, at: datetime) -> None:
    """403 `role_missing` unless `by` keeps every one of these workflows; none means all."""
    if by is None or (by.is_superuser and by.is_active):
        return
    for workflow in workflows or [""]:
        roles.require_role(by, KEEPERS, workflow, at)


def _sorted(workflows: Iterable[str]) -> list[str]:
    return sorted({slug.strip() for slug in workflows if slug.strip()})


def _scopes(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    unknown = sorted(wanted - set(Scope.values))
    if unknown:
        raise invalid(
            "/scopes",
            "scope_unknown",
            f"Not a scope: {', '.join(unknown)}. Use any of: {', '.join(Scope.values)}.",
        )
    return [scope for scope in Scope.values if scope in wanted]


def _record(type: str, client: Client, by: User | None, at: datetime) -> None:
    payload = {
        "client": client.name,
        "workflows": client.workflows,
        "scopes": client.scopes,
        "active": client.active,
    }
    record(INSTALLATION, type, payload, actor=actor_for(by), at=at)
