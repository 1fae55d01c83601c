"""How often each control fired lately, and whether what is known of those cases agrees. Two
questions to the database for however many controls, none for each.

Of a workflow that judged more than `NEWEST` cases in that time only the newest count, and the
pages say so: a million would take half a minute to read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

DAYS = 30
# A share of fewer cases says nothing.
LEAST = 10
NEWEST = 10_000

# It fired where its outcome ordered something, in whatever mode. The truth of a case: what was
# found out afterwards outweighs a decision or an import, then the newest, then the worse.
FIGURES = """
WITH fired AS (
    SELECT DISTINCT a.case_id, r.key
      FROM unnest(%(workflows)s::bigint[]) AS w(id)
     CROSS JOIN LATERAL (SELECT case_id, results FROM controls_assessment
                          WHERE workflow_id = w.id AND purpose = 'intake'
                            AND at > %(since)s AND at <= %(until)s
                          ORDER BY at DESC LIMIT %(newest)s) AS a,
           jsonb_to_recordset(a.results) AS r(key text, effect text)
     WHERE r.effect IS NOT NULL AND r.effect <> 'continue'
), truth AS (
    SELECT DISTINCT ON (l.case_id) l.case_id, l.value <> 'correct' AS bad
      FROM (SELECT DISTINCT case_id FROM fired) AS f
      JOIN controls_label l USING (case_id)
     WHERE l.at <= %(until)s
     ORDER BY l.case_id, (l.source IN ('audit', 'outcome', 'incident')) DESC, l.at DESC,
              array_position(ARRAY['harmful', 'incorrect', 'correct'], l.value::text)
)
SELECT fired.key, count(*), count(truth.case_id), count(*) FILTER (WHERE truth.bad)
  FROM fired LEFT JOIN truth USING (case_id)
 GROUP BY fired.key
"""
DAILY = """
SELECT (a.at AT TIME ZONE 'UTC')::date, count(DISTINCT a.case_id),
       count(DISTINCT a.case_id) FILTER (WHERE jsonb_path_exists(a.results,
           '$[*] ? (@.key == $key && @.effect != null && @.effect != "continue")',
           jsonb_build_object('key', %(key)s::text)))
  FROM (SELECT at, case_id, results FROM controls_assessment
         WHERE workflow_id = %(workflow)s AND purpose = 'intake'
           AND at > %(since)s AND at <= %(until)s
         ORDER BY at DESC LIMIT %(newest)s) AS a
 GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the last days: cases that it fired on, of how many the truth is known, and of how many
    that was that the output was wrong: there people agree with it."""

    fired: int = 0
    known: int = 0
    agreed: int = 0

    def says(self) -> str:
        """ "78 % (21 of 27)", or that too few are known."""
        if self.known < LEAST:
            return f"cannot say (n={self.known})"
        return f"{self.agreed * 100 / self.known:.0f} % ({self.agreed:,} of {self.known:,})"


@dataclass(frozen=True, slots=True)
class Day:
    """One day in UTC: the cases judged, and those that the control fired on."""

    day: date
    judged: int
    fired: int


def figures(workflows: Collection[int], at: datetime, days: int = DAYS) -> dict[str, Figures]:
    """By key of the control; one that never fired is left out."""
    if not workflows:
        return {}
    asked: dict[str, Any] = {
        "workflows": list(workflows),
        "since": at - timedelta(days=days),
        "until": at,
        "newest": NEWEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, asked)
        return {key: Figures(*counts) for key, *counts in cursor.fetchall()}


def daily(workflow: int, key: str, at: datetime, days: int = DAYS) -> list[Day]:
    """Every day of the period, the oldest first, those without a case too; where there are more
    than `NEWEST` cases, from the day of the oldest of those."""
    since = at - timedelta(days=days)
    asked: dict[str, Any] = {
        "workflow": workflow,
        "key": key,
        "since": since,
        "until": at,
        "newest": NEWEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(DAILY, asked)
        found = {day: Day(day, judged, fired) for day, judged, fired in cursor.fetchall()}
    is_whole = sum(day.judged for day in found.values()) < NEWEST
    first = since.date() + timedelta(days=1) if is_whole else min(found)
    wanted = [first + timedelta(days=n) for n in range((at.date() - first).days + 1)]
    return [found.get(day, Day(day, 0, 0)) for day in wanted]
