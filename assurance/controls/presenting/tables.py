"""Rows of cells as `includes/_data_table.html` needs them."""

from __future__ import annotations

from typing import Any


def table(
    caption: str, labels: tuple[str, ...], rows: list[list[dict[str, Any]]], *, ends: int = 0
) -> dict[str, Any]:
    """A table whose last `ends` columns hold numbers."""
    first_end = len(labels) - ends
    return {
        "caption": caption,
        "columns": [
            {"label": label, "end": index >= first_end} for index, label in enumerate(labels)
        ],
        "rows": [
            {
                "cells": [
                    cell if index == 0 else {"end": index >= first_end, **cell, "label": label}
                    for index, (cell, label) in enumerate(zip(row, labels, strict=True))
                ]
            }
            for row in rows
        ],
    }
