"""The voices beside the controls. Each can raise a disposition and none can lower it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assurance.controls.choices import Disposition, Stage
from assurance.controls.judgement import ControlResult, Voice
from assurance.controls.live_set import LiveSet

# Two returns a case in all, by control or person; then a person decides.
RETURN_LIMIT = 2


def voices_for(
    facts: Mapping[str, Any],
    live: LiveSet,
    enforced: Sequence[ControlResult],
    *,
    ungoverned: bool,
) -> Iterator[Voice]:
    """Every voice that speaks, given the facts and what the enforced controls said."""
    workflow = facts["workflow"]
    if escalate := facts.get("escalate"):
        reason = escalate.get("reason") or "no reason given"
        yield Voice("caller", escalate["to"], f"The system asked for a person: {reason}")
    if workflow["paused"]:
        yield Voice("paused", Disposition.PAUSE, "The workflow is paused.")
    if workflow["stage"] == Stage.PILOT:
        yield Voice("stage", Disposition.REVIEW, "In the pilot a person sees every output.")
    elif workflow["all_review"]:
        yield Voice("stage", Disposition.REVIEW, "A person sees every output for now.")
    if facts["schema"]:
        yield Voice("schema", Disposition.REVIEW, _stray_message(facts["schema"][0], live))
    yield from _specification(facts, live, enforced)
    if ungoverned:
        yield Voice("ungoverned", Disposition.REVIEW, "No enforced control covers this case.")


def _stray_message(finding: Mapping[str, Any], live: LiveSet) -> str:
    """Where it strays, and how; not the value of a sensitive field."""
    field = live.catalogue.get(finding["path"])
    told = "" if field is not None and field.sensitive else f": {finding['message']}"
    return f"It strays from the workflow's schema at {finding['path']}{told}"


def _specification(
    facts: Mapping[str, Any], live: LiveSet, enforced: Sequence[ControlResult]
) -> Iterator[Voice]:
    name = facts.get("proposed_action")
    if name is None:  # missing is not undeclared
        return
    action = live.actions.get(name)
    if action is None:
        yield Voice(
            "specification",
            Disposition.GOVERNANCE,
            f"The action “{name}” is not declared in the specification.",
        )
        return
    held_to_it = facts["workflow"]["stage"] in (Stage.LIMITED, Stage.GOVERNED)
    verified = any(r.is_verification and r.outcome == "pass" for r in enforced)
    if action["verification_required"] and held_to_it and not verified:
        yield Voice(
            "specification",
            Disposition.REVIEW,
            f"The action “{name}” requires a verification, and none passed.",
        )
