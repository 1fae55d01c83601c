"""Accounts in the admin: kept by superusers, seen by governance owners and auditors. What a
superuser does to somebody's way in stands on the record.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from assurance import clock
from assurance.accounts import persons, roles
from assurance.accounts.admin_forms import AccountForm
from assurance.accounts.choices import Role
from assurance.accounts.models import User
from assurance.accounts.principals import account_of
from assurance.accounts.role_admin import RoleAdmin


@admin.register(User)
class AccountAdmin(RoleAdmin, UserAdmin):
    """Ways to sign in. Roles belong to persons, so there is nothing to tick here."""

    form = AccountForm
    superuser_writes = True
    readers = (Role.AUDITOR, Role.GOVERNANCE)
    writers = ()
    list_display = ["username", "first_name", "last_name", "person", "is_active", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    list_select_related = ["person"]
    search_fields = ["username", "first_name", "last_name", "email", "person__ref"]
    autocomplete_fields = ["person"]
    filter_horizontal = ()
    readonly_fields = ["is_staff", "is_superuser", "last_login", "date_joined"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Who it is", {"fields": ("person", "first_name", "last_name", "email")}),
        ("State", {"fields": ("is_active", *readonly_fields)}),
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The directory of accounts is for who reads or governs all workflows."""
        if request.user.is_active and request.user.is_superuser:
            return True
        return any(self.held(request).get(role) == roles.ALL for role in self.readers)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        at, by = clock.now(), account_of(request)
        if not change:
            super().save_model(request, obj, form, change)
            persons.account_made(obj, by=by, at=at)
            return
        former = User.objects.select_related("person").get(pk=obj.pk)
        person, obj.person = obj.person, former.person
        super().save_model(request, obj, form, change)
        if person is not None and person != former.person:
            obj.person = persons.link(obj, person, by=by, at=at).person
        if obj.is_active != former.is_active:
            persons.account_switched(obj, by=by, at=at)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Django's page; a password set for somebody else is recorded with it."""
        with transaction.atomic():
            answer = super().user_change_password(request, id, form_url)
            if request.method == "POST" and answer.status_code == 302:
                user = User.objects.get(pk=id)
                persons.password_set(user, by=account_of(request), at=clock.now())
        return answer
