"""Facts for eyes that need not see everything: sensitive values covered, sources too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from assurance.controls.choices import Kind
from assurance.controls.fields import Catalogue

COVERED = "(covered)"


def sensitive_paths(catalogue: Catalogue) -> list[str]:
    """The fields whose values stay covered."""
    return [path for path, field in catalogue.fields.items() if field.sensitive]


def covered_facts(facts: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A copy of stored facts with every sensitive value and every marked source covered."""
    paths = sensitive_paths(catalogue)
    shown = covered_values(facts, paths)
    if paths and "external" in shown:
        shown["external"] = {
            key: _covered_answer(answer, paths) for key, answer in shown["external"].items()
        }
    shown["evidence"] = [covered_source(item) for item in shown.get("evidence") or []]
    return shown


def _covered_answer(answer: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """What a verifier said, without the values of covered fields. Its proposal is of the whole
    output, and its sentence quotes a finding."""
    findings = [
        _covered_finding(one) if is_covered(one.get("path"), paths) else one
        for one in answer["findings"]
    ]
    shown = {name: value for name, value in answer.items() if name != "suggested_value"}
    touched = findings != answer["findings"]
    return {**shown, "findings": findings, "message": COVERED if touched else answer["message"]}


def covered_values(whole: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """A copy with the values at these dotted paths covered."""
    shown = dict(whole)
    for path in paths:
        shown = _cover(shown, path.split("."))
    return shown


def covered_source(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """A source as it is, or, marked sensitive, its name alone: whatever its kind keeps its
    content in (text, rows, an address) goes."""
    if not item.get("sensitive"):
        return item
    named = {key: item[key] for key in ("label", "kind") if key in item}
    return {**named, "sensitive": True, "content": COVERED}


def covered_results(results: list[dict[str, Any]], catalogue: Catalogue) -> list[dict[str, Any]]:
    """A copy of stored results without any value of a sensitive field."""
    paths = sensitive_paths(catalogue)
    return [covered_result(result, paths) for result in results] if paths else results


def covered_result(result: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """What a control said, without the values of covered fields. A check's own sentence may quote
    one, so it goes with them; a policy's sentence never does."""
    operands = [
        {**operand, "value": COVERED, "other": COVERED}
        if any(is_covered(operand.get(name), paths) for name in ("field", "other_field"))
        else operand
        for operand in result.get("operands", ())
    ]
    findings = [
        _covered_finding(finding) if is_covered(finding.get("path"), paths) else finding
        for finding in result.get("findings", ())
    ]
    touched = operands != list(result.get("operands", ())) or findings != list(
        result.get("findings", ())
    )
    shown = {**result, "operands": operands, "findings": findings}
    if touched and result.get("kind") == Kind.VERIFICATION:
        shown["message"] = f"{result['key']} spoke on a covered field."
        shown["marks"] = []
    return shown


def _covered_finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in finding.items() if name != "suggested_value"}
    return {**shown, "message": COVERED}


def is_covered(path: Any, paths: Collection[str]) -> bool:
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
