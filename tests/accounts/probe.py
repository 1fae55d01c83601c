"""A tiny REST house for these tests: one endpoint for each way of being let in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts import roles
from assurance.accounts.permissions import HasScope, IsPerson
from assurance.accounts.principals import actor_of, caller_id
from assurance.record import visibility


class _Probe(APIView):
    def get(self, request: Request) -> Response:
        return Response({"actor": actor_of(request).ref, "caller": caller_id(request)})

    post = get


class ForSystems(_Probe):
    permission_classes = [HasScope("cases:write")]


class ForBoth(_Probe):
    permission_classes = [HasScope("cases:read") | IsPerson]


class ForPeople(_Probe):
    permission_classes = [IsPerson]


class ForReviewers(_Probe):
    permission_classes = [IsPerson]

    def get(self, request: Request) -> Response:
        roles.require_role(request.user, "reviewer", "credit-decisions", clock.now())
        return super().get(request)


class Feed(APIView):
    permission_classes = [HasScope("events:read") | IsPerson]

    def get(self, request: Request) -> Response:
        seen: Any = visibility.of(request)
        return Response({"seen": seen if seen == "all" else sorted(seen)})


urlpatterns = [
    path("accounts/", include("assurance.accounts.urls")),
    path("admin/", admin.site.urls),
    path("", include("assurance.accounts.pages")),
    path("api/v1/systems/", ForSystems.as_view()),
    path("api/v1/both/", ForBoth.as_view()),
    path("api/v1/people/", ForPeople.as_view()),
    path("api/v1/reviewers/", ForReviewers.as_view()),
    path("api/v1/feed/", Feed.as_view()),
]
