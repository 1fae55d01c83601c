"""The parameters of an address, read as strictly as a body: unknown names, loose numbers are 400.

query = Query(request, "status", "queue", "received_after")
query.choice("status", Status.values); query.instant("received_after"); query.whole("wait", 0, 60)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from assurance.api.faults import unknown
from assurance.errors import DomainError

PAGING = ("limit", "cursor")
_WHOLE = re.compile(r"[0-9]{1,10}", re.ASCII)


def refuse(name: str, code: str, message: str) -> DomainError:
    """A 400 that names the parameter."""
    errors = [{"pointer": f"?{name}", "code": code, "message": message}]
    return DomainError(code, message, status=400, errors=errors)


class Query:
    """The parameters of one request. `limit` and `cursor` are known to every list that is paged."""

    def __init__(self, request: Any, *names: str, paged: bool = True) -> None:
        self.params = request.GET
        known = {*names, *(PAGING if paged else ())}
        for name in self.params:
            if name not in known:
                raise refuse(name, "unknown_parameter", unknown(name, known, "parameter"))

    def text(self, name: str, longest: int = 200) -> str | None:
        """As sent; None where absent or empty."""
        value = self.params.get(name) or None
        if value is not None and len(value) > longest:
            raise refuse(name, "too_long", f"`{name}` has at most {longest} characters.")
        return value

    def choice(self, name: str, offered: Iterable[str]) -> str | None:
        value = self.text(name)
        if value is None or value in (options := list(offered)):
            return value
        message = f"`{value[:80]}` is not offered here. Use one of: {', '.join(options)}."
        raise refuse(name, "not_a_choice", message)

    def whole(self, name: str, least: int, most: int) -> int | None:
        """A whole number in plain digits, within bounds."""
        value = self.text(name)
        if value is None:
            return None
        if not _WHOLE.fullmatch(value) or not least <= int(value) <= most:
            message = f"`{name}` is a whole number from {least} to {most}, in plain digits."
            raise refuse(name, "out_of_range", message)
        return int(value)

    def instant(self, name: str) -> datetime | None:
        """A time with its zone. A `+` that arrived as a space is taken for what it was."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = parse_datetime(re.sub(r" (?=\d\d:?\d\d$)", "+", value))
        except ValueError:
            moment = None
        if moment is None:
            message = f"`{name}` is no time. Write it as 2026-11-22T10:31:00Z (RFC 3339)."
            raise refuse(name, "not_a_time", message)
        if moment.tzinfo is None:
            message = f"`{name}` needs its zone: end it with Z, or with an offset such as %2B01:00."
            raise refuse(name, "timezone_required", message)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            message = f"`{name}` is out of range."
            raise refuse(name, "not_a_time", message) from error

    def uuid(self, name: str) -> UUID | None:
        value = self.text(name)
        try:
            return UUID(value) if value else None
        except ValueError as error:
            raise refuse(name, "not_a_uuid", f"`{name}` is no UUID.") from error

    def flag(self, name: str) -> bool | None:
        value = self.choice(name, ["true", "false"])
        return None if value is None else value == "true"
