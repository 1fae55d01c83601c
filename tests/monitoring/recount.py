"""The same counts made the plain way: every case, assessment, decision and label read one by one
into Python. Slow, and written without looking at how the roll-ups do it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date
from typing import Any

from assurance.controls.models import Assessment, Label
from assurance.record.models import Event

Key = tuple[date, str, str, str, str]  # day, measure, control, queue, model
BAD = ("incorrect", "harmful")
AFTERWARDS = ("audit", "outcome", "incident")


def orders(result: dict[str, Any]) -> bool:
    return result["effect"] not in (None, "continue")


def model_of(assessment: Assessment) -> str:
    model = assessment.facts.get("model") or {}
    words = [model[k] for k in ("name", "version") if model.get(k)]
    return " ".join(words) or "not said"


def truth_of(case: Any) -> bool | None:
    """Whether the output was wrong, None where nobody knows."""
    labels = list(Label.objects.filter(case_id=case))
    if not labels:
        return None
    worse = ("correct", "incorrect", "harmful")
    best = max(labels, key=lambda x: (x.source in AFTERWARDS, x.at, worse.index(x.value)))
    return best.value in BAD


def recount(slug: str) -> tuple[dict[Key, tuple[int, int]], dict[Key, list[bool]]]:
    """Hits of n by key; and, in order, what each was, for those that keep gaps."""
    n: Counter[Key] = Counter()
    hits: Counter[Key] = Counter()
    order: dict[Key, list[bool]] = defaultdict(list)

    def add(day, measure, is_hit, control="", queue="", model="", keep=False):
        key = (day, measure, control, queue, model)
        n[key] += 1
        hits[key] += bool(is_hit)
        if keep:
            order[key].append(bool(is_hit))

    intake = Assessment.objects.filter(workflow__slug=slug, purpose="intake")
    for one in intake.order_by("at", "pk"):
        _judged(one, add)
    for chain in _chains(slug).values():
        for place, (event, body) in enumerate(chain):
            _event(event, body, chain[:place], add)
    # Decisions in the order in which they left.
    leaving = []
    for chain in _chains(slug).values():
        for place, (event, body) in enumerate(chain):
            left = event.type in ("case.closed", "case.routed", "case.returned")
            if left and body.get("decision") and not body.get("supersedes"):
                leaving.append((event.at, event.pk, event, body, chain[:place]))
    for _, _, event, body, before in sorted(leaving, key=lambda one: one[:2]):
        _left(event, body, before, add)
    return {key: (n[key], hits[key]) for key in n}, order


def _judged(one: Assessment, add: Any) -> None:
    day = one.at.date()
    results = {result["key"]: result for result in one.results}
    held = any(r["mode"] == "enforced" and orders(r) and not r["waived_by"] for r in one.results)
    for model in ("", model_of(one)):
        add(day, "assessed", one.ungoverned, model=model)
    add(day, "disposed", one.disposition != "continue")
    later = Assessment.objects.filter(
        case_id=one.case_id, purpose="intake", revision__gt=one.revision
    )
    bad = None if later.exists() else truth_of(one.case_id)
    if bad is not None:
        for model in ("", model_of(one)):
            add(day, "known", bad, model=model, keep=True)
    for control in one.control_set.content["controls"]:
        if control["mode"] == "off":
            continue
        key, result = control["key"], results.get(control["key"])
        fired = result is not None and orders(result)
        applies = result is None or result["outcome"] != "not_applicable"
        if control["mode"] != "enforced":
            for level in ("", key):
                add(day, "shadow", fired != held, control=level)
            continue
        if applies:
            add(day, "fired", fired, control=key)
            if control["kind"] == "verification":
                outcome = result["outcome"]
                could_not = outcome in ("error", "timeout", "not_run")
                for level in ("", key):
                    add(day, "ran", outcome == "inconclusive", control=level)
                    add(day, "error", outcome in ("error", "not_run"), control=level)
                    add(day, "timeout", outcome == "timeout", control=level)
                    open_ = could_not and result["effect"] == "continue"
                    add(day, "fail_open", open_, control=level)
                    if control["check"]["name"] == "approved_versions" and not could_not:
                        add(day, "unapproved", outcome == "fail", control=level)
        if bad is not None:
            add(day, "fired_known" if fired else "quiet_known", bad, control=key)


def _chains(slug: str) -> dict[str, list[tuple[Event, dict[str, Any]]]]:
    chains: dict[str, list[tuple[Event, dict[str, Any]]]] = defaultdict(list)
    for event in Event.objects.filter(workflow=slug).order_by("pk").select_related("payload"):
        stream = f"{event.stream_type}/{event.stream_id}"
        chains[stream].append((event, json.loads(bytes(event.payload.body))))
    return chains


def _event(event: Event, body: dict[str, Any], before: list[Any], add: Any) -> None:
    day = event.at.date()
    if event.type == "case.received":
        add(day, "received", body["late"])
    elif event.type == "case.routed":
        for queue in ("", body["queue"]):
            add(day, "routed", body.get("decision") is not None, queue=queue)
    elif event.type == "case.executed":
        add(day, "executed", body["problem"])
    elif event.type == "alert.raised":
        add(day, "alerts", False)


def _left(event: Event, body: dict[str, Any], before: list[Any], add: Any) -> None:
    day = event.at.date()
    (place,) = (
        i
        for i, (e, b) in enumerate(before)
        if e.type == "case.decided" and b["decision"] == body["decision"]
    )
    made, said = before[place]
    earlier = before[:place]
    routed = [(e, b) for e, b in earlier if e.type == "case.routed"][-1]
    overdue = [e for e, _ in earlier if e.type == "case.overdue"]
    claims = sum(e.type == "case.claimed" for e, _ in earlier)
    queues = ("", routed[1]["queue"])
    seen = (
        Assessment.objects.filter(case_id=made.stream_id, at__lte=made.at)
        .exclude(purpose="correction")
        .order_by("at", "pk")
        .last()
    )
    fired = [
        r["key"]
        for r in seen.results
        if r["mode"] == "enforced" and orders(r) and not r["waived_by"]
    ]
    for queue in queues:
        late = bool(overdue) and overdue[-1].at >= routed[0].at
        add(day, "decided", late, queue=queue)
        add(day, "waited", False, queue=queue)
        if claims:
            add(day, "handled", False, queue=queue)
        if said["outcome"] in ("approve", "correct", "reject"):
            add(day, "claims", claims >= 3, queue=queue)
            if fired:
                add(day, "override", said["outcome"] == "approve", queue=queue, keep=True)
    if said["outcome"] in ("approve", "correct", "reject"):
        for key in fired:
            add(day, "override", said["outcome"] == "approve", control=key, keep=True)
    for key, right in said["control_was_right"].items():
        if right in ("yes", "no"):
            add(day, "right", right == "no", control=key)
