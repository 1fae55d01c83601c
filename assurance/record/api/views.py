"""GET events/: every event exactly once, for whoever may read it."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance.api.description import answers
from assurance.api.paging import KeysetPage
from assurance.api.query import Query
from assurance.record import events, visibility
from assurance.record.models import EventPosition
from assurance.record.schema import EventPageSchema


class EventsView(APIView):
    """The feed. Events come in the order of their positions, which have no gaps."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="events_list",
        parameters=[
            OpenApiParameter("after", int, description="Begin beyond this position."),
            OpenApiParameter("limit", int, description="1 to 200, 50 where it is left out."),
            OpenApiParameter("cursor", str, description="From `next`; good for a later poll too."),
        ],
        responses=answers({200: EventPageSchema}, 400),
    )
    def get(self, request: Request) -> Response:
        workflows = visibility.of(request)
        query = Query(request, "after", "workflow", "type")
        start = query.whole("after", 0, 9_999_999_999) or 0
        events.sequence_pending()
        found = events.after(start, workflows=workflows)
        if workflow := query.text("workflow"):
            found = found.filter(workflow=workflow)
        if kind := query.text("type"):
            found = found.filter(event__type=kind)
        page: KeysetPage[EventPosition] = KeysetPage(
            found, keys=["position"], request=request, keep_last=True
        )
        rows = [events.as_json(row.event, row.position) for row in page.rows]
        return Response(page.envelope(rows))
