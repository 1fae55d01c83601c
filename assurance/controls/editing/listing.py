"""Lists of what is live, item by item, with a mark where a draft waits, and whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse

from assurance.accounts.roles import covers
from assurance.controls import candidates, visibility
from assurance.controls.checks.registry import CHECKS
from assurance.controls.choices import ROUTED, Disposition, Item, Kind, Mode
from assurance.controls.conditions import ConditionError, describe
from assurance.controls.editing.items import governed_by
from assurance.controls.fields import Catalogue
from assurance.controls.models import ControlChange, ControlSet
from assurance.controls.presenting.pieces import pieces

MODE_TAGS = {Mode.OFF: "", Mode.SHADOW: "dashed", Mode.ADVISE: "dashed", Mode.ENFORCED: "ok"}
TITLES = {
    Item.CONTROL: ("Controls", "Safeguards of each workflow: when they speak, what they order."),
    Item.RULE: ("Routing rules", "Tried from the top: the first that holds names the queue."),
    Item.WAIVER: ("Waivers", "Controls that are let pass for some cases, until a day."),
    Item.QUEUE_POLICY: (
        "Decision policies",
        "What may be decided in each queue, by which reasons, and how much must be said.",
    ),
    Item.SPECIFICATION: ("Specifications", "What each workflow is for, and what it must not do."),
}
EDIT_NAMES = {
    Item.RULE: "admin:controls_edit_rule",
    Item.WAIVER: "admin:controls_edit_waiver",
    Item.QUEUE_POLICY: "admin:controls_edit_policy",
}


@dataclass
class Line:
    """One item of one workflow."""

    key: str
    title: str
    url: str
    tags: list[dict[str, str]] = field(default_factory=list)
    sentence: list[dict[str, Any]] = field(default_factory=list)
    then: str = ""
    drafts: list[dict[str, Any]] = field(default_factory=list)
    is_new: bool = False


def edit_url(item: str, workflow: str, key: str) -> str:
    """Where an item is edited."""
    if item == Item.CONTROL:
        return reverse("admin:controls_edit_control", args=[key])
    if item == Item.SPECIFICATION:
        return reverse("admin:controls_edit_specification", args=[workflow])
    return reverse(EDIT_NAMES[Item(item)], args=[workflow, key])


def draft_marks(user: Any, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """The open changes that this person may see, by the kind of item that they edit."""
    found: dict[str, list[dict[str, Any]]] = {}
    for change in _open_changes(user, at):
        for item in {edit["item"] for edit in change.edits}:
            found.setdefault(item, []).append(mark(change))
    return found


def mark(change: ControlChange) -> dict[str, Any]:
    """A draft in a list: whose, in which state, where to read it."""
    who = change.author.full_name_or_username if change.author else "the operator"
    state = change.get_status_display().lower()
    return {"text": f"{who}: change {change.number}, {state}", "url": change.get_absolute_url()}


def _open_changes(user: Any, at: datetime) -> Iterable[ControlChange]:
    slugs = visibility.of_person(user, at)
    return (
        ControlChange.objects.among(slugs)
        .open()
        .select_related("author", "workflow")
        .order_by("number")
    )


def lists(item: str, user: Any, at: datetime) -> list[dict[str, Any]]:
    """For each workflow that this person reads about: its live items and what waits."""
    slugs = visibility.of_person(user, at)
    governed = governed_by(user, at)
    newest = ControlSet.objects.order_by("workflow_id", "-number").distinct("workflow_id")
    if slugs != "all":
        newest = newest.filter(workflow__slug__in=slugs)
    drafts: dict[int, list[ControlChange]] = {}
    for change in _open_changes(user, at):
        drafts.setdefault(change.workflow_id, []).append(change)
    found = []
    for live in sorted(newest.select_related("workflow"), key=lambda one: one.workflow.name):
        may_edit = covers(governed, live.workflow.slug)
        lines = _lines(item, live, drafts.get(live.workflow_id, []))
        found.append({"workflow": live.workflow, "lines": lines, "may_edit": may_edit})
    return found


def _lines(item: str, live: ControlSet, drafts: list[ControlChange]) -> list[Line]:
    content, slug = live.content, live.workflow.slug
    catalogue = Catalogue.from_json(content["fields"]).for_routing()
    if item == Item.SPECIFICATION:
        items = [("", content["specification"])]
    else:
        part, name = candidates.PARTS[item]
        items = [(one[name], one) for one in content.get(part, ())]
    found = {key: _line(item, slug, key, one, catalogue) for key, one in items}
    for change in drafts:
        for edit in change.edits:
            if edit["item"] != item:
                continue
            if edit["key"] not in found:
                new = _line(item, slug, edit["key"], edit["content"] or {}, catalogue)
                new.is_new = True
                found[edit["key"]] = new
            found[edit["key"]].drafts.append(mark(change))
    return list(found.values())


def _line(item: str, slug: str, key: str, one: Mapping[str, Any], catalogue: Catalogue) -> Line:
    line = Line(key, key, edit_url(item, slug, key))
    if item == Item.CONTROL:
        mode = one.get("mode", Mode.SHADOW)
        line.title = one.get("name", "")
        line.tags = [{"label": Mode(mode).label, "kind": MODE_TAGS[Mode(mode)]}]
        line.sentence = sentence(one.get("condition"), catalogue, "On every case.")
        line.then = _then(one)
    elif item == Item.RULE:
        caught = one.get("catch_all")
        rest = f"Whatever needs {Disposition(caught).label.lower()}." if caught else ""
        line.sentence = sentence(one.get("condition"), catalogue, rest or "No condition.")
        line.tags = [{"label": "Catch-all", "kind": ""}] if caught in ROUTED else []
        due = f", due in {one['due_in']}" if one.get("due_in") else ""
        line.then = f"To {one.get('queue')}{due}"
    elif item == Item.WAIVER:
        line.sentence = sentence(one.get("condition"), catalogue, "Every case on which it fires.")
        line.title = f"{one.get('control')} is waived"
        line.then = f"Until {one.get('expires_at')}"
    elif item == Item.QUEUE_POLICY:
        line.then = f"{', '.join(one.get('outcomes', ()))}; {len(one.get('reasons', ()))} reasons"
    else:
        line.title = "Specification"
        line.sentence = [{"text": one.get("purpose", ""), "mono": False}]
        count = len(one.get("boundaries", ())), len(one.get("actions", ()))
        line.then = f"{count[0]} boundaries, {count[1]} actions"
    return line


def sentence(condition: Any, catalogue: Catalogue, otherwise: str) -> list[dict[str, Any]]:
    """A condition in words, in pieces."""
    if condition is None:
        return pieces(otherwise)
    try:
        return pieces(describe(condition, catalogue))
    except ConditionError:
        return pieces("A condition that cannot be read.")


def _then(control: Mapping[str, Any]) -> str:
    if control.get("kind") == Kind.POLICY:
        return str(Disposition(control["effect"]).label)
    fails = (control.get("effects") or {}).get("fail")
    name = (control.get("check") or {}).get("name", "")
    check = CHECKS[name].title if name in CHECKS else name
    return f"{check}; else {Disposition(fails).label.lower()}" if fails else check
