"""Stored assessments as intake writes them, without the cases above them: for tests of replay,
preview and shadow results."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from assurance.controls import facts as facts_of
from assurance.controls.assess import assess
from assurance.controls.candidates import apply
from assurance.controls.check_runs import Asked
from assurance.controls.control_sets import newest_set
from assurance.controls.gather import gather
from assurance.controls.live_set import live_set
from assurance.controls.models import Assessment, Workflow
from assurance.controls.verifier_asking import into_facts

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
CHANNELS = ("web", "phone", "broker")
TEXTS = ("We lend it.", "We lend it, guaranteed.", "Sum: 4,280.00.", "")


def stored(
    workflow: Workflow,
    output: Mapping[str, Any],
    *,
    at: datetime = BEGIN,
    case_id: uuid.UUID | None = None,
    revision: int = 1,
    returns: int = 0,
    asked: Asked | None = None,
    **body: Any,
) -> Assessment:
    """Judge one body under the set in force and keep the assessment. `asked` is what its verifiers
    said before."""
    control_set = newest_set(workflow)
    live = live_set(control_set)
    sent = {"output": dict(output), **body}
    facts = facts_of.build(sent, workflow, at=at, returns=returns)
    case_id = case_id or uuid.uuid4()
    gather(facts, live, workflow, at=at, case_id=case_id)
    into_facts(facts, live, asked)
    judgement = assess(facts, live)
    return Assessment.objects.create(
        case_id=case_id,
        revision=revision,
        purpose=Assessment.Purpose.INTAKE,
        workflow=workflow,
        control_set=control_set,
        subject=body.get("subject", ""),
        facts=facts,
        results=[r.as_json() for r in judgement.results if r.outcome != "quiet"],
        voices=[voice.as_json() for voice in judgement.voices],
        disposition=judgement.disposition,
        would_be=judgement.would_be,
        decided_by=list(judgement.decided_by),
        contributing=list(judgement.contributing),
        enforced=judgement.enforced,
        ungoverned=judgement.ungoverned,
        duration_us=judgement.duration_us,
        at=at,
    )


def random_body(rng: random.Random) -> dict[str, Any]:
    """What a system sends, sometimes with holes and wrong types."""
    output: dict[str, Any] = {
        "amount": rng.choice((rng.randrange(6000), rng.uniform(0, 6000), "much", None)),
        "text": rng.choice(TEXTS),
    }
    body: dict[str, Any] = {
        "output": {key: value for key, value in output.items() if rng.random() < 0.9},
        "context": {"channel": rng.choice(CHANNELS), "age": rng.randrange(17, 90)},
        "signals": {"confidence": rng.random()},
        "subject": f"client-{rng.randrange(30)}",
        "proposed_action": rng.choice(("approve", "decline", "pay", "unheard-of")),
    }
    if rng.random() < 0.1:
        body["escalate"] = {"to": rng.choice(("review", "governance")), "reason": "Unsure"}
    return {key: value for key, value in body.items() if key == "output" or rng.random() < 0.85}


def random_history(
    workflow: Workflow,
    many: int,
    *,
    seed: int = 7,
    begin: datetime = BEGIN,
    apart: timedelta = timedelta(minutes=37),
) -> list[Assessment]:
    """So many stored cases, some with several revisions, under the set and stage in force."""
    rng = random.Random(seed)
    kept: list[Assessment] = []
    for number in range(many):
        body = random_body(rng)
        case, revision = uuid.UUID(int=rng.getrandbits(128), version=4), 1
        if kept and rng.random() < 0.1:
            case, revision = kept[-1].case_id, kept[-1].revision + 1
        kept.append(
            stored(
                workflow,
                body.pop("output"),
                at=begin + number * apart,
                case_id=case,
                revision=revision,
                returns=rng.choice((0, 0, 0, 1, 2)),
                **body,
            )
        )
    return kept


def with_edit(workflow: Workflow, item: str, key: str, content: Any) -> dict[str, Any]:
    """The content of the set in force with one item replaced."""
    base = newest_set(workflow).content
    return apply(base, [{"item": item, "key": key, "content": content}])


def with_edits(workflow: Workflow, edits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return apply(newest_set(workflow).content, edits)
