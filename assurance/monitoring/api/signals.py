"""GET /api/v1/signals/: what every signal says of the workflows that a person may read about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import IsPerson
from assurance.accounts.roles import ALL
from assurance.api.description import answers
from assurance.api.query import Query, refuse
from assurance.controls import visibility
from assurance.controls.models import Workflow
from assurance.monitoring.api.schema import SignalsSchema
from assurance.monitoring.baselines import usual
from assurance.monitoring.choices import Level
from assurance.monitoring.readings import Reading, read
from assurance.monitoring.signals import BY_CODE

DAYS = 30
MOST_DAYS = 400


class SignalsView(APIView):
    """The loudest first. Figures of people's work are never of a person."""

    permission_classes = [IsAuthenticated, IsPerson]

    @extend_schema(
        operation_id="signals_list",
        parameters=[
            OpenApiParameter("workflow", str, description="The slug of one workflow."),
            OpenApiParameter("signal", str, description="Only this signal."),
            OpenApiParameter("state", str, enum=Level.values),
            OpenApiParameter(
                "days", int, description=f"1 to {MOST_DAYS}, {DAYS} where it is left out."
            ),
        ],
        responses=answers({200: SignalsSchema}, 400),
    )
    def get(self, request: Request) -> Response:
        at = clock.now()
        query = Query(request, "workflow", "signal", "state", "days", paged=False)
        slug, code = query.text("workflow"), query.text("signal")
        state = query.choice("state", Level.values)
        days = query.whole("days", 1, MOST_DAYS) or DAYS
        if code is not None and code not in BY_CODE:
            known = ", ".join(BY_CODE)
            raise refuse(
                "signal", "unknown_signal", f"There is no such signal. Use one of: {known}."
            )
        readable = visibility.of_request(request, at)
        found = Workflow.objects.order_by("slug")
        if readable != ALL:
            found = found.filter(slug__in=readable)
        if slug is not None:
            found = found.filter(slug=slug)
        slugs = list(found.values_list("slug", flat=True))
        readings = read(slugs, at.date() - timedelta(days=days - 1), at.date(), at)
        return Response(
            {
                "results": [
                    signal_answer(one)
                    for one in readings
                    if (code is None or one.signal.code == code)
                    and (state is None or one.state == state)
                ]
            }
        )


def signal_answer(one: Reading) -> dict[str, Any]:
    """One reading as the API tells it."""
    baseline, table = one.baseline, one.table
    return {
        "signal": one.signal.code,
        "title": one.signal.title,
        "question": one.signal.question,
        "method": one.signal.method,
        "explained": one.signal.explained,
        "workflow": one.workflow,
        "control": one.control or None,
        "queue": one.queue or None,
        "model_version": one.model_version or None,
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "n": one.n,
        "hits": one.hits,
        "rate": one.rate,
        "low": one.low,
        "high": one.high,
        "seconds": one.seconds,
        "state": str(one.state),
        "sentence": one.sentence,
        "baseline": baseline
        and {
            "version": baseline.version,
            "rate": usual(baseline),
            "n": baseline.n,
            "hits": baseline.hits,
            "period_days": baseline.period_days,
            "first_day": baseline.first_day.isoformat(),
            "last_day": baseline.last_day.isoformat(),
            "reason": baseline.reason,
        },
        "agreement": table
        and {
            "both": table.both,
            "first_only": table.first_only,
            "second_only": table.second_only,
            "neither": table.neither,
            "kappa": table.kappa,
            "ac1": table.ac1,
        },
        "alarms": [day.isoformat() for day in one.alarms],
        "series": [{"day": p.day.isoformat(), "n": p.n, "hits": p.hits} for p in one.series],
        "points": [
            {"day": p.day.isoformat(), "n": p.n, "hits": p.hits, "lower": low, "upper": high}
            for p, (low, high) in zip(one.points, one.band, strict=True)
        ],
        "cases": "/api/v1" + one.url,
    }
