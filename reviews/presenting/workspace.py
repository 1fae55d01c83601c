"""The case workspace, whole: everything that `reviews/case.html` needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.urls import reverse

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role
from assurance.controls import pausing, visibility
from assurance.controls.live_set import live_set
from assurance.controls.presenting import moments
from reviews.choices import Status
from reviews.drafts import draft_of
from reviews.models import Case, Decision
from reviews.presenting import activity, marking, output, panel, rail, sources, timing, why, wording

if TYPE_CHECKING:
    from assurance.accounts.models import User


def present(
    case: Case,
    *,
    user: User,
    at: datetime,
    play: bool,
    errors: Mapping[str, str] | None = None,
    superseding: Decision | None = None,
) -> dict[str, Any]:
    """The context of the page for this person at this moment."""
    submission = case.submissions.order_by("revision").last()
    assert submission is not None  # written with the case
    body = submission.body
    catalogue = live_set(case.control_set).catalogue
    draft = draft_of(case, user)
    typed = draft.body if draft else {}
    fields, texts = output.paths(body["output"])
    marks = marking.numbered(
        case.assessment.results,
        fields=fields,
        texts=texts,
        say=lambda text: wording.named(text, catalogue),
    )
    mine = case.is_held_by(user, at) and case.pending is None
    work = rail.present(case, user=user, at=at, play=play)
    shown_clock = timing.clock(case, at)
    return {
        "case": case,
        "head": {
            "queue_name": case.queue.name if case.queue else "",
            "queue_url": case.queue.get_absolute_url() if case.queue else "",
            "reference": case.reference,
            "title": marking.visible(case.title),
            "sub": _sub(case, body),
            "tags": _tags(case, at),
            "level": case.priority or case.workflow.tier,
            "clock": shown_clock,
            "lease": _lease(case) if mine else None,
            "previous_url": work["previous_url"],
            "next_url": work["next_url"],
            "position": work["position"],
        },
        "clock": shown_clock,
        "why": why.present(case, body["output"], catalogue),
        "output": output.present(
            body["output"],
            marks,
            catalogue,
            draft_output=typed.get("output", superseding.output if superseding else None),
            editable=mine or superseding is not None,
            errors=errors,
            find=sources.finder(body.get("evidence") or ()),
        ),
        "sources": sources.present(
            body.get("evidence") or (),
            marks,
            received=submission.received_at,
            opened=typed.get("opened") or {},
        ),
        "facts": output.facts(body["context"], catalogue) if body.get("context") else [],
        "guideline": _guideline(case),
        "activity": activity.present(
            case, governs=has_role(user, Role.GOVERNANCE, case.workflow.slug, at)
        ),
        "panel": panel.present(
            case,
            user=user,
            draft=draft,
            output=body["output"],
            catalogue=catalogue,
            at=at,
            errors=errors,
            superseding=superseding,
        ),
        "rail": work,
        "record_url": reverse("reviews:record", args=[case.reference]),
        "links": links(case),
        "as_of_url": as_of_url(case, user, at),
        "may_pause": pausing.may_pause(case.workflow, user, at),
    }


def as_of_url(case: Case, user: User, at: datetime) -> str:
    """Where one sees what was in force when the case was judged; empty for who may not."""
    if not has_role(user, visibility.HISTORIANS, case.workflow.slug, at):
        return ""
    return moments.when_judged(case)


def links(case: Case) -> list[dict[str, str]]:
    """The workflow's own addresses for this subject. Shown as text beside, opened by the reader.

    The system chose the values: each fills one place and leads nowhere else in that address.
    """
    values = {"{subject}": case.subject, "{external_id}": case.external_id}
    found = []
    for one in case.workflow.link_templates:
        url, label = (one, "") if isinstance(one, str) else (one["url"], one.get("label", ""))
        filled = [value for name, value in values.items() if name in url]
        if not url.startswith("https://") or any(value in ("", ".", "..") for value in filled):
            continue
        for name, value in values.items():
            url = url.replace(name, quote(value, safe=""))
        found.append({"url": url, "label": label or url})
    return found


def _sub(case: Case, body: Mapping[str, Any]) -> str:
    parts = [case.workflow.name]
    if case.subject:
        parts.append(f"subject {case.subject}")
    model = body.get("model") or {}
    if model.get("name"):
        parts.append(f"drafted by {model['name']} {model.get('version') or ''}".strip())
    if body.get("proposed_action"):
        parts.append(f"proposes “{body['proposed_action']}”")
    if case.revision > 1:
        parts.append(f"revision {case.revision}")
    return marking.visible(", ".join(parts) + ".")


def _tags(case: Case, at: datetime) -> list[dict[str, str]]:
    status = case.status(at)
    if status in (Status.WAITING, Status.IN_REVIEW):
        tags = [{"label": "Held before it goes out", "kind": "fail", "icon": "pause"}]
        if case.pending is not None:
            tags = [{"label": "Decided, leaves in a moment", "kind": "ok", "icon": "done"}]
    elif status == Status.PAUSED:
        tags = [{"label": "Paused", "kind": "warn", "icon": "pause"}]
    elif status == Status.CLOSED:
        tags = [{"label": case.get_end_display(), "kind": "", "icon": "done"}]
    else:
        tags = [{"label": status.label, "kind": "", "icon": "arrow"}]
    if case.late:
        tags.append({"label": "Reported afterwards", "kind": "warn", "icon": "warn"})
    return tags


def _lease(case: Case) -> dict[str, Any]:
    return {
        "number": case.lease_number,
        "until": case.leased_until,
        "heartbeat_url": reverse("api:heartbeat", args=[case.id]),
        "claim_url": reverse("reviews:claim", args=[case.reference]),
    }


def _guideline(case: Case) -> dict[str, Any] | None:
    if case.queue is None or not case.queue.guideline:
        return None
    return {
        "title": "Guideline",
        "origin": case.queue.name,
        "text": case.queue.guideline,
        "version": case.queue.guideline_version,
    }
