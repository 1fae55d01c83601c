"""Who is calling, as this room may know it: a text, and an address. Their models live above."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def caller_of(request: Any) -> str:
    """`client:7`, `user:12`, or `address:127.0.0.1` for a stranger."""
    user = getattr(request, "user", None)
    if user is not None and getattr(user, "is_client", False):
        return f"client:{user.client.pk}"
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    return f"address:{address_of(request)}"


def address_of(request: HttpRequest | Any) -> str:
    """The IP address of the caller. `X-Forwarded-For` counts only where a proxy of ours sets it,
    and then only its last entry, the one that the proxy itself has seen."""
    if settings.COUNTERMARK_BEHIND_PROXY:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[-1].strip()
        if forwarded:
            return forwarded
    return request.META.get("REMOTE_ADDR", "")
