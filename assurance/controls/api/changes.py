"""Control changes over REST: the same verbs as on the pages and in the admin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import msgspec
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assurance import clock
from assurance.accounts.permissions import IsPerson
from assurance.accounts.principals import account_of
from assurance.api import envelope
from assurance.api.description import acts, answers
from assurance.api.envelope import from_request
from assurance.api.idempotency import idempotent
from assurance.api.paging import KeysetPage
from assurance.api.parsing import parse_body
from assurance.api.query import Query
from assurance.controls import alone, approvals, changes, visibility
from assurance.controls.api.change_nouns import (
    ApproveIn,
    ChangeIn,
    ChangePageSchema,
    ChangePatch,
    ChangeSchema,
    NoteIn,
    ReasonIn,
    change_answer,
)
from assurance.controls.api.parameters import PAGE, WORKFLOW
from assurance.controls.choices import ChangeStatus
from assurance.controls.models import ControlChange, Workflow
from assurance.errors import invalid


class ChangesView(APIView):
    """GET and POST /api/v1/control-changes/"""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="control_changes_list",
        parameters=[
            WORKFLOW,
            OpenApiParameter("status", str, enum=ChangeStatus.values),
            *PAGE,
        ],
        responses=answers({200: ChangePageSchema}, 400),
    )
    def get(self, request: Request) -> Response:
        query = Query(request, "workflow", "status")
        found = readable(request)
        if workflow := query.text("workflow"):
            found = found.filter(workflow__slug=workflow)
        if status := query.choice("status", ChangeStatus.values):
            found = found.filter(status=status)
        page: KeysetPage[ControlChange] = KeysetPage(
            found, keys=["number"], descending=True, request=request
        )
        return Response(page.envelope([change_answer(one) for one in page.rows]))

    @extend_schema(
        operation_id="control_changes_create",
        request={"application/json": envelope.schema(ChangeIn)},
        responses=acts({201: ChangeSchema}),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        sent = from_request(request, ChangeIn)
        at, by = clock.now(), account_of(request)
        workflow = Workflow.objects.among(visibility.of_person(by, at)).filter(slug=sent.workflow)
        if not workflow:
            raise invalid(
                "/workflow",
                "unknown_workflow",
                f"There is no workflow “{sent.workflow}” of yours. Check the slug.",
            )
        change = changes.create(
            workflow.get(),
            reason=sent.reason,
            kind=sent.kind,
            links=sent.links,
            edits=plain(sent.edits),
            by=by,
            at=at,
        )
        return answer(change, status=201)


class ChangeView(APIView):
    """GET and PATCH /api/v1/control-changes/{number}/"""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="control_changes_retrieve", responses=answers({200: ChangeSchema}, 404)
    )
    def get(self, request: Request, number: int) -> Response:
        Query(request)
        return answer(find(request, number))

    @extend_schema(
        operation_id="control_changes_edit",
        request={"application/json": envelope.schema(ChangePatch)},
        responses=acts({200: ChangeSchema}, 404),
    )
    def patch(self, request: Request, number: int) -> Response:
        change = find(request, number)
        body = parse_body(request._request)
        sent = envelope.read(ChangePatch, body)
        fields = {name: getattr(sent, name) for name in body}
        for name, value in fields.items():
            if value is None and name != "start_at":
                raise invalid(f"/{name}", "null", f"`{name}` cannot be null. Leave it out.")
        if "edits" in fields:
            fields["edits"] = plain(fields["edits"])
        return answer(changes.edit(change, by=account_of(request), at=clock.now(), **fields))


class Act(APIView, ABC):
    """POST /api/v1/control-changes/{number}/…/: one verb."""

    permission_classes = [IsPerson]
    takes: type[msgspec.Struct] = NoteIn

    @idempotent
    def post(self, request: Request, number: int) -> Response:
        change = find(request, number)
        sent = from_request(request, self.takes, optional=self.takes is NoteIn)
        made = self.act(change, sent, by=account_of(request), at=clock.now())
        return answer(made, status=201 if made.pk != change.pk else 200)

    @abstractmethod
    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        """Call the verb with what was sent; `who` is `by` and `at`."""


def described(verb: str, takes: type[msgspec.Struct], status: int = 200) -> Any:
    """The description of a verb's one operation, which the class inherits."""
    operation = extend_schema(
        operation_id=f"control_changes_{verb}",
        request={"application/json": envelope.schema(takes)},
        responses=acts({status: ChangeSchema}, 404),
    )
    return extend_schema_view(post=operation)


@described("submit", NoteIn)
class SubmitView(Act):
    """Freeze the content, start its replay, ask for a second person."""

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return approvals.submit(change, **who)


@described("approve", ApproveIn)
class ApproveView(Act):
    """Be the second person of exactly this content."""

    takes = ApproveIn

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return approvals.approve(change, content_sha256=sent.content_sha256, note=sent.note, **who)


@described("decline", NoteIn)
class DeclineView(Act):
    """Say no, with the reason."""

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return approvals.decline(change, note=sent.note, **who)


@described("withdraw", NoteIn)
class WithdrawView(Act):
    """Take a change back before it is live."""

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return changes.withdraw(change, note=sent.note, **who)


@described("publish", NoteIn)
class PublishView(Act):
    """Publish without an approver: in a pilot, operationally, in an emergency that tightens."""

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return alone.publish(change, **who)


@described("ratify", NoteIn)
class RatifyView(Act):
    """Be the second person of an emergency change."""

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return approvals.ratify(change, **who)


@described("rebase", NoteIn)
class RebaseView(Act):
    """Put the edits on the set that is live now."""

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return changes.rebase(change, **who)


@described("rollback", ReasonIn, status=201)
class RollbackView(Act):
    """Draft the return to the set that a published change replaced."""

    takes = ReasonIn

    def act(self, change: ControlChange, sent: Any, **who: Any) -> ControlChange:
        return changes.rollback(change, reason=sent.reason, **who)


def readable(request: Any) -> Any:
    """The changes that the caller may read."""
    slugs = visibility.of_person(account_of(request), clock.now())
    return ControlChange.objects.among(slugs).select_related(
        "workflow", "base_set", "rollback_to", "author", "approver", "published_set"
    )


def find(request: Any, number: int) -> ControlChange:
    found = readable(request).filter(number=number).first()
    if found is None:
        raise Http404
    return found


def answer(change: ControlChange, status: int = 200) -> Response:
    fresh = ControlChange.objects.select_related(
        "workflow", "base_set", "rollback_to", "author", "approver", "published_set"
    ).get(pk=change.pk)
    return Response(change_answer(fresh), status=status)


def plain(edits: Any) -> list[dict[str, Any]]:
    return [{"item": one.item, "key": one.key, "content": one.content} for one in edits]
