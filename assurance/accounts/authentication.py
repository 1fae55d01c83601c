"""How a REST request says who it is: an API key, or the session of a person with its CSRF token."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from simple_history.models import HistoricalRecords

from assurance import clock
from assurance.accounts import keys
from assurance.accounts.models import ApiKey
from assurance.accounts.principals import ClientUser, not_authenticated
from assurance.errors import DomainError

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

SCHEME = "Api-Key"


def authenticate_key(request: HttpRequest | Request, at: datetime) -> ApiKey | None:
    """The key of a request, its client loaded; None where no key was sent.

    401 `not_authenticated`, one text for unknown, revoked and expired. A key in the address is
    refused earlier, at the gate.
    """
    scheme, _, full = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != SCHEME.lower():
        return None
    key = keys.look_up(full.strip(), at=at)
    if key is None:
        raise not_authenticated()
    keys.seen(key, at=at)
    return key


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key cm_live_<id>_<secret>`, read from the database on every request."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        at = clock.now()
        key = authenticate_key(request, at)
        if key is None:
            return None
        # A history row names an account or nobody, and a client has no account.
        HistoricalRecords.context.request = None
        return ClientUser(key.client), key

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class PersonAuthentication(SessionAuthentication):
    """A person's session. Everything but reading needs the CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as refusal:
            raise DomainError(
                "csrf_failed",
                "The CSRF token is missing or stale. Send the `csrftoken` cookie's value as"
                " `X-CSRFToken`, or reload the page and sign in again.",
                status=403,
            ) from refusal
