"""What happened on a case, in words, newest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from assurance.record.models import Event
from reviews.choices import End, Outcome, SkipReason
from reviews.models import Case, Queue
from reviews.presenting.marking import visible

MOST = 50
# Our own steps, by whatever act they were set off.
OURS = "Countermark"
OUR_STEPS = {
    *("case.assessed", "case.routed", "case.overdue", "case.closed", "case.returned"),
    *("case.continued", "case.paused"),
}
SYSTEMS = {"intake", "release", "deadlines", "resume", "reassess", "verification"}


def present(case: Case, *, with_hash: bool = False, governs: bool = False) -> list[dict[str, Any]]:
    """The events of the case as `_thread.html` needs them; who governs the workflow is led to the
    rule that routed it."""
    events = (
        Event.objects.filter(stream_type="case", stream_id=str(case.id))
        .select_related("payload", "actor_user")
        .order_by("-seq")[:MOST]
    )
    queues = dict(Queue.objects.values_list("slug", "name"))
    entries = [entry(event, queues, with_hash=with_hash) for event in events]
    if governs:
        for event, shown in zip(events, entries, strict=True):
            shown["link"] = _rule_link(case, event)
    return entries


def _rule_link(case: Case, event: Event) -> dict[str, str] | None:
    rule = payload_of(event).get("rule") if event.type == "case.routed" else None
    if not rule:
        return None
    url = reverse("admin:controls_edit_rule", args=[case.workflow.slug, rule])
    return {"url": url, "label": "Open the rule"}


def entry(event: Event, queues: Mapping[str, str], *, with_hash: bool) -> dict[str, Any]:
    user = event.actor_user
    payload = payload_of(event)
    text, quote = words(event.type, payload, queues)
    ours = event.type in OUR_STEPS and payload.get("end") != End.WITHDRAWN
    who = OURS if ours or event.actor_ref in SYSTEMS else event.actor_ref
    return {
        "who": user.full_name_or_username if user else who,
        "initials": user.initials if user else who[:2],
        "at": event.at,
        "text": text,
        "quote": visible(quote),
        "client": user is None,
        "event": user is None,
        "hash": f"{event.seq}  {event.hash}" if with_hash else "",
    }


def payload_of(event: Event) -> dict[str, Any]:
    return json.loads(bytes(event.payload.body))


def words(type: str, payload: Mapping[str, Any], queues: Mapping[str, str]) -> tuple[str, str]:
    """(what was done, in whose words)"""
    match type:
        case "case.received":
            return "submitted the case", ""
        case "case.revised":
            return f"sent revision {payload['revision']}", ""
        case "case.assessed":
            number = payload["control_set"]["number"]
            by = f" by {', '.join(payload['decided_by'])}" if payload["decided_by"] else ""
            return f"judged it under control set {number}: {payload['disposition']}{by}", ""
        case "case.routed":
            queue = queues.get(payload["queue"], payload["queue"])
            rule = f" by the rule “{payload['rule']}”" if payload.get("rule") else ""
            return f"routed it to {queue}{rule}, {payload['priority']} priority", ""
        case "case.claimed":
            return "claimed the case", ""
        case "case.released":
            return "gave the case back", ""
        case "case.skipped":
            return f"skipped it: {SkipReason(payload['reason']).label.lower()}", ""
        case "case.decided":
            again = ", superseding the decision before" if payload.get("supersedes") else ""
            label = Outcome(payload["outcome"]).label.lower()
            return f"decided: {label}{again}", payload["rationale"]
        case "case.decision_undone":
            return "took the decision back", ""
        case "case.closed":
            return f"closed the case: {End(payload['end']).label.lower()}", ""
        case "case.returned":
            return "returned it to the system", payload.get("instructions") or ""
        case "case.reassessed":
            outcome = "it moved" if payload["moved"] else "it stayed"
            return f"judged it again under change {payload['change']}: {outcome}", ""
        case "case.release_held":
            by = ", ".join(payload["blocked_by"])
            return f"held the decision back: {by} of the set that is live now blocks it", ""
        case "case.resumed":
            return "resumed the case", payload["reason"]
        case "case.overdue":
            return "noted that it is late", ""
        case "case.executed":
            problem = payload.get("problem")
            return "reported it done" + (f", against the answer ({problem})" if problem else ""), ""
        case "case.not_executed":
            return "reported it not done", ""
        case "case.continued":
            return "let it go on", ""
        case "case.paused":
            return f"held it, by {', '.join(payload['decided_by'])}", ""
        case "case.outcome":
            return f"reported what came of it: {payload['label']}", payload["note"]
    return type.removeprefix("case.").replace("_", " "), ""
