"""The specification in words; first what nothing guards, and what guards nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse

from assurance.controls import guarding
from assurance.controls.choices import Kind, Mode
from assurance.controls.models import ControlSet, Workflow
from assurance.controls.presenting.workflows import tags

KINDS = {Mode.SHADOW: "dashed", Mode.ADVISE: "dashed", Mode.ENFORCED: "ok", Mode.OFF: ""}


def present(workflow: Workflow) -> dict[str, Any]:
    """What `controls/specification.html` needs."""
    control_set = ControlSet.objects.filter(workflow=workflow).newest().first()
    content: dict[str, Any] = control_set.content if control_set else {}
    specification: dict[str, Any] = content.get("specification", {})
    boundaries = [_boundary(content, one) for one in specification.get("boundaries", ())]
    actions = [_action(content, one) for one in specification.get("actions", ())]
    return {
        "workflow": workflow,
        "tags": tags(workflow),
        "control_set": control_set,
        "specification": specification,
        "bare_boundaries": [one for one in boundaries if not one["enforced"]],
        "bare_actions": [one for one in actions if one["bare"]],
        "loose": _links(guarding.without_boundary(content)) if content else [],
        "boundaries": boundaries,
        "actions": actions,
    }


def _boundary(content: Any, one: Mapping[str, Any]) -> dict[str, Any]:
    controls = guarding.of_boundary(content, one["number"])
    return {
        **one,
        "controls": _links(controls),
        "enforced": any(control["mode"] == Mode.ENFORCED for control in controls),
    }


def _action(content: Any, one: Mapping[str, Any]) -> dict[str, Any]:
    verifying = guarding.verifying(content, one["name"])
    others = [c for c in guarding.of_action(content, one["name"]) if c not in verifying]
    return {
        **one,
        "verifying": _links(verifying),
        "others": _links(others),
        "bare": one["verification_required"] and not verifying,
    }


def _links(controls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "key": one["key"],
            "name": one["name"],
            "url": reverse("control", args=[one["key"]]),
            "mode": {"label": Mode(one["mode"]).label, "kind": KINDS[Mode(one["mode"])]},
            "kind": Kind(one["kind"]).label,
            "boundary": one["boundary"],
        }
        for one in controls
    ]
