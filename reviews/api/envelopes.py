"""What callers may send: our envelope, strictly. What `output` and `context` hold is the
workflow's business and is judged, not refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from assurance.api.envelope import Envelope, Instant

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text200 = Annotated[str, Meta(max_length=200)]
Text2000 = Annotated[str, Meta(max_length=2000)]
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]*$")]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class Escalate(Envelope):
    to: Literal["review", "specialist", "governance"]
    reason: Text2000 | None = None


class Model(Envelope):
    name: Text200 | None = None
    version: Text200 | None = None
    prompt_version: Text200 | None = None


class Evidence(Envelope):
    """One source. Which of the optional fields it needs depends on its kind."""

    label: Name
    kind: Literal["text", "json", "table", "link"]
    content: Any = None
    columns: list[str] | None = None
    rows: list[list[Any]] | None = None
    url: Annotated[str, Meta(max_length=2000)] | None = None
    sha256: Sha256 | None = None
    sensitive: bool = False


class Draft(Envelope):
    """What a revision may bring anew."""

    output: Any
    context: dict[str, Any] | None = None
    evidence: Annotated[list[Evidence], Meta(max_length=100)] | None = None
    signals: dict[str, Any] | None = None
    model: Model | None = None


class Submission(Envelope):
    workflow: Name
    external_id: Name
    output: Any
    subject: Text200 | None = None
    title: Text200 | None = None
    proposed_action: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    requested_by: Text200 | None = None
    escalate: Escalate | None = None
    context: dict[str, Any] | None = None
    signals: dict[str, Any] | None = None
    model: Model | None = None
    evidence: Annotated[list[Evidence], Meta(max_length=100)] | None = None
    occurred_at: Instant | None = None


class Batch(Envelope):
    """Each case is read by itself, so that one which is wrong spoils no other."""

    cases: list[Any]


class Execution(Envelope):
    executed: bool
    output_sha256: Sha256 | None = None
    at: Instant | None = None


class OutcomeReport(Envelope):
    label: Literal["correct", "incorrect", "harmful"]
    note: Text2000 | None = None


class Executed(Envelope, rename={"start": "from", "end": "to"}):
    start: Instant
    end: Instant
    count: Count
    external_ids: Annotated[list[Name], Meta(max_length=10_000)] | None = None


class Nothing(Envelope):
    """An act that needs no words: an empty body, or `{}`."""


class Lease(Envelope):
    lease: Count


class Skip(Envelope):
    lease: Count
    reason: Text200 | None = None


class Reason(Envelope):
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


class Tie(Envelope):
    """A figure of the corrected output and the arithmetic on sources that gives it."""

    figure: Annotated[str, Meta(min_length=1, max_length=60)]
    expression: Annotated[str, Meta(min_length=1, max_length=200)]


Right = Literal["yes", "no", "unsure"]
# Longer than the verb takes: the verb's refusal says how long it was and how long it may be.
Rationale = Annotated[str, Meta(max_length=200_000)]


class Decide(Envelope):
    outcome: Literal["approve", "correct", "reject", "escalate", "return"]
    lease: Count | None = None
    reasons: Annotated[list[Name], Meta(max_length=20)] | None = None
    rationale: Rationale | None = None
    output: Any = None
    queue: Name | None = None
    control_was_right: dict[str, Right] | None = None
    arithmetic: Annotated[list[Tie], Meta(max_length=50)] | None = None
    supersedes: Count | None = None


class DraftWords(Envelope):
    """What a reviewer typed so far: any part of a decision, nothing required."""

    outcome: Text200 | None = None
    reasons: list[str] | None = None
    rationale: Rationale | None = None
    output: Any = None
    queue: Text200 | None = None
    control_was_right: dict[str, str] | None = None
    arithmetic: list[Tie] | None = None
    opened: dict[str, str] | None = None
