"""Who sees what was submitted unmasked. A client sees its own; people see the fields that the
workflow calls sensitive covered, in lists for good, on a case until they work on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from assurance.controls.choices import Kind
from assurance.controls.fields import Catalogue, catalogue_from_schemas
from assurance.controls.models import Workflow
from reviews.models import Case

COVERED = "(covered)"


def submission_for(case: Case, *, whole: bool) -> Any:
    """The submitted body of the present revision: `whole` for the client, which sent it, and for
    who works on it; with sensitive values covered for everybody else. The workspace covers and
    uncovers them itself."""
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    if whole:
        return last.body
    return covered(last.body, sensitive_paths(case.workflow))


def sensitive_paths(workflow: Workflow) -> list[str]:
    catalogue: Catalogue = catalogue_from_schemas(workflow.output_schema, workflow.context_schema)
    return [path for path, field in catalogue.fields.items() if field.sensitive]


def covered(body: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
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


def covered_output(output: Any, paths: Collection[str]) -> Any:
    """The same of an output alone, such as a corrected one."""
    return covered({"output": output}, paths)["output"]


def covered_result(result: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """What a control said, without the values of covered fields. A check's own sentence may quote
    one, so it goes with them; a policy's sentence never does."""
    operands = [
        operand | {"value": COVERED, "other": COVERED}
        if _is_covered(operand.get("field"), paths)
        else operand
        for operand in result["operands"]
    ]
    findings = [
        finding | {"message": COVERED} if _is_covered(finding.get("path"), paths) else finding
        for finding in result["findings"]
    ]
    touched = operands != result["operands"] or findings != result["findings"]
    quotes = touched and result["kind"] == Kind.VERIFICATION
    return {
        **result,
        "message": f"{result['key']} spoke on a covered field." if quotes else result["message"],
        "operands": operands,
        "findings": findings,
    }


def _is_covered(path: Any, paths: Collection[str]) -> bool:
    """Whether this field, one inside it or the whole around it is covered."""
    if not isinstance(path, str):
        return False
    return any(
        path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in paths
    )


def _cover(value: Any, keys: list[str]) -> Any:
    if not isinstance(value, Mapping) or keys[0] not in value:
        return value
    inner = COVERED if len(keys) == 1 else _cover(value[keys[0]], keys[1:])
    return {**value, keys[0]: inner}
