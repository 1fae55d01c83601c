"""The facts of one case: all that a judgement may read, frozen with it.

Keys: `output context signals model proposed_action subject occurred_at requested_by escalate
evidence` as submitted; `workflow` {slug name tier stage paused all_review}; `clock` the moment
of judging; `returns` how often the case was returned so far; `schema` findings against the
workflow's schemas; `arithmetic` what a reviewer tied to sources; `gathered` {control key: what
its stateful check needed}. Whatever is judged again later is judged on exactly this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from assurance.controls.checks.schemas import schema_findings
from assurance.controls.models import Workflow

SUBMITTED = (
    "output",
    "context",
    "signals",
    "model",
    "proposed_action",
    "subject",
    "occurred_at",
    "requested_by",
    "escalate",
    "evidence",
)


def build(
    body: Mapping[str, Any],
    workflow: Workflow,
    *,
    at: datetime,
    returns: int = 0,
    arithmetic: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The facts of a submitted body under its workflow at a moment, nothing gathered yet.

    A field that was not sent is absent: absent, null and wrong are all *unknown* to a condition.
    """
    facts: dict[str, Any] = {
        key: as_stored(body[key]) for key in SUBMITTED if body.get(key) is not None
    }
    facts.setdefault("evidence", [])
    facts["workflow"] = {
        "slug": workflow.slug,
        "name": workflow.name,
        "tier": workflow.tier,
        "stage": workflow.stage,
        "paused": workflow.is_paused,
        "all_review": workflow.all_review,
    }
    facts["clock"] = at.isoformat()
    facts["returns"] = returns
    facts["schema"] = [finding.as_json() for finding in stray(facts, workflow)]
    facts["arithmetic"] = [dict(tie) for tie in arithmetic]
    facts["gathered"] = {}
    return facts


def as_stored(value: Any) -> Any:
    """The value as the database will give it back, so that it is judged now as it will be judged
    again: `jsonb` keeps keys in an order of its own (shorter first, then by bytes), writes 1e20
    out as a whole number and knows no negative zero."""
    if isinstance(value, Mapping):
        return {key: as_stored(value[key]) for key in sorted(value, key=_stored_order)}
    if isinstance(value, list):
        return [as_stored(one) for one in value]
    if isinstance(value, float):
        text = repr(value)
        return int(Decimal(text)) if "e+" in text else value + 0.0
    return value


def _stored_order(key: str) -> tuple[int, bytes]:
    data = key.encode()
    return len(data), data


def stray(facts: Mapping[str, Any], workflow: Workflow) -> list[Any]:
    """Where the output and the context leave the workflow's schemas. A drifting system is
    caught, not bounced."""
    found: list[Any] = []
    if workflow.output_schema is not None:
        found += schema_findings(workflow.output_schema, facts.get("output"), "output")
    if workflow.context_schema is not None and "context" in facts:
        found += schema_findings(workflow.context_schema, facts["context"], "context")
    return found
