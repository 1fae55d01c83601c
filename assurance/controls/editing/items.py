"""Finding what somebody wants to edit: the live item, or this person's draft of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404

from assurance.accounts.choices import Role
from assurance.accounts.models import User
from assurance.accounts.roles import Workflows, covers, workflows_of
from assurance.controls import candidates, visibility
from assurance.controls.changes import candidate_of, draft_of
from assurance.controls.choices import Item
from assurance.controls.control_sets import newest_set
from assurance.controls.fields import Catalogue
from assurance.controls.models import (
    Assessment,
    ControlChange,
    ControlSet,
    ControlVersion,
    Workflow,
)

# The cases that tell what fields hold, and how many rows match: few enough to read at each page.
MOST_SEEN = 500
SEEN_FOR = timedelta(days=30)
ROOTS = ("output", "context", "signals", "model", "workflow")
# No item has this key: it is too long for one.
NEW = "new" * 50
PLAIN = ("proposed_action", "subject", "occurred_at")


@dataclass(frozen=True)
class Opened:
    """One item as somebody may edit it. `content` is what the form begins with: their draft of
    it, else what is live, else None where it is new."""

    workflow: Workflow
    live_set: ControlSet
    item: str
    key: str
    live: dict[str, Any] | None
    draft: ControlChange | None
    others: tuple[ControlChange, ...]
    # The set as it would be with the whole draft: what else the item is judged beside.
    around: dict[str, Any]
    # Of what kind a new item is to be, where there are several.
    variant: str = ""

    @property
    def edit(self) -> dict[str, Any] | None:
        return self.draft.edit_of(self.item, self.key) if self.draft is not None else None

    @property
    def content(self) -> dict[str, Any] | None:
        return self.edit["content"] if self.edit is not None else self.live

    @property
    def is_new(self) -> bool:
        """Whether neither the live set nor this person's draft knows it."""
        return self.live is None and self.edit is None

    @property
    def is_removed(self) -> bool:
        """Whether this person's draft takes it out."""
        return self.edit is not None and self.edit["content"] is None

    @cached_property
    def live_set_catalogue(self) -> Catalogue:
        return Catalogue.from_json(self.live_set.content["fields"])

    @cached_property
    def catalogue(self) -> Catalogue:
        """What a condition of this item may name."""
        found = self.live_set_catalogue
        return found.for_routing() if self.item == Item.RULE else found


def governed_by(user: Any, at: datetime) -> Workflows:
    return workflows_of(user, Role.GOVERNANCE, at)


def find_workflow(user: Any, slug: str, at: datetime) -> Workflow:
    """A workflow that this person governs: 404 where they may not know of it, 403 where they may
    only read about it."""
    workflow = visibility.find_workflow(slug, visibility.of_person(user, at))
    if not covers(governed_by(user, at), slug):
        raise PermissionDenied(
            f"Only a governance owner of {workflow.name} edits this. Read it on its page."
        )
    return workflow


def workflow_of_control(user: Any, key: str, at: datetime) -> Workflow:
    """Where a control is, live, past or in a draft of this person; else 404."""
    version = ControlVersion.objects.filter(key=key).select_related("workflow").first()
    if version is not None:
        return find_workflow(user, version.workflow.slug, at)
    mine = ControlChange.objects.open().filter(
        author=user, edits__contains=[{"item": Item.CONTROL, "key": key}]
    )
    change = mine.select_related("workflow").first()
    if change is None:
        raise Http404
    return find_workflow(user, change.workflow.slug, at)


def opened(workflow: Workflow, item: str, key: str, *, by: User) -> Opened:
    """The item of a workflow; 404 where neither the live set nor this person's draft has it."""
    found = _opened(workflow, item, key, by=by)
    if found.is_new:
        raise Http404
    return found


def begun(workflow: Workflow, item: str, *, by: User, variant: str = "") -> Opened:
    """A new item of a workflow. Its key is not known before it is typed."""
    return replace(_opened(workflow, item, NEW, by=by), variant=variant)


def _opened(workflow: Workflow, item: str, key: str, *, by: User) -> Opened:
    live_set = newest_set(workflow)
    live = None if key == NEW else candidates.item_of(live_set.content, item, key)
    draft = draft_of(workflow, by)
    others = ControlChange.objects.touching(workflow.pk, item, key).select_related("author")
    if draft is not None:
        others = others.exclude(pk=draft.pk)
    return Opened(
        workflow,
        live_set,
        item,
        key,
        live,
        draft,
        () if key == NEW else tuple(others),
        candidate_of(draft) if draft is not None else live_set.content,
    )


def cases_seen(workflow: Workflow, at: datetime) -> list[Mapping[str, Any]]:
    """The facts of the newest cases without their sources, newest first."""
    newest = Assessment.objects.filter(
        workflow=workflow, purpose=Assessment.Purpose.INTAKE, at__gt=at - SEEN_FOR, at__lte=at
    ).order_by("-at")
    columns = [*(f"facts__{name}" for name in (*ROOTS, *PLAIN)), "disposition"]
    found: list[Mapping[str, Any]] = []
    for *values, disposition in newest.values_list(*columns)[:MOST_SEEN]:
        facts: dict[str, Any] = dict(zip((*ROOTS, *PLAIN), values, strict=True))
        facts["assessment"] = {"disposition": disposition}
        found.append(facts)
    return found
