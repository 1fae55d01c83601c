"""Who sees what was submitted unmasked. A client sees its own; people see the fields that the
workflow calls sensitive covered, in lists for good, on a case until they work on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from assurance.controls import covering
from assurance.controls.covering import covered_source, covered_values
from assurance.controls.fields import catalogue_from_schemas
from assurance.controls.models import Workflow
from reviews.models import Case


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
    return covering.sensitive_paths(
        catalogue_from_schemas(workflow.output_schema, workflow.context_schema)
    )


def covered(body: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """A copy with the values at these paths covered, and the sources marked sensitive too."""
    shown = covered_values(body, paths)
    if shown.get("evidence"):
        shown["evidence"] = [covered_source(item) for item in shown["evidence"]]
    return shown


def covered_output(output: Any, paths: Collection[str]) -> Any:
    """The same of an output alone, such as a corrected one."""
    return covered_values({"output": output}, paths)["output"]
