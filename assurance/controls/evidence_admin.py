"""What admin pages of this room and those above share: rows by workflow, evidence read only."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from assurance.accounts import roles
from assurance.accounts.role_admin import RoleAdmin
from assurance.controls.visibility import READERS


class OfWorkflow(RoleAdmin):
    """Rows of the workflows that one reads about, and changes where one governs."""

    readers = READERS
    workflow_path = "workflow__slug"

    def workflow_of(self, obj: Any) -> str | None:
        return obj.workflow.slug if obj is not None else None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        held = self.held(request)
        where = [held[role] for role in (*self.readers, *self.writers) if role in held]
        if request.user.is_superuser or roles.ALL in where:
            return rows
        slugs = {slug for slugs in where for slug in slugs}
        return rows.filter(**{f"{self.workflow_path}__in": slugs})


class Evidence(OfWorkflow):
    """What was recorded: the admin shows it and changes nothing."""

    writers = ()
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def written(value: Any) -> str:
    """Data as a person reads it."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    return format_html("<pre>{}</pre>", text)


def history_of(obj: Any) -> str:
    """Who changed a row when, and which fields, newest first; the last hundred changes."""
    newest = list(obj.history.select_related("history_user").order_by("-history_id")[:101])
    lines = [
        f"{past.history_date:%Y-%m-%d %H:%M:%S} UTC  {past.history_user or 'the operator'}: "
        + _what(past, before)
        for past, before in zip(newest, [*newest[1:], None], strict=True)
    ]
    return format_html("<pre>{}</pre>", "\n".join(lines[:100]))


def _what(past: Any, before: Any) -> str:
    fields = sorted(past.diff_against(before).changed_fields) if before is not None else []
    return ", ".join(fields) or past.get_history_type_display().lower()
