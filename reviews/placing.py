"""Put a judged case where its judgement says: on its way, back, into a queue, aside, or out.

Used by every act that judges a case: intake, a new revision, a resume. It changes the case in
memory and writes the assessment; its caller saves, records and lets it `tell`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assurance.controls.choices import ROUTED, Disposition
from assurance.controls.models import Assessment, CheckRun
from assurance.delivery import mail, outbox
from assurance.record.ledger import Stream
from reviews.answers import absolute, case_answer, moment
from reviews.choices import End, Priority, State
from reviews.models import Case, Queue
from reviews.routing import due_in, rank_at, route

if TYPE_CHECKING:
    from reviews.intake import Judged

ENDS = {Disposition.BLOCK: End.BLOCKED, Disposition.REROUTE: End.REROUTED}


def apply(
    case: Case,
    judged: Judged,
    *,
    purpose: str,
    at: datetime,
    disposition: Disposition | None = None,
    keep: bool = True,
) -> None:
    """Write the judgement onto the case. `disposition` overrides what was judged (a resumed case
    that may continue is reviewed); `keep` False leaves even the assessment unsaved."""
    judgement = judged.judgement
    order = disposition or judgement.disposition
    case.disposition = order
    case.enforced = judgement.enforced
    case.would_be = "" if judgement.would_be == order else judgement.would_be
    case.decided_by = list(judgement.decided_by)
    case.ungoverned = judgement.ungoverned
    case.control_set = judged.control_set
    case.reroute_to = judgement.reroute_to
    case.instructions = judgement.instructions
    assessment = assessment_of(case, judged, purpose=purpose, at=at)
    if keep:
        assessment.save()
    case.assessment = assessment  # once it has its key: given later, Django reads it all again
    _clear_place(case)
    if order in ROUTED:
        queue, found = route(judged.facts, judgement, judged.live, disposition=order)
        enqueue(
            case,
            queue,
            priority=found.priority or case.priority or judged.workflow.tier,
            said_due_in=found.due_in,
            at=at,
        )
        case.rule = found.rule
    elif order == Disposition.RETURN:
        case.state, case.returns = State.RETURNED, case.returns + 1
    elif order == Disposition.PAUSE:
        case.state, case.held_at = State.PAUSED, at
    elif order in ENDS:
        close(case, ENDS[order], at=at)
    elif case.enforced:
        case.state = State.CONTINUED
        case.proceed_until = proceed_until(case, at)
    else:
        close(case, End.OBSERVED, at=at)


def let_verify(
    case: Case, judged: Judged, awaited: Mapping[str, CheckRun], *, at: datetime
) -> None:
    """Let a case wait for its verifiers. What was judged so far is kept, and orders nothing yet."""
    _clear_place(case)
    case.disposition, case.would_be, case.decided_by = "", "", []
    case.enforced, case.ungoverned = True, False
    case.reroute_to = case.instructions = ""
    case.control_set = judged.control_set
    assessment = assessment_of(case, judged, purpose=Assessment.Purpose.VERIFYING, at=at)
    assessment.save()
    case.assessment = assessment
    case.state = State.VERIFYING
    case.verify_by = max(run.deadline for run in awaited.values())


def assessment_of(case: Case, judged: Judged, *, purpose: str, at: datetime) -> Assessment:
    """The row that keeps a judgement with its frozen facts. Not saved here."""
    judgement = judged.judgement
    return Assessment(
        case_id=case.id,
        revision=case.revision,
        purpose=purpose,
        workflow=judged.workflow,
        control_set=judged.control_set,
        subject=case.subject,
        facts=judged.facts,
        results=[result.as_json() for result in judgement.results],
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


def enqueue(
    case: Case, queue: Queue, *, priority: str, at: datetime, said_due_in: str | None = None
) -> None:
    """Let a case wait in a queue."""
    case.state = State.OPEN
    case.queue = queue
    case.priority = Priority(priority)
    case.due_at = at + due_in(queue, priority, said_due_in)
    case.rank_at = rank_at(case.due_at, priority)
    case.overdue_at = None


def close(case: Case, end: End, *, at: datetime) -> None:
    """End a case. Who held it holds it no longer."""
    case.state, case.end, case.closed_at = State.CLOSED, end, at
    case.leased_by = case.leased_until = case.verify_by = None
    case.proceed_until = proceed_until(case, at)


def proceed_until(case: Case, at: datetime) -> datetime | None:
    validity = case.workflow.proceed_validity
    return at + validity if case.proceed and validity else None


def _clear_place(case: Case) -> None:
    case.end, case.closed_at, case.held_at = "", None, None
    case.queue = case.due_at = case.rank_at = case.overdue_at = None
    case.leased_by = case.leased_until = None
    case.proceed_until = case.verify_by = None


def assessed_entry(case: Case) -> dict[str, Any]:
    """What the record keeps of a judgement; the whole of it is the assessment it names. Systems
    read the record, so it does not tell of controls in shadow."""
    return {
        "assessment": case.assessment.pk,
        "revision": case.revision,
        "control_set": {"number": case.control_set.number, "sha256": case.control_set.sha256},
        "disposition": str(case.disposition),
        "would_be": str(case.assessment.would_be),
        "enforced": case.enforced,
        "decided_by": case.decided_by,
        "ungoverned": case.ungoverned,
        "outcomes": {
            r["key"]: r["outcome"] for r in case.assessment.results if r["mode"] != "shadow"
        },
    }


def placed_entries(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """What the record says of where the case went."""
    if case.state == State.OPEN:
        return [("case.routed", routed_entry(case) | {"rule": case.rule})]
    if case.state == State.RETURNED:
        return [("case.returned", {"instructions": case.instructions, "by": "control"})]
    if case.state == State.VERIFYING:
        return [("case.verifying", {"until": moment(case.verify_by)})]
    if case.state == State.PAUSED:
        return [("case.paused", {"decided_by": case.decided_by})]
    if case.state == State.CLOSED:
        return [("case.closed", {"end": case.end, "reroute_to": case.reroute_to})]
    return [("case.continued", {"output_sha256": case.output_sha256})]


def routed_entry(case: Case) -> dict[str, Any]:
    assert case.queue is not None
    assert case.due_at is not None
    return {
        "queue": case.queue.slug,
        "priority": str(case.priority),
        "due_at": moment(case.due_at),
    }


def tell(case: Case, *, at: datetime) -> None:
    """Promise what callers and people are to hear. What the 201 itself said for good (continued,
    observed) is not said again."""
    type = {
        State.OPEN: "case.routed",
        State.RETURNED: "case.returned",
        State.CLOSED: "case.closed",
    }.get(State(case.state))
    if type is None or case.end == End.OBSERVED:
        return
    outbox.promise(
        type,
        case_answer(case, at=at),
        workflow=case.workflow.slug,
        stream=Stream.case(case.id),
        at=at,
    )
    if case.state == State.OPEN:
        mail_members(case, at=at)


def mail_members(case: Case, *, at: datetime) -> None:
    """One plain mail to each member of the queue who wants it. No case content: mail is read
    anywhere."""
    assert case.queue is not None
    assert case.due_at is not None
    wanting = case.queue.members.filter(wants_case_email=True, is_active=True).exclude(email="")
    for member in wanting:
        mail.promise_mail(
            member.email,
            f"A case waits in {case.queue.name}",
            f"{case.reference} waits in {case.queue.name}, {case.priority} priority, due "
            f"{case.due_at:%d %B %H:%M} UTC.\n\n{absolute(case.get_absolute_url())}\n\n"
            f"You get this mail because you asked for it: {absolute('/me/')}\n",
            at=at,
        )
