"""Lists, page by page, by key and never by offset: any page costs what the first costs, and nothing
is skipped or shown twice while rows come and go.

    page = KeysetPage(cases, keys=["rank_at", "id"], request=request)
    return Response(page.envelope([as_json(case) for case in page.rows]))

The keys are columns that together are unique and never null; all ascend, or all descend. The
cursor is signed and good for the same list, filters and caller only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlencode

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import F, Field, Model, QuerySet, Value

from assurance.api.callers import caller_of
from assurance.api.query import Query, refuse
from assurance.api.rows import RowCompare
from assurance.errors import DomainError

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_SALT = "assurance.api.paging"

M = TypeVar("M", bound=Model)


class KeysetPage(Generic[M]):
    """One page of a queryset. `rows` are its objects, `envelope(results)` is the answer.

    400 `out_of_range` for a limit, `cursor_invalid` for a cursor that was not made for this list.
    """

    def __init__(
        self,
        queryset: QuerySet[M],
        *,
        keys: Sequence[str],
        request: Any,
        descending: bool = False,
        bound_to: str = "",
        keep_last: bool = False,
    ) -> None:
        self.request = request
        self.keys = list(keys)
        self.bound_to = bound_to
        self.fields: dict[str, Field[Any, Any]] = {
            key: cast("Field[Any, Any]", queryset.model._meta.get_field(key)) for key in keys
        }
        self.limit = limit_of(request)
        self.cursor = self._read_cursor()
        self.backwards = bool(self.cursor and self.cursor["d"] == "p")
        ascending = descending == self.backwards
        if self.cursor:
            beyond = self._beyond(self.cursor["k"], ">" if ascending else "<")
            queryset = queryset.filter(beyond)
        order = self.keys if ascending else [f"-{key}" for key in self.keys]
        found = list(queryset.order_by(*order)[: self.limit + 1])
        self.more = len(found) > self.limit
        self.rows: list[M] = found[: self.limit]
        if self.backwards:
            self.rows.reverse()
        self.keep_last = keep_last

    def envelope(self, results: Sequence[Any]) -> dict[str, Any]:
        """`{"next", "previous", "results"}` with whole addresses, null where there is no page.

        With `keep_last` (feeds) every page with results has a `next`, also the newest: it is where
        the caller goes on later.
        """
        forwards = self.rows and (self.more or self.backwards or self.keep_last)
        back = self.rows and (self.more if self.backwards else bool(self.cursor))
        return {
            "next": self._address("n", self.rows[-1]) if forwards else None,
            "previous": self._address("p", self.rows[0]) if back else None,
            "results": list(results),
        }

    def _beyond(self, place: Sequence[Any], sign: str) -> RowCompare:
        values = [
            Value(value, output_field=self.fields[key])
            for key, value in zip(self.keys, place, strict=True)
        ]
        return RowCompare(*[F(key) for key in self.keys], *values, sign=sign)

    def _address(self, direction: str, row: M) -> str:
        values = [_plain(getattr(row, self.fields[key].attname)) for key in self.keys]
        cursor = signing.dumps(
            {"q": self._fingerprint(), "k": values, "d": direction}, salt=_SALT, compress=True
        )
        params = [(name, value) for name, value in self.request.GET.items() if name != "cursor"]
        address = f"{self.request.path}?{urlencode([*params, ('cursor', cursor)])}"
        return str(self.request.build_absolute_uri(address))

    def _fingerprint(self) -> str:
        """Of the list, its filters and its caller. Another limit is the same list."""
        asked = sorted((k, v) for k, v in self.request.GET.items() if k not in ("limit", "cursor"))
        text = repr([self.request.path, asked, caller_of(self.request), self.keys, self.bound_to])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _read_cursor(self) -> dict[str, Any] | None:
        text = self.request.GET.get("cursor")
        if text is None:
            return None
        try:
            cursor = signing.loads(text, salt=_SALT)
            values = [
                self.fields[key].to_python(value)
                for key, value in zip(self.keys, cursor["k"], strict=True)
            ]
        except (signing.BadSignature, ValidationError, KeyError, TypeError, ValueError) as error:
            raise _foreign() from error
        if cursor.get("q") != self._fingerprint() or cursor.get("d") not in ("n", "p"):
            raise _foreign()
        return {"k": values, "d": cursor["d"]}


def limit_of(request: Any) -> int:
    """`limit`: 1 to 200, 50 where it is left out."""
    if "limit" not in request.GET:
        return DEFAULT_LIMIT
    found = Query(request, *request.GET).whole("limit", 1, MAX_LIMIT)
    if found is None:
        raise refuse("limit", "out_of_range", f"`limit` is a whole number from 1 to {MAX_LIMIT}.")
    return found


def _foreign() -> DomainError:
    return refuse(
        "cursor",
        "cursor_invalid",
        "This cursor was not made for this list, these filters and you."
        " Start again without a cursor, and take `next` as it is.",
    )


def _plain(value: Any) -> Any:
    """A key value as it travels in the cursor."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)
