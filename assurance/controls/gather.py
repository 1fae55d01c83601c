"""Fetch what stateful checks need, before judging, and put it into the facts.

Runs inside the intake transaction and reads the database only. Subjects that a cumulative limit
names are locked first (advisory, until the transaction ends), so two requests of one subject
cannot both see the sum before the other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection

from assurance.controls.checks.registry import CHECKS
from assurance.controls.choices import Disposition, Kind
from assurance.controls.live_set import LiveSet
from assurance.controls.messages import value_at
from assurance.controls.models import Assessment, Workflow

# Whatever may still go ahead counts towards a limit; what was refused outright does not.
COUNTED = [
    Disposition.CONTINUE,
    Disposition.REVIEW,
    Disposition.SPECIALIST,
    Disposition.GOVERNANCE,
    Disposition.PAUSE,
]
MOST_EARLIER = 50


def gather(
    facts: dict[str, Any], live: LiveSet, workflow: Workflow, *, at: datetime, case_id=None
) -> None:
    """Fill `facts["gathered"]` for every stateful check of the set. `case_id` leaves the case's
    own earlier revisions out."""
    stateful = [
        control
        for control in live.controls
        if control["kind"] == Kind.VERIFICATION and CHECKS[control["check"]["name"]].stateful
    ]
    locks = {
        key
        for control in stateful
        if (key := CHECKS[control["check"]["name"]].lock_key(control["check"]["params"], facts))
    }
    for key in sorted(locks):  # always in the same order, so that no two wait for each other
        lock_subject(f"{workflow.slug}:{key}")
    history = History(workflow, at=at, case_id=case_id)
    for control in stateful:
        check = CHECKS[control["check"]["name"]]
        facts["gathered"][control["key"]] = check.gather(control["check"]["params"], facts, history)


def lock_subject(name: str) -> None:
    """Hold a name until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


class History:
    """The earlier cases of one workflow, as stored facts. What checks may ask of the past."""

    def __init__(self, workflow: Workflow, *, at: datetime, case_id=None) -> None:
        self._workflow = workflow
        self._at = at
        self._case_id = case_id

    def sum(self, field: str, subject_field: str, subject: str, window: timedelta) -> Decimal:
        """The sum of a number field over the latest revision of each case of a subject."""
        total = Decimal(0)
        for facts in self._latest(subject_field, subject, window):
            value = value_at(facts, field)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                try:
                    total += Decimal(str(value))
                except InvalidOperation:  # pragma: no cover - floats were checked at intake
                    continue
        return total

    def earlier(
        self, subject_field: str, value: Any, window: timedelta, fields: list[str]
    ) -> list[dict[str, Any]]:
        """The newest earlier cases with this value: their case id, time and the fields asked."""
        return [
            {
                "case": str(facts["_case"]),
                "at": facts["clock"],
                **{name: value_at(facts, name) for name in fields},
            }
            for facts in self._latest(subject_field, value, window)[:MOST_EARLIER]
        ]

    def _latest(self, subject_field: str, value: Any, window: timedelta) -> list[dict[str, Any]]:
        rows = Assessment.objects.filter(
            workflow=self._workflow,
            purpose=Assessment.Purpose.INTAKE,
        ).within(window, before=self._at)
        if subject_field == "subject":
            rows = rows.filter(subject=value)
        else:
            rows = rows.filter(**{"facts__" + subject_field.replace(".", "__"): value})
        if self._case_id is not None:
            rows = rows.exclude(case_id=self._case_id)
        newest: dict[Any, tuple[str, dict[str, Any]]] = {}
        ordered = rows.order_by("case_id", "-revision", "-id")
        for case_id, order, facts in ordered.values_list("case_id", "disposition", "facts"):
            newest.setdefault(case_id, (order, facts | {"_case": case_id}))
        kept = [facts for order, facts in newest.values() if order in COUNTED]
        return sorted(kept, key=lambda facts: facts["clock"], reverse=True)
