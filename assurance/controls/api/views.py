"""GET control-sets/ and controls/: what governed a workflow at a moment, and what does now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.roles import ALL
from assurance.api.description import answers
from assurance.api.paging import KeysetPage
from assurance.api.query import Query
from assurance.controls import visibility
from assurance.controls.api.parameters import PAGE, WORKFLOW
from assurance.controls.api.schema import (
    ControlSetPageSchema,
    LiveControlPageSchema,
    WholeControlSetSchema,
)
from assurance.controls.control_sets import content_as_answer, versions_of_all
from assurance.controls.models import ControlSet, ControlVersion


class ControlSetsView(APIView):
    """Every period in which a control set was in force, newest first."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="control_sets_list",
        parameters=[
            WORKFLOW,
            OpenApiParameter(
                "at", str, description="Only what was in force at this moment (RFC 3339)."
            ),
            *PAGE,
        ],
        responses=answers({200: ControlSetPageSchema}, 400),
    )
    def get(self, request: Request) -> Response:
        query = Query(request, "workflow", "at")
        workflow, at = query.text("workflow"), query.instant("at")
        found = with_until(readable(request, workflow))
        if at is not None:
            found = found.filter(Q(until=None) | Q(until__gt=at), effective_from__lte=at)
        page: KeysetPage[ControlSet] = KeysetPage(
            found.defer("canonical").select_related("workflow"),
            keys=["effective_from", "id"],
            descending=True,
            request=request,
        )
        return Response(page.envelope([period(row) for row in page.rows]))


class ControlSetView(APIView):
    """One control set, whole."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="control_sets_retrieve",
        responses=answers({200: WholeControlSetSchema}, 400, 404),
    )
    def get(self, request: Request, sha256: str) -> Response:
        Query(request)
        found = readable(request).filter(sha256=sha256).first()
        if found is None:
            raise Http404
        return Response(content_as_answer(found))


class ControlsView(APIView):
    """The controls of the sets in force now, by key. Those that are off are listed too."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="controls_list",
        parameters=[WORKFLOW, *PAGE],
        responses=answers({200: LiveControlPageSchema}, 400),
    )
    def get(self, request: Request) -> Response:
        workflow = Query(request, "workflow").text("workflow")
        sets = list(
            readable(request, workflow)
            .order_by("workflow_id", "-number")
            .distinct("workflow_id")
            .select_related("workflow")
        )
        versions = versions_of_all(sets)
        live = {
            versions[one.pk, control["key"]].pk: (one, control, versions[one.pk, control["key"]])
            for one in sets
            for control in one.controls()
        }
        page: KeysetPage[ControlVersion] = KeysetPage(
            ControlVersion.objects.filter(pk__in=live), keys=["key"], request=request
        )
        return Response(page.envelope([control_answer(*live[row.pk]) for row in page.rows]))


def readable(request: Any, workflow: str | None = None) -> QuerySet[ControlSet]:
    """The sets that the caller may read, of one workflow or of all."""
    slugs = visibility.of_request(request, clock.now())
    found = ControlSet.objects.all()
    if slugs != ALL:
        found = found.filter(workflow__slug__in=slugs)
    return found.filter(workflow__slug=workflow) if workflow else found


def with_until(found: QuerySet[ControlSet]) -> QuerySet[ControlSet]:
    """Each set with the moment at which the next one replaced it."""
    following = ControlSet.objects.filter(
        workflow=OuterRef("workflow"), number=OuterRef("number") + 1
    )
    return found.annotate(until=Subquery(following.values("effective_from")[:1]))


def period(control_set: Any) -> dict[str, Any]:
    return {
        "workflow": control_set.workflow.slug,
        "number": control_set.number,
        "sha256": control_set.sha256,
        "effective_from": control_set.effective_from,
        "until": control_set.until,
        "url": absolute(reverse("control_set", args=[control_set.sha256])),
    }


def control_answer(
    control_set: ControlSet, control: dict[str, Any], version: ControlVersion
) -> dict[str, Any]:
    return {
        **control,
        "version": version.version,
        "workflow": control_set.workflow.slug,
        "control_set": {"number": control_set.number, "sha256": control_set.sha256},
        "web_url": absolute(reverse("control", args=[version.key])),
    }


def absolute(path: str) -> str:
    return settings.COUNTERMARK_URL + path
