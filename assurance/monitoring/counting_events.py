"""A day's count of what came, where it went, what callers did with it, and what was raised."""

from __future__ import annotations

from collections.abc import Iterator

from assurance.monitoring.choices import Measure
from assurance.monitoring.counting import Count, Day, rows

_EVENTS = """
WITH e AS MATERIALIZED (
    SELECT e.type, e.at, convert_from(p.body, 'UTF8')::jsonb AS body
      FROM record_event e JOIN record_recordpayload p ON p.event_id = e.id
     WHERE e.workflow = %(slug)s AND e.at >= %(since)s AND e.at < %(until)s
       AND e.type = ANY (%(types)s)
)"""
RECEIVED = f"""{_EVENTS}
SELECT count(*), count(*) FILTER (WHERE (body ->> 'late')::boolean) FROM e
"""
ROUTED = f"""{_EVENTS}
SELECT body ->> 'queue', count(*), count(*) FILTER (WHERE body ->> 'decision' IS NOT NULL)
  FROM e GROUP BY 1
"""
EXECUTED = f"""{_EVENTS}
SELECT count(*), count(*) FILTER (WHERE body ->> 'problem' IS NOT NULL) FROM e
"""
# What was reported as done, and how many cases came in that time; none counts beyond its report.
REPORTED = f"""{_EVENTS}
SELECT coalesce(sum(done), 0)::bigint, coalesce(sum(greatest(done - here, 0)), 0)::bigint
  FROM (SELECT (body ->> 'count')::bigint AS done,
               (SELECT count(*) FROM record_event r
                 WHERE r.workflow = %(slug)s AND r.type = 'case.received'
                   AND r.at >= (e.body ->> 'from')::timestamptz
                   AND r.at < (e.body ->> 'to')::timestamptz) AS here
          FROM e) AS said
"""
ALERTS = f"{_EVENTS} SELECT body ->> 'code', count(*) FROM e GROUP BY 1"
LABELS = """
SELECT count(*), count(*) FILTER (WHERE value <> 'correct') FROM controls_label
 WHERE workflow_id = %(workflow)s AND at >= %(since)s AND at < %(until)s AND source = 'audit'
"""
# Two people who judged the same case without each other: the decision, and the audit after it.
PAIRS = """
SELECT first.bad, second.bad, count(*)
  FROM (SELECT DISTINCT ON (case_id) case_id, at, value <> 'correct' AS bad
          FROM controls_label
         WHERE workflow_id = %(workflow)s AND at >= %(since)s AND at < %(until)s
           AND source = 'audit' ORDER BY case_id, at DESC, id DESC) AS second
 CROSS JOIN LATERAL (
       SELECT value <> 'correct' AS bad FROM controls_label
        WHERE case_id = second.case_id AND source = 'decision' AND at <= second.at
        ORDER BY at DESC, id DESC LIMIT 1) AS first
 GROUP BY 1, 2
"""


def counts(day: Day) -> Iterator[Count]:
    """Everything that single events tell of this day, and the audits."""
    for measure, statement, types in (
        (Measure.RECEIVED, RECEIVED, ["case.received"]),
        (Measure.EXECUTED, EXECUTED, ["case.executed"]),
        (Measure.REPORTED, REPORTED, ["workflow.executed"]),
    ):
        ((n, hits),) = rows(statement, {**day.asked, "types": types})
        if n:
            yield Count(measure, n, hits)
    yield from _routed(day)
    alerts = dict(rows(ALERTS, {**day.asked, "types": ["alert.raised"]}))
    if alerts:
        yield Count(Measure.ALERTS, sum(alerts.values()), buckets=alerts)
    ((n, bad),) = rows(LABELS, day.asked)
    if n:
        yield Count(Measure.AUDITED, n, bad)
    pairs = {(first, second): n for first, second, n in rows(PAIRS, day.asked)}
    if pairs:
        table = {f"{_word(a)}/{_word(b)}": n for (a, b), n in pairs.items()}
        same = sum(n for (a, b), n in pairs.items() if a == b)
        yield Count(Measure.AGREED, sum(pairs.values()), same, buckets=table)


def _routed(day: Day) -> Iterator[Count]:
    queues = rows(ROUTED, {**day.asked, "types": ["case.routed"]})
    for queue, n, by_hand in queues:
        yield Count(Measure.ROUTED, n, by_hand, queue=queue or "")
    if queues:
        yield Count(Measure.ROUTED, sum(q[1] for q in queues), sum(q[2] for q in queues))


def _word(bad: bool) -> str:
    return "wrong" if bad else "right"
