"""From a form into this person's draft: nothing that is live is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assurance.accounts.models import User
from assurance.controls import candidates, changes
from assurance.controls.choices import Item
from assurance.controls.conditions import Problem
from assurance.controls.editing.item_forms import ItemForm
from assurance.controls.editing.items import Opened
from assurance.controls.models import ControlChange
from assurance.controls.queues import queue_kinds
from assurance.controls.satisfiability import warnings
from assurance.errors import DomainError

IN_EDIT = re.compile(r"^/edits/(\d+)(?:/content)?(/.*)?$")


class Nothing(Exception):
    """What was typed is what is live, and no draft says otherwise."""


def save(
    form: ItemForm, opened: Opened, content: Mapping[str, Any], *, by: User, at: datetime
) -> ControlChange:
    """Put the item into the draft; what equals the live one takes it out of the draft again.

    Raises Nothing where nothing changes, DomainError 422 after its problems stand in the form.
    """
    key = key_of(opened, content)
    if is_live(opened, content):
        return _taken_back(opened, by=by, at=at)
    try:
        return changes.put(opened.workflow, opened.item, key, dict(content), by=by, at=at)
    except DomainError as refusal:
        place(form, opened, refusal, key)
        raise


def remove(opened: Opened, *, by: User, at: datetime) -> ControlChange:
    """Let the draft take the item out of the next set."""
    if opened.live is None:
        return _taken_back(opened, by=by, at=at)
    return changes.put(opened.workflow, opened.item, opened.key, None, by=by, at=at)


def _taken_back(opened: Opened, *, by: User, at: datetime) -> ControlChange:
    draft = opened.draft
    if draft is None or opened.edit is None:
        raise Nothing
    rest = [e for e in draft.edits if (e["item"], e["key"]) != (opened.item, opened.key)]
    return changes.edit(draft, edits=rest, by=by, at=at)


def key_of(opened: Opened, content: Mapping[str, Any]) -> str:
    """The item's key; of a new one, what was typed."""
    if not opened.is_new:
        return opened.key
    return str(content.get(candidates.PARTS[opened.item][1]) or "")


def is_live(opened: Opened, content: Mapping[str, Any]) -> bool:
    """Whether the next set would hold exactly what is live."""
    if opened.live is None:
        return False
    one = {"item": opened.item, "key": opened.key, "content": content}
    base = opened.live_set.content
    return candidates.item_of(candidates.apply(base, [one]), opened.item, opened.key) == opened.live


def is_taken(opened: Opened, key: str) -> bool:
    """Whether a new item would take the key of one that there is."""
    there = candidates.item_of(opened.around, opened.item, key)
    return opened.is_new and there is not None


def place(form: ItemForm, opened: Opened, refusal: DomainError, key: str) -> None:
    """Put every problem beside its input; those of other edits stand above the form."""
    others = [
        edit
        for edit in (opened.draft.edits if opened.draft else ())
        if (edit["item"], edit["key"]) != (opened.item, key)
    ]
    if not refusal.errors:
        form.add_error(None, refusal.sentence)
    for error in refusal.errors:
        found = IN_EDIT.match(error["pointer"])
        if found is not None and int(found[1]) == len(others):
            form.tell(Problem(found[2] or "", error["code"], error["message"]))
        elif found is not None and int(found[1]) < len(others):
            edit = others[int(found[1])]
            where = f"{Item(edit['item']).label} {edit['key']}".strip()
            form.add_error(None, f"In your draft, {where}: {error['message']}")
        else:
            form.add_error(None, f"Elsewhere in the set: {error['message']}")


def slips(opened: Opened, content: Mapping[str, Any]) -> list[str]:
    """What is legal and most likely a slip, of this item alone."""
    key = key_of(opened, content)
    if opened.item not in candidates.PARTS or opened.item == Item.QUEUE_POLICY:
        return []
    part, name = candidates.PARTS[opened.item]
    one = {**content, name: content.get(name) or key or "This one"}
    if opened.item == Item.RULE:
        edit = {"item": opened.item, "key": one[name], "content": one}
        items = candidates.apply(opened.around, [edit])[part]
    else:
        items = [one]
    index = next(n for n, each in enumerate(items) if each[name] == one[name])
    whole = {"workflow": opened.workflow.slug, part: items}
    found = warnings(whole, opened.live_set_catalogue, queue_kinds())
    mine = f"/{part}/{index}/"
    return [problem.message for problem in found if problem.pointer.startswith(mine)]
