"""What the lists of this room take."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter

PAGE = [
    OpenApiParameter("limit", int, description="1 to 200, 50 where it is left out."),
    OpenApiParameter("cursor", str, description="As `next` or `previous` gave it."),
]
WORKFLOW = OpenApiParameter("workflow", str, description="The slug of one workflow.")
