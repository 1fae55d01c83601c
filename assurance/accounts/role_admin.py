"""Admin pages opened by role instead of by Django's permission table, and without any delete.

Rooms above build theirs on `RoleAdmin`. Grants are read on every request, so a revoked role
closes the page at once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest

from assurance import clock
from assurance.accounts import roles
from assurance.accounts.choices import Role
from assurance.errors import DomainError


class RoleAdmin(admin.ModelAdmin):
    """`readers` may look, `writers` may also add and change; nobody deletes.

    A superuser looks at everything, and writes only where `superuser_writes` says so, because
    being one is no role.
    """

    readers: ClassVar[tuple[str, ...]] = ()
    writers: ClassVar[tuple[str, ...]] = (Role.GOVERNANCE,)
    superuser_writes: ClassVar[bool] = False

    def held(self, request: HttpRequest) -> dict[str, roles.Workflows]:
        """The roles of who is asking, read once per request."""
        if not hasattr(request, "roles_held"):
            request.roles_held = roles.roles_of(request.user, clock.now())  # type: ignore[attr-defined]
        return request.roles_held  # type: ignore[attr-defined]

    def workflow_of(self, obj: Any) -> str | None:
        """The workflow that an object belongs to; None where any workflow of the role will do."""
        return getattr(obj, "workflow", None) if obj is not None else None

    def _may(self, request: HttpRequest, names: tuple[str, ...], obj: Any) -> bool:
        if not request.user.is_active:
            return False
        workflow = self.workflow_of(obj)
        wheres = [where for role, where in self.held(request).items() if role in names]
        if workflow is None:
            return any(wheres)
        return any(roles.covers(where, workflow) for where in wheres)

    def of_workflows(self, rows: models.QuerySet, where: frozenset[str]) -> models.QuerySet:
        """The rows that somebody with a role for these workflows may see; here, all."""
        return rows

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        """A foreign row is not there: in no list, and by no address."""
        rows = super().get_queryset(request)
        if request.user.is_active and request.user.is_superuser:
            return rows
        names = {*self.readers, *self.writers}
        wheres = [where for role, where in self.held(request).items() if role in names]
        if roles.ALL in wheres:
            return rows
        return self.of_workflows(rows, frozenset(slug for where in wheres for slug in where))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what the page offers as a filter. Django takes any column from the address, so that
        rows which a page counts would tell, letter by letter, what it does not show."""
        offered = {"id", "pk", self.opts.pk.name if self.opts.pk else "pk"}
        for one in self.get_list_filter(request) if request else self.list_filter:
            name = one[0] if isinstance(one, list | tuple) else one
            offered.add(name if isinstance(name, str) else getattr(name, "parameter_name", ""))
        parts = lookup.split("__")
        known = any(parts[: len(name.split("__"))] == name.split("__") for name in offered)
        return known and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if request.user.is_active and request.user.is_superuser:
            return True
        return self._may(request, (*self.readers, *self.writers), obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if self.superuser_writes and request.user.is_active and request.user.is_superuser:
            return True
        return self._may(request, self.writers, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def each(
        self,
        request: HttpRequest,
        chosen: models.QuerySet,
        act: Callable[[Any], object],
        done: str,
    ) -> None:
        """Run a verb on each chosen row; what is refused is said, what is done is counted."""
        count = 0
        for obj in chosen:
            try:
                act(obj)
                count += 1
            except DomainError as refusal:
                self.message_user(request, f"{obj}: {refusal.sentence}", messages.ERROR)
        if count:
            self.message_user(request, f"{done}: {count}.", messages.SUCCESS)


class VerbForm(forms.ModelForm):
    """A form whose saving is a verb: what the verb refuses stands beside the form, not on an
    error page. The verb runs in the transaction of the admin page."""

    request: HttpRequest

    @abstractmethod
    def act(self, cleaned: dict[str, Any]) -> models.Model:
        """Call the verb and return the object."""

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self.act(self.cleaned_data)
        except DomainError as refusal:
            field = refusal.errors[0]["pointer"].strip("/") if refusal.errors else None
            self.add_error(field if field in self.fields else None, refusal.sentence)
        except ValidationError as error:
            self.add_error(None, error)

    def save(self, commit: bool = True) -> models.Model:
        return self.instance

    def _save_m2m(self) -> None:
        """The verb has saved everything."""

    save_m2m = _save_m2m


class VerbAdmin(RoleAdmin):
    """An admin page whose form is a `VerbForm`."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The verb has saved it."""
