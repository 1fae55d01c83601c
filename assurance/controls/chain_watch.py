"""Each day the record of every workflow is verified. Where it does not hold, the workflow goes
back to pilot at once, where a person sees every output, and its owner is alarmed."""

from __future__ import annotations

from datetime import datetime

from assurance.controls import stages
from assurance.controls.choices import Stage
from assurance.controls.models import Workflow
from assurance.delivery.alerts import raise_alert
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.verification import Problem, problems

WATCH = Actor.system("verification")
BEYOND_PILOT = (Stage.LIMITED, Stage.GOVERNED)


def watch(workflow: Workflow, at: datetime) -> Problem | None:
    """Verify the chains of one workflow and act on the first break. Returns it, None if all
    is as it was written."""
    broken = next(iter(problems(workflow=workflow.slug)), None)
    if broken is None:
        return None
    moved = ""
    if workflow.stage in BEYOND_PILOT:
        try:
            stages.demote(
                workflow,
                Stage.PILOT,
                reason=f"The record does not verify: {broken}"[: stages.pausing.LONGEST_REASON],
                actor=WATCH,
                at=at,
            )
            moved = f" {workflow.name} is in pilot now: a person sees every output."
        except DomainError:
            moved = ""  # somebody moved it back meanwhile
    raise_alert(
        "record_broken",
        f"The record of {workflow.name} does not verify: {broken}{moved}",
        workflow=workflow.slug,
        at=at,
        data={"stream": broken.stream, "seq": broken.seq, "code": broken.code},
    )
    return broken
