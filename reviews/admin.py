"""Queues in the admin, to change; cases and decisions, to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from assurance import clock
from assurance.accounts import roles
from assurance.accounts.choices import Role
from assurance.accounts.principals import account_of
from assurance.accounts.role_admin import RoleAdmin
from assurance.controls.evidence_admin import Evidence, history_of
from assurance.controls.live_set import live_set
from assurance.controls.models import ControlSet
from assurance.controls.visibility import READERS
from assurance.record.actors import Actor
from assurance.record.ledger import INSTALLATION, record
from reviews.admin_forms import QueueForm
from reviews.models import Case, Decision, Queue


@admin.register(Queue)
class QueueAdmin(RoleAdmin):
    """Where people work. Slug and kind stay: rules name the one and rely on the other."""

    form = QueueForm
    readers = READERS
    writers = (Role.GOVERNANCE,)
    list_display = ["name", "slug", "kind", "service_level", "lease", "guideline_version"]
    list_filter = ["kind"]
    search_fields = ["name", "slug"]
    readonly_fields = ["guideline_version", "changes"]

    def get_readonly_fields(self, request: HttpRequest, obj: Queue | None = None) -> list[str]:
        fixed = ["slug", "kind"] if obj is not None else []
        return [*fixed, *self.readonly_fields]

    def has_change_permission(self, request: HttpRequest, obj: Queue | None = None) -> bool:
        """A queue that several workflows use is changed by who governs all of them."""
        where = self.held(request).get(Role.GOVERNANCE)
        if not where or not request.user.is_active:
            return False
        return obj is None or all(roles.covers(where, slug) for slug in users_of(obj.slug))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Refused: records name queues for ever. Says how many cases it would take along."""
        queue = self.get_object(request, object_id)
        if queue is None or not self.has_change_permission(request, queue):
            raise PermissionDenied
        waiting = Case.objects.open().filter(queue=queue).count()
        page = {"queue": queue, "waiting": waiting, "used_by": sorted(users_of(queue.slug))}
        return render(request, "reviews/queue_stays.html", page, status=409)

    def get_form(
        self, request: HttpRequest, obj: Queue | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        queue = form.instance
        before = set(queue.members.values_list("username", flat=True))
        super().save_related(request, form, formsets, change)
        after = set(queue.members.values_list("username", flat=True))
        if change and not form.changed_data:
            return
        record(
            INSTALLATION,
            "queue.changed" if change else "queue.created",
            {
                "slug": queue.slug,
                "kind": queue.kind,
                "fields": sorted(form.changed_data),
                "members_added": sorted(after - before),
                "members_removed": sorted(before - after),
            },
            actor=Actor.person(account_of(request)),
            at=clock.now(),
        )

    @admin.display(description="History")
    def changes(self, obj: Queue) -> str:
        """Who changed it when, newest first."""
        return history_of(obj) if obj.pk else "–"


def users_of(queue_slug: str) -> set[str]:
    """The workflows whose rules in force name this queue, and those whose cases wait in it."""
    newest = (
        ControlSet.objects.order_by("workflow_id", "-number").distinct("workflow_id").only("pk")
    )
    named = {
        live.workflow
        for live in map(live_set, newest)
        if any(rule["queue"] == queue_slug for rule in live.rules)
    }
    waiting = Case.objects.open().filter(queue__slug=queue_slug).order_by()
    return named | set(waiting.values_list("workflow__slug", flat=True).distinct())


@admin.register(Case)
class CaseAdmin(Evidence):
    """Cases are evidence: the admin shows them and changes nothing."""

    list_display = ["reference", "title", "workflow", "state", "end", "queue", "received_at"]
    list_filter = ["workflow", "state", "end", "queue"]
    list_select_related = ["workflow", "queue"]
    search_fields = ["=number", "=external_id", "=subject"]
    ordering = ["-received_at", "-id"]
    raw_id_fields = ["assessment", "pending"]


@admin.register(Decision)
class DecisionAdmin(Evidence):
    """Decisions too. A corrected output is read on the case, where sensitive fields are covered."""

    workflow_path = "case__workflow__slug"
    list_display = ["case", "outcome", "decided_by", "decided_at", "released_at", "is_current"]
    list_filter = ["outcome", "case__workflow"]
    search_fields = ["=case__number", "=case__external_id"]
    ordering = ["-decided_at"]
    exclude = ["output"]

    def workflow_of(self, obj: Decision | None) -> str | None:
        return obj.case.workflow.slug if obj is not None else None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("case__workflow", "decided_by")
