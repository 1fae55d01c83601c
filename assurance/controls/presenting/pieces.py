"""Sentences in which names of fields stand between backticks, cut into pieces for a page."""

from __future__ import annotations

from typing import Any

Piece = dict[str, Any]


def pieces(text: str) -> list[Piece]:
    """Pieces `{"text", "mono"}`: what stood between two backticks is mono. A lone backtick is text.

    >>> [piece["text"] for piece in pieces("`output.amount` was 5.")]
    ['output.amount', ' was 5.']
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [{"text": text, "mono": False}]
    return [{"text": part, "mono": n % 2 == 1} for n, part in enumerate(parts) if part]
