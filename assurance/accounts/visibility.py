"""Whose events a caller may read in the feed: answered for the record, which knows no roles."""

from __future__ import annotations

from typing import Any, Literal

from assurance import clock
from assurance.accounts import roles
from assurance.accounts.choices import Role, Scope
from assurance.accounts.permissions import require_scope
from assurance.accounts.principals import client_of

READERS = (Role.AUDITOR, Role.GOVERNANCE, Role.LEAD, Role.INCIDENT_LEAD)


def visible_workflows(request: Any) -> Literal["all"] | set[str]:
    """Clients: the workflows they are bound to. Auditors: all. Others: those of their role.

    403 `scope_missing` for a key without `events:read`, `role_missing` for a person without a role.
    """
    client = client_of(request)
    if client is not None:
        require_scope(client.scopes, Scope.EVENTS_READ)
        return set(client.workflows)
    where = roles.workflows_of(request.user, READERS, clock.now())
    if not where:
        raise roles.role_missing(READERS, "")
    return roles.ALL if where == roles.ALL else set(where)
