"""The decision panel. Nothing is preselected; what was typed before is there again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.urls import reverse

from reviews.choices import FINAL, Outcome, SkipReason, State
from reviews.decision_rules import (
    least_rationale,
    least_reasons,
    offered_reasons,
    policy_for,
    reason_labels,
)
from reviews.decisions import correctable, may_take, verification_keys
from reviews.eligibility import conflict_of
from reviews.models import Case, Decision, Draft, Queue
from reviews.presenting.output import editable_fields
from reviews.resuming import may_resume

if TYPE_CHECKING:
    from assurance.accounts.models import User
    from assurance.controls.fields import Catalogue

KEYS = {"approve": "a", "correct": "c", "reject": "r", "escalate": "e", "return": "b"}
BUTTONS = {
    "approve": "Send as drafted",
    "correct": "Send corrected output",
    "reject": "Reject and close",
    "escalate": "Escalate",
    "return": "Return for a new draft",
}
HEADINGS = {
    State.OPEN: "Decided",
    State.PAUSED: "Paused",
    State.RETURNED: "Returned",
    State.CONTINUED: "Went ahead",
}
LEAVES = {
    "approve": "The system is told that it may go ahead, exactly as drafted.",
    "correct": "The system is told to use your output, once it passes the same checks.",
    "reject": "The system is told to stop. Nothing is sent.",
    "escalate": "Nothing leaves. The case waits in the other queue.",
    "return": "The system gets your rationale as its instruction.",
}


def present(
    case: Case,
    *,
    user: User,
    draft: Draft | None,
    output: Any,
    catalogue: Catalogue,
    at: datetime,
    errors: Mapping[str, str] | None = None,
    superseding: Decision | None = None,
) -> dict[str, Any]:
    """What `_decision_form.html` needs, in the state that this person meets. `superseding` is the
    released decision that they are correcting."""
    if superseding is not None:
        return _again(case, superseding, user, draft, output, catalogue, dict(errors or {}))
    reading = _reading(case, user, at)
    if reading is not None:
        # Words outlive the hold: whoever lost the case finds them still here.
        kept = draft is not None and draft.body.get("rationale")
        return reading | ({"kept": kept, "kept_at": draft.saved_at} if draft and kept else {})
    return _ready(case, user, draft, output, catalogue, dict(errors or {}))


def _reading(case: Case, user: User, at: datetime) -> dict[str, Any] | None:
    """The state of someone who can only read now; None for the holder."""
    if case.state != State.OPEN or case.pending is not None:
        decision = standing(case)
        return {
            "state": "done",
            "heading": HEADINGS.get(State(case.state), "Decided" if decision else "Closed"),
            "text": done_text(case, at),
            "decision": decision,
            **_next_act(case, user, at),
        }
    if case.is_leased(at) and case.leased_by_id != user.pk:
        assert case.leased_by is not None
        return {
            "state": "held",
            "holder": case.leased_by.full_name_or_username,
            "until": case.leased_until,
        }
    if refusal := refusal_for(case, user):
        return {"state": "not_yours", "text": refusal}
    if not case.is_held_by(user, at):
        return {
            "state": "unclaimed",
            "claim_url": reverse("reviews:claim", args=[case.reference]),
        }
    return None


def _next_act(case: Case, user: User, at: datetime) -> dict[str, Any]:
    """What this person can still do with a case that nobody works on."""
    if case.state == State.CLOSED and correctable(case, user, at):
        url = reverse("reviews:supersede", args=[case.reference])
        return {"url": url, "url_label": "Correct this decision"}
    if may_resume(case, user, at):
        return {"resume_url": reverse("reviews:resume", args=[case.reference])}
    return {}


def refusal_for(case: Case, user: User) -> str | None:
    """Why this person cannot take the case, in a sentence; None if they may."""
    if case.queue is None or not case.queue.members.filter(pk=user.pk).exists():
        where = case.queue.name if case.queue else "its queue"
        return f"Only members of {where} decide here. You can read the case."
    return conflict_of(case, user)


def standing(case: Case) -> dict[str, Any] | None:
    """The decision that is on its way or stands, in its maker's words."""
    made = case.pending or case.decisions.filter(is_current=True).last()
    if made is None:
        return None
    return {"rationale": made.rationale, "reasons": reason_labels(case, made.reasons)}


def done_text(case: Case, at: datetime) -> str:
    if case.pending is not None:
        who = case.pending.decided_by.full_name_or_username
        held = case.workflow.is_paused
        waits = "It is kept until the workflow resumes." if held else "It has not left yet."
        return f"{who} decided: {case.pending.get_outcome_display().lower()}. {waits}"
    if case.state == State.CLOSED:
        closed = f"This case is closed: {case.get_end_display().lower()}."
        newer = case.decisions.undoable(at).first()
        if newer is None:
            return closed
        who = newer.decided_by.full_name_or_username
        said = newer.get_outcome_display().lower()
        return f"{closed} {who} corrected that: {said}. It has not left yet."
    if case.state == State.RETURNED:
        return "This case is back with the system, which was asked for a new draft."
    if case.state == State.PAUSED:
        return "This case is paused. A governance owner can resume it."
    return "This case went ahead by itself; nobody had to decide."


