"""What is wrong with the queues of a definition. A queue that is there already may be named again;
it stays as its owners made it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError

from assurance.controls.conditions import Problem
from assurance.controls.definition_shapes import (
    Key,
    duplicate_problems,
    listed,
    shape_problems,
    shown,
)
from assurance.controls.definition_workflows import SLUG, person_problems
from assurance.controls.durations import DurationError, parse_duration
from reviews.choices import QueueKind
from reviews.models import Queue

QUEUE_KEYS = {
    "slug": Key("text", required=True, longest=60),
    "name": Key("text", required=True, longest=120),
    "kind": Key("text", required=True, choices=QueueKind.values),
    "members": Key("list"),
    "service_level": Key("text", longest=40),
    "lease": Key("text", longest=40),
    "undo_window": Key("text", longest=40),
    "skip_for": Key("text", longest=40),
    "guideline": Key("text", longest=20_000),
}
QUEUE_NOT_YET = ("readers", "skills", "second_reader", "authority", "calendar", "shifts", "backup")
DURATIONS = ("service_level", "lease", "undo_window", "skip_for")


def queue_problems(
    document: Mapping[str, Any], people: Collection[str], kinds: Mapping[str, str]
) -> list[Problem]:
    """Every problem of the definition's queues."""
    found = []
    queues = listed(document, "queues")
    for index, queue in enumerate(queues):
        at = f"/queues/{index}"
        wrong = shape_problems(queue, QUEUE_KEYS, at, not_yet=QUEUE_NOT_YET)
        found += wrong
        if not wrong:
            found += _queue_problems(queue, at, people, kinds)
    slugs = [queue.get("slug") if isinstance(queue, Mapping) else None for queue in queues]
    texts = [slug if isinstance(slug, str) else None for slug in slugs]
    return found + duplicate_problems(texts, "slug", "/queues", "The queue")


def queue_kinds(document: Mapping[str, Any]) -> dict[str, str]:
    """The kind of each queue of the definition by slug. One whose kind is no kind counts as the
    highest, so that this fault is told once and not again at every rule."""
    return {
        queue["slug"]: queue["kind"]
        if queue.get("kind") in QueueKind.values
        else QueueKind.GOVERNANCE.value
        for queue in listed(document, "queues")
        if isinstance(queue, Mapping) and isinstance(queue.get("slug"), str)
    }


def _queue_problems(
    queue: Mapping[str, Any], at: str, people: Collection[str], kinds: Mapping[str, str]
) -> list[Problem]:
    found = []
    slug = queue["slug"]
    if not SLUG.fullmatch(slug):
        message = (
            f"The slug {shown(slug)} cannot stand in an address. Use small letters, digits and "
            "single hyphens, such as credit-review."
        )
        found.append(Problem(f"{at}/slug", "bad_slug", message))
    if kinds.get(slug, queue["kind"]) != queue["kind"]:
        message = (
            f"There is a queue {shown(slug)} already and its kind is {kinds[slug]}. Choose "
            "another slug, or write that kind."
        )
        found.append(Problem(f"{at}/kind", "other_kind", message))
    for index, member in enumerate(listed(queue, "members")):
        found += person_problems(member, f"{at}/members/{index}", people)
    fields, wrong = queue_durations(queue)
    found += [Problem(f"{at}/{name}", "bad_duration", sentence) for name, sentence in wrong.items()]
    row = Queue(slug=slug, name=queue["name"], kind=queue["kind"], **fields)
    try:
        row.clean_fields(exclude=["slug", *wrong])
    except ValidationError as refusal:
        for name, sentences in refusal.message_dict.items():
            found += [Problem(f"{at}/{name}", "bad_value", sentence) for sentence in sentences]
    return found


def queue_durations(queue: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The queue's lengths of time, and what is wrong with the others."""
    fields, wrong = {}, {}
    for name in DURATIONS:
        if queue.get(name) is None:
            continue
        if name == "undo_window" and queue[name] == "PT0S":
            fields[name] = timedelta(0)  # a queue may do without
            continue
        try:
            fields[name] = parse_duration(queue[name])
        except DurationError as refusal:
            wrong[name] = str(refusal)
    return fields, wrong
