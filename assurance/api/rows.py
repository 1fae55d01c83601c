"""Rows compared as rows, which the ORM cannot say and an index answers directly."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Func


class RowCompare(Func):
    """`(a, b) > (x, y)`: first all the left sides, then all the right ones. For `filter()`."""

    output_field = BooleanField()

    def __init__(self, *expressions: Any, sign: str) -> None:
        super().__init__(*expressions)
        self.sign = sign

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> Any:  # type: ignore[override]
        parts, params = [], []
        for expression in self.source_expressions:
            sql, values = compiler.compile(expression)
            parts.append(sql)
            params.extend(values)
        half = len(parts) // 2
        left, right = ", ".join(parts[:half]), ", ".join(parts[half:])
        return f"(({left}) {self.sign} ({right}))", params
