"""Adjectives for queues, cases and decisions. They chain into phrases; time is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL

from assurance.accounts.choices import Role
from assurance.accounts.roles import ALL, Workflows, workflows_of
from reviews.choices import State, Status

if TYPE_CHECKING:
    from assurance.accounts.models import Client, User


_CAPPED_COUNT = """
SELECT count(*) FROM (
    SELECT 1 FROM reviews_case c
     WHERE c.queue_id = reviews_queue.id AND c.state = 'open' AND c.pending_id IS NULL
       AND (c.leased_until IS NULL OR c.leased_until <= %s)
     LIMIT 1001) AS first_ones
"""


class QueueQuerySet(models.QuerySet):
    def of(self, user: User) -> Self:
        """Those the person works in."""
        return self.filter(members=user)

    def visible_to(self, user: User, at: datetime) -> Self:
        """Their own; for leads, governance owners and auditors also those their workflows use."""
        supervised = supervised_by(user, at)
        if supervised == ALL:
            return self
        mine = Q(members=user)
        if supervised:
            mine |= Q(cases__workflow__slug__in=supervised)
        return self.filter(mine).distinct()

    def with_load(self, at: datetime) -> Self:
        """With `waiting` (1001 means more than 1000), `oldest_at` and `next_due_at`: three reads
        of an index each, however long the queue."""
        from reviews.models import Case

        waiting = Case.objects.waiting(at).filter(queue=OuterRef("pk"))
        return self.annotate(
            waiting=RawSQL(_CAPPED_COUNT, [at]),
            oldest_at=Subquery(waiting.order_by("received_at").values("received_at")[:1]),
            next_due_at=Subquery(waiting.order_by("due_at").values("due_at")[:1]),
        )


def supervised_by(user: User, at: datetime) -> Workflows:
    """The workflows whose every case the person may read, by any of their grants."""
    return workflows_of(user, (Role.LEAD, Role.GOVERNANCE, Role.INCIDENT_LEAD, Role.AUDITOR), at)


class CaseQuerySet(models.QuerySet):
    def visible_to(self, user: User, at: datetime) -> Self:
        """What a person may read: cases in a queue of theirs, those they decided, and all
        of the workflows they lead, govern or audit. A closed case of their queue stays in sight
        of those whose unsent words lie on it: the slower of two must learn who decided it."""
        supervised = supervised_by(user, at)
        if supervised == ALL:
            return self
        from reviews.models import Decision, Draft, Queue

        decided = Decision.objects.filter(decided_by=user, withdrawn_at=None)
        typed = Draft.objects.filter(user=user)
        mine = Q(queue__in=Queue.objects.of(user)) & (
            Q(state=State.OPEN) | Q(pk__in=typed.values("case"))
        ) | Q(pk__in=decided.values("case"))
        if supervised:
            mine |= Q(workflow__slug__in=supervised)
        return self.filter(mine)

    def visible_to_client(self, client: Client) -> Self:
        return self.filter(workflow__slug__in=client.workflows)

    def open(self) -> Self:
        return self.filter(state=State.OPEN)

    def leased(self, at: datetime) -> Self:
        return self.filter(state=State.OPEN, pending=None, leased_until__gt=at)

    def held_by(self, user: User, at: datetime) -> Self:
        """Held now. Cases in their undo window do not count."""
        return self.leased(at).filter(leased_by=user)

    def waiting(self, at: datetime) -> Self:
        return self.filter(state=State.OPEN, pending=None).filter(
            Q(leased_until=None) | Q(leased_until__lte=at)
        )

    def with_status(self, status: str, at: datetime) -> Self:
        """The cases whose `status(at)` is this one."""
        withheld = Q(pending__release_at__lte=at) & (
            Q(workflow__paused_at__isnull=False) | Q(workflow__stage="suspended")
        )
        if status == Status.WAITING:
            return self.waiting(at)
        if status == Status.IN_REVIEW:
            return self.filter(state=State.OPEN).filter(
                (Q(pending__isnull=False) & ~withheld) | Q(pending=None, leased_until__gt=at)
            )
        if status == Status.PAUSED:
            return self.filter(
                Q(state=State.PAUSED) | Q(state=State.OPEN, pending__isnull=False) & withheld
            )
        return self.filter(state=status)

    def for_person(self, user: User, at: datetime) -> Self:
        """Without those that this person built, requested, or skipped a while ago."""
        from reviews.models import Skip

        person = user.person
        cases = self.exclude(
            Exists(Skip.objects.filter(case=OuterRef("pk"), user=user, until__gt=at))
        )
        if person is None:
            return cases
        return cases.exclude(requested_by=person.ref).exclude(workflow__builders=person)

    def in_work_order(self) -> Self:
        return self.order_by("rank_at", "id")

    def newest_first(self) -> Self:
        return self.order_by("-received_at", "-id")

    def held_by_pause(self, workflow: Any) -> Self:
        """What the pause of the whole workflow holds, alone or with a control."""
        return self.filter(
            workflow=workflow, state=State.PAUSED, decided_by__contains=["paused"]
        ).order_by("received_at", "id")

    def held_by_lifted_pause(self) -> Self:
        """What a pause held that is over: to be judged again."""
        held = self.filter(
            state=State.PAUSED, decided_by__contains=["paused"], workflow__paused_at=None
        )
        return held.exclude(workflow__stage="suspended").order_by("received_at", "id")

    def overdue_unrecorded(self, at: datetime) -> Self:
        """Without those of a paused workflow, whose due times stand still: a batch full of them
        would keep all others from being looked at."""
        late = self.filter(state=State.OPEN, overdue_at=None, due_at__lte=at)
        return late.filter(workflow__paused_at=None).exclude(workflow__stage="suspended")

    def overdue(self) -> Self:
        """Known to be overdue, and nobody has decided yet; in a paused workflow nothing is."""
        late = self.filter(state=State.OPEN, pending=None, overdue_at__isnull=False)
        return late.filter(workflow__paused_at=None).exclude(workflow__stage="suspended")

    def ends_of(self, ids: Iterable[str]) -> dict[str, datetime | None]:
        """When each of these cases ended, None while it has not."""
        found = self.filter(pk__in=list(ids)).values_list("pk", "state", "received_at", "closed_at")
        return {  # what continued was at its end when it came
            str(pk): received_at if state == State.CONTINUED else closed_at
            for pk, state, received_at, closed_at in found
        }

    def lock(self, pk: Any, *, skip_locked: bool = False) -> bool:
        """Hold one row until the transaction ends; False where another holds it (`skip_locked`).

        In a statement of its own: a lock that is waited for in a query with joins brings the new
        row beside the old rows of the joined tables, a holder's id without the holder.
        """
        rows = self.select_for_update(skip_locked=skip_locked).filter(pk=pk).order_by()
        return rows.values_list("pk", flat=True).first() is not None

    def for_list(self) -> Self:
        """With all that a row shows, in one query."""
        return self.select_related(
            "workflow", "queue", "leased_by", "pending", "control_set", "assessment"
        ).defer("assessment__facts", "control_set__canonical")

    def for_rail(self) -> Self:
        """With the little that a row beside a case shows: its title, its clock, its holder, and
        what the sentence of why it is here is made of."""
        return self.select_related("workflow", "leased_by", "control_set", "assessment").only(
            *("number", "title", "state", "priority", "received_at", "due_at", "decided_by"),
            *("pending", "leased_until", "workflow__slug", "workflow__stage"),
            *("workflow__paused_at", "workflow__safe_outcome", "control_set__sha256"),
            *("leased_by__username", "leased_by__first_name", "leased_by__last_name"),
            *("assessment__results", "assessment__voices"),
        )


class DecisionQuerySet(models.QuerySet):
    def releasable(self, at: datetime) -> Self:
        """Past their undo window and not yet told to anyone; a paused workflow holds them."""
        return self.filter(
            released_at=None,
            withdrawn_at=None,
            release_at__lte=at,
            case__workflow__paused_at=None,
        ).exclude(case__workflow__stage="suspended")

    def undoable(self, at: datetime) -> Self:
        return self.filter(released_at=None, withdrawn_at=None, release_at__gt=at)

    def standing_finals(self) -> Self:
        """The released decisions that ended their cases, the newest last; each was told. The
        older ones of a case were superseded."""
        return (
            self.filter(
                released_at__isnull=False,
                withdrawn_at=None,
                outcome__in=["approve", "correct", "reject"],
            )
            .select_related("decided_by__person")
            .order_by("released_at", "pk")
        )
