"""Control changes as REST gives and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from msgspec import Meta
from rest_framework import serializers

from assurance.api.envelope import Envelope, Instant
from assurance.controls import changes
from assurance.controls.choices import ChangeKind, ChangeStatus, Direction, Item, ReplayStatus
from assurance.controls.differences import differences
from assurance.controls.models import ControlChange

Text = Annotated[str, Meta(max_length=5_000)]
Kinds = Literal["routine", "incident", "monitoring_review", "model_update", "emergency"]
Items = Literal["control", "rule", "queue_policy", "specification", "waiver"]
Link = Annotated[str, Meta(min_length=1, max_length=500)]


class EditIn(Envelope):
    """One edit. `content` is the whole item as a set holds it; null removes it."""

    item: Items
    content: dict[str, Any] | None
    key: Annotated[str, Meta(max_length=120)] = ""


class ChangeIn(Envelope):
    """A new draft."""

    workflow: Annotated[str, Meta(min_length=1, max_length=60)]
    reason: Text
    kind: Kinds = "routine"
    links: Annotated[list[Link], Meta(max_length=20)] = []
    edits: Annotated[list[EditIn], Meta(max_length=500)] = []


class ChangePatch(Envelope):
    """What may be edited while a change is open."""

    edits: Annotated[list[EditIn], Meta(max_length=500)] | None = None
    reason: Text | None = None
    links: Annotated[list[Link], Meta(max_length=20)] | None = None
    start_at: Instant | None = None
    shadow_explanation: Text | None = None
    in_flight: Literal["leave", "reassess"] | None = None


class ApproveIn(Envelope):
    content_sha256: Annotated[str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]*$")]
    note: Text = ""


class NoteIn(Envelope):
    note: Text = ""


class ReasonIn(Envelope):
    reason: Text


class PersonSchema(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()


class EditSchema(serializers.Serializer):
    item = serializers.CharField(help_text=", ".join(Item.values))
    key = serializers.CharField(allow_blank=True)
    content = serializers.DictField(allow_null=True)


class DiffRowSchema(serializers.Serializer):
    what = serializers.CharField()
    was = serializers.CharField()
    now = serializers.CharField()


class DiffSchema(serializers.Serializer):
    item = serializers.CharField()
    key = serializers.CharField(allow_blank=True)
    change = serializers.CharField(help_text="added, removed or changed")
    words = serializers.ListField(child=serializers.CharField())
    rows = DiffRowSchema(many=True)


class ReplayStateSchema(serializers.Serializer):
    status = serializers.CharField(help_text=", ".join(ReplayStatus.values))
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    sha256 = serializers.CharField(allow_null=True)
    direction = serializers.CharField(allow_null=True, help_text=", ".join(Direction.values))
    report = serializers.DictField(allow_null=True)


class ChangeSetSchema(serializers.Serializer):
    number = serializers.IntegerField()
    sha256 = serializers.CharField()


class ChangeSchema(serializers.Serializer):
    """A control change."""

    number = serializers.IntegerField()
    workflow = serializers.CharField()
    status = serializers.CharField(help_text=", ".join(ChangeStatus.values))
    kind = serializers.CharField(help_text=", ".join(ChangeKind.values))
    reason = serializers.CharField(allow_blank=True)
    links = serializers.ListField(child=serializers.CharField())
    edits = EditSchema(many=True)
    diff = DiffSchema(many=True)
    content_sha256 = serializers.CharField()
    candidate_sha256 = serializers.CharField()
    base_set = ChangeSetSchema()
    published_set = ChangeSetSchema(allow_null=True)
    author = PersonSchema(allow_null=True)
    approver = PersonSchema(allow_null=True)
    way = serializers.CharField(allow_null=True)
    start_at = serializers.DateTimeField(allow_null=True)
    shadow_explanation = serializers.CharField(allow_blank=True)
    in_flight = serializers.CharField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    lapses_at = serializers.DateTimeField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    ratify_by = serializers.DateTimeField(allow_null=True)
    ratified_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_null=True)
    replay = ReplayStateSchema(allow_null=True)
    web_url = serializers.CharField()


class ChangePageSchema(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ChangeSchema(many=True)


def change_answer(change: ControlChange) -> dict[str, Any]:
    """A change as REST gives it."""
    made = getattr(change, "published_set", None)
    return {
        "number": change.number,
        "workflow": change.workflow.slug,
        "status": change.status,
        "kind": change.kind,
        "reason": change.reason,
        "links": change.links,
        "edits": change.edits,
        "diff": [
            one.as_json()
            for one in differences(change.base_set.content, changes.candidate_of(change))
        ],
        "content_sha256": change.content_sha256,
        "candidate_sha256": change.candidate_sha256,
        "base_set": {"number": change.base_set.number, "sha256": change.base_set.sha256},
        "published_set": made and {"number": made.number, "sha256": made.sha256},
        "author": person_answer(change.author),
        "approver": person_answer(change.approver),
        "way": change.way or None,
        "start_at": _moment(change.start_at),
        "shadow_explanation": change.shadow_explanation,
        "in_flight": change.in_flight,
        "submitted_at": _moment(change.submitted_at),
        "lapses_at": _moment(change.lapses_at),
        "approved_at": _moment(change.approved_at),
        "published_at": _moment(change.published_at),
        "ratify_by": _moment(change.ratify_by),
        "ratified_at": _moment(change.ratified_at),
        "note": change.approval_note or change.ended_note or None,
        "replay": _replay(change),
        "web_url": settings.COUNTERMARK_URL + change.get_absolute_url(),
    }


def _replay(change: ControlChange) -> dict[str, Any] | None:
    found = changes.latest_replay(change)
    if found is None:
        return None
    return {
        "status": found.status,
        "done": found.done,
        "total": found.total,
        "sha256": found.sha256 or None,
        "direction": found.direction or None,
        "report": found.report,
    }


def person_answer(user: Any) -> dict[str, str] | None:
    """An account as a noun of governance names it."""
    if user is None:
        return None
    return {"username": user.username, "name": user.get_full_name() or user.username}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
