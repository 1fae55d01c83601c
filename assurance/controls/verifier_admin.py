"""External verifiers in the admin. Saving is a verb, on the record; the secret is shown once, in
the answer that made it and in no later one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from assurance import clock
from assurance.accounts import roles
from assurance.accounts.choices import Role
from assurance.accounts.principals import account_of
from assurance.accounts.role_admin import VerbAdmin, VerbForm
from assurance.controls import breaker, verifiers
from assurance.controls.evidence_admin import history_of
from assurance.controls.models import Verifier
from assurance.controls.visibility import READERS

KEEPERS = (Role.GOVERNANCE, Role.INTEGRATOR)
STATES = {
    "closed": "It is asked.",
    "open": "It failed five times in a row and is left alone for a minute.",
    "half_open": "The next question shows whether it is back.",
}


class VerifierForm(VerbForm):
    """A verifier made known, or changed. The rules for its address are those of webhooks."""

    secret: str | None = None

    class Meta:
        model = Verifier
        fields = [
            "slug", "name", "url", "timeout", "client_certificate", "client_key", "active"
        ]  # fmt: skip

    def act(self, cleaned: dict[str, Any]) -> models.Model:
        by, at = account_of(self.request), clock.now()
        if self.instance.pk is None:
            verifier, self.secret = verifiers.create_verifier(by=by, at=at, **cleaned)
            return verifier
        former = Verifier.objects.get(pk=self.instance.pk)
        changes = {
            name: value
            for name, value in cleaned.items()
            if name in verifiers.CHANGEABLE and value != getattr(former, name)
        }
        return verifiers.change_verifier(former, by=by, at=at, **changes) if changes else former


@admin.register(Verifier)
class VerifierAdmin(VerbAdmin):
    """Systems outside that judge outputs. Switched off, never deleted."""

    form = VerifierForm
    readers = READERS
    writers = KEEPERS
    list_display = ["name", "slug", "url", "active", "state", "last_success_at"]
    list_filter = ["active"]
    search_fields = ["name", "slug"]
    change_form_template = "admin/controls/verifier/change_form.html"
    health = ("state", "failures", "last_success_at", "last_failure_at", "last_error", "changes")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It serves every workflow, so its keepers keep all of them."""
        return any(self.held(request).get(role) == roles.ALL for role in self.writers)

    def get_readonly_fields(self, request: HttpRequest, obj: Verifier | None = None) -> list[str]:
        return ["slug", *self.health] if obj else []

    def get_fields(self, request: HttpRequest, obj: Verifier | None = None) -> list[Any]:
        return [*VerifierForm.Meta.fields, *(self.health if obj else ())]

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._shown(request, obj, request.secret_made)  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The verb has saved it; its secret goes into this very answer."""
        request.secret_made = form.secret  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        """With the moment of looking: the clock is the database's, asked once for all rows."""
        at = models.Value(clock.now(), output_field=models.DateTimeField())
        return super().get_queryset(request).annotate(looked_at=at)

    def get_urls(self) -> list[URLPattern]:
        rotate = self.admin_site.admin_view(self.new_secret)
        return [
            path("<int:verifier_id>/secret/", rotate, name="controls_verifier_secret"),
            *super().get_urls(),
        ]

    def new_secret(self, request: HttpRequest, verifier_id: int) -> HttpResponse:
        """Make a new secret, and show it once."""
        verifier = get_object_or_404(self.get_queryset(request), pk=verifier_id)
        if not self.has_change_permission(request, verifier):
            return redirect("admin:controls_verifier_changelist")
        secret = None
        if request.method == "POST":
            by, at = account_of(request), clock.now()
            verifier, secret = verifiers.rotate_secret(verifier, by=by, at=at)
        return self._shown(request, verifier, secret)

    def _shown(self, request: HttpRequest, verifier: Verifier, secret: str | None) -> HttpResponse:
        page = {
            **self.admin_site.each_context(request),
            "title": f"Secret of {verifier}",
            "opts": self.opts,
            "verifier": verifier,
            "secret": secret,
        }
        answer = TemplateResponse(request, "admin/controls/verifier/secret.html", page)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @admin.display(description="State")
    def state(self, obj: Verifier) -> str:
        if not obj.active:
            return "It is switched off and never asked."
        return STATES[breaker.state_of(obj, obj.looked_at)]  # type: ignore[attr-defined]

    @admin.display(description="History")
    def changes(self, obj: Verifier) -> str:
        """Who changed it when, newest first."""
        return history_of(obj)
