"""/api/v1/workflows/{slug}/: where a workflow stands, and what people do with the whole of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from drf_spectacular.utils import extend_schema
from msgspec import Meta
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import IsPerson
from assurance.accounts.principals import account_of
from assurance.api import envelope
from assurance.api.description import acts, answers
from assurance.api.envelope import Envelope, from_request
from assurance.api.idempotency import idempotent
from assurance.api.query import Query
from assurance.controls import pausing, stages, visibility
from assurance.controls.api.workflow_schema import StageSchema, WorkflowSchema
from assurance.controls.models import Workflow
from assurance.controls.workflow_answers import snapshot_answer, workflow_answer


class Reason(Envelope):
    reason: Annotated[str, Meta(max_length=20_000)]


class Step(Envelope):
    to: Annotated[str, Meta(max_length=40)]
    reason: Annotated[str, Meta(max_length=20_000)]


def request_of(struct: type[Envelope]) -> dict[str, Any]:
    """A body for the API's description."""
    return {"application/json": envelope.schema(struct)}


def find(request: Request, slug: str, at: datetime) -> Workflow:
    """The workflow of an address; 404 where it is unknown or nothing to this caller."""
    return visibility.find_workflow(slug, visibility.of_request(request, at))


class WorkflowView(APIView):
    """One workflow: its stage, whether it is paused and why, its people, its set, its cases."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="workflows_retrieve", responses=answers({200: WorkflowSchema}, 400, 404)
    )
    def get(self, request: Request, slug: str) -> Response:
        at = clock.now()
        Query(request)
        return Response(workflow_answer(find(request, slug, at), at))


class PauseView(APIView):
    """POST /api/v1/workflows/{slug}/pause/: hold everything, at once. A lead's or owner's."""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="workflows_pause",
        request=request_of(Reason),
        responses=acts({200: WorkflowSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        at = clock.now()
        workflow = find(request, slug, at)
        sent = from_request(request, Reason)
        workflow = pausing.pause(workflow, reason=sent.reason, by=account_of(request), at=at)
        return Response(workflow_answer(workflow, at))


class ResumeView(APIView):
    """POST /api/v1/workflows/{slug}/resume/: let it go on. A governance owner's."""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="workflows_resume",
        request=request_of(Reason),
        responses=acts({200: WorkflowSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        at = clock.now()
        workflow = find(request, slug, at)
        sent = from_request(request, Reason)
        workflow = pausing.resume(workflow, reason=sent.reason, by=account_of(request), at=at)
        return Response(workflow_answer(workflow, at))


class StageView(APIView):
    """POST /api/v1/workflows/{slug}/stage/: a step up is signed by two persons, one at a time
    (202 while the second is waited for); a step back is one governance owner's, at once."""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="workflows_stage",
        request=request_of(Step),
        responses=acts({200: StageSchema, 202: StageSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        at = clock.now()
        workflow = find(request, slug, at)
        sent = from_request(request, Step)
        done = stages.move(workflow, sent.to, reason=sent.reason, by=account_of(request), at=at)
        answer = workflow_answer(done.workflow, at) | {"snapshot": snapshot_answer(done.snapshot)}
        return Response(answer, status=200 if done.moved else 202)
