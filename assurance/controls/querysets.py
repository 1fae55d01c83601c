"""Adjectives for workflows and sets. Time is an argument."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models


class WorkflowQuerySet(models.QuerySet):
    def among(self, slugs: str | frozenset[str] | set[str]) -> Self:
        """Those named, or every one when the caller may see "all"."""
        return self if slugs == "all" else self.filter(slug__in=slugs)

    def mail_of_owner(self, slug: str) -> list[str]:
        """Where news of a workflow goes: its owner, or the deputy of one without an address."""
        named = self.filter(slug=slug).values_list("owner__email", "deputy__email")
        return [next(mail for mail in pair if mail) for pair in named if any(pair)]


class ControlSetQuerySet(models.QuerySet):
    def of(self, workflow_slug: str) -> Self:
        return self.filter(workflow__slug=workflow_slug)

    def as_of(self, at: datetime) -> Self:
        """The set in force at a moment comes first; "as of t" is one row."""
        return self.filter(effective_from__lte=at).order_by("-number")

    def newest(self) -> Self:
        return self.order_by("-number")
