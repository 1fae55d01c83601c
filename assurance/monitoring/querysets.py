"""Adjectives for daily counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from assurance.monitoring.models import DailyCount  # noqa: F401


class DailyCountQuerySet(models.QuerySet["DailyCount"]):
    def of(self, workflows: Collection[str]) -> Self:
        return self.filter(workflow__in=list(workflows))

    def between(self, first: date, last: date) -> Self:
        """Both days included."""
        return self.filter(day__gte=first, day__lte=last)

    def measuring(self, *measures: str) -> Self:
        return self.filter(measure__in=measures)

    def whole(self) -> Self:
        """Rows of the workflow as a whole."""
        return self.filter(control="", queue="", model_version="")
