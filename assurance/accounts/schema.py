"""How the two ways to authenticate are described in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """A key in the Authorization header."""

    target_class = "assurance.accounts.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key cm_live_<id>_<secret>`: for systems.",
        }


class PersonScheme(OpenApiAuthenticationExtension):
    """A session cookie, with the CSRF header on everything but reading."""

    target_class = "assurance.accounts.authentication.PersonAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        from django.conf import settings

        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "For people: sign in at /accounts/login/, then send X-CSRFToken.",
        }
