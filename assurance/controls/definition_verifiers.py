"""What is wrong with the external verifiers that controls name. The rest of their parameters is the
check's own business."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from assurance.controls.checks.external_verifier import EXTERNAL
from assurance.controls.conditions import Problem
from assurance.controls.definition_shapes import listed, nearest, shown
from assurance.controls.models import Verifier


def known_verifiers() -> set[str]:
    """The short names of the verifiers that may be asked."""
    return set(Verifier.objects.filter(active=True).values_list("slug", flat=True))


def verifier_problems(source: Mapping[str, Any], *, known: Collection[str]) -> list[Problem]:
    """Every control of `source["controls"]` that names a verifier nobody has made known."""
    found = []
    for index, control in enumerate(listed(source, "controls")):
        check = control.get("check") if isinstance(control, Mapping) else None
        if not isinstance(check, Mapping) or check.get("name") != EXTERNAL:
            continue
        params = check.get("params")
        slug = params.get("verifier") if isinstance(params, Mapping) else None
        if not isinstance(slug, str) or slug in known:
            continue
        hint = nearest(slug, known)
        said = f"Did you mean “{hint}”?" if hint else "Make it known in the admin first."
        message = f"There is no verifier {shown(slug)}, or it is switched off. {said}"
        pointer = f"/controls/{index}/check/params/verifier"
        found.append(Problem(pointer, "unknown_verifier", message))
    return found
