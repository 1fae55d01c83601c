"""The check `approved_versions`: only a model and prompt that were approved may speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.outcomes import (
    Finding,
    Outcome,
    failed,
    inconclusive,
    operand,
    passed,
)
from assurance.controls.checks.reading import need
from assurance.controls.checks.registry import Check, nearest, register

_VERSIONS = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": 100},
    "minItems": 1,
    "maxItems": 200,
}


@register
class ApprovedVersions(Check):
    """`model.name`, `model.version` and `model.prompt_version` are on the approved list.

    An entry without `versions` or `prompt_versions` approves any. Several entries may name one
    model: a version and a prompt must be approved together.
    """

    name = "approved_versions"
    title = "Approved model and prompt"
    description = "The model, its version and its prompt version are on the approved list."
    params_schema = {
        "type": "object",
        "properties": {
            "approved": {
                "type": "array",
                "title": "Approved",
                "description": "Which models, in which versions and with which prompts.",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {
                            "type": "string",
                            "title": "Model",
                            "description": "Exactly as the system sends it in `model.name`.",
                            "minLength": 1,
                            "maxLength": 200,
                        },
                        "versions": {
                            **_VERSIONS,
                            "title": "Versions",
                            "description": "Left out: any version.",
                        },
                        "prompt_versions": {
                            **_VERSIONS,
                            "title": "Prompt versions",
                            "description": "Left out: any prompt.",
                        },
                    },
                    "required": ["name"],
                    "additionalProperties": False,
                },
                "minItems": 1,
                "maxItems": 100,
            },
        },
        "required": ["approved"],
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        name = str(need(facts, "model.name"))
        entries = [one for one in params["approved"] if one["name"] == name]
        if not entries:
            names = [one["name"] for one in params["approved"]]
            hint = nearest(name, names)
            more = f" The nearest approved one is “{hint}”." if hint else ""
            message = f"The model “{name[:80]}” is not approved.{more}"
            return _refused("model.name", name, names, message)
        model: Mapping[str, Any] = facts["model"]
        missing: str | None = None
        refusal: Outcome | None = None
        for entry in entries:
            verdict = _entry_verdict(entry, model, name)
            if verdict is None:
                said = " ".join(f"{key} {model[key]}" for key in _KEYS if model.get(key))
                return passed(f"The model “{name[:80]}” is approved ({said or 'any version'}).")
            if isinstance(verdict, str):
                missing = missing or verdict
            else:
                refusal = refusal or verdict
        # An entry that could not be judged may be the one that approves.
        if missing is not None:
            return inconclusive(f"`{missing}` is missing from the case.", "missing_field")
        return refusal or inconclusive("No approved entry could be judged.", "missing_field")


_KEYS = {"version": "versions", "prompt_version": "prompt_versions"}


def _entry_verdict(
    entry: Mapping[str, Any], model: Mapping[str, Any], name: str
) -> Outcome | str | None:
    """None when the entry approves, the path that is missing, or the refusal."""
    missing: str | None = None
    for key, listed in _KEYS.items():
        if listed not in entry:
            continue
        value = model.get(key)
        if value is None:
            missing = missing or f"model.{key}"
        elif str(value) not in entry[listed]:
            word = key.replace("_", " ")
            message = f"The {word} “{str(value)[:80]}” of “{name[:80]}” is not approved."
            return _refused(f"model.{key}", value, entry[listed], message)
    return missing


def _refused(path: str, value: Any, approved: list[str], message: str) -> Outcome:
    operands = [operand(path, value, "in", approved[:10])]
    return failed(message, "not_approved", [Finding(path, message)], operands)
