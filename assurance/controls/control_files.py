"""Controls as a file: written out in a stable order, read back into a control change.

A file is what is live (or was, for an older set) without what a machine adds; importing it proposes
a change and never touches what is live. Out and in again is the same, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml
from django.db import transaction

from assurance.accounts.models import User
from assurance.controls import changes
from assurance.controls.candidates import edits_between
from assurance.controls.change_problems import refuse, set_problems
from assurance.controls.control_sets import newest_set
from assurance.controls.defaults import completed
from assurance.controls.models import ControlChange, ControlSet, Workflow
from assurance.controls.validation import CONTENT_KEYS
from assurance.errors import DomainError

PARTS = tuple(CONTENT_KEYS)
EXTRA = ("workflow", "control_set")


class _Writer(yaml.SafeDumper):
    """Lists are set in below their key, and no value refers to another place of the file."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def export(control_set: ControlSet) -> str:
    """A set as YAML: workflow, set, specification, controls, rules, queue policies, waivers."""
    content = control_set.content
    document = {
        "workflow": content["workflow"],
        "control_set": {"number": control_set.number, "sha256": control_set.sha256},
        **{part: content.get(part, []) for part in PARTS},
    }
    return yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100)


@transaction.atomic
def propose(document: Any, *, by: User, at: datetime, reason: str = "") -> ControlChange | None:
    """A draft change that leads from what is live to what a file says; None where that is the same.

    Raises DomainError 422 `bad_file` for what is no such file, `unknown_workflow`, `bad_change`
    with every problem and its place in the file; 403 `role_missing`.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("workflow"), str):
        raise DomainError(
            "bad_file",
            "The file is no export of controls: `workflow` must name one by its slug. Start from "
            "what `export_controls` writes.",
            status=422,
        )
    workflow = Workflow.objects.filter(slug=document["workflow"]).first()
    if workflow is None:
        raise DomainError(
            "unknown_workflow",
            f"There is no workflow “{document['workflow']}”. Make it with `load_controls` first.",
            status=422,
        )
    if strange := sorted(set(document) - {*EXTRA, *PARTS}):
        raise DomainError(
            "bad_file",
            f"`{strange[0]}` is nothing that controls have. Known are: {', '.join(PARTS)}.",
            status=422,
        )
    return propose_content(workflow, document, by=by, at=at, reason=reason)


def propose_content(
    workflow: Workflow, source: Mapping[str, Any], *, by: User, at: datetime, reason: str = ""
) -> ControlChange | None:
    """The same for the parts of a content. A part that is left out stays as it is."""
    live = newest_set(workflow)
    base = live.content
    said = {part: source[part] for part in PARTS if source.get(part) is not None}
    whole = {part: base.get(part, []) for part in PARTS} | said
    refuse(set_problems(workflow, {**whole, "workflow": workflow.slug, "fields": base["fields"]}))
    wanted = {"workflow": workflow.slug, **completed(whole), "fields": base["fields"]}
    edits = edits_between(base, wanted)
    if not edits:
        return None
    return changes.create(workflow, reason=reason, edits=edits, by=by, at=at)
