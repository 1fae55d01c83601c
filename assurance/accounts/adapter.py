"""How signing in behaves: no sign-up, one answer for every failure, no way out of the house."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from assurance.api import throttling
from assurance.api.callers import address_of

SILENT = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}
# In five minutes, per account and address, in each process.
TRIES_WITHOUT_REDIS = 20


class AccountAdapter(DefaultAccountAdapter):
    """allauth's rules, made stricter."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The username or the password is wrong. Try again.",
        "too_many_login_attempts": "Too many tries from here. Wait a few minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses of this very host: `//evil` and every other host are ignored."""
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """The limits of the settings; while Redis is lost each process counts for itself."""
        super().pre_authenticate(request, **credentials)
        if getattr(cache, "is_resting", False):
            name = "login:" + self._get_login_attempts_cache_key(request, **credentials)
            if throttling.count(name, 300) > TRIES_WITHOUT_REDIS:
                raise self.validation_error("too_many_login_attempts")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **more: Any,
    ) -> None:
        """What one just did oneself is no news: signing in and out say nothing."""
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **more)

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "unknown"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return "/me/"

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failures count per account and address: a stranger elsewhere locks nobody out."""
        login = str(credentials.get("username", "")).lower()
        return f"{self.get_client_ip(request)}:{login}"
