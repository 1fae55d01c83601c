"""Adjectives for workflows and sets. Time is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.db import models

from assurance.controls.choices import ENDED, ChangeStatus, OutagePolicy, Way


class WorkflowQuerySet(models.QuerySet):
    def among(self, slugs: str | frozenset[str] | set[str]) -> Self:
        """Those named, or every one when the caller may see "all"."""
        return self if slugs == "all" else self.filter(slug__in=slugs)

    def paused(self) -> Self:
        """Paused or suspended, by name."""
        held = models.Q(paused_at__isnull=False) | models.Q(stage="suspended")
        return self.filter(held).order_by("name")

    def mail_of_owner(self, slug: str) -> list[str]:
        """Where news of a workflow goes: its owner, or the deputy of one without an address."""
        named = self.filter(slug=slug).values_list("owner__email", "deputy__email")
        return [next(mail for mail in pair if mail) for pair in named if any(pair)]

    def outage_policies(self, slugs: Iterable[str]) -> dict[str, str]:
        """What each one's system does while Countermark cannot be reached, in words."""
        named = self.filter(slug__in=slugs).values_list("slug", "outage_policy")
        return {slug: OutagePolicy(policy).label for slug, policy in named}


class ControlSetQuerySet(models.QuerySet):
    def of(self, workflow_slug: str) -> Self:
        return self.filter(workflow__slug=workflow_slug)

    def as_of(self, at: datetime) -> Self:
        """The set in force at a moment comes first; "as of t" is one row."""
        return self.filter(effective_from__lte=at).order_by("-number")

    def newest(self) -> Self:
        return self.order_by("-number")


class ControlChangeQuerySet(models.QuerySet):
    def among(self, slugs: str | frozenset[str] | set[str]) -> Self:
        """Those of the workflows named, or every one when the caller may see "all"."""
        return self if slugs == "all" else self.filter(workflow__slug__in=slugs)

    def for_page(self) -> Self:
        """With all that a page names of them: one query."""
        return self.select_related(
            *("workflow", "base_set", "rollback_to", "published_set", "author", "author_person"),
            *("submitted_by", "approver", "ended_by", "ratified_by"),
        )

    def for_list(self) -> Self:
        """With all that a row of a list names: two queries more, however many rows."""
        return self.select_related("workflow", "author", "rollback_to").prefetch_related(
            "editors", "workflow__builders"
        )

    def waiting_for_a_second(self) -> Self:
        """In review, or live as an emergency that nobody ratified."""
        return self.filter(
            models.Q(status=ChangeStatus.IN_REVIEW)
            | models.Q(status=ChangeStatus.PUBLISHED, way=Way.EMERGENCY, ratified_at=None)
        )

    def open(self) -> Self:
        """Those that may still go live."""
        return self.exclude(status__in=ENDED)

    def touching(self, workflow_id: int, item: str, key: str) -> Self:
        """Open changes of a workflow that edit this item: whose draft waits."""
        return self.open().filter(
            workflow_id=workflow_id, edits__contains=[{"item": item, "key": key}]
        )

    def lapsing(self, at: datetime) -> Self:
        return self.filter(status=ChangeStatus.IN_REVIEW, lapses_at__lte=at)

    def starting(self, at: datetime) -> Self:
        """Approved, and their moment has come."""
        due = models.Q(start_at=None) | models.Q(start_at__lte=at)
        return self.filter(due, status=ChangeStatus.APPROVED)

    def unratified(self, at: datetime) -> Self:
        """Emergencies that nobody ratified in time, their consequence not yet drawn."""
        return self.filter(
            status=ChangeStatus.PUBLISHED,
            ratified_at=None,
            unratified_at=None,
            ratify_by__lte=at,
        )
