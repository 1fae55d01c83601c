"""Rows whose history is dated by our clock, so that what was configured and what was recorded
agree on when."""

from __future__ import annotations

from datetime import datetime

from assurance import clock


class Dated:
    """A mixin for models with `HistoricalRecords`: a version is of the moment that its verb set
    in `_history_date`, else of now. Set it on a row fresh from the database."""

    @property
    def _history_date(self) -> datetime:
        return self.__dict__.get("_version_at") or clock.now()

    @_history_date.setter
    def _history_date(self, at: datetime) -> None:
        self.__dict__["_version_at"] = at
