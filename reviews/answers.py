"""What a caller is told of a case: the same noun in the 201, the GET and the webhook."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from assurance.controls.choices import Mode
from assurance.controls.covering import covered_result
from assurance.controls.judgement import CALM
from assurance.record.ledger import Stream, head_hash, head_hashes
from reviews.choices import End, Status
from reviews.masking import covered_output, sensitive_paths
from reviews.models import Case, Decision

DECIDED = (End.APPROVED, End.CORRECTED, End.REJECTED)


def case_answer(case: Case, *, at: datetime, covered: bool = False) -> dict[str, Any]:
    """The case as JSON types only, with times in ISO 8601, UTC. `covered` hides the values of
    sensitive fields: people see them only on a case that they work on."""
    return _answer(
        case,
        at=at,
        head=head_hash(Stream.case(case.id)),
        decision=released_decision(case),
        hidden=sensitive_paths(case.workflow) if covered else (),
    )


def case_answers(
    cases: Sequence[Case], *, at: datetime, covered: bool = False
) -> list[dict[str, Any]]:
    """The same for a page of cases, by two more queries in all."""
    hidden = {case.workflow_id: sensitive_paths(case.workflow) for case in cases} if covered else {}
    heads = head_hashes([Stream.case(case.id) for case in cases])
    decisions = {
        decision.case_id: decision
        for decision in Decision.objects.standing_finals().filter(
            case__in=[case.pk for case in cases if case.end in DECIDED]
        )
    }
    return [
        _answer(
            case,
            at=at,
            head=heads[Stream.case(case.id)],
            decision=decisions.get(case.pk) if case.end in DECIDED else None,
            hidden=hidden.get(case.workflow_id, ()),
        )
        for case in cases
    ]


def _answer(
    case: Case,
    *,
    at: datetime,
    head: str,
    decision: Decision | None,
    hidden: Collection[str],
) -> dict[str, Any]:
    status = case.status(at)
    return {
        "id": str(case.id),
        "reference": case.reference,
        "workflow": case.workflow.slug,
        "external_id": case.external_id,
        "subject": case.subject or None,
        "revision": case.revision,
        "status": str(status),
        "end": case.end or None,
        "disposition": str(case.disposition) or None,
        "proceed": case.proceed,
        "proceed_until": moment(case.proceed_until),
        "reroute_to": case.reroute_to or None,
        "instructions": case.instructions or None,
        "enforced": case.enforced,
        "would_be": case.would_be or None,
        "output_sha256": case.output_sha256,
        "decided_by": case.decided_by,
        "controls": reported(case.assessment.results, hidden),
        "ungoverned": case.ungoverned,
        "control_set": {"number": case.control_set.number, "sha256": case.control_set.sha256},
        "queue": case.queue.slug if case.queue and status != Status.CLOSED else None,
        "priority": case.priority or None,
        "due_at": moment(case.due_at) if status in (Status.WAITING, Status.IN_REVIEW) else None,
        "decision": decision_answer(decision, hidden),
        "head_hash": head,
        "received_at": moment(case.received_at),
        "closed_at": moment(case.closed_at),
        "url": absolute(reverse("api:case", args=[case.id])),
        "web_url": absolute(case.get_absolute_url()),
    }


def dry_run_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer for a case that was never kept."""
    unkept = ("id", "reference", "head_hash", "received_at", "closed_at", "url", "web_url")
    return answer | dict.fromkeys(unkept)


def reported(results: list[dict[str, Any]], hidden: Collection[str] = ()) -> list[dict[str, Any]]:
    """The enforced and advising controls that did not stay quiet. Shadow is nobody's business
    but the owner's."""
    return [
        {
            "key": result["key"],
            "version": result["version"],
            "mode": result["mode"],
            "kind": result["kind"],
            "outcome": result["outcome"],
            "effect": result["effect"],
            "message": result["message"],
            "findings": result["findings"],
            "operands": result["operands"],
        }
        for result in (covered_result(result, hidden) if hidden else result for result in results)
        if result["mode"] in (Mode.ENFORCED, Mode.ADVISE) and result["outcome"] not in CALM
    ]


def released_decision(case: Case) -> Decision | None:
    """The decision that stands and was told: callers never see one inside its undo window, nor
    one that only moved the case on."""
    if case.end not in DECIDED:
        return None
    return Decision.objects.standing_finals().filter(case=case).last()


def decision_answer(
    decision: Decision | None, hidden: Collection[str] = ()
) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {
        "outcome": decision.outcome,
        "output": covered_output(decision.output, hidden),
        "output_sha256": decision.output_sha256,
        "reasons": decision.reasons,
        "rationale": decision.rationale,
        "decided_at": moment(decision.decided_at),
        "reviewers": [reviewer_name(decision.decided_by)],
        "control_was_right": decision.control_was_right,
    }


def reviewer_name(user) -> str:
    """A reviewer as callers know them: the person's reference, else the account."""
    return user.person.ref if user.person else user.get_username()


def lease_answer(case: Case) -> dict[str, Any]:
    return {
        "number": case.lease_number,
        "until": moment(case.leased_until),
        "holder": case.leased_by.get_username() if case.leased_by else None,
    }


def absolute(path: str) -> str:
    return settings.COUNTERMARK_URL + path


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, or None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
