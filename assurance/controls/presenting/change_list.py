"""Control changes as rows: what waits for this person first, then all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assurance.accounts.choices import Role
from assurance.accounts.models import Grant
from assurance.accounts.roles import Workflows, workflows_of
from assurance.controls.choices import ChangeKind, ChangeStatus
from assurance.controls.models import ControlChange, Workflow
from assurance.controls.presenting.change_record import name_of, tags, together, what_of

if TYPE_CHECKING:
    from assurance.accounts.models import User

LABELS = ("Change", "Workflow", "Why", "Status", "Author", "Waits for", "Changed")
LONGEST_WHY = 140
# So many wait for one person at most before the list says "and more".
MOST_MINE = 25


def waiting_for(user: User, seen: Workflows, at: datetime) -> list[ControlChange]:
    """What this person may approve or ratify as the second person, the oldest first."""
    if user.person_id is None:
        return []
    governed = workflows_of(user, Role.GOVERNANCE, at)
    found = (
        ControlChange.objects.among(seen)
        .among(governed)
        .waiting_for_a_second()
        .exclude(author=user)
        .exclude(author_person=user.person_id)
        .exclude(editors=user.person_id)
        .exclude(workflow__builders=user.person_id)
    )
    return list(found.for_list().order_by("submitted_at", "number")[:MOST_MINE])


def table(found: Iterable[ControlChange], user: User, at: datetime, caption: str) -> dict[str, Any]:
    """Rows for `includes/_data_table.html`: seven columns, two queries more however many rows."""
    rows = list(found)
    owners = _owners(at) if rows else []
    return {
        "caption": caption,
        "columns": [{"label": label} for label in LABELS],
        "rows": [_row(one, user, owners, at) for one in rows],
    }


@dataclass(frozen=True)
class _Owner:
    """A person who governs a workflow, or all of them ("")."""

    person: int
    name: str
    workflow: str


def _owners(at: datetime) -> list[_Owner]:
    grants = Grant.objects.effective(at).of_role(Role.GOVERNANCE).order_by("person__name")
    return [
        _Owner(*row)
        for row in grants.values_list("person_id", "person__name", "workflow").distinct()
    ]


def _row(
    change: ControlChange, user: User, owners: Sequence[_Owner], at: datetime
) -> dict[str, Any]:
    status = tags(change, at)
    why = change.reason.strip() or "Not said yet"
    cells: list[dict[str, Any]] = [
        {
            "text": what_of(change),
            "url": change.get_absolute_url(),
            "small": f"Change {change.number}",
        },
        {"text": together(change.workflow.name)},
        {
            "text": why if len(why) <= LONGEST_WHY else f"{why[:LONGEST_WHY].rstrip()}…",
            "small": "" if change.kind == ChangeKind.ROUTINE else ChangeKind(change.kind).label,
        },
        {"tag": status[0], "small": _late(status)},
        {"text": together(name_of(change.author))},
        {"text": _waits_for(change, user, owners, at)},
        {"at": change.ended_at or change.changed_at},
    ]
    return {"cells": [cell | {"label": name} for cell, name in zip(cells, LABELS, strict=True)]}


def _late(status: Sequence[dict[str, str]]) -> str:
    """Whether an emergency waits for its second person still."""
    return next((tag["label"] for tag in status if tag["icon"] == "ring"), "")


def _waits_for(change: ControlChange, user: User, owners: Sequence[_Owner], at: datetime) -> str:
    if change.status == ChangeStatus.DRAFT:
        return "You" if change.author_id == user.pk else together(name_of(change.author))
    if change.status == ChangeStatus.APPROVED:
        return f"Its start, {change.start_at:%-d %b %H:%M} UTC" if change.start_at else "Its start"
    ratify = change.status == ChangeStatus.PUBLISHED and change.awaits_ratification
    if change.status != ChangeStatus.IN_REVIEW and not ratify:
        return "–"
    second = _second(change, owners)
    if user.person_id in second:
        return "You"
    names = [together(name) for name in second.values()]
    if not names:
        return "A second owner, and there is none"
    return names[0] if len(names) == 1 else f"{names[0]} or {len(names) - 1} more"


def _second(change: ControlChange, owners: Sequence[_Owner]) -> dict[int, str]:
    """Who could be its second person, from what was read for the whole list."""
    out = {
        change.author_person_id,
        *(person.pk for person in change.editors.all()),
        *(person.pk for person in change.workflow.builders.all()),
    }
    return {
        one.person: one.name
        for one in owners
        if one.workflow in ("", change.workflow.slug) and one.person not in out
    }


def filters(
    asked: Callable[[str], str], workflows: Sequence[Workflow], *, action: str
) -> dict[str, Any]:
    """The filter bar: workflow, status, kind."""
    fields = [
        choice("workflow", "Workflow", [(one.slug, one.name) for one in workflows], asked),
        choice("status", "Status", [("open", "Open"), *ChangeStatus.choices], asked),
        choice("kind", "Kind", ChangeKind.choices, asked),
    ]
    is_set = any(field["value"] for field in fields)
    return {"fields": fields, "action": action, "clear_url": action if is_set else ""}


def choice(
    name: str, label: str, options: Iterable[tuple[str, Any]], asked: Callable[[str], str]
) -> dict[str, Any]:
    """One select of a filter bar; a value that it does not have is none."""
    listed = [{"value": "", "label": "All"}]
    listed += [{"value": key, "label": str(text)} for key, text in options]
    value = asked(name)
    known = any(option["value"] == value for option in listed)
    return {"name": name, "label": label, "value": value if known else "", "options": listed}
