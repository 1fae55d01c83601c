"""The work of people over REST: the same verbs as on the pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import IsPerson
from assurance.accounts.principals import account_of
from assurance.api import envelope, idempotency
from assurance.api.envelope import from_request
from assurance.api.idempotency import idempotent
from assurance.api.paging import KeysetPage
from assurance.api.parsing import parse_body
from assurance.api.query import Query
from assurance.errors import DomainError, invalid
from reviews import asking, claims, decisions, drafts, resuming
from reviews.answers import lease_answer, moment
from reviews.api import envelopes, nouns
from reviews.api.finding import find_case, find_queue, find_worked_case, require_if_match, tell
from reviews.api.reading import etag
from reviews.decisions import Verdict
from reviews.models import Case, Queue


class PeopleView(APIView):
    """For people with a session only."""

    permission_classes = [IsPerson]


class QueuesView(PeopleView):
    """GET /api/v1/queues/: the queues one may see, with what waits in them."""

    @extend_schema(
        operation_id="queues_list",
        parameters=nouns.PAGE_PARAMETERS,
        responses=nouns.answers({200: nouns.QueuePage}, 400),
    )
    def get(self, request: Request) -> Response:
        at = clock.now()
        Query(request)
        page: KeysetPage[Queue] = KeysetPage(
            Queue.objects.visible_to(account_of(request), at).with_load(at),
            keys=["slug"],
            request=request,
        )
        return Response(page.envelope([queue_answer(queue) for queue in page.rows]))


def queue_answer(queue: Any) -> dict[str, Any]:
    return {
        "slug": queue.slug,
        "name": queue.name,
        "kind": queue.kind,
        "waiting": queue.waiting,
        "oldest_at": moment(queue.oldest_at),
        "next_due_at": moment(queue.next_due_at),
    }


class NextView(PeopleView):
    """POST /api/v1/queues/{slug}/next/: claim the next case."""

    @extend_schema(
        operation_id="queues_next",
        request=None,
        responses=nouns.acts({200: nouns.CaseWithLease}, 404),
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        at = clock.now()
        queue = find_queue(request, slug, at)
        from_request(request, envelopes.Nothing, optional=True)
        case = claims.claim_next(queue, by=account_of(request), at=at)
        return Response(tell(request, case, at) | {"lease": lease_answer(case)})


class ClaimView(PeopleView):
    """POST /api/v1/cases/{id}/claim/"""

    @extend_schema(
        operation_id="cases_claim",
        request=None,
        responses=nouns.acts({200: nouns.CaseWithLease}, 404, 412),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        from_request(request, envelopes.Nothing, optional=True)
        require_if_match(request, etag(case))
        case = claims.claim(case, by=account_of(request), at=at)
        return Response(tell(request, case, at) | {"lease": lease_answer(case)})


class HeartbeatView(PeopleView):
    """POST /api/v1/cases/{id}/heartbeat/: I am still at it."""

    @extend_schema(
        operation_id="cases_heartbeat",
        request=nouns.request(envelopes.Lease),
        responses=nouns.acts({200: nouns.LeaseOnly}, 404),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        sent = from_request(request, envelopes.Lease)
        case = claims.heartbeat(case, by=account_of(request), lease=sent.lease, at=at)
        return Response({"lease": lease_answer(case)})


class ReleaseView(PeopleView):
    """POST /api/v1/cases/{id}/release/: back to its queue."""

    @extend_schema(
        operation_id="cases_release",
        request=nouns.request(envelopes.Lease),
        responses=nouns.acts({200: nouns.CaseAnswer}, 404),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        sent = from_request(request, envelopes.Lease)
        case = claims.release(case, by=account_of(request), lease=sent.lease, at=at)
        return Response(tell(request, case, at))


class SkipView(PeopleView):
    """POST /api/v1/cases/{id}/skip/: not this one, for a reason."""

    @extend_schema(
        operation_id="cases_skip",
        request=nouns.request(envelopes.Skip),
        responses=nouns.acts({200: nouns.CaseAnswer}, 404),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        sent = from_request(request, envelopes.Skip)
        case = claims.skip(
            case, by=account_of(request), lease=sent.lease, reason=sent.reason or "", at=at
        )
        return Response(tell(request, case, at))


class DraftView(PeopleView):
    """GET and PUT /api/v1/cases/{id}/draft/: what I typed, per person and revision."""

    @extend_schema(
        operation_id="cases_draft_read", responses=nouns.answers({200: nouns.DraftAnswer}, 400, 404)
    )
    def get(self, request: Request, id: str) -> Response:
        Query(request)
        case = find_worked_case(request, id, clock.now())
        found = drafts.draft_of(case, account_of(request))
        return Response(
            {
                "revision": case.revision,
                "draft": found.body if found else {},
                "saved_at": moment(found.saved_at) if found else None,
            }
        )

    @extend_schema(
        operation_id="cases_draft_write",
        request=nouns.request(envelopes.DraftWords),
        responses=nouns.acts({200: nouns.DraftAnswer}, 404),
    )
    def put(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_worked_case(request, id, at)
        body = parse_body(request._request)
        envelope.read(envelopes.DraftWords, body)
        drafts.require_writer(case, account_of(request), at)
        draft = drafts.save_draft(case, body, by=account_of(request), at=at)
        return Response(
            {"revision": case.revision, "draft": draft.body, "saved_at": moment(draft.saved_at)}
        )


def ask_first(view: Any, request: Any, id: str) -> None:
    """Before the transaction of a decision: ask the verifiers about a corrected output."""
    at = clock.now()
    case = find_worked_case(request, id, at)
    require_if_match(request, etag(case))
    verdict = verdict_of(from_request(request, envelopes.Decide))
    request.verdict = asking.before_correction(case, verdict, by=account_of(request), at=at)


class DecisionsView(PeopleView):
    """POST /api/v1/cases/{id}/decisions/: decide, or supersede what was decided."""

    @extend_schema(
        operation_id="cases_decide",
        request=nouns.request(envelopes.Decide),
        responses=nouns.acts({201: nouns.Decided}, 404, 412),
    )
    @idempotent(atomic=True, before=ask_first)
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case = find_worked_case(request, id, at)
        require_if_match(request, etag(case))
        sent = from_request(request, envelopes.Decide)
        idempotency.link(request, str(case.id))
        verdict: Verdict = request.verdict  # type: ignore[attr-defined]
        if sent.supersedes is not None:
            decision = decisions.supersede(
                case, verdict, of=sent.supersedes, by=account_of(request), at=at
            )
        else:
            decision = decisions.decide(
                case, verdict, by=account_of(request), lease=sent.lease, at=at
            )
        return Response({"id": decision.pk, "release_at": moment(decision.release_at)}, status=201)


def verdict_of(sent: envelopes.Decide) -> Verdict:
    return Verdict(
        outcome=sent.outcome,
        reasons=sent.reasons or (),
        rationale=sent.rationale or "",
        output=sent.output,
        queue=sent.queue,
        control_was_right=sent.control_was_right or {},
        arithmetic=[
            {"figure": tie.figure, "expression": tie.expression} for tie in sent.arithmetic or ()
        ],
    )


class UndoView(PeopleView):
    """POST /api/v1/cases/{id}/decisions/{decision}/undo/: take it back, inside its window."""

    @extend_schema(
        operation_id="cases_undo",
        request=None,
        responses=nouns.acts({200: nouns.CaseWithLease}, 404),
    )
    @idempotent
    def post(self, request: Request, id: str, decision: int) -> Response:
        at = clock.now()
        case = find_case(request, id, at)
        from_request(request, envelopes.Nothing, optional=True)
        found = case.decisions.filter(pk=decision).first()
        if found is None:
            raise DomainError(
                "not_found", "There is nothing here, or it is not yours to see.", status=404
            )
        case = decisions.undo(found, by=account_of(request), at=at)
        return Response(tell(request, case, at) | {"lease": lease_answer(case)})


class ResumeView(PeopleView):
    """POST /api/v1/cases/{id}/resume/: a governance owner lifts the pause of one case."""

    @extend_schema(
        operation_id="cases_resume",
        request=nouns.request(envelopes.Reason),
        responses=nouns.acts({200: nouns.CaseAnswer}, 404),
    )
    @idempotent
    def post(self, request: Request, id: str) -> Response:
        at = clock.now()
        case: Case = find_case(request, id, at)
        sent = from_request(request, envelopes.Reason)
        if not sent.reason.strip():
            raise invalid("/reason", "required", "Say why the case may go on.")
        case = resuming.resume(case, reason=sent.reason, by=account_of(request), at=at)
        return Response(tell(request, case, at))
