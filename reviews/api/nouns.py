"""What callers get, for the API's description. The answers themselves are made in `answers.py`;
a test holds the two together."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from assurance.api.description import FaultAnswer, Problem, acts, answers
from assurance.api.envelope import Envelope, schema
from assurance.controls.checks.outcomes import OUTCOMES
from assurance.controls.choices import Disposition
from assurance.record.schema import EventPageSchema
from reviews.api.envelopes import Submission
from reviews.choices import End, Outcome, Priority, QueueKind, Status

EventPage = EventPageSchema
__all__ = ["FaultAnswer", "Problem", "acts", "answers"]


class ControlSetName(serializers.Serializer):
    number = serializers.IntegerField()
    sha256 = serializers.CharField()


class Operand(serializers.Serializer):
    field = serializers.CharField(required=False)
    value = serializers.JSONField(allow_null=True, required=False)
    op = serializers.CharField(required=False)
    other = serializers.JSONField(allow_null=True, required=False)
    other_field = serializers.CharField(required=False)
    reason = serializers.CharField(required=False)


class FindingAnswer(serializers.Serializer):
    """Places count Unicode code points."""

    path = serializers.CharField()
    message = serializers.CharField()
    start = serializers.IntegerField(required=False)
    end = serializers.IntegerField(required=False)
    source = serializers.DictField(required=False)  # type: ignore[assignment]
    suggested_value = serializers.JSONField(
        required=False, help_text="What a verifier proposes to stand there; never applied."
    )


class ControlAnswer(serializers.Serializer):
    key = serializers.CharField()
    version = serializers.IntegerField()
    mode = serializers.ChoiceField(["advise", "enforced"])
    kind = serializers.ChoiceField(["policy", "verification"])
    outcome = serializers.CharField()
    effect = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    findings = FindingAnswer(many=True)
    operands = Operand(many=True)


class DecisionAnswer(serializers.Serializer):
    outcome = serializers.ChoiceField(Outcome.choices)
    output = serializers.JSONField(allow_null=True)
    output_sha256 = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    rationale = serializers.CharField()
    decided_at = serializers.DateTimeField()
    reviewers = serializers.ListField(child=serializers.CharField())
    control_was_right = serializers.DictField(child=serializers.CharField())


class CaseAnswer(serializers.Serializer):
    """A case as it is now. Null in a dry run: what only a kept case has."""

    id = serializers.UUIDField(allow_null=True)
    reference = serializers.CharField(allow_null=True)
    workflow = serializers.CharField()
    external_id = serializers.CharField()
    subject = serializers.CharField(allow_null=True)
    revision = serializers.IntegerField()
    status = serializers.ChoiceField(Status.choices)
    end = serializers.ChoiceField(End.choices, allow_null=True)
    disposition = serializers.ChoiceField(Disposition.choices, allow_null=True)
    proceed = serializers.BooleanField(allow_null=True)
    proceed_until = serializers.DateTimeField(allow_null=True)
    reroute_to = serializers.CharField(allow_null=True)
    instructions = serializers.CharField(allow_null=True)
    enforced = serializers.BooleanField()
    would_be = serializers.ChoiceField(Disposition.choices, allow_null=True)
    output_sha256 = serializers.CharField()
    decided_by = serializers.ListField(child=serializers.CharField())
    controls = ControlAnswer(many=True)
    ungoverned = serializers.BooleanField()
    control_set = ControlSetName()
    queue = serializers.CharField(allow_null=True)
    priority = serializers.ChoiceField(Priority.choices, allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    decision = DecisionAnswer(allow_null=True)
    head_hash = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    web_url = serializers.CharField(allow_null=True)


class CaseWithSubmission(CaseAnswer):
    submission = serializers.DictField()


class LeaseAnswer(serializers.Serializer):
    number = serializers.IntegerField()
    until = serializers.DateTimeField(allow_null=True)
    holder = serializers.CharField(allow_null=True)


class LeaseOnly(serializers.Serializer):
    lease = LeaseAnswer()


class CaseWithLease(CaseAnswer):
    lease = LeaseAnswer()


class CasePage(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CaseAnswer(many=True)


class BatchItem(serializers.Serializer):
    status = serializers.IntegerField()
    body = serializers.DictField()
    replayed = serializers.BooleanField(required=False)


class BatchAnswer(serializers.Serializer):
    results = BatchItem(many=True)


class QueueAnswer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(QueueKind.choices)
    waiting = serializers.IntegerField(help_text="1001 means more than 1000.")
    oldest_at = serializers.DateTimeField(allow_null=True)
    next_due_at = serializers.DateTimeField(allow_null=True)


class QueuePage(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = QueueAnswer(many=True)


class DraftAnswer(serializers.Serializer):
    revision = serializers.IntegerField()
    draft = serializers.DictField()
    saved_at = serializers.DateTimeField(allow_null=True)


class Decided(serializers.Serializer):
    id = serializers.IntegerField()
    release_at = serializers.DateTimeField()


class ExecutionAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    valid = serializers.BooleanField()
    problem = serializers.CharField(allow_null=True)


class LabelAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    at = serializers.DateTimeField()


class ExecutedAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    workflow = serializers.CharField()
    count = serializers.IntegerField()


class VerificationAnswer(serializers.Serializer):
    check_run_id = serializers.UUIDField()
    outcome = serializers.CharField()
    reason_code = serializers.CharField()
    answered_at = serializers.DateTimeField()


VerificationRequest = {
    "application/json": {
        "type": "object",
        "required": ["check_run_id", "output_sha256", "outcome", "verifier"],
        "properties": {
            "check_run_id": {"type": "string", "format": "uuid"},
            "output_sha256": {"type": "string"},
            "outcome": {"type": "string", "enum": sorted(OUTCOMES)},
            "reason_code": {"type": "string", "maxLength": 100},
            "score": {"type": ["number", "null"]},
            "findings": {"type": "array", "maxItems": 100, "items": {"type": "object"}},
            "suggested_value": {},
            "verifier": {
                "type": "object",
                "required": ["name", "version"],
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 120},
                    "version": {"type": "string", "maxLength": 120},
                },
            },
        },
    }
}


def request(struct: type[Envelope]) -> dict[str, Any]:
    """A body as the envelope demands it."""
    return {"application/json": schema(struct)}


BatchRequest = {
    "application/json": {
        "type": "object",
        "required": ["cases"],
        "additionalProperties": False,
        "properties": {
            "cases": {
                "type": "array",
                "minItems": 1,
                "maxItems": 500,
                "items": schema(Submission),
            }
        },
    }
}


PAGE_PARAMETERS = [
    OpenApiParameter("limit", int, description="1 to 200, 50 where it is left out."),
    OpenApiParameter("cursor", description="As `next` and `previous` gave it."),
]
CASE_PARAMETERS = [
    OpenApiParameter("status", enum=Status.values),
    OpenApiParameter("end", enum=End.values),
    OpenApiParameter("disposition", enum=Disposition.values),
    OpenApiParameter("queue"),
    OpenApiParameter("workflow"),
    OpenApiParameter("control", description="Cases on which this control did not stay quiet."),
    OpenApiParameter("external_id"),
    OpenApiParameter("subject"),
    OpenApiParameter("received_after"),
    OpenApiParameter("received_before"),
    OpenApiParameter("closed_after"),
    OpenApiParameter("closed_before"),
    *PAGE_PARAMETERS,
]
