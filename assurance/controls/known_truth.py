"""What is known to be true of a case, of all that was ever said of it.

The rule: what was found out afterwards (audit, outcome, incident) outweighs a decision or an
import; among equals the newest speaks; of two at one moment the worse one (harmful before
incorrect before correct). A label that was added after the moment asked about does not count.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from assurance.controls.choices import LabelSource, LabelValue
from assurance.controls.models import Assessment, Label

AFTERWARDS = (LabelSource.AUDIT, LabelSource.OUTCOME, LabelSource.INCIDENT)
# Who looked at the case itself and judged it: a person.
BY_PEOPLE = (LabelSource.DECISION, LabelSource.AUDIT)
BAD = (LabelValue.INCORRECT, LabelValue.HARMFUL)
_WORSE = {LabelValue.CORRECT: 0, LabelValue.INCORRECT: 1, LabelValue.HARMFUL: 2}


@dataclass(frozen=True, slots=True)
class Known:
    """The label that speaks for a case."""

    value: str
    source: str
    at: datetime

    @property
    def is_bad(self) -> bool:
        return self.value in BAD


def known_truth(
    cases: Collection[UUID], *, until: datetime, sources: Collection[str] = tuple(LabelSource)
) -> dict[UUID, Known]:
    """The label that speaks for each of these cases; those without any are left out."""
    found: dict[UUID, tuple[tuple[Any, ...], Known]] = {}
    rows = Label.objects.filter(case_id__in=list(cases), at__lte=until, source__in=list(sources))
    for case, value, source, at in rows.values_list("case_id", "value", "source", "at"):
        weight = (source in AFTERWARDS, at, _WORSE[LabelValue(value)])
        if case not in found or weight > found[case][0]:
            found[case] = weight, Known(value, source, at)
    return {case: known for case, (_, known) in found.items()}


def last_revisions(cases: Collection[UUID], *, until: datetime) -> dict[UUID, int]:
    """The last revision of each case: the one that a label is about."""
    last: dict[UUID, int] = {}
    for case, revision in Assessment.objects.filter(
        case_id__in=list(cases), purpose=Assessment.Purpose.INTAKE, at__lte=until
    ).values_list("case_id", "revision"):
        last[case] = max(revision, last.get(case, 0))
    return last
