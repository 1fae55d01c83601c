"""Daily counts: which days something was recorded about, and each of those counted anew.

A day is never added to. The sweep follows the feed of events, which every event enters exactly
once after its commit, marks the days that it tells of, and counts each of those whole from
assessments, events and labels. So a count is right however often, in whatever order and by
however many workers it is made. Cases themselves are never looked at.
"""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import takewhile

from django.db import connection, transaction
from django.db.models import Max

from assurance.controls.models import Label, Workflow
from assurance.monitoring import counting_events, counting_judgements, counting_work
from assurance.monitoring.counting import Day
from assurance.monitoring.models import DailyCount, DirtyDay, SweepPosition
from assurance.record.events import sequence_pending
from assurance.record.models import EventPosition

BATCH = 5_000
# A label without an event of its own is looked at when whoever wrote it has surely committed.
SETTLED_AFTER = timedelta(minutes=2)
PARTS = (counting_judgements.counts, counting_events.counts, counting_work.counts)

# The day of an event; and of what tells the truth of a case, or gives it another revision, the
# days on which the case was judged.
_MARK = """
INSERT INTO monitoring_dirtyday (workflow, day)
SELECT e.workflow, (e.at AT TIME ZONE 'UTC')::date
  FROM record_eventposition p JOIN record_event e ON e.id = p.event_id
 WHERE p.position > %(after)s AND p.position <= %(upto)s AND e.workflow <> ''
 UNION
SELECT e.workflow, (a.at AT TIME ZONE 'UTC')::date
  FROM record_eventposition p JOIN record_event e ON e.id = p.event_id
  JOIN controls_assessment a ON a.case_id = CASE WHEN e.stream_type = 'case'
                                                 THEN e.stream_id::uuid END
 WHERE p.position > %(after)s AND p.position <= %(upto)s AND e.workflow <> ''
   AND e.type IN ('case.closed', 'case.outcome', 'case.revised', 'case.reopened')
ON CONFLICT DO NOTHING
"""
_MARK_LABELS = """
INSERT INTO monitoring_dirtyday (workflow, day)
SELECT w.slug, (l.at AT TIME ZONE 'UTC')::date
  FROM controls_label l JOIN controls_workflow w ON w.id = l.workflow_id
 WHERE l.id > %(after)s AND l.id <= %(upto)s
 UNION
SELECT w.slug, (a.at AT TIME ZONE 'UTC')::date
  FROM controls_label l JOIN controls_workflow w ON w.id = l.workflow_id
  JOIN controls_assessment a ON a.case_id = l.case_id
 WHERE l.id > %(after)s AND l.id <= %(upto)s
ON CONFLICT DO NOTHING
"""


def sweep(at: datetime, *, seconds: float = 40) -> int:
    """Read what is new in the feed and count the days it tells of, the oldest first, until the
    time is up. Returns how many days were counted; the rest stay marked."""
    ends = clock_time.monotonic() + seconds
    while sequence_pending():
        pass
    while follow(at):
        pass
    counted = 0
    for workflow, day in DirtyDay.objects.order_by("day", "workflow").values_list(
        "workflow", "day"
    ):
        counted += rebuild(workflow, day, only_dirty=True)
        if clock_time.monotonic() > ends:
            break
    return counted


@transaction.atomic
def follow(at: datetime) -> bool:
    """Mark the days of the next events and labels. Says whether there may be more."""
    SweepPosition.objects.get_or_create(id=1)
    here = SweepPosition.objects.select_for_update().get(id=1)
    upto = (
        EventPosition.objects.filter(
            position__gt=here.event, position__lte=here.event + BATCH
        ).aggregate(last=Max("position"))["last"]
        or here.event
    )
    new = Label.objects.filter(pk__gt=here.label).order_by("pk").values_list("pk", "at")
    settled = takewhile(lambda label: label[1] <= at - SETTLED_AFTER, new[:BATCH])
    labels = max((pk for pk, _ in settled), default=here.label)
    with connection.cursor() as cursor:
        cursor.execute(_MARK, {"after": here.event, "upto": upto})
        cursor.execute(_MARK_LABELS, {"after": here.label, "upto": labels})
    moved = (upto, labels) != (here.event, here.label)
    here.event, here.label = upto, labels
    here.save(update_fields=["event", "label"])
    return moved


@transaction.atomic
def rebuild(workflow: str, day: date, *, only_dirty: bool = False) -> bool:
    """Count one day of one workflow anew. One at a time; the mark goes first, so that whatever is
    recorded meanwhile marks the day again. Says whether it was counted."""
    with connection.cursor() as cursor:
        # The planner takes a day's results for a hundred times as many, and compiles for longer
        # than all of the counting takes.
        cursor.execute("SET LOCAL jit = off")
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"{workflow} {day}"]
        )
    was_dirty, _ = DirtyDay.objects.filter(workflow=workflow, day=day).delete()
    if only_dirty and not was_dirty:
        return False
    found = Workflow.objects.filter(slug=workflow).values_list("pk", flat=True).first()
    DailyCount.objects.filter(workflow=workflow, day=day).delete()
    if found is None:
        return False
    DailyCount.objects.bulk_create(_rows(Day(found, workflow, day)), batch_size=1_000)
    return True


def _rows(day: Day, parts: Iterable[Callable] = PARTS) -> list[DailyCount]:
    return [
        DailyCount(
            day=day.day,
            workflow=day.slug,
            queue=one.queue,
            control=one.control,
            control_version=one.control_version,
            model_version=one.model_version,
            measure=one.measure,
            n=one.n,
            hits=one.hits,
            total=one.total,
            buckets=one.buckets,
            gaps=one.gaps,
        )
        for part in parts
        for one in part(day)
    ]
