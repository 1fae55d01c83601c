"""Find what a request is about, as far as its caller may see it; else 404, one text for all."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import Http404
from rest_framework.request import Request

from assurance.accounts.choices import Role
from assurance.accounts.principals import account_of, client_of
from assurance.accounts.roles import has_role, require_role
from assurance.controls.models import Workflow
from assurance.errors import DomainError, invalid
from reviews.models import Case, Queue
from reviews.querysets import CaseQuerySet


def visible_cases(request: Request, at: datetime) -> CaseQuerySet:
    """The one place where REST asks whose cases these are."""
    client = client_of(request)
    if client is not None:
        return Case.objects.visible_to_client(client)
    return Case.objects.visible_to(account_of(request), at)


def find_case(request: Request, id: str, at: datetime) -> Case:
    try:
        key = UUID(id)
    except ValueError:
        raise Http404 from None
    case = visible_cases(request, at).for_list().filter(pk=key).first()
    if case is None:
        raise Http404
    return case


def find_queue(request: Request, slug: str, at: datetime) -> Queue:
    queue = Queue.objects.visible_to(account_of(request), at).filter(slug=slug).first()
    if queue is None:
        raise Http404
    return queue


def workflow_in_body(request: Request, slug: str, at: datetime, *, pointer: str = "") -> Workflow:
    """The workflow that a body names; 422 with its place where it is unknown or foreign."""
    client = client_of(request)
    if client is not None:
        allowed = slug in client.workflows
    else:
        allowed = has_role(account_of(request), Role.INTEGRATOR, slug, at)
    workflow = Workflow.objects.filter(slug=slug).first() if allowed else None
    if workflow is None:
        raise invalid(
            f"{pointer}/workflow",
            "unknown_workflow",
            f"There is no workflow “{slug}” for this caller. Check the slug, or bind the client "
            "to the workflow.",
        )
    return workflow


def require_if_match(request: Request, etag: str) -> None:
    """412 where the caller saw an older state than this one."""
    said = request.headers.get("If-Match")
    if said is not None and said.strip() not in ("*", etag):
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
