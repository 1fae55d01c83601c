"""Replays in tests: a set with controls of every kind, and what asks, runs and reads one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assurance.controls import replay
from assurance.controls.labels import record_label
from assurance.controls.models import Assessment, Replay, Workflow
from assurance.record.actors import Actor
from tests.controls.history import BEGIN
from tests.controls_factories import policy, verification

SYSTEM = Actor.system("test")
LATER = BEGIN + timedelta(days=60)
LIMIT = {"field": "output.amount", "op": ">", "value": 2500}


def many_controls() -> list[dict[str, Any]]:
    """Controls of every kind, mode and effect."""
    return [
        policy("LIM-01"),
        policy("LIM-02", effect="specialist", condition={**LIMIT, "value": 5000}, priority=10),
        policy("LIM-03", mode="shadow", effect="block", condition={**LIMIT, "value": 5500}),
        policy(
            "SIG-01",
            effect="governance",
            on_unknown="quiet",
            condition={"field": "signals.confidence", "op": "<", "value": 0.2},
        ),
        policy(
            "CHA-01",
            mode="advise",
            condition={"field": "context.channel", "op": "in", "value": ["broker"]},
        ),
        policy(
            "RET-01",
            effect="return",
            instructions="Say the age.",
            condition={"field": "context.age", "op": "<", "value": 20},
        ),
        verification("VER-01", check={"name": "number_limit", "params": {
            "field": "output.amount", "maximum": 5800}}),
        verification(
            "VER-02",
            mode="shadow",
            check={
                "name": "banned_wording",
                "params": {"field": "output.text", "phrases": ["guaranteed"]},
            },
        ),
        verification("SUM-01", effects={"fail": "specialist"}, check={
            "name": "cumulative_limit",
            "params": {"field": "output.amount", "maximum": 9000, "window": "P7D"}}),
    ]  # fmt: skip


def finished(asked: Replay) -> Replay:
    """The replay, run to its end."""
    while replay.run_slice(asked.pk, at=LATER):
        pass
    asked.refresh_from_db()
    return asked


def replayed(workflow, candidate: dict[str, Any], **more: Any) -> Replay:
    return finished(replay.request(workflow, candidate, by=None, at=LATER, **more))


def control_of(report: dict[str, Any], key: str) -> dict[str, Any]:
    return next(row for row in report["controls"] if row["key"] == key)


def lowered(key: str = "LIM-01", value: int = 1000, **fields: Any) -> dict[str, Any]:
    return policy(key, condition={**LIMIT, "value": value}, **fields)


def label(workflow: Workflow, assessment: Assessment, value: str, source: str, *, at=None) -> None:
    record_label(
        case_id=assessment.case_id,
        workflow=workflow,
        value=value,
        source=source,
        at=at or assessment.at + timedelta(days=1),
    )
