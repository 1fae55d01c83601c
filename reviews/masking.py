"""Who sees a submission unmasked. A client sees its own; people see the fields that the workflow
calls sensitive covered until they uncover them on the case itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.accounts.models import Client
from assurance.controls.fields import Catalogue, catalogue_from_schemas
from assurance.controls.models import Workflow
from reviews.models import Case

COVERED = "(covered)"


def submission_for(case: Case, *, client: Client | None) -> Any:
    """The submitted body of the present revision: whole for a client, which sent it, with
    sensitive values covered for people. The workspace covers and uncovers them itself."""
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    if client is not None:
        return last.body
    return covered(last.body, sensitive_paths(case.workflow))


def sensitive_paths(workflow: Workflow) -> list[str]:
    catalogue: Catalogue = catalogue_from_schemas(workflow.output_schema, workflow.context_schema)
    return [path for path, field in catalogue.fields.items() if field.sensitive]


def covered(body: Mapping[str, Any], paths: list[str]) -> dict[str, Any]:
    """A copy with the values at these paths covered, and the sources marked sensitive too."""
    shown = dict(body)
    for path in paths:
        shown = _cover(shown, path.split("."))
    if shown.get("evidence"):
        shown["evidence"] = [
            {"label": item["label"], "kind": item["kind"], "sensitive": True, "content": COVERED}
            if item.get("sensitive")
            else item
            for item in shown["evidence"]
        ]
    return shown


def _cover(value: Any, keys: list[str]) -> Any:
    if not isinstance(value, Mapping) or keys[0] not in value:
        return value
    inner = COVERED if len(keys) == 1 else _cover(value[keys[0]], keys[1:])
    return {**value, keys[0]: inner}
