"""Who may call a REST endpoint at all. What they see there is asked by `visible_to`, and what they
may do by the verb.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission

from assurance.accounts.choices import Scope
from assurance.accounts.principals import client_of
from assurance.errors import DomainError

if TYPE_CHECKING:
    from rest_framework.request import Request


class IsPerson(BasePermission):
    """A person with a session. `HasScope("cases:read") | IsPerson` lets both in."""

    message = "This endpoint is for people. Sign in with your own account instead of a key."
    code = "role_missing"

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated and client_of(request) is None)


class _HasScope(BasePermission):
    scope: Scope
    message = "This endpoint is for systems. Call it with an API key that has the scope."
    code = "scope_missing"

    def has_permission(self, request: Request, view: Any) -> bool:
        client = client_of(request)
        if client is None:
            return False
        require_scope(client.scopes, self.scope)
        return True


def HasScope(scope: str) -> type[_HasScope]:
    """A permission for systems whose key has this scope; 403 `scope_missing` names it."""
    known = Scope(scope)
    return type(f"HasScope_{known.name}", (_HasScope,), {"scope": known, "__doc__": str(known)})


def require_scope(held: list[str], scope: str) -> None:
    """Refuse with 403 `scope_missing`, naming the scope. For plain views that hold a key."""
    if scope not in held:
        raise DomainError(
            "scope_missing",
            f"This key lacks the scope `{scope}`. Ask an integrator to add it to the client.",
            status=403,
            scope=str(scope),
        )
