"""Persons, grants, clients and keys in the admin. Every change is a verb, on the record."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from assurance import clock
from assurance.accounts import clients, grants, keys, roles
from assurance.accounts.account_admin import AccountAdmin
from assurance.accounts.admin_forms import ClientForm, GrantForm, KeyForm, PersonForm
from assurance.accounts.choices import Role
from assurance.accounts.models import ApiKey, Client, Grant, Person
from assurance.accounts.principals import account_of
from assurance.accounts.role_admin import RoleAdmin, VerbAdmin
from assurance.errors import DomainError

__all__ = ["AccountAdmin", "ApiKeyAdmin", "ClientAdmin", "GrantAdmin", "PersonAdmin"]


def own_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """One's own password is changed where everybody changes theirs."""
    return redirect("account_change_password")


# The same door, the same limits and the same second glance as for everybody else.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.password_change = own_password  # type: ignore[method-assign, assignment]
admin.site.unregister(Group)


@admin.register(Person)
class PersonAdmin(VerbAdmin):
    """Humans. The reference never changes; switching off refuses all their accounts at once."""

    form = PersonForm
    superuser_writes = True
    readers = (Role.AUDITOR,)
    list_display = ["name", "ref", "active"]
    list_filter = ["active"]
    search_fields = ["name", "ref"]

    def has_change_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        if request.user.is_active and request.user.is_superuser:
            return True
        return self.held(request).get(Role.GOVERNANCE) == roles.ALL

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> list[str]:
        return ["ref"] if obj else ["active"]


@admin.register(Grant)
class GrantAdmin(VerbAdmin):
    """Who holds which role, where: made, confirmed by a second person, revoked, never deleted."""

    form = GrantForm
    superuser_writes = True
    readers = (Role.AUDITOR,)
    list_display = [
        "person", "role", "reach", "confirmation", "created_at", "expires_at", "revoked_at"
    ]  # fmt: skip
    list_filter = ["role", "confirmation", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["person"]
    search_fields = ["person__name", "person__ref", "workflow"]
    autocomplete_fields = ["person"]
    actions = ["confirm_chosen", "revoke_chosen"]

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> list[str]:
        return [field.name for field in Grant._meta.fields] if obj else []

    def get_fields(self, request: HttpRequest, obj: Grant | None = None) -> Any:
        made_of = ["person", "role", "workflow", "expires_at"]
        return [field.name for field in Grant._meta.fields] if obj else made_of

    def of_workflows(self, rows: QuerySet[Grant], where: frozenset[str]) -> QuerySet[Grant]:
        return rows.filter(workflow__in={"", *where})

    def workflow_of(self, obj: Grant | None) -> str | None:
        return obj.workflow if obj else None

    @admin.action(description="Confirm as the second person", permissions=["change"])
    def confirm_chosen(self, request: HttpRequest, chosen: QuerySet[Grant]) -> None:
        at, by = clock.now(), account_of(request)
        self.each(request, chosen, lambda one: grants.confirm(one, by=by, at=at), "Confirmed")

    @admin.action(description="Revoke", permissions=["change"])
    def revoke_chosen(self, request: HttpRequest, chosen: QuerySet[Grant]) -> None:
        at, by = clock.now(), account_of(request)
        self.each(request, chosen, lambda one: grants.revoke(one, by=by, at=at), "Revoked")


class KeyInline(admin.TabularInline):
    """The keys of a client, without anything that could be used."""

    model = ApiKey
    extra = 0
    fields = (
        "key_id", "created_at", "expires_at", "revoked_at", "last_used_at", "leaked_at"
    )  # fmt: skip
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Client)
class ClientAdmin(VerbAdmin):
    """Systems that post cases. A key is issued on their page and shown once."""

    form = ClientForm
    superuser_writes = True
    readers = (Role.AUDITOR,)
    writers = clients.KEEPERS
    list_display = ["name", "workflows", "scopes", "active"]
    list_filter = ["active"]
    search_fields = ["name"]
    change_form_template = "admin/accounts/client/change_form.html"

    def of_workflows(self, rows: QuerySet[Client], where: frozenset[str]) -> QuerySet[Client]:
        return rows.filter(workflows__overlap=sorted(where))

    def get_inlines(self, request: HttpRequest, obj: Client | None) -> Any:
        return [KeyInline] if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: Client | None = None) -> list[str]:
        return ["name"] if obj else []

    def get_urls(self) -> list[URLPattern]:
        issue = self.admin_site.admin_view(self.issue_key)
        return [
            path("<int:client_id>/issue-key/", issue, name="accounts_client_issue_key"),
            *super().get_urls(),
        ]

    def issue_key(self, request: HttpRequest, client_id: int) -> HttpResponse:
        """Ask for the expiry, then show the secret exactly once: it is in no later answer."""
        client = get_object_or_404(self.get_queryset(request), pk=client_id)
        if not self.has_change_permission(request, client):
            return redirect("admin:accounts_client_changelist")
        form = KeyForm(request.POST if request.method == "POST" else None)
        secret = key = None
        if request.method == "POST" and form.is_valid():
            try:
                key, secret = keys.issue(
                    client,
                    by=account_of(request),
                    at=clock.now(),
                    expires_at=form.cleaned_data["expires_at"],
                )
            except DomainError as refusal:
                form.add_error(None, refusal.sentence)
        page = {
            **self.admin_site.each_context(request),
            "title": f"A key for {client}",
            "opts": self.opts,
            "client": client,
            "form": form,
            "secret": secret,
            "key": key,
        }
        answer = TemplateResponse(request, "admin/accounts/client/issue_key.html", page)
        answer.headers["Cache-Control"] = "no-store"
        return answer


@admin.register(ApiKey)
class ApiKeyAdmin(RoleAdmin):
    """All keys. They are issued on their client's page and revoked here."""

    superuser_writes = True
    readers = (Role.AUDITOR,)
    writers = clients.KEEPERS
    list_display = [
        "__str__", "client", "created_at", "expires_at", "revoked_at", "last_used_at", "leaked_at"
    ]  # fmt: skip
    list_select_related = ["client"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["key_id", "client__name"]
    exclude = ["secret_sha256"]
    actions = ["revoke_chosen"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def of_workflows(self, rows: QuerySet[ApiKey], where: frozenset[str]) -> QuerySet[ApiKey]:
        return rows.filter(client__workflows__overlap=sorted(where))

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return [field.name for field in ApiKey._meta.fields if field.name != "secret_sha256"]

    @admin.action(description="Revoke", permissions=["change"])
    def revoke_chosen(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        at, by = clock.now(), account_of(request)
        self.each(request, chosen, lambda one: keys.revoke(one, by=by, at=at), "Revoked")
