"""Fetch what stateful checks need, before judging, and put it into the facts.

Runs inside the intake transaction and reads the database only. Subjects that a cumulative limit
names are locked first (advisory, until the transaction ends), so two requests of one subject
cannot both see the sum before the other. A check whose gathering fails finds nothing gathered and
cannot pass: it did not run, and its failure policy says what that means.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, Literal
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models.fields.json import KeyTransform

from assurance.controls.checks.registry import CHECKS
from assurance.controls.choices import Disposition
from assurance.controls.live_set import LiveSet
from assurance.controls.models import Assessment, Workflow

logger = logging.getLogger(__name__)

# Whatever may still go ahead counts towards a limit; what was refused outright does not.
COUNTED = [
    Disposition.CONTINUE,
    Disposition.REVIEW,
    Disposition.SPECIALIST,
    Disposition.GOVERNANCE,
    Disposition.PAUSE,
]
# A check that compares with earlier cases must see all of them, so more than this is no answer.
MOST_EARLIER = 1_000


class TooManyEarlier(Exception):
    """A subject has more earlier cases than are compared with one new one."""


def gather(
    facts: dict[str, Any],
    live: LiveSet,
    workflow: Workflow,
    *,
    at: datetime,
    case_id: UUID | None = None,
) -> None:
    """Fill `facts["gathered"]` for every stateful check of the set. `case_id` leaves the case's
    own earlier revisions out."""
    stateful = [
        control
        for control in live.verifications
        if (check := CHECKS.get(control["check"]["name"])) is not None and check.stateful
    ]
    locks = {control["key"]: _lock_key(control, facts) for control in stateful}
    # Always in the same order, so that no two wait for each other.
    for key in sorted({key for key in locks.values() if key}):
        lock_subject(f"{workflow.slug}:{key}")
    history = History(workflow, at=at, case_id=case_id)
    for control in stateful:
        could_lock = locks[control["key"]] is not False
        gathered = _gathered(control, facts, history) if could_lock else None
        facts["gathered"][control["key"]] = gathered


def gathered_then(
    control: Mapping[str, Any],
    facts: Mapping[str, Any],
    workflow: Workflow,
    *,
    case_id: UUID,
    before: int,
) -> dict[str, Any] | None:
    """What one check would have been given when these stored facts were judged: of the cases kept
    before the assessment of this key, however far back its window reaches. Locks nobody."""
    if _lock_key(control, facts) is False:
        return None
    at = datetime.fromisoformat(facts["clock"])
    return _gathered(control, facts, History(workflow, at=at, case_id=case_id, before=before))


def _lock_key(control: Mapping[str, Any], facts: Mapping[str, Any]) -> str | Literal[False] | None:
    """Whom the check serialises, None where it serialises nobody, False where it cannot say."""
    try:
        return CHECKS[control["check"]["name"]].lock_key(control["check"]["params"], facts)
    except Exception as error:
        logger.warning("control %s could not lock: %s", control["key"], type(error).__name__)
        return False


def _gathered(
    control: Mapping[str, Any], facts: Mapping[str, Any], history: History
) -> dict[str, Any] | None:
    """What one check needs, None where it could not be fetched. A database that does not answer
    is not the check's fault: nothing is kept, and the caller may try again."""
    check = CHECKS[control["check"]["name"]]
    try:
        with transaction.atomic():
            return check.gather(control["check"]["params"], facts, history)
    except OperationalError:
        raise
    except Exception as error:
        # The text of the exception may hold the case's data: only its kind is logged.
        logger.warning("control %s could not gather: %s", control["key"], type(error).__name__)
        return None


def lock_subject(name: str) -> None:
    """Hold a name until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


class History:
    """The earlier cases of one workflow, as stored facts. What checks may ask of the past.

    A case counts with its latest revision. Nothing is left out for being later than `at`: of two
    requests of one subject the one that waited for the lock may carry the earlier time. `before`
    leaves out what was kept later than the assessment of this key: keys are given under the lock,
    so their order is the order in which cases of a subject were judged.
    """

    def __init__(
        self,
        workflow: Workflow,
        *,
        at: datetime,
        case_id: UUID | None = None,
        before: int | None = None,
    ) -> None:
        self._workflow = workflow
        self._at = at
        self._case_id = case_id
        self._before = before

    def sum(self, field: str, subject_field: str, subject: Any, window: timedelta) -> Decimal:
        """The sum of a number field over the earlier cases of a subject. Exact; what is no number
        counts nothing."""
        return sum(
            (
                Decimal(str(value))
                for _, _, value in self._latest(subject_field, subject, window, [field])
                if isinstance(value, (int, float)) and not isinstance(value, bool)
            ),
            Decimal(0),
        )

    def earlier(
        self, subject_field: str, value: Any, window: timedelta, fields: list[str]
    ) -> list[dict[str, Any]]:
        """The earlier cases with this value, newest first: case id, time and the fields asked.

        Raises TooManyEarlier beyond MOST_EARLIER.
        """
        found = [
            {"case": str(case), "at": at.isoformat(), **dict(zip(fields, values, strict=True))}
            for case, at, *values in self._latest(subject_field, value, window, fields)
        ]
        if len(found) > MOST_EARLIER:
            raise TooManyEarlier
        return found

    def _latest(
        self, subject_field: str, value: Any, window: timedelta, fields: list[str]
    ) -> Iterator[tuple[Any, ...]]:
        rows = Assessment.objects.filter(
            workflow=self._workflow,
            purpose=Assessment.Purpose.INTAKE,
            at__gt=self._at - window,
        )
        if subject_field == "subject":
            rows = rows.filter(subject=value)
        else:
            rows = rows.filter(facts__contains=_nested(subject_field, value))
        if self._case_id is not None:
            rows = rows.exclude(case_id=self._case_id)
        if self._before is not None:
            rows = rows.filter(pk__lt=self._before)
        newest = rows.order_by("case_id", "-revision", "-id").distinct("case_id").values("pk")
        asked = {f"asked_{number}": _at_path(path) for number, path in enumerate(fields)}
        return (
            Assessment.objects.filter(pk__in=newest, disposition__in=COUNTED)
            .annotate(**asked)
            .order_by("-at", "-id")
            .values_list("case_id", "at", *asked)
            .iterator()
        )


def _nested(path: str, value: Any) -> dict[str, Any]:
    """`{"context": {"client": 7}}` for `context.client`: JSON containment, so that a key named
    like a lookup is a key."""
    return reduce(lambda inner, key: {key: inner}, reversed(path.split(".")), value)


def _at_path(path: str) -> KeyTransform:
    """The value at a path of the stored facts, read by the database: facts hold whole sources."""
    first, *keys = path.split(".")
    return reduce(lambda inner, key: KeyTransform(key, inner), keys, KeyTransform(first, "facts"))
