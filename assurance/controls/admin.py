"""Workflows in the admin, and what governs them, to read. A control set never changes here: only
a control change replaces it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from assurance import clock
from assurance.accounts.admin_site import CountermarkAdmin
from assurance.accounts.models import User
from assurance.accounts.principals import account_of
from assurance.controls import visibility
from assurance.controls.covering import covered_facts, covered_results
from assurance.controls.editing.listing import draft_marks
from assurance.controls.evidence_admin import Evidence, OfWorkflow, history_of, written
from assurance.controls.fields import Catalogue
from assurance.controls.forms import WorkflowForm
from assurance.controls.models import (
    Assessment,
    ControlSet,
    ControlVersion,
    ExecutedReport,
    Label,
    Workflow,
)
from assurance.controls.verifier_admin import VerifierAdmin
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record

__all__ = ["VerifierAdmin"]

# The pages on which sets are edited, and what the start page tells of drafts.
site = cast(CountermarkAdmin, admin.site)
site.pages.append("assurance.controls.editing.urls")
site.readers = visibility.READERS
site.drafts = lambda user: draft_marks(user, clock.now())


@admin.register(Workflow)
class WorkflowAdmin(OfWorkflow):
    """One AI use under control. It is made by `load_controls`, and its stage moves by verbs."""

    form = WorkflowForm
    workflow_path = "slug"
    list_display = ["name", "slug", "tier", "stage", "owner", "paused_at"]
    list_filter = ["tier", "stage"]
    list_select_related = ["owner"]
    search_fields = ["name", "slug"]
    readonly_fields = [
        "slug", "stage", "paused_at", "pause_reason", "all_review", "created_at", "changes"
    ]  # fmt: skip
    fields = ["slug", "stage", *WorkflowForm.Meta.fields, *readonly_fields[2:]]

    def workflow_of(self, obj: Workflow | None) -> str | None:
        return obj.slug if obj is not None else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("owner", "deputy"):
            kwargs["queryset"] = User.objects.filter(is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Workflow, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            record(
                Stream.workflow(obj.slug),
                "workflow.changed",
                {"fields": sorted(form.changed_data)},
                actor=Actor.person(account_of(request)),
                at=clock.now(),
                workflow=obj.slug,
            )

    @admin.display(description="History")
    def changes(self, obj: Workflow) -> str:
        """Who changed it when, newest first."""
        return history_of(obj)


@admin.register(ControlSet)
class ControlSetAdmin(Evidence):
    """All that governed one workflow from a moment on."""

    list_display = ["__str__", "effective_from", "published_by", "sha256"]
    list_filter = ["workflow"]
    list_select_related = ["workflow", "published_by"]
    search_fields = ["=sha256"]
    fields = ["workflow", "number", "sha256", "effective_from", "published_by", "whole"]
    readonly_fields = ["whole"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("canonical")

    @admin.display(description="Content")
    def whole(self, obj: ControlSet) -> str:
        return written(obj.content)


@admin.register(ControlVersion)
class ControlVersionAdmin(Evidence):
    """Every content that a control ever had."""

    list_display = ["key", "version", "workflow", "page"]
    list_filter = ["workflow"]
    list_select_related = ["workflow"]
    search_fields = ["key"]
    fields = ["workflow", "key", "version", "sha256", "first_set", "page", "whole"]
    readonly_fields = ["page", "whole"]

    @admin.display(description="In words")
    def page(self, obj: ControlVersion) -> str:
        url = f"{reverse('control', args=[obj.key])}?version={obj.version}"
        return format_html('<a href="{}">{}</a>', url, obj)

    @admin.display(description="Content")
    def whole(self, obj: ControlVersion) -> str:
        return written(obj.content)


@admin.register(Assessment)
class AssessmentAdmin(Evidence):
    """Every judgement, with the frozen facts; sensitive values stay covered."""

    list_display = ["case_id", "revision", "purpose", "workflow", "disposition", "enforced", "at"]
    list_filter = ["workflow", "disposition", "purpose"]
    list_select_related = ["workflow"]
    search_fields = ["=case_id", "=subject"]
    exclude = ["facts", "results"]
    readonly_fields = ["results_shown", "facts_shown"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        # A select_related here would keep the list from following its own.
        return super().get_queryset(request).defer("facts", "results")

    @admin.display(description="Results")
    def results_shown(self, obj: Assessment) -> str:
        return written(covered_results(obj.results, _catalogue(obj)))

    @admin.display(description="Facts")
    def facts_shown(self, obj: Assessment) -> str:
        return written(covered_facts(obj.facts, _catalogue(obj)))


def _catalogue(assessment: Assessment) -> Catalogue:
    return Catalogue.from_json(assessment.control_set.content["fields"])


@admin.register(Label)
class LabelAdmin(Evidence):
    """What is known to be true of cases."""

    list_display = ["case_id", "workflow", "value", "source", "at"]
    list_filter = ["workflow", "value", "source"]
    list_select_related = ["workflow"]
    search_fields = ["=case_id"]


@admin.register(ExecutedReport)
class ExecutedReportAdmin(Evidence):
    """What callers say they did."""

    list_display = ["workflow", "start", "end", "count", "reported_by", "at"]
    list_filter = ["workflow"]
    list_select_related = ["workflow"]
