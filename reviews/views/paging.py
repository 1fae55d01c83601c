"""Pages of a list for people: by key, never by offset. A cursor that makes no sense shows the
first page; it is a link, not a promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from assurance.api.paging import KeysetPage
from assurance.errors import DomainError


class Page:
    """`rows` of this page, and `pager()` for the links."""

    def __init__(
        self, request: HttpRequest, queryset: Any, *, keys: Sequence[str], descending: bool = False
    ) -> None:
        self.request = request
        try:
            self.page: KeysetPage[Any] = self._page(queryset, keys, descending)
        except DomainError:
            kept = request.GET.copy()
            kept.pop("cursor", None)
            kept.pop("limit", None)
            request.GET = kept  # type: ignore[assignment]
            self.page = self._page(queryset, keys, descending)
        self.rows = self.page.rows

    def _page(self, queryset: Any, keys: Sequence[str], descending: bool) -> KeysetPage[Any]:
        return KeysetPage(queryset, keys=keys, request=self.request, descending=descending)

    def pager(self) -> dict[str, str | None]:
        ends = self.page.envelope(())
        return {"next": ends["next"], "previous": ends["previous"]}
