"""Whose workflows, sets and controls somebody may read.

People with a role on the workflow, members of a queue that its rules name, and systems bound to
it. Queues belong to a higher room, which registers whose they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.http import Http404

from assurance.accounts.choices import Role, Scope
from assurance.accounts.permissions import require_scope
from assurance.accounts.principals import client_of
from assurance.accounts.roles import ALL, Workflows, covers, workflows_of
from assurance.controls.live_set import live_set
from assurance.controls.models import ControlSet, Workflow

READERS = (Role.AUDITOR, Role.GOVERNANCE, Role.LEAD, Role.INCIDENT_LEAD, Role.INTEGRATOR)

# Who may see what was in force at any moment, and who worked and decided then.
HISTORIANS = (Role.AUDITOR, Role.GOVERNANCE, Role.LEAD, Role.INCIDENT_LEAD)


class _QueuesOf:
    """The slugs of the queues somebody works in; none until the higher room has registered."""

    def __init__(self) -> None:
        self._answer: Callable[[Any], Iterable[str]] | None = None

    def register(self, answer: Callable[[Any], Iterable[str]]) -> None:
        """Called once, from `AppConfig.ready()`."""
        self._answer = answer

    def __call__(self, user: Any) -> frozenset[str]:
        return frozenset(self._answer(user)) if self._answer else frozenset()


queues_of = _QueuesOf()


def of_request(request: Any, at: datetime) -> Workflows:
    """The slugs that the caller of a REST endpoint may read about, or ALL.

    Raises 403 `scope_missing` for a key without `cases:read`. A person who may read nothing gets
    an empty answer: a list with nothing in it, a 404 for a single thing.
    """
    client = client_of(request)
    if client is not None:
        require_scope(client.scopes, Scope.CASES_READ)
        return frozenset(client.workflows)
    return of_person(request.user, at)


def of_person(user: Any, at: datetime) -> Workflows:
    """The slugs that a person may read about, or ALL."""
    granted = workflows_of(user, READERS, at)
    if granted == ALL:
        return ALL
    mine = queues_of(user)
    if not mine:
        return granted
    # With their hashes, by which compiled sets are kept: without, each would ask for its own.
    newest = ControlSet.objects.order_by("workflow_id", "-number").distinct("workflow_id")
    newest = newest.only("pk", "sha256")
    worked = {
        live.workflow
        for live in map(live_set, newest)
        if any(rule["queue"] in mine for rule in live.rules)
    }
    return frozenset({*granted, *worked})


def find_workflow(slug: str, where: Workflows) -> Workflow:
    """The workflow by its slug; 404 alike where there is none and where it is not theirs."""
    found = Workflow.objects.select_related("owner", "deputy").filter(slug=slug).first()
    if found is None or not covers(where, slug):
        raise Http404
    return found
