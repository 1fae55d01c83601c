"""Submit, one or many, and ask what would be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import HasScope, IsPerson
from assurance.accounts.principals import actor_of, client_of
from assurance.api import envelope, idempotency
from assurance.api.idempotency import idempotent
from assurance.api.parsing import load_body, parse_body
from assurance.api.problems import document, translate
from assurance.api.trees import BATCH, inspect, refuse
from assurance.controls.check_runs import Asked
from assurance.controls.models import Workflow
from assurance.errors import DomainError, invalid
from reviews import asking, intake
from reviews.answers import case_answer, dry_run_answer
from reviews.api import envelopes, nouns
from reviews.api.evidence import require_evidence
from reviews.api.finding import tell, workflow_in_body
from reviews.api.reading import CaseListView

MIB = 1024 * 1024
MAX_BATCH = 500


@dataclass(frozen=True)
class Submitted:
    """A checked body, its workflow, and what external verifiers said of it."""

    body: dict[str, Any]
    workflow: Workflow
    asked: Asked | None = None


def ask_first(view: Any, request: Any) -> None:
    """Before the transaction that keeps the case: read the body, and ask its verifiers."""
    at = clock.now()
    body = parse_body(request._request)
    workflow = found_workflow(request, body, at)
    intake.check_time(body, at)  # what is refused anyway makes no verifier work
    request.submitted = Submitted(body, workflow, asking.before_intake(body, workflow, at=at))


class CasesView(CaseListView):
    """POST /api/v1/cases/: submit one and read the answer. GET: the list."""

    @extend_schema(
        operation_id="cases_submit",
        request=nouns.request(envelopes.Submission),
        responses=nouns.acts({201: nouns.CaseAnswer}),
    )
    @idempotent(atomic=True, before=ask_first)
    def post(self, request: Request) -> Response:
        submitted: Submitted = request.submitted  # type: ignore[attr-defined]
        status, answer, replayed = submit_one(request, submitted, at=clock.now())
        idempotency.link(request, answer["id"])
        headers = {"Idempotency-Replayed": "true"} if replayed else {}
        return Response(answer, status=status, headers=headers)


class BatchView(APIView):
    """POST /api/v1/cases/batch/: up to 500. Each succeeds or fails alone, in order."""

    permission_classes = [HasScope("cases:write") | IsPerson]
    max_bytes = 16 * MIB

    @extend_schema(
        operation_id="cases_submit_batch",
        request=nouns.BatchRequest,
        responses=nouns.acts({207: nouns.BatchAnswer}),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = load_body(request._request, max_bytes=self.max_bytes, limits=BATCH)
        cases = cases_of(body)
        if not 1 <= len(cases) <= MAX_BATCH:
            raise invalid(
                "/cases",
                "batch_size",
                f"A batch holds 1 to {MAX_BATCH} cases, this one {len(cases)}. Split it.",
                status=400,
            )
        return Response({"results": [self._one(request, case) for case in cases]}, status=207)

    def _one(self, request: Request, body: Any) -> dict[str, Any]:
        """The very answer that this case would get if it were posted alone."""
        try:
            refuse(inspect(body))
            if not isinstance(body, dict):
                raise invalid(
                    "", "not_an_object", "A case is a JSON object: `{…}`. Send one.", status=400
                )
            at = clock.now()
            submitted = Submitted(body, found_workflow(request, body, at))
            status, answer, replayed = submit_one(request, submitted, at=at)
        except DomainError as error:
            return {"status": error.status, "body": document(error)}
        except Exception as fault:
            known = translate(fault)
            if known is None:
                raise
            return {"status": known.status, "body": document(known)}
        item: dict[str, Any] = {"status": status, "body": answer}
        return item | {"replayed": True} if replayed else item


def cases_of(body: dict[str, Any]) -> list[Any]:
    """The cases of a batch, unread: what is spoiled in one is that one's own fault."""
    cases = body.get("cases")
    around = {**body, "cases": []} if isinstance(cases, list) else body
    refuse(inspect(around))
    envelope.read(envelopes.Batch, around)
    return list(cases or ())


class AssessmentsView(APIView):
    """POST /api/v1/assessments/: the same answer, nothing stored or counted."""

    permission_classes = [HasScope("cases:write") | IsPerson]

    @extend_schema(
        operation_id="assessments_dry_run",
        request=nouns.request(envelopes.Submission),
        responses=nouns.acts({200: nouns.CaseAnswer}),
    )
    def post(self, request: Request) -> Response:
        at = clock.now()
        body = parse_body(request._request)
        require_submission(body)
        workflow = workflow_in_body(request, body["workflow"], at)
        case = intake.dry_run(body, workflow=workflow, at=at)
        return Response(dry_run_answer(case_answer(case, at=at)))


def found_workflow(request: Request, body: Mapping[str, Any], at: datetime) -> Workflow:
    """The workflow of a body that is a submission; refuses every other body."""
    require_submission(body)
    return workflow_in_body(request, body["workflow"], at)


def submit_one(
    request: Request, submitted: Submitted, *, at: datetime
) -> tuple[int, dict[str, Any], bool]:
    """Submit, answer: (status, body, replayed)."""
    received = intake.submit(
        submitted.body,
        workflow=submitted.workflow,
        client=client_of(request),
        actor=actor_of(request),
        at=at,
        asked=submitted.asked,
    )
    return 201, tell(request, received.case, at), received.replayed


def require_submission(body: Mapping[str, Any]) -> None:
    envelope.read(envelopes.Submission, body)
    require_evidence(body.get("evidence"))
