"""Who may read the feed of events. The rooms above know roles and clients, so they say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

Visible = Literal["all"] | set[str]
_answer: Callable[[Any], Visible] | None = None


def register(answer: Callable[[Any], Visible]) -> None:
    """Called once, from `AppConfig.ready()`. `answer(request)` returns the slugs of the workflows
    whose events the caller may read, or "all"; it raises DomainError 403 where a scope or a role
    is missing."""
    global _answer
    _answer = answer


def of(request: Any) -> Visible:
    """What this caller may read. Before anyone registered, nothing."""
    return _answer(request) if _answer else set()
