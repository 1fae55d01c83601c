"""Find what a request is about, as far as its caller may see it; else 404, one text for all."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.http import Http404
from rest_framework.request import Request

from assurance.accounts.choices import Role
from assurance.accounts.principals import account_of, client_of
from assurance.accounts.roles import has_role, require_role
from assurance.controls.models import Workflow
from assurance.errors import DomainError, invalid
from reviews.answers import case_answer
from reviews.models import Case, Decision, Draft, Queue
from reviews.querysets import CaseQuerySet


def visible_cases(request: Request, at: datetime) -> CaseQuerySet:
    """The one place where REST asks whose cases these are."""
    client = client_of(request)
    if client is not None:
        return Case.objects.visible_to_client(client)
    return Case.objects.visible_to(account_of(request), at)


def find_case(request: Request, id: str, at: datetime) -> Case:
    case = visible_cases(request, at).for_list().filter(pk=_key(id)).first()
    if case is None:
        raise Http404
    return case


def _key(id: str) -> UUID:
    try:
        return UUID(id)
    except ValueError:
        raise Http404 from None


def find_worked_case(request: Request, id: str, at: datetime) -> Case:
    """As `find_case`, and also a case on which this person keeps words and which a colleague of
    the same queue decided meanwhile: they are to be told who was faster instead of 404."""
    try:
        return find_case(request, id, at)
    except Http404:
        person = account_of(request)
        lost = Case.objects.filter(
            Exists(Draft.objects.filter(case=OuterRef("pk"), user=person)),
            Exists(Decision.objects.filter(case=OuterRef("pk"), from_queue__members=person)),
        )
        case = lost.for_list().filter(pk=_key(id)).first()
        if case is None:
            raise
        return case


def tell(request: Request, case: Case, at: datetime) -> dict[str, Any]:
    """The case as this caller may read it: whole for its system and for who works on it, with
    sensitive values covered for everybody else."""
    return case_answer(case, at=at, covered=not sees_all(request, case, at))


def sees_all(request: Request, case: Case, at: datetime) -> bool:
    """Whether nothing of this case is covered for this caller."""
    return client_of(request) is not None or case.is_held_by(account_of(request), at)


def find_queue(request: Request, slug: str, at: datetime) -> Queue:
    queue = Queue.objects.visible_to(account_of(request), at).filter(slug=slug).first()
    if queue is None:
        raise Http404
    return queue


def workflow_in_body(request: Request, slug: str, at: datetime) -> Workflow:
    """The workflow that a body names; 422 with its place where it is unknown or foreign."""
    client = client_of(request)
    if client is not None:
        allowed = slug in client.workflows
    else:
        allowed = has_role(account_of(request), Role.INTEGRATOR, slug, at)
    workflow = Workflow.objects.filter(slug=slug).first() if allowed else None
    if workflow is None:
        raise invalid(
            "/workflow",
            "unknown_workflow",
            f"There is no workflow “{slug}” for this caller. Check the slug, or bind the client "
            "to the workflow.",
        )
    return workflow


def require_if_match(request: Request, etag: str) -> None:
    """412 where the caller saw an older state than this one."""
    said = request.headers.get("If-Match")
    if said is None:
        return
    # A proxy that compresses may have marked the tag as weak on its way; the state is the same.
    seen = {one.strip().removeprefix("W/") for one in said.split(",")}
    if not seen & {"*", etag}:
        raise DomainError(
            "stale",
            "The case has changed since you read it. Read it again, then decide.",
            status=412,
        )


def workflow_of_case(request: Request, case: Case, at: datetime) -> None:
    """403 unless the caller may act for the system behind this case: its client, or an integrator
    of the workflow. Seeing a case is not speaking for it."""
    if client_of(request) is None:
        require_role(account_of(request), Role.INTEGRATOR, case.workflow.slug, at)


def workflow_in_path(request: Request, slug: str, at: datetime) -> Workflow:
    """The workflow of an address; 404 where it is unknown or foreign."""
    client = client_of(request)
    allowed = (
        slug in client.workflows
        if client is not None
        else has_role(account_of(request), Role.INTEGRATOR, slug, at)
    )
    workflow = Workflow.objects.filter(slug=slug).first() if allowed else None
    if workflow is None:
        raise Http404
    return workflow
