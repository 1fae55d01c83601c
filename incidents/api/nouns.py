"""Incidents as REST gives and takes them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType
from rest_framework import serializers

from assurance.api.envelope import Envelope, Instant
from incidents.choices import CaseKind, ContainmentKind, Criterion, IncidentState, Remedy

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=10_000)]
Reason = Annotated[str, Meta(max_length=2_000)]
Grade = Annotated[int, Meta(ge=1, le=4)]
CaseId = Annotated[str, Meta(min_length=36, max_length=36)]
Criteria = Literal[
    "death",
    "health",
    "infrastructure",
    "rights",
    "property_or_environment",
    "widespread",
    "personal_data",
]
States = Literal[
    "detected",
    "triaged",
    "contained",
    "investigating",
    "correcting",
    "closed",
    "rejected",
    "reopened",
]
Kinds = Literal["trigger", "affected", "similar", "cleared"]
Remedies = Literal["none_needed", "corrected", "reversed", "compensated", "informed"]
Dispositions = Literal[
    "continue", "return", "review", "specialist", "governance", "reroute", "pause", "block"
]


class IncidentIn(Envelope):
    """A new incident. `cases` are the ids of what set it off."""

    workflow: Annotated[str, Meta(min_length=1, max_length=60)]
    title: Title
    severity: Grade
    occurred_at: Instant | None = None
    cases: Annotated[list[CaseId], Meta(max_length=500)] = []
    alert: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    summary: Text = ""


class IncidentPatch(Envelope):
    """What can be described anew while it is open. `criteria` are all that hold."""

    title: Title | UnsetType = UNSET
    summary: Text | UnsetType = UNSET
    finding: Text | UnsetType = UNSET
    severity: Grade | UnsetType = UNSET
    occurred_at: Instant | UnsetType | None = UNSET
    aware_at: Instant | UnsetType | None = UNSET
    criteria: list[Criteria] | UnsetType = UNSET


class TransitionIn(Envelope):
    to: States
    reason: Reason


class QueryIn(Envelope):
    """Which cases of the workflow; all that is said must hold."""

    control: Annotated[str, Meta(max_length=40)] = ""
    version: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    model_version: Annotated[str, Meta(max_length=200)] = ""
    disposition: Dispositions | None = None
    received_from: Instant | None = None
    received_until: Instant | None = None


class CasesIn(Envelope):
    """`cases` by id, or `query`: put on the list as `kind`. With `remedy`: cases that are on it
    get theirs."""

    cases: Annotated[list[CaseId], Meta(max_length=5_000)] | None = None
    query: QueryIn | None = None
    kind: Kinds = "affected"
    remedy: Remedies | None = None
    reason: Reason = ""


class NoteIn(Envelope):
    text: Text
    about_at: Instant | None = None
    corrects: Annotated[int, Meta(ge=1, le=2**62)] | None = None


class CriteriaSchema(serializers.Serializer):
    death = serializers.BooleanField()
    health = serializers.BooleanField()
    infrastructure = serializers.BooleanField()
    rights = serializers.BooleanField()
    property_or_environment = serializers.BooleanField()
    widespread = serializers.BooleanField()
    personal_data = serializers.BooleanField()


class ClockSchema(serializers.Serializer):
    key = serializers.CharField()
    regime = serializers.CharField()
    article = serializers.CharField()
    title = serializers.CharField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    applies = serializers.BooleanField(help_text="False: a shorter one of its regime does.")
    is_over = serializers.BooleanField()
    quote = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    verified_on = serializers.DateField()


class ContainmentSchema(serializers.Serializer):
    kind = serializers.CharField(help_text=", ".join(ContainmentKind.values))
    change = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class CaseCountsSchema(serializers.Serializer):
    total = serializers.IntegerField()
    harmed = serializers.IntegerField()
    without_remedy = serializers.IntegerField()


class IncidentSchema(serializers.Serializer):
    """An incident."""

    number = serializers.IntegerField()
    reference = serializers.CharField()
    workflow = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField(allow_blank=True)
    finding = serializers.CharField(allow_blank=True, help_text="What failed.")
    severity = serializers.IntegerField(min_value=1, max_value=4)
    state = serializers.CharField(help_text=", ".join(IncidentState.values))
    criteria = CriteriaSchema(help_text=", ".join(Criterion.values))
    occurred_at = serializers.DateTimeField(allow_null=True)
    first_signal_at = serializers.DateTimeField(allow_null=True)
    detected_at = serializers.DateTimeField()
    aware_at = serializers.DateTimeField(allow_null=True)
    contained_at = serializers.DateTimeField(allow_null=True)
    corrected_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    opened_by = serializers.CharField(allow_null=True)
    lead = serializers.CharField(allow_null=True)
    alert = serializers.IntegerField(allow_null=True)
    web_url = serializers.CharField()
    cases = CaseCountsSchema()
    clocks = ClockSchema(many=True)
    containments = ContainmentSchema(many=True)


class IncidentPageSchema(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = IncidentSchema(many=True)


class AffectedSchema(serializers.Serializer):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.CharField(help_text=", ".join(CaseKind.values))
    remedy = serializers.CharField(allow_null=True, help_text=", ".join(Remedy.values))
    remedy_reason = serializers.CharField(allow_blank=True)
    remedied_by = serializers.CharField(allow_null=True)
    remedied_at = serializers.DateTimeField(allow_null=True)
    added_at = serializers.DateTimeField()


class AffectedPageSchema(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AffectedSchema(many=True)


class AddedSchema(serializers.Serializer):
    added = serializers.IntegerField(help_text="Put on the list by this call.")
    remedied = serializers.IntegerField(help_text="Given their remedy by this call.")
    cases = CaseCountsSchema()


class NoteSchema(serializers.Serializer):
    id = serializers.IntegerField()
    text = serializers.CharField()
    about_at = serializers.DateTimeField()
    corrects = serializers.IntegerField(allow_null=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class NotePageSchema(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = NoteSchema(many=True)
