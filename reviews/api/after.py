"""What a system says after its first post: a new draft, no need any more, what it did, what came
of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import HasScope, IsPerson
from assurance.accounts.principals import actor_of
from assurance.api import envelope, idempotency
from assurance.api.envelope import from_request
from assurance.api.idempotency import idempotent
from assurance.api.parsing import parse_body
from assurance.controls.check_runs import Asked
from assurance.errors import invalid
from reviews import aftermath, asking, intake
from reviews.answers import moment
from reviews.api import envelopes, nouns
from reviews.api.evidence import require_evidence
from reviews.api.finding import (
    find_case,
    require_if_match,
    tell,
    workflow_in_path,
    workflow_of_case,
)
from reviews.api.reading import etag
from reviews.models import Case


class SystemView(APIView):
    """For systems that may write, and integrators."""

    permission_classes = [HasScope("cases:write") | IsPerson]


def draft_in(request: Request, id: str, at: datetime) -> tuple[Case, dict[str, Any]]:
    """The case of the address and the new draft in the body; refuses every other body."""
    case = find_case(request, id, at)
    workflow_of_case(request, case, at)
    require_if_match(request, etag(case))
    body = parse_body(request._request)
    envelope.read(envelopes.Draft, body)
    require_evidence(body.get("evidence"))
    return case, body


def ask_first(view: Any, request: Any, id: str) -> None:
    """Before the transaction that keeps the draft: ask its verifiers."""
    at = clock.now()
    case, body = draft_in(request, id, at)
    request.asked = asking.before_revision(case, body, at=at)


class RevisionsView(SystemView):
    """POST /api/v1/cases/{id}/revisions/: a new draft after a return."""

    @extend_schema(
        operation_id="cases_revise",
        request=nouns.request(envelopes.Draft),
        responses=nouns.acts({201: nouns.CaseAnswer}, 404, 412),
    )
    @idempotent(atomic=True, before=ask_first)
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case, body = draft_in(request, id, at)
        idempotency.link(request, str(case.id))
        asked: Asked | None = request.asked  # type: ignore[attr-defined]
        case = intake.revise(case, body, actor=actor_of(request), at=at, asked=asked)
        return Response(tell(request, case, at), status=201)


class WithdrawView(SystemView):
    """POST /api/v1/cases/{id}/withdraw/: no answer is needed any more."""

    @extend_schema(
        operation_id="cases_withdraw",
        request=None,
        responses=nouns.acts({200: nouns.CaseAnswer}, 404, 412),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        workflow_of_case(request, case, at)
        from_request(request, envelopes.Nothing, optional=True)
        require_if_match(request, etag(case))
        case = aftermath.withdraw(case, actor=actor_of(request), at=at)
        return Response(tell(request, case, at))


class ExecutionView(SystemView):
    """POST /api/v1/cases/{id}/execution/: what was really done."""

    @extend_schema(
        operation_id="cases_execution",
        request=nouns.request(envelopes.Execution),
        responses=nouns.acts({201: nouns.ExecutionAnswer}, 404),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        workflow_of_case(request, case, at)
        sent = from_request(request, envelopes.Execution)
        if sent.executed and sent.output_sha256 is None:
            raise invalid(
                "/output_sha256", "required", "Say which output was executed: send its SHA-256."
            )
        if sent.at is not None and sent.at > at + intake.FUTURE_AT_MOST:
            raise invalid(
                "/at", "in_the_future", "`at` is more than 24 hours ahead. Send when it was done."
            )
        report = aftermath.report_execution(
            case,
            executed=sent.executed,
            output_sha256=sent.output_sha256 or "",
            done_at=sent.at or at,
            actor=actor_of(request),
            at=at,
        )
        return Response(
            {"id": report.pk, "valid": not report.problem, "problem": report.problem or None},
            status=201,
        )


class OutcomesView(APIView):
    """POST /api/v1/cases/{id}/outcomes/: what came of it in the world."""

    permission_classes = [HasScope("outcomes:write") | IsPerson]

    @extend_schema(
        operation_id="cases_outcome",
        request=nouns.request(envelopes.OutcomeReport),
        responses=nouns.acts({201: nouns.LabelAnswer}, 404),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        workflow_of_case(request, case, at)
        sent = from_request(request, envelopes.OutcomeReport)
        label = aftermath.report_outcome(
            case, label=sent.label, note=sent.note or "", actor=actor_of(request), at=at
        )
        return Response({"id": label.pk, "label": label.value, "at": moment(label.at)}, status=201)


class ExecutedView(SystemView):
    """POST /api/v1/workflows/{slug}/executed/: all that the caller did in a period."""

    @extend_schema(
        operation_id="workflows_executed",
        request=nouns.request(envelopes.Executed),
        responses=nouns.acts({201: nouns.ExecutedAnswer}, 404),
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        at = clock.now()
        workflow = workflow_in_path(request, slug, at)
        sent = from_request(request, envelopes.Executed)
        report = aftermath.report_executed(
            workflow,
            start=sent.start,
            end=sent.end,
            count=sent.count,
            external_ids=sent.external_ids,
            actor=actor_of(request),
            at=at,
        )
        return Response(
            {"id": report.pk, "workflow": workflow.slug, "count": report.count}, status=201
        )
