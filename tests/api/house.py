"""A tiny house of endpoints that only these tests know: one for each thing the room promises."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.api import envelope, idempotency, parsing
from assurance.api.envelope import Envelope, Instant
from assurance.api.models import CspReport
from assurance.api.paging import KeysetPage
from assurance.api.query import Query
from assurance.errors import DomainError


class NameAuthentication(BaseAuthentication):
    """`Authorization: Name ada`: whoever says a number is that client."""

    def authenticate(self, request: Request) -> Any:
        scheme, _, name = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if not scheme:
            return None
        if not name.isdigit():
            raise AuthenticationFailed
        client = SimpleNamespace(pk=int(name), name=f"client {name}")
        return SimpleNamespace(is_client=True, is_authenticated=True, client=client, pk=None), None

    def authenticate_header(self, request: Request) -> str:
        return "Name"


class Open(APIView):
    authentication_classes = [NameAuthentication]
    permission_classes = [AllowAny]
    act_parameters = ("wait",)


class EvidenceIn(Envelope):
    label: str
    kind: Literal["text", "link"] = "text"
    content: str | None = None


class CaseIn(Envelope):
    """Like a submission, small."""

    workflow: str
    external_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    output: Any
    count: int | None = None
    ratio: float | None = None
    sure: bool | None = None
    occurred_at: Instant | None = None
    evidence: list[EvidenceIn] = []


class Echo(Open):
    """What was understood, as it was understood."""

    def post(self, request: Request) -> Response:
        return Response(request.data)


class Submit(Open):
    def post(self, request: Request) -> Response:
        found = envelope.from_request(request, CaseIn)
        return Response(msgspec.to_builtins(found), status=201)


class Thing(Open):
    def post(self, request: Request, id: UUID) -> Response:
        return Response({"id": str(id)})


class Small(Open):
    max_bytes = 100

    def post(self, request: Request) -> Response:
        return Response(request.data)


class Broken(Open):
    def get(self, request: Request) -> Response:
        raise RuntimeError("secret inner detail of table record_event")


class Closed(APIView):
    """Names no permission."""

    def get(self, request: Request) -> Response:
        raise AssertionError("nobody gets here")


class Limited(Open):
    def get(self, request: Request) -> Response:
        return Response({})


class Reports(Open):
    """A list to page through: rows that have a time and an id."""

    def get(self, request: Request) -> Response:
        Query(request, "directive")
        rows = CspReport.objects.all()
        if directive := request.GET.get("directive"):
            rows = rows.filter(directive=directive)
        page = KeysetPage(
            rows,
            keys=["received_at", "id"],
            request=request,
            descending="newest" in request.path,
        )
        return Response(page.envelope([row.pk for row in page.rows]))


class Work:
    """What the endpoints below really did, and gates by which a test holds them up."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()


work = Work()


def do_work(what: str) -> CspReport:
    """One row is one time that the work was done."""
    return CspReport.objects.create(
        received_at=clock.now(), directive="work", blocked=what, document=""
    )


class Do(Open):
    """Work that may be asked for twice."""

    @idempotency.idempotent
    def post(self, request: Request) -> Response:
        work.entered.set()
        work.go_on.wait(10)
        return act(request)


class DoAtomically(Open):
    @idempotency.idempotent(atomic=True)
    def post(self, request: Request) -> Response:
        return act(request)


class DoAndLink(Open):
    @idempotency.idempotent(atomic=True)
    def post(self, request: Request) -> Response:
        request.idempotency.link("case-1")
        return act(request)


def act(request: Request) -> Response:
    data = request.data
    row = do_work(str(data.get("what", "")))
    match data.get("then"):
        case "refuse":
            raise DomainError("refused_here", "Refused, as asked.", status=409)
        case "fail":
            raise RuntimeError("failed, as asked")
        case "lose":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        case "busy":
            raise DomainError("too_many", "Wait.", status=429, headers={"Retry-After": "3"})
    return Response({"row": row.pk}, status=201, headers={"Location": f"/rows/{row.pk}"})


@idempotency.idempotent
def do_plainly(request: HttpRequest) -> HttpResponse:
    """The same as a plain view, which stores its answer inside its own transaction."""
    data = parsing.parse_body(request)
    if data.get("then") == "refuse":
        raise DomainError("refused_here", "Refused, as asked.", status=409)
    return JsonResponse({"row": do_work("plain").pk}, status=201)


def plain(request: HttpRequest) -> HttpResponse:
    return JsonResponse(parsing.parse_body(request))


def page_refusing(request: HttpRequest) -> HttpResponse:
    raise DomainError("case_closed", "This case is closed since Monday.", status=409)


do_plainly.csrf_exempt = True  # type: ignore[attr-defined]
plain.csrf_exempt = True  # type: ignore[attr-defined]

urlpatterns = [
    path("api/t/echo/", Echo.as_view()),
    path("api/t/submit/", Submit.as_view()),
    path("api/t/small/", Small.as_view()),
    path("api/t/broken/", Broken.as_view()),
    path("api/t/closed/", Closed.as_view()),
    path("api/t/limited/", Limited.as_view()),
    path("api/t/reports/", Reports.as_view()),
    path("api/t/reports/newest/", Reports.as_view()),
    path("api/t/things/<uuid:id>/", Thing.as_view()),
    path("api/t/do/", Do.as_view()),
    path("api/t/do-atomically/", DoAtomically.as_view()),
    path("api/t/do-and-link/", DoAndLink.as_view()),
    path("api/t/do-plainly/", do_plainly),
    path("api/t/plain/", plain),
    path("pages/refusing/", page_refusing),
    path("api/", include("assurance.api.urls")),
    path("api/v1/", include("assurance.record.api.urls")),
    path("", include("assurance.api.operations")),
]
handler400 = "assurance.api.problems.bad_request"
handler403 = "assurance.api.problems.forbidden"
handler404 = "assurance.api.problems.not_found"
handler500 = "assurance.api.problems.server_error"
