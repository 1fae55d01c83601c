"""What human work measures for the gate: what callers did beside us, who can take a case and in
what time, how much was decided, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, F, Q

from assurance.controls import gate, stages
from assurance.controls.choices import ROUTED
from assurance.controls.gate import Reading, fails, holds, judged, unknown
from assurance.controls.models import ControlSet, Workflow
from reviews.models import Decision, Queue

FORTNIGHT = timedelta(days=14)
MONTH = timedelta(days=30)
LEAST_PEOPLE = 2
LEAST_IN_TIME = 0.95
LEAST_DAYS = 30
LEAST_DECISIONS = 300
LEAST_EACH = 50
LEAST_BY_OTHERS = 0.9

# A report names its cases, or only counts those of its period; no case counts beyond its report.
_COVERED = """
SELECT coalesce(sum(said), 0), coalesce(sum(least(said, here)), 0)
  FROM (SELECT r.count AS said,
               CASE WHEN r.external_ids IS NULL THEN
                   (SELECT count(*) FROM reviews_case c WHERE c.workflow_id = r.workflow_id
                       AND c.received_at >= r.start AND c.received_at < r."end")
               ELSE
                   (SELECT count(*) FROM reviews_case c WHERE c.workflow_id = r.workflow_id
                       AND c.external_id = ANY (ARRAY(
                           SELECT jsonb_array_elements_text(r.external_ids))))
               END AS here
          FROM controls_executedreport r
         WHERE r.workflow_id = %s AND r."end" > %s AND r."end" <= %s) AS reported
"""


def register() -> None:
    """Called from `AppConfig.ready()`."""
    for number, measure in (
        (1, covered),
        (3, reached),
        (3, in_time),
        (3, out_of_hours),
        (4, experienced),
        (10, by_others),
    ):
        gate.register(number, measure)


def covered(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Of what the caller says it did, how much was a case here."""
    with connection.cursor() as cursor:
        cursor.execute(_COVERED, [workflow.pk, at - FORTNIGHT, at])
        done, known = cursor.fetchone()
    if not done:
        yield unknown("The system did not report what it did in 14 days.")
        return
    sentence = f"{known:,} of {done:,} executions that the system reported in 14 days were cases."
    yield judged(known == done, sentence, done, f"{known / done:.1%}")


def reached(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Each disposition that people take up has a queue with two who may take its cases."""
    newest = ControlSet.objects.filter(workflow=workflow).newest().first()
    if newest is None:
        yield unknown("There is no control set yet.")
        return
    slugs = {
        rule["catch_all"]: rule["queue"] for rule in newest.content["rules"] if rule["catch_all"]
    }
    builders = workflow.builders.values("pk")
    able = Count(
        "members__person",
        filter=Q(members__is_active=True) & ~Q(members__person__in=builders),
        distinct=True,
    )
    queues = {
        queue.slug: queue
        for queue in Queue.objects.filter(slug__in=slugs.values()).annotate(able=able)
    }
    short = []
    for order in ROUTED:
        queue = queues.get(slugs.get(str(order), ""))
        if queue is None:
            short.append(f"{order.label} has no queue")
        elif queue.able < LEAST_PEOPLE:
            people = queue.able
            short.append(f"{queue.name} has {people} who may take its cases")
    if short:
        yield fails(f"{'; '.join(short)}; two are needed.", len(ROUTED), f"{len(short)} short")
    else:
        yield holds("Each disposition has a queue with two people or more.", len(ROUTED))


def in_time(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Final decisions of 30 days that left before they were due."""
    left = Decision.objects.filter(
        case__workflow=workflow,
        is_current=True,
        supersedes=None,
        released_at__gt=at - MONTH,
        released_at__lte=at,
    )
    n = left.count()
    if not n:
        yield unknown("Nothing was decided in 30 days.")
        return
    late = left.filter(case__overdue_at__lt=F("decided_at")).count()
    share = (n - late) / n
    sentence = f"{share:.1%} of {n:,} decisions in 30 days were in time; 95 % are asked."
    yield judged(share >= LEAST_IN_TIME, sentence, n, f"{share:.1%}")


def out_of_hours(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    yield unknown("Backups and what happens out of hours are not kept here yet.")


def experienced(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Days in the stage, decisions in it, and decisions on each declared action."""
    since = stages.stage_since(workflow)
    days = max((at - since).days, 0)
    yield judged(days >= LEAST_DAYS, f"{days} days in this stage; 30 are asked.", days, f"{days}")
    made = Decision.objects.filter(
        case__workflow=workflow, released_at__gt=since, released_at__lte=at
    )
    n = made.count()
    yield judged(n >= LEAST_DECISIONS, f"{n:,} decisions in it; 300 are asked.", n, f"{n:,}")
    newest = ControlSet.objects.filter(workflow=workflow).newest().first()
    actions = newest.content["specification"]["actions"] if newest else []
    for action in actions:
        each = made.filter(assessment__facts__proposed_action=action["name"]).count()
        said = f"{each:,} on “{action['name']}”; 50 are asked."
        yield judged(each >= LEAST_EACH, said, each, f"{each:,}")


def by_others(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Decisions of 30 days by people who did not build the workflow."""
    made = Decision.objects.filter(
        case__workflow=workflow, withdrawn_at=None, decided_at__gt=at - MONTH, decided_at__lte=at
    )
    n = made.count()
    if not n:
        yield unknown("Nothing was decided in 30 days.")
        return
    builders = workflow.builders.values("pk")
    others = made.exclude(decided_by__person__in=builders).count()
    sentence = f"{others:,} of {n:,} decisions in 30 days by people who did not build it."
    yield judged(others / n >= LEAST_BY_OTHERS, sentence, n, f"{others / n:.0%}")
