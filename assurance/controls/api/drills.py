"""/api/v1/workflows/{slug}/drills/: what was exercised, entered by one and confirmed by another."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import IsPerson
from assurance.accounts.principals import account_of
from assurance.api import envelope
from assurance.api.description import acts, answers
from assurance.api.envelope import Envelope, Instant, from_request
from assurance.api.idempotency import idempotent
from assurance.api.paging import KeysetPage
from assurance.api.query import Query
from assurance.controls import drills
from assurance.controls.api.change_nouns import PersonSchema, person_answer
from assurance.controls.api.parameters import PAGE
from assurance.controls.api.workflows import find
from assurance.controls.models import Drill
from assurance.controls.stage_choices import DrillKind, DrillResult
from assurance.controls.workflow_answers import moment


class DrillIn(Envelope):
    """A drill that was held."""

    kind: Literal["kill_switch", "verifier_outage", "escalation", "load_test", "offline_check"]
    held_at: Instant
    result: Literal["passed", "failed"]
    evidence: Annotated[str, Meta(min_length=1, max_length=drills.LONGEST_LINK)]
    note: Annotated[str, Meta(max_length=drills.LONGEST_NOTE)] = ""


class NothingIn(Envelope):
    """The address says it all."""


class DrillSchema(serializers.Serializer):
    """A drill. It counts for its workflow's gate once `confirmed_at` is there."""

    id = serializers.IntegerField()
    workflow = serializers.CharField()
    kind = serializers.CharField(help_text=", ".join(DrillKind.values))
    held_at = serializers.DateTimeField()
    result = serializers.CharField(help_text=", ".join(DrillResult.values))
    evidence = serializers.URLField()
    note = serializers.CharField(allow_blank=True)
    entered_by = PersonSchema()
    entered_at = serializers.DateTimeField()
    confirmed_by = PersonSchema(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)


class DrillPageSchema(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = DrillSchema(many=True)


def drill_answer(drill: Drill) -> dict[str, Any]:
    return {
        "id": drill.pk,
        "workflow": drill.workflow.slug,
        "kind": str(drill.kind),
        "held_at": moment(drill.held_at),
        "result": str(drill.result),
        "evidence": drill.evidence,
        "note": drill.note,
        "entered_by": person_answer(drill.entered_by),
        "entered_at": moment(drill.entered_at),
        "confirmed_by": person_answer(drill.confirmed_by),
        "confirmed_at": moment(drill.confirmed_at),
    }


class DrillsView(APIView):
    """GET and POST /api/v1/workflows/{slug}/drills/, the one entered last first."""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="workflows_drills_list",
        parameters=[OpenApiParameter("kind", str, enum=DrillKind.values), *PAGE],
        responses=answers({200: DrillPageSchema}, 400, 404),
    )
    def get(self, request: Request, slug: str) -> Response:
        query = Query(request, "kind")
        found = Drill.objects.filter(workflow=find(request, slug, clock.now())).select_related(
            "workflow", "entered_by", "confirmed_by"
        )
        if kind := query.choice("kind", DrillKind.values):
            found = found.filter(kind=kind)
        page: KeysetPage[Drill] = KeysetPage(found, keys=["id"], descending=True, request=request)
        return Response(page.envelope([drill_answer(one) for one in page.rows]))

    @extend_schema(
        operation_id="workflows_drills_enter",
        request={"application/json": envelope.schema(DrillIn)},
        responses=acts({201: DrillSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        at = clock.now()
        workflow = find(request, slug, at)
        sent = from_request(request, DrillIn)
        drill = drills.enter(
            workflow,
            kind=sent.kind,
            held_at=sent.held_at,
            result=sent.result,
            evidence=sent.evidence,
            note=sent.note,
            by=account_of(request),
            at=at,
        )
        return Response(drill_answer(drill), status=201)


class ConfirmView(APIView):
    """POST /api/v1/workflows/{slug}/drills/{id}/confirm/: be the second person of a drill."""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="workflows_drills_confirm",
        request={"application/json": envelope.schema(NothingIn)},
        responses=acts({200: DrillSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, slug: str, drill: int) -> Response:
        at = clock.now()
        workflow = find(request, slug, at)
        from_request(request, NothingIn, optional=True)
        found = Drill.objects.filter(workflow=workflow, pk=drill).select_related("workflow").first()
        if found is None:
            raise Http404
        return Response(drill_answer(drills.confirm(found, by=account_of(request), at=at)))
