"""Adjectives for incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Count, Q

from assurance.accounts.roles import ALL, Workflows
from incidents.choices import HARMED, OVER


class IncidentQuerySet(models.QuerySet):
    def among(self, slugs: Workflows) -> Self:
        """Those of these workflows, or all of them."""
        return self if slugs == ALL else self.filter(workflow__slug__in=slugs)

    def open(self) -> Self:
        return self.exclude(state__in=OVER)

    def closed_between(self, since: datetime, until: datetime) -> Self:
        return self.filter(closed_at__gte=since, closed_at__lt=until)

    def for_page(self) -> Self:
        return self.select_related("workflow", "opened_by", "lead", "client", "alert")

    def with_counts(self) -> Self:
        """With `listed`, all its cases, `harmed`, those that were wrong, and `unremedied`."""
        harmed = Q(cases__kind__in=HARMED)
        return self.annotate(
            listed=Count("cases"),
            harmed=Count("cases", filter=harmed),
            unremedied=Count("cases", filter=harmed & Q(cases__remedy="")),
        )


class AffectedCaseQuerySet(models.QuerySet):
    def harmed(self) -> Self:
        """Those that need a remedy."""
        return self.filter(kind__in=HARMED)

    def unremedied(self) -> Self:
        return self.harmed().filter(remedy="")

    def in_order(self) -> Any:
        return self.select_related("case__workflow", "case__queue", "remedied_by").order_by(
            "case__received_at", "case_id"
        )
