"""Which queue a case goes to.

Rules are tried in `position` order and the first whose condition holds wins. A rule whose queue
is of a lower kind than the disposition is passed over, so a specialist's case never lands in a
general queue. The catch-all of each disposition stands last: every routed case finds a queue.
Routing reads facts and rules and returns a route; it never saves.

>>> rest = {"priority": None, "due_in": None}
>>> rules = [
...     {"name": "Large", "queue": "experts", "catch_all": None, **rest},
...     {"name": "Rest", "queue": "general", "catch_all": "review", **rest},
... ]
>>> kinds = {"experts": "specialist", "general": "general"}
>>> first_match(rules, [True, True], disposition="review", kinds=kinds).queue
'experts'
>>> first_match(rules, [None, True], disposition="review", kinds=kinds).queue
'general'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assurance.controls.choices import ROUTED
from assurance.controls.durations import parse_duration
from assurance.controls.judgement import Judgement
from assurance.controls.live_set import LiveSet
from assurance.errors import DomainError
from reviews.choices import DEFAULT_DUE_IN, HEAD_START, Priority, QueueKind
from reviews.models import Queue


@dataclass(frozen=True, slots=True)
class Route:
    """Where to, how urgent, and by which rule. `due_in` None: as the queue says."""

    queue: str
    rule: str
    priority: str | None
    due_in: str | None


def first_match(
    rules: Sequence[Mapping[str, Any]],
    verdicts: Sequence[bool | None],
    *,
    disposition: str,
    kinds: Mapping[str, str],
) -> Route | None:
    """The first rule that holds and whose queue may take this disposition. An unknown condition
    does not hold: the catch-all is there for what cannot be known."""
    needed = ROUTED.index(disposition)
    for rule, verdict in zip(rules, verdicts, strict=True):
        if verdict is not True or rule["catch_all"] not in (None, disposition):
            continue
        kind = kinds.get(rule["queue"])
        if kind is None or kind == QueueKind.AUDIT or QueueKind(kind).rank < needed:
            continue
        return Route(rule["queue"], rule["name"], rule["priority"], rule["due_in"])
    return None


def route(
    facts: Mapping[str, Any], judgement: Judgement, live: LiveSet, *, disposition: str
) -> tuple[Queue, Route]:
    """The queue and the route of a case that a person must see."""
    seen = {
        **facts,
        "assessment": {
            "disposition": str(disposition),
            "fired": [r.key for r in judgement.results if r.is_enforced and not r.is_calm],
        },
    }
    names = {rule["queue"] for rule in live.rules}
    queues = {queue.slug: queue for queue in Queue.objects.filter(slug__in=names)}
    kinds = {slug: queue.kind for slug, queue in queues.items()}
    found = first_match(live.rules, live.rule_verdicts(seen), disposition=disposition, kinds=kinds)
    if found is None:
        raise DomainError(
            "no_route",
            f"No routing rule of {live.workflow} takes a case that needs {disposition}. "
            "Its control set lost a catch-all or a queue was removed: load_controls says which.",
            status=422,
        )
    return queues[found.queue], found


def due_in(queue: Queue, priority: str, said: str | None) -> timedelta:
    """How long a case may wait: the rule's word, else the queue's, else the priority's."""
    if said:
        return parse_duration(said)
    return queue.service_level or DEFAULT_DUE_IN[Priority(priority)]


def rank_at(due_at: datetime, priority: str) -> datetime:
    """The place in the work order: urgent first, nothing starves."""
    return due_at - HEAD_START[Priority(priority)]
