"""What is wrong with the workflow that somebody wants to bring under control."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from assurance.controls.checks.json_schema import schema_problems
from assurance.controls.choices import OutagePolicy, SafeOutcome, Stage, Tier
from assurance.controls.conditions import Problem
from assurance.controls.definition_shapes import (
    Key,
    listed,
    nearest,
    shape_problems,
    shown,
)
from assurance.controls.definition_templates import link_problems, template_problems
from assurance.controls.durations import duration_problem
from assurance.controls.fields import Catalogue, catalogue_from_schemas

SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
MOST_LINKS = 10
# Where a workflow may begin; from there the gate takes it on.
FIRST_STAGES = (Stage.OBSERVE, Stage.PILOT)

WORKFLOW_KEYS = {
    "slug": Key("text", required=True, longest=60),
    "name": Key("text", required=True, longest=120),
    "owner": Key("text", required=True, longest=150),
    "deputy": Key("text", longest=150),
    "builders": Key("list"),
    "tier": Key("text", required=True, choices=Tier.values),
    "stage": Key("text", choices=Stage.values),
    "safe_outcome": Key("text", choices=SafeOutcome.values),
    "safe_reroute_to": Key("text", longest=200),
    "outage_policy": Key("text", required=True, choices=OutagePolicy.values),
    "proceed_validity": Key("text", longest=40),
    "title": Key("text", longest=200),
    "links": Key("list"),
    "output_schema": Key("object"),
    "context_schema": Key("object"),
}
LINK_KEYS = {
    "label": Key("text", longest=60),
    "url": Key("text", required=True, longest=1000),
}


def workflow_problems(
    source: Any, *, known_people: Collection[str], pointer: str = "/workflow"
) -> list[Problem]:
    """Every problem of a workflow as a person writes it; empty when it may be made."""
    found = shape_problems(source, WORKFLOW_KEYS, pointer)
    if not isinstance(source, Mapping):
        return found
    touched = {problem.pointer for problem in found}
    said = {name: v for name, v in source.items() if f"{pointer}/{name}" not in touched}
    slug = said.get("slug")
    if slug and not SLUG.fullmatch(slug):
        message = (
            f"The slug {shown(slug)} cannot stand in an address. Use small letters, digits and "
            "single hyphens, such as credit-decisions."
        )
        found.append(Problem(f"{pointer}/slug", "bad_slug", message))
    found += stage_problems(said.get("stage"), f"{pointer}/stage")
    for name in ("owner", "deputy"):
        found += person_problems(said.get(name), f"{pointer}/{name}", known_people)
    for index, builder in enumerate(listed(said, "builders")):
        found += person_problems(builder, f"{pointer}/builders/{index}", known_people)
    if validity := said.get("proceed_validity"):
        sentence = duration_problem(validity)
        at = f"{pointer}/proceed_validity"
        found += [Problem(at, "bad_duration", sentence)] if sentence else []
    return found + _silence_problems(source, pointer) + _field_problems(said, pointer)


def catalogue_of(source: Any) -> Catalogue:
    """The fields that a workflow's definition declares; schemas that are none declare nothing."""
    said = source if isinstance(source, Mapping) else {}
    schemas = (said.get("output_schema"), said.get("context_schema"))
    return catalogue_from_schemas(*(s if isinstance(s, dict) else None for s in schemas))


def links_of(source: Mapping[str, Any]) -> list[dict[str, str]]:
    """The workflow's links as `{"label", "url"}`; a link written as plain text is its own label."""
    return [
        {"label": link.split("/")[2], "url": link}
        if isinstance(link, str)
        else {"label": link.get("label") or link["url"].split("/")[2], "url": link["url"]}
        for link in source.get("links") or []
    ]


def stage_problems(stage: Any, pointer: str) -> list[Problem]:
    """The problem that a new workflow cannot begin there, or none."""
    if stage is None or stage in FIRST_STAGES:
        return []
    message = (
        f"A new workflow begins in observe or pilot, not in {stage}. Write `stage: pilot`; two "
        "governance owners take it to limited on its gate page."
    )
    return [Problem(pointer, "not_a_first_stage", message)]


def person_problems(name: Any, pointer: str, known_people: Collection[str]) -> list[Problem]:
    """The problem that no such account exists, or none."""
    if name is None or name in known_people:
        return []
    if not isinstance(name, str):
        return [Problem(pointer, "wrong_type", "Write a user name.")]
    hint = nearest(name, known_people)
    said = f"Did you mean “{hint}”?" if hint else "Make the account first."
    return [Problem(pointer, "unknown_person", f"There is no account {shown(name)}. {said}")]


def _silence_problems(source: Mapping[str, Any], pointer: str) -> list[Problem]:
    """What happens when nobody answers has no default: somebody must have thought about it."""
    outcome = source.get("safe_outcome")
    if outcome is None:
        message = (
            "What happens to the customer if nobody answers? Say it in `safe_outcome`: "
            f"{', '.join(SafeOutcome.values)}."
        )
        return [Problem(f"{pointer}/safe_outcome", "missing", message)]
    if outcome == SafeOutcome.REROUTE and not source.get("safe_reroute_to"):
        message = "`safe_outcome: reroute` hands over to another path. Name it here."
        return [Problem(f"{pointer}/safe_reroute_to", "missing", message)]
    return []


def _field_problems(said: Mapping[str, Any], pointer: str) -> list[Problem]:
    found = []
    for name in ("output_schema", "context_schema"):
        if said.get(name) is not None:
            found += schema_problems(said[name], f"{pointer}/{name}")
    if found:
        return found  # templates name fields, and those come from the schemas
    catalogue = catalogue_of(said)
    found += template_problems(said.get("title") or "", f"{pointer}/title", catalogue)
    links = listed(said, "links")
    if len(links) > MOST_LINKS:
        message = f"There are {len(links)} links. Keep it to {MOST_LINKS}."
        found.append(Problem(f"{pointer}/links", "too_many", message))
    for index, link in enumerate(links):
        at = f"{pointer}/links/{index}"
        if isinstance(link, str):
            found += link_problems(link, at, catalogue)
            continue
        wrong = shape_problems(link, LINK_KEYS, at)
        found += wrong or link_problems(link["url"], f"{at}/url", catalogue)
    return found
