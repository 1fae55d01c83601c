"""What is wrong with the content of a control set, all of it at once, before it can be live.

Looks at the content as a person wrote it, defaults not yet written out, so that every pointer
leads to a place in their file: `/controls/3/condition/all/0/field`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from assurance.controls.conditions import Problem
from assurance.controls.definition_controls import control_problems
from assurance.controls.definition_policies import (
    boundary_numbers,
    policy_problems,
    specification_problems,
)
from assurance.controls.definition_rules import rule_problems
from assurance.controls.definition_shapes import Key, plain_problems, shape_problems
from assurance.controls.definition_verifiers import verifier_problems
from assurance.controls.definition_waivers import waiver_problems
from assurance.controls.fields import Catalogue

CONTENT_KEYS = {
    "specification": Key("object"),
    "controls": Key("list"),
    "rules": Key("list"),
    "queue_policies": Key("list"),
    "waivers": Key("list"),
}
# What `GET control-sets/` adds; what stands there is made anew and not read.
MADE = ("workflow", "fields")


def problems(
    content: Any,
    *,
    catalogue: Catalogue,
    known_people: Collection[str],
    known_queues: Mapping[str, str],
    tier: str = "",
    known_verifiers: Collection[str] | None = None,
) -> list[Problem]:
    """Every problem of a content, in the order of its parts; empty when it may be published.

    `known_people` are user names, `known_queues` gives each queue's kind by slug, and `tier` is
    the workflow's (empty: what hangs on it is not asked). `known_verifiers` are short names of
    external verifiers (None: not asked).
    """
    if not isinstance(content, Mapping):
        return [Problem("", "wrong_type", "A control set is an object with keys.")]
    source = {name: value for name, value in content.items() if name not in MADE}
    unclean = plain_problems(source)
    if unclean:
        return unclean
    found = shape_problems(source, CONTENT_KEYS, "")
    found += specification_problems(source)
    found += control_problems(
        source,
        catalogue=catalogue,
        known_people=known_people,
        boundaries=boundary_numbers(source),
        tier=tier,
    )
    if known_verifiers is not None:
        found += verifier_problems(source, known=known_verifiers)
    found += rule_problems(source, catalogue=catalogue, known_queues=known_queues)
    found += policy_problems(source, catalogue=catalogue, known_queues=known_queues)
    found += waiver_problems(source, catalogue=catalogue)
    return list(dict.fromkeys(found))
