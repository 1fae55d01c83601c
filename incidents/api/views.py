"""Incidents over REST. Systems with `incidents:write` open them; the rest is for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import UNSET
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.choices import Scope
from assurance.accounts.permissions import HasScope, IsPerson, require_scope
from assurance.accounts.principals import account_of, actor_of, client_of
from assurance.accounts.roles import ALL, workflows_of
from assurance.api import envelope
from assurance.api.description import acts, answers
from assurance.api.envelope import from_request
from assurance.api.idempotency import idempotent
from assurance.api.paging import KeysetPage
from assurance.api.query import Query
from assurance.controls.models import Workflow
from assurance.delivery.models import Alert
from assurance.errors import invalid
from incidents import affected, lifecycle, notes, visibility
from incidents.affected import CaseQuery
from incidents.answers import affected_answer, case_counts, incident_answer, note_answer
from incidents.api.nouns import (
    AddedSchema,
    AffectedPageSchema,
    CasesIn,
    IncidentIn,
    IncidentPageSchema,
    IncidentPatch,
    IncidentSchema,
    NoteIn,
    NotePageSchema,
    NoteSchema,
    TransitionIn,
)
from incidents.choices import CaseKind, Criterion, IncidentState
from incidents.models import AffectedCase, Incident, IncidentNote

PAGE = [
    OpenApiParameter("limit", int, description="1 to 200, 50 where it is left out."),
    OpenApiParameter("cursor", str, description="As `next` or `previous` gave it."),
]
WORKFLOW = OpenApiParameter("workflow", str, description="The slug of one workflow.")


class IncidentsView(APIView):
    """GET and POST /api/v1/incidents/"""

    permission_classes = [HasScope(Scope.INCIDENTS_WRITE) | IsPerson]

    @extend_schema(
        operation_id="incidents_list",
        parameters=[WORKFLOW, OpenApiParameter("state", str, enum=IncidentState.values), *PAGE],
        responses=answers({200: IncidentPageSchema}, 400),
    )
    def get(self, request: Request) -> Response:
        query = Query(request, "workflow", "state")
        at = clock.now()
        client = client_of(request)
        # A system reads back what it may open: the incidents of its workflows.
        slugs = (
            frozenset(client.workflows)
            if client is not None
            else visibility.of_person(account_of(request), at)
        )
        found = Incident.objects.among(slugs).for_page()
        if workflow := query.text("workflow"):
            found = found.filter(workflow__slug=workflow)
        if state := query.choice("state", IncidentState.values):
            found = found.filter(state=state)
        page: KeysetPage[Incident] = KeysetPage(
            found.prefetch_related("containments__by", "containments__change").with_counts(),
            keys=["number"],
            descending=True,
            request=request,
        )
        return Response(page.envelope([incident_answer(one, at=at) for one in page.rows]))

    @extend_schema(
        operation_id="incidents_open",
        request={"application/json": envelope.schema(IncidentIn)},
        responses=acts({201: IncidentSchema}),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        sent = from_request(request, IncidentIn)
        at, client = clock.now(), client_of(request)
        by = None if client is not None else account_of(request)
        where = (
            frozenset(client.workflows)
            if client is not None
            else workflows_of(by, lifecycle.OPENERS, at)
        )
        workflow = _workflow(sent.workflow, where)
        with transaction.atomic():
            incident = lifecycle.open_incident(
                workflow,
                title=sent.title,
                severity=sent.severity,
                summary=sent.summary,
                occurred_at=sent.occurred_at,
                alert=_alert(sent.alert, workflow),
                by=by,
                client=client,
                at=at,
            )
            if sent.cases:
                affected.begin_with(
                    incident, _uuids(sent.cases), actor=actor_of(request), by=by, at=at
                )
        return _answer(incident, at, status=201)


class IncidentView(APIView):
    """GET and PATCH /api/v1/incidents/{number}/"""

    permission_classes = [HasScope(Scope.INCIDENTS_WRITE) | IsPerson]

    def get_permissions(self) -> list[Any]:
        """Only people describe one anew."""
        people = self.request.method == "PATCH"
        return [IsPerson()] if people else list(super().get_permissions())

    @extend_schema(operation_id="incidents_retrieve", responses=answers({200: IncidentSchema}, 404))
    def get(self, request: Request, number: int) -> Response:
        Query(request)
        at = clock.now()
        return _answer(find(request, number), at)

    @extend_schema(
        operation_id="incidents_describe",
        request={"application/json": envelope.schema(IncidentPatch)},
        responses=acts({200: IncidentSchema}, 404),
    )
    def patch(self, request: Request, number: int) -> Response:
        incident = find(request, number)
        at, by = clock.now(), account_of(request)
        sent = from_request(request, IncidentPatch)
        fields = {
            name: value
            for name in sent.__struct_fields__
            if name != "criteria" and (value := getattr(sent, name)) is not UNSET
        }
        if sent.criteria is not UNSET:
            fields |= {one.value: one.value in sent.criteria for one in Criterion}
        return _answer(lifecycle.describe(incident, by=by, at=at, **fields), at)


class TransitionView(APIView):
    """POST /api/v1/incidents/{number}/transition/"""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="incidents_transition",
        request={"application/json": envelope.schema(TransitionIn)},
        responses=acts({200: IncidentSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        incident = find(request, number)
        sent = from_request(request, TransitionIn)
        at, by = clock.now(), account_of(request)
        return _answer(
            lifecycle.transition(incident, sent.to, reason=sent.reason, by=by, at=at), at
        )


class CasesView(APIView):
    """GET and POST /api/v1/incidents/{number}/cases/"""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="incidents_cases",
        parameters=[OpenApiParameter("kind", str, enum=CaseKind.values), *PAGE],
        responses=answers({200: AffectedPageSchema}, 400, 404),
    )
    def get(self, request: Request, number: int) -> Response:
        query = Query(request, "kind")
        found = find(request, number).cases.select_related("case", "remedied_by")
        if kind := query.choice("kind", CaseKind.values):
            found = found.filter(kind=kind)
        page: KeysetPage[AffectedCase] = KeysetPage(found, keys=["id"], request=request)
        return Response(page.envelope([affected_answer(one) for one in page.rows]))

    @extend_schema(
        operation_id="incidents_cases_add",
        request={"application/json": envelope.schema(CasesIn)},
        responses=acts({200: AddedSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        incident = find(request, number)
        sent = from_request(request, CasesIn)
        at, by = clock.now(), account_of(request)
        ids = None if sent.cases is None else _uuids(sent.cases)
        added = remedied = 0
        if (ids is None) == (sent.query is None):
            raise invalid("/cases", "one_of", "Send either `cases` or `query`.")
        if sent.remedy is not None:
            remedied = len(
                affected.set_remedy(
                    incident, ids or (), remedy=sent.remedy, reason=sent.reason, by=by, at=at
                )
            )
        else:
            query = _query(sent)
            added = len(
                affected.add_cases(incident, kind=sent.kind, ids=ids, query=query, by=by, at=at)
            )
        told = {"added": added, "remedied": remedied, "cases": case_counts(incident)}
        return Response(told)


class NotesView(APIView):
    """GET and POST /api/v1/incidents/{number}/notes/"""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="incidents_notes",
        parameters=PAGE,
        responses=answers({200: NotePageSchema}, 400, 404),
    )
    def get(self, request: Request, number: int) -> Response:
        Query(request)
        found = find(request, number).notes.select_related("by")
        page: KeysetPage[IncidentNote] = KeysetPage(found, keys=["id"], request=request)
        return Response(page.envelope([note_answer(one) for one in page.rows]))

    @extend_schema(
        operation_id="incidents_note",
        request={"application/json": envelope.schema(NoteIn)},
        responses=acts({201: NoteSchema}, 404),
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        incident = find(request, number)
        sent = from_request(request, NoteIn)
        made = notes.note(
            incident,
            text=sent.text,
            about_at=sent.about_at,
            corrects=sent.corrects,
            by=account_of(request),
            at=clock.now(),
        )
        return Response(note_answer(made), status=201)


def find(request: Any, number: int) -> Incident:
    """The incident as far as the caller may see it; else 404."""
    client = client_of(request)
    if client is not None:
        require_scope(client.scopes, Scope.INCIDENTS_WRITE)
        return visibility.found(number, frozenset(client.workflows))
    return visibility.find(account_of(request), number, clock.now())


def _answer(incident: Incident, at: Any, status: int = 200) -> Response:
    fresh = Incident.objects.for_page().get(pk=incident.pk)
    return Response(incident_answer(fresh, at=at), status=status)


def _workflow(slug: str, where: Any) -> Workflow:
    found = Workflow.objects.filter(slug=slug).first()
    if found is None or not (where == ALL or slug in where):
        raise invalid(
            "/workflow",
            "unknown_workflow",
            f"There is no workflow “{slug}” for this caller. Check the slug.",
        )
    return found


def _alert(pk: int | None, workflow: Workflow) -> Alert | None:
    if pk is None:
        return None
    found = Alert.objects.filter(pk=pk, workflow=workflow.slug).first()
    if found is None:
        raise invalid("/alert", "unknown_alert", f"{workflow.name} has no alert {pk}.")
    return found


def _uuids(ids: Iterable[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in ids]
    except ValueError:
        raise invalid("/cases", "unknown_case", "Name cases by their id, a UUID.") from None


def _query(sent: CasesIn) -> CaseQuery | None:
    if sent.query is None:
        return None
    said = sent.query
    return CaseQuery(
        control=said.control,
        version=said.version,
        model_version=said.model_version,
        disposition=said.disposition or "",
        received_from=said.received_from,
        received_until=said.received_until,
    )
