"""GET /api/v1/as-of/: what governed a workflow at a moment."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import IsPerson
from assurance.accounts.principals import account_of
from assurance.accounts.roles import require_role
from assurance.api.description import answers
from assurance.api.query import Query, refuse
from assurance.controls import as_of, visibility
from assurance.controls.api.as_of_schema import AsOfSchema


class AsOfView(APIView):
    """Everything that was in force: set, controls, rules, waivers, queues with their members and
    guidelines, grants, the workflow's own state, models at work, and what differs now."""

    permission_classes = [IsAuthenticated, IsPerson]

    @extend_schema(
        operation_id="as_of_retrieve",
        parameters=[
            OpenApiParameter("at", {"type": "string", "format": "date-time"}, required=False),
            OpenApiParameter("workflow", str, required=True),
        ],
        responses=answers({200: AsOfSchema}, 400, 404),
    )
    def get(self, request: Request) -> Response:
        now = clock.now()
        query = Query(request, "at", "workflow")
        slug, at = query.text("workflow"), query.instant("at") or now
        if slug is None:
            raise refuse("workflow", "required", "Say of which workflow: `?workflow=slug`.")
        if at > now:
            raise refuse("at", "in_the_future", "Nobody knows yet what will be in force then.")
        if at.year < 1970:
            raise refuse("at", "not_a_time", "Nothing was in force before 1970. Ask later.")
        workflow = visibility.find_workflow(slug, visibility.of_request(request, now))
        require_role(account_of(request), visibility.HISTORIANS, slug, now)
        return Response(as_of.as_of(workflow, at, now=now))