def _ready(case, user, draft, output, catalogue, errors) -> dict[str, Any]:
    policy = policy_for(case)
    body = dict(draft.body) if draft else {}
    args = [case.reference]
    assert case.queue is not None  # an open case is in a queue
    short, long = editable_fields(output, catalogue, draft_output=body.get("output"), errors=errors)
    return {
        "state": "ready",
        "action": reverse("reviews:decide", args=args),
        "lease": case.lease_number,
        "revision": case.revision,
        "submission": uuid4().hex,
        "outcomes": [_option(policy, outcome, case, body) for outcome in policy["outcomes"]],
        "reasons": _reasons(policy, body),
        "targets": _targets(case, body),
        "fields": short,
        "texts": long,
        "arithmetic": body.get("arithmetic") or [],
        "asks": _asks(case, body),
        "rationale": body.get("rationale") or "",
        "error": {name: text for name, text in errors.items() if "." not in name},
        "undo_seconds": round(case.queue.undo_window.total_seconds()),
        "draft_url": reverse("api:draft", args=[case.id]),
        "draft_at": draft.saved_at if draft else None,
        "draft_status": f"Draft saved {draft.saved_at:%H:%M}" if draft and draft.saved_at else "",
        "skip_url": reverse("reviews:skip", args=args),
        "skip_reasons": [{"code": code, "label": label} for code, label in SkipReason.choices],
        "release_url": reverse("reviews:release", args=args),
    }


def _again(case, old, user, draft, output, catalogue, errors) -> dict[str, Any]:
    """The form of a decision that supersedes: no lease, nothing to skip or release, and only
    what ends a case. It starts from what the earlier decision sent."""
    if draft is None and old.output is not None:
        draft = Draft(case=case, body={"output": old.output})
    form = _ready(case, user, draft, output, catalogue, errors)
    said = (
        f"{old.decided_by.full_name_or_username} decided: {old.get_outcome_display().lower()}. "
        "That has left and stays on the record; yours takes its place."
    )
    return form | {
        "action": reverse("reviews:supersede", args=[case.reference]),
        "lease": "",
        "supersedes": old.pk,
        "outcomes": [one for one in form["outcomes"] if one["value"] in FINAL],
        "targets": [],
        "skip_url": None,
        "release_url": None,
        "attention": [{"text": said}],
    }


def _option(policy, outcome, case, body) -> dict[str, Any]:
    return {
        "value": outcome,
        "label": Outcome(outcome).label,
        "key": KEYS[outcome],
        "button": BUTTONS[outcome],
        "leaves": LEAVES[outcome],
        "rationale_min": least_rationale(policy, outcome, case.priority),
        "reasons_min": least_reasons(policy, outcome, case.priority),
        "chosen": body.get("outcome") == outcome,
    }


def _reasons(policy, body) -> list[dict[str, Any]]:
    outcomes = policy["outcomes"]
    return [
        {
            "code": reason["code"],
            "label": reason["label"],
            "outcomes": " ".join(
                outcome for outcome in outcomes if reason in offered_reasons(policy, outcome)
            ),
            "checked": reason["code"] in (body.get("reasons") or ()),
            "starter": reason["starter"] or "",
            "text_required": reason["text_required"],
        }
        for reason in policy["reasons"]
    ]


def _targets(case: Case, body) -> list[dict[str, Any]]:
    """The other queues of this workflow that may take the case; REST takes any that may."""
    named = {rule["queue"] for rule in case.control_set.content["rules"]}
    others = Queue.objects.filter(slug__in=named).exclude(pk=case.queue_id or 0)
    queues = [queue for queue in others if may_take(queue, case)]
    chosen = body.get("queue")
    none = {"value": "", "label": "Choose a queue", "chosen": not chosen}
    return [none] + [
        {"value": queue.slug, "label": queue.name, "chosen": queue.slug == chosen}
        for queue in queues
    ]


def _asks(case: Case, body) -> list[dict[str, Any]]:
    """Only the deciding verification is asked about: policy controls are scored from the
    decision itself."""
    said = body.get("control_was_right") or {}
    return [
        {
            "key": key,
            "name": key,
            "question": f"Was {key} right to hold?",
            "value": said.get(key, ""),
        }
        for key in verification_keys(case)
        if key in case.decided_by
    ][:1]


def anchor(field: str) -> str:
    """The id of a field of the form, for links to it."""
    if field == "output":  # as a whole: there is no one input for it
        return "out-h"
    return "correct-" + field.replace(".", "-") if "." in field else field
