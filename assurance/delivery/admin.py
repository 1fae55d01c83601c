"""Endpoints, deliveries and mail in the admin: to read. They are made and changed on /integrate/,
where a secret can be shown once; nothing is ever deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from assurance.accounts import roles
from assurance.accounts.choices import Role
from assurance.accounts.clients import KEEPERS
from assurance.accounts.role_admin import RoleAdmin
from assurance.delivery.models import Delivery, Endpoint, MailDelivery


class ReadOnlyAdmin(RoleAdmin):
    """Shown to keepers and auditors, changed by nobody."""

    readers = (*KEEPERS, Role.AUDITOR)
    writers = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """Where webhooks go, with every change of the past below."""

    list_display = ["url", "client", "active", "failures", "last_success_at", "disabled_reason"]
    list_filter = ["active"]
    list_select_related = ["client"]
    search_fields = ["url", "client__name"]
    exclude = ["secret_sealed", "previous_secret_sealed", "headers"]
    readonly_fields = ["changes"]

    def workflow_of(self, obj: Endpoint | None) -> str | None:
        return None

    @admin.display(description="History")
    def changes(self, obj: Endpoint) -> str:
        """Who changed it when, newest first."""
        return "\n".join(
            f"{past.history_date:%Y-%m-%d %H:%M:%S} UTC  {past.history_user or 'the operator'}:"
            f" {past.url}{'' if past.active else ' (off)'}"
            for past in obj.history.select_related("history_user")[:100]
        )

    def get_queryset(self, request: HttpRequest) -> Any:
        where = roles.ALL if request.user.is_superuser else _where(self.held(request))
        rows = super().get_queryset(request)
        return rows if where == roles.ALL else rows.filter(client__workflows__overlap=list(where))


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """The outbox."""

    list_display = ["webhook_id", "event_type", "reference", "endpoint", "status", "attempts"]
    list_filter = ["status", "event_type"]
    list_select_related = ["endpoint__client"]
    search_fields = ["=webhook_id", "=reference"]
    exclude = ["body", "claim"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        where = roles.ALL if request.user.is_superuser else _where(self.held(request))
        rows = super().get_queryset(request).defer("body")
        return rows if where == roles.ALL else rows.filter(workflow__in=list(where))


@admin.register(MailDelivery)
class MailDeliveryAdmin(ReadOnlyAdmin):
    """Mail that was promised; its text stays between sender and reader."""

    list_display = ["to", "subject", "status", "attempts", "created_at", "sent_at", "last_error"]
    list_filter = ["status"]
    search_fields = ["to"]
    exclude = ["text", "claim"]
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A mail belongs to no workflow: only who reads everything reads here."""
        if request.user.is_active and request.user.is_superuser:
            return True
        return request.user.is_active and _where(self.held(request)) == roles.ALL


def _where(held: dict[str, roles.Workflows]) -> roles.Workflows:
    found = [where for role, where in held.items() if role in (*KEEPERS, Role.AUDITOR)]
    if roles.ALL in found:
        return roles.ALL
    return frozenset(slug for slugs in found for slug in slugs)
