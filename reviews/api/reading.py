"""Read cases and their records."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import HasScope, IsPerson
from assurance.accounts.principals import client_of
from assurance.api.paging import KeysetPage
from assurance.api.query import Query
from assurance.controls.choices import Disposition, Mode
from assurance.controls.judgement import CALM
from assurance.record.ledger import Stream
from assurance.record.reading import case_events_page
from reviews.answers import case_answers
from reviews.api import nouns
from reviews.api.finding import find_case, sees_all, tell, visible_cases
from reviews.choices import End, Status
from reviews.masking import submission_for
from reviews.models import Case


class CaseFilter(django_filters.FilterSet):
    """`status end disposition queue workflow control external_id subject` and times."""

    status = django_filters.ChoiceFilter(choices=Status.choices, method="by_status")
    end = django_filters.ChoiceFilter(choices=End.choices)
    disposition = django_filters.ChoiceFilter(choices=Disposition.choices)
    queue = django_filters.CharFilter("queue__slug")
    workflow = django_filters.CharFilter("workflow__slug")
    control = django_filters.CharFilter(method="by_control")
    external_id = django_filters.CharFilter(strip=False)
    subject = django_filters.CharFilter(strip=False)
    received_after = django_filters.IsoDateTimeFilter("received_at", "gte")
    received_before = django_filters.IsoDateTimeFilter("received_at", "lt")
    closed_after = django_filters.IsoDateTimeFilter("closed_at", "gte")
    closed_before = django_filters.IsoDateTimeFilter("closed_at", "lt")

    class Meta:
        model = Case
        fields: list[str] = []

    def by_status(self, cases: Any, name: str, value: str) -> QuerySet[Case]:
        return cases.with_status(value, self.at)

    def by_control(self, cases: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """What `controls` of an answer lists: shadow is the owner's business, quiet nobody's."""
        spoke = cases.filter(assessment__results__contains=[{"key": value}])
        silences: list[dict[str, str]] = [{"mode": Mode.SHADOW}]
        silences += [{"outcome": outcome} for outcome in sorted(CALM)]
        for silent in silences:
            spoke = spoke.exclude(assessment__results__contains=[{"key": value, **silent}])
        return spoke

    @property
    def at(self) -> datetime:
        return clock.now()


TIMES = ("received_after", "received_before", "closed_after", "closed_before")
CHOICES = {"status": Status.values, "end": End.values, "disposition": Disposition.values}


def filtered(request: Request, cases: QuerySet[Case]) -> QuerySet[Case]:
    """The cases that the query asks for; 400 naming the parameter that makes no sense."""
    query = Query(request, *CaseFilter.base_filters)
    asked: dict[str, Any] = {name: query.text(name) for name in CaseFilter.base_filters}
    asked |= {name: query.choice(name, offered) for name, offered in CHOICES.items()}
    for name in TIMES:
        moment = query.instant(name)
        asked[name] = moment.isoformat() if moment else None
    return CaseFilter(asked, queryset=cases).qs


class CaseListView(APIView):
    """GET /api/v1/cases/: newest first."""

    def get_permissions(self):
        scope = "cases:read" if self.request.method == "GET" else "cases:write"
        return [(HasScope(scope) | IsPerson)()]

    @extend_schema(
        operation_id="cases_list",
        parameters=nouns.CASE_PARAMETERS,
        responses=nouns.answers({200: nouns.CasePage}, 400),
    )
    def get(self, request: Request) -> Response:
        at = clock.now()
        cases = filtered(request, visible_cases(request, at).for_list())
        page: KeysetPage[Case] = KeysetPage(
            cases, keys=["received_at", "id"], request=request, descending=True
        )
        covered = client_of(request) is None
        return Response(page.envelope(case_answers(page.rows, at=at, covered=covered)))


class CaseView(APIView):
    """GET /api/v1/cases/{id}/: the case as it is now, with what was submitted."""

    permission_classes = [HasScope("cases:read") | IsPerson]

    @extend_schema(
        operation_id="cases_read",
        responses=nouns.answers({200: nouns.CaseWithSubmission}, 400, 404),
    )
    def get(self, request: Request, id: str) -> Response:
        at = clock.now()
        Query(request)
        case = find_case(request, id, at)
        answer = tell(request, case, at)
        answer["submission"] = submission_for(case, whole=sees_all(request, case, at))
        return Response(answer, headers={"ETag": etag(case)})


def etag(case: Case) -> str:
    """Changes with every act on the case; a delivered webhook or a lease that ran out is none."""
    state = (
        case.state,
        case.end,
        case.revision,
        case.queue_id,
        case.lease_number,
        case.leased_by_id,
        case.pending_id,
        case.assessment_id,
        case.closed_at,
    )
    return f'"{sha256(repr(state).encode()).hexdigest()[:32]}"'


class CaseEventsView(APIView):
    """GET /api/v1/cases/{id}/events/: the record of one case, in order."""

    permission_classes = [HasScope("events:read") | IsPerson]

    @extend_schema(
        operation_id="cases_events", responses=nouns.answers({200: nouns.EventPage}, 400, 404)
    )
    def get(self, request: Request, id: str) -> Response:
        Query(request)
        case = find_case(request, id, clock.now())
        return Response(case_events_page(request, Stream.case(case.id)))
