"""The versions of what is edited outside control sets. What was in force at a moment is read from
them, so they are kept as the record is: written once, never changed, never deleted."""

from __future__ import annotations

from typing import Any

from simple_history.models import HistoricalRecords

from assurance.record.models import AppendOnly


class History(HistoricalRecords):
    """`HistoricalRecords` whose tables, those of many-to-many fields too, are append-only."""

    def get_meta_options(self, model: Any) -> dict[str, Any]:
        return {**super().get_meta_options(model), "triggers": [AppendOnly()]}

    def get_meta_options_m2m(self, through_model: Any) -> dict[str, Any]:
        return {**super().get_meta_options_m2m(through_model), "triggers": [AppendOnly()]}
