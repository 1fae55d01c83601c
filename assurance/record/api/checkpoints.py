"""GET checkpoints/: what the record was signed to be, for whoever wants to hold it as a witness."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance.api.description import answers
from assurance.api.paging import KeysetPage
from assurance.api.query import Query
from assurance.errors import DomainError
from assurance.record import checkpoints, visibility
from assurance.record.models import Checkpoint
from assurance.record.schema import CheckpointPageSchema, CheckpointSchema


class CheckpointsView(APIView):
    """Newest first. They name no case and no workflow: who reads any events may read all of
    them."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="checkpoints_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 200, 50 where it is left out."),
            OpenApiParameter("cursor", str, description="From `next`."),
        ],
        responses=answers({200: CheckpointPageSchema}, 400),
    )
    def get(self, request: Request) -> Response:
        visibility.of(request)
        Query(request)
        page: KeysetPage[Checkpoint] = KeysetPage(
            Checkpoint.objects.all(), keys=["number"], request=request, descending=True
        )
        return Response(page.envelope([checkpoints.as_json(row) for row in page.rows]))


class LatestCheckpointView(APIView):
    """The newest: keep it somewhere else, and nobody rewrites what came before unseen."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="checkpoints_latest", responses=answers({200: CheckpointSchema}, 400, 404)
    )
    def get(self, request: Request) -> Response:
        visibility.of(request)
        Query(request)
        latest = checkpoints.latest()
        if latest is None:
            raise DomainError(
                "no_checkpoint", "No checkpoint is signed yet. One is made every hour.", status=404
            )
        return Response(checkpoints.as_json(latest))
