"""What rooms above answer or do for this one. Each registers, when it is loaded, from its
`AppConfig.ready()`; until then the answer is an empty one. Nothing here imports them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from uuid import UUID

    from assurance.controls.models import Workflow
    from assurance.controls.review_load import QueueWork


T = TypeVar("T")


class Lifted(Protocol):
    """Called inside the transaction that resumes a workflow, under its lock."""

    def __call__(self, workflow: Workflow, *, since: datetime, at: datetime) -> None: ...


Counts = Callable[["Workflow", datetime], Mapping[str, int]]
Table = Callable[["Workflow", Any, datetime], Mapping[str, Any] | None]
Named = Callable[[Collection["UUID"], Any, datetime], Mapping["UUID", Mapping[str, str]]]
Part = Callable[["Workflow", datetime], Mapping[str, Any]]
Work = Callable[[Collection[str], datetime, datetime], Mapping[str, "QueueWork"]]


class _Several(Generic[T]):
    """Every room that registered, in that order."""

    def __init__(self) -> None:
        self._registered: list[T] = []

    def register(self, answer: T) -> None:
        self._registered.append(answer)

    def __iter__(self) -> Iterator[T]:
        return iter(self._registered)


# What follows the end of a pause: clocks go on, held cases are judged again.
on_resume: _Several[Lifted] = _Several()
# How many cases are in flight, by status.
open_cases: _Several[Counts] = _Several()
# The cases in flight that a person may see, as a table of the pages.
in_flight: _Several[Table] = _Several()
# What else was in force at a moment: `{"queues": [...]}`.
as_of_parts: _Several[Part] = _Several()
# The cases of these ids that a person may see: `{id: {"title", "reference", "url"}}`.
cases_named: _Several[Named] = _Several()
# What people did in these queues between two moments, by slug.
queue_work: _Several[Work] = _Several()
