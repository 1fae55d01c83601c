"""Every live control of the workflows that one may read, workflow by workflow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from assurance.controls.choices import Item, Kind, Mode
from assurance.controls.control_figures import NEWEST, Figures, figures
from assurance.controls.control_sets import versions_of_all
from assurance.controls.models import ControlChange, ControlSet, Workflow
from assurance.controls.presenting.change_list import choice
from assurance.controls.presenting.change_record import name_of, together

MODES = {
    Mode.OFF: ("", "dash"),
    Mode.SHADOW: ("dashed", ""),
    Mode.ADVISE: ("info", "info"),
    Mode.ENFORCED: ("ok", "ok"),
}
Wanted = Mapping[str, str]
Drafts = dict[tuple[int, str], list[dict[str, str]]]


def present(
    workflows: Sequence[Workflow], wanted: Wanted, at: datetime, *, action: str
) -> dict[str, Any]:
    """What `controls/controls.html` needs. `wanted`: workflow, mode, kind, each perhaps empty."""
    shown = [one for one in workflows if wanted.get("workflow") in ("", None, one.slug)]
    sets = live_sets(shown)
    numbers = figures([one.pk for one in shown], at)
    drafts = waiting_drafts([one.pk for one in shown])
    versions = versions_of_all(sets.values())
    groups = [
        _group(one, sets[one.pk], versions, numbers, drafts, wanted)
        for one in shown
        if one.pk in sets
    ]
    groups = [one for one in groups if one["rows"] or (one["new"] and not _narrowed(wanted))]
    return {
        "groups": groups,
        "filters": filters(workflows, wanted, action),
        "filtered": any(wanted.values()),
        "any": bool(sets),
        "newest": f"{NEWEST:,}",
    }


def live_sets(workflows: Iterable[Workflow]) -> dict[int, ControlSet]:
    """The set in force of each, by workflow: one query."""
    newest = ControlSet.objects.filter(workflow__in=list(workflows))
    found = newest.order_by("workflow_id", "-number").distinct("workflow_id")
    return {one.workflow_id: one for one in found}


def waiting_drafts(workflows: Collection[int], key: str | None = None) -> Drafts:
    """Open changes that edit a control, by workflow and key: whose, and where."""
    found: Drafts = defaultdict(list)
    changes = ControlChange.objects.open().filter(workflow__in=list(workflows))
    for change in changes.select_related("author").order_by("number"):
        for edit in change.edits:
            if edit["item"] != Item.CONTROL or key not in (None, edit["key"]):
                continue
            found[change.workflow_id, edit["key"]].append(
                {
                    "url": change.get_absolute_url(),
                    "status": change.get_status_display(),
                    "number": str(change.number),
                    "who": name_of(change.author),
                    "removes": "yes" if edit["content"] is None else "",
                }
            )
    return found


def _narrowed(wanted: Wanted) -> bool:
    return bool(wanted.get("mode") or wanted.get("kind"))


def _group(
    workflow: Workflow,
    control_set: ControlSet,
    versions: Mapping[tuple[int, str], Any],
    numbers: Mapping[str, Figures],
    drafts: Drafts,
    wanted: Wanted,
) -> dict[str, Any]:
    content = control_set.content
    boundaries = {one["number"]: one["text"] for one in content["specification"]["boundaries"]}
    live = {control["key"] for control in content["controls"]}
    rows = []
    for control in content["controls"]:
        if wanted.get("mode") and control["mode"] != wanted["mode"]:
            continue
        if wanted.get("kind") and control["kind"] != wanted["kind"]:
            continue
        key = control["key"]
        version = versions.get((control_set.pk, key))
        known = numbers.get(key, Figures())
        kind, icon = MODES[Mode(control["mode"])]
        rows.append(
            {
                "key": key,
                "name": control["name"],
                "url": reverse("control", args=[key]),
                "version": version.version if version else "",
                "mode": {"label": Mode(control["mode"]).label, "kind": kind, "icon": icon},
                "kind": Kind(control["kind"]).label,
                "fired": f"{known.fired:,}",
                "agreement": known.says(),
                "said": known.known > 0,
                "owner": together(control["owner"]),
                "boundary": boundaries.get(control["boundary"], ""),
                "boundary_number": control["boundary"],
                "drafts": drafts.get((workflow.pk, key), []),
            }
        )
    new = [
        {"key": key, **draft}
        for (owner, key), found in drafts.items()
        if owner == workflow.pk and key not in live
        for draft in found
    ]
    return {"workflow": workflow, "set": control_set, "rows": rows, "new": new}


def filters(workflows: Sequence[Workflow], wanted: Wanted, action: str) -> dict[str, Any]:
    """The filter bar: workflow, mode, kind."""

    def asked(name: str) -> str:
        return wanted.get(name, "")

    fields = [
        choice("workflow", "Workflow", [(one.slug, one.name) for one in workflows], asked),
        choice("mode", "Mode", Mode.choices, asked),
        choice("kind", "Kind", Kind.choices, asked),
    ]
    is_set = any(field["value"] for field in fields)
    return {"fields": fields, "action": action, "clear_url": action if is_set else ""}


def known_only(asked: Callable[[str], str], workflows: Sequence[Workflow]) -> dict[str, str]:
    """The filters that were asked for, without values that none of them has."""
    known: dict[str, Collection[str]] = {
        "workflow": [one.slug for one in workflows],
        "mode": Mode.values,
        "kind": Kind.values,
    }
    return {name: asked(name) if asked(name) in of else "" for name, of in known.items()}
