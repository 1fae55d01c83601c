"""Whose incidents somebody may read: those of the workflows that they lead, govern, audit, or lead
incidents of. Systems that may open incidents read those of their workflows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404

from assurance.accounts.roles import Workflows, workflows_of
from assurance.controls.visibility import HISTORIANS
from incidents.models import Incident


def of_person(user: Any, at: datetime) -> Workflows:
    """The slugs, or ALL."""
    return workflows_of(user, HISTORIANS, at)


def find(user: Any, number: int, at: datetime) -> Incident:
    """The incident by its number, for a person."""
    return found(number, of_person(user, at))


def found(number: int, where: Workflows) -> Incident:
    """The incident of these workflows; 404 alike where there is none and where it is not theirs."""
    incident = Incident.objects.among(where).for_page().filter(number=number).first()
    if incident is None:
        raise Http404
    return incident
