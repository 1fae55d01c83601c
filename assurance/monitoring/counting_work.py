"""A day's count of people's work, of the events by which cases left queues.

Decisions count on the day that they left; a correction of a released one is no second decision.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from assurance.monitoring.choices import Measure
from assurance.monitoring.counting import Count, Day, gaps_of, histogram, rows

MANY_CLAIMS = 3
FINAL = ("approve", "correct", "reject")
# What of the chain lies before the decision left: the queue it was made in, since when, whether it
# was overdue there, the last claim. And what the enforced controls had ordered.
DECIDED = """
WITH gone AS MATERIALIZED (
    SELECT e.id, e.stream_id, e.seq, e.at, e.type,
           convert_from(p.body, 'UTF8')::jsonb AS body
      FROM record_event e JOIN record_recordpayload p ON p.event_id = e.id
     WHERE e.workflow = %(slug)s AND e.at >= %(since)s AND e.at < %(until)s
       AND e.type IN ('case.closed', 'case.routed', 'case.returned') AND e.stream_type = 'case'
)
SELECT made.outcome, made.rights, made.reasons, made.actor_user_id, routed.queue,
       extract(epoch FROM made.at - routed.at)::float8,
       extract(epoch FROM made.at - told.claimed_at)::float8,
       coalesce(told.overdue_at >= routed.at, false), told.claims, judged.fired
  FROM gone
 CROSS JOIN LATERAL (
       SELECT e.seq, e.at, e.actor_user_id, b.body ->> 'outcome' AS outcome,
              b.body -> 'control_was_right' AS rights, b.body -> 'reasons' AS reasons
         FROM record_event e JOIN record_recordpayload p ON p.event_id = e.id
        CROSS JOIN LATERAL (SELECT convert_from(p.body, 'UTF8')::jsonb AS body) b
        WHERE e.stream_type = 'case' AND e.stream_id = gone.stream_id AND e.seq < gone.seq
          AND e.type = 'case.decided' AND b.body -> 'decision' = gone.body -> 'decision'
        LIMIT 1) made
  LEFT JOIN LATERAL (
       SELECT e.at, convert_from(p.body, 'UTF8')::jsonb ->> 'queue' AS queue
         FROM record_event e JOIN record_recordpayload p ON p.event_id = e.id
        WHERE e.stream_type = 'case' AND e.stream_id = gone.stream_id AND e.seq < made.seq
          AND e.type = 'case.routed' ORDER BY e.seq DESC LIMIT 1) routed ON true
 CROSS JOIN LATERAL (
       SELECT max(e.at) FILTER (WHERE e.type = 'case.claimed') AS claimed_at,
              max(e.at) FILTER (WHERE e.type = 'case.overdue') AS overdue_at,
              count(*) FILTER (WHERE e.type = 'case.claimed') AS claims
         FROM record_event e
        WHERE e.stream_type = 'case' AND e.stream_id = gone.stream_id AND e.seq < made.seq) told
  LEFT JOIN LATERAL (
       SELECT jsonb_path_query_array(a.results, '$[*] ? (@.mode == "enforced" && @.effect != null
                  && @.effect != "continue" && !(@.waived_by != "")).key') AS fired
         FROM controls_assessment a
        WHERE a.case_id = gone.stream_id::uuid AND a.purpose <> 'correction' AND a.at <= made.at
        ORDER BY a.at DESC, a.id DESC LIMIT 1) judged ON true
 WHERE gone.body -> 'decision' IS NOT NULL AND gone.body ->> 'decision' <> ''
   AND coalesce(gone.body ->> 'supersedes', '') = ''
 ORDER BY gone.at, gone.id
"""


class _Decided(NamedTuple):
    """One decision that left."""

    outcome: str
    rights: dict[str, str] | None
    reasons: list[str] | None
    by: int | None
    queue: str | None
    waited: float | None
    took: float | None
    overdue: bool
    claims: int
    fired: list[str] | None


def counts(day: Day) -> Iterator[Count]:
    """Everything that decisions tell of this day: of each queue, and of all."""
    made = [_Decided(*map(_read, row)) for row in rows(DECIDED, day.asked)]
    by_queue: dict[str, list[_Decided]] = defaultdict(list)
    for one in made:
        for queue in dict.fromkeys(("", one.queue or "")):
            by_queue[queue].append(one)
    for queue, here in by_queue.items():
        yield from _of_queue(queue, here)
    yield from _of_controls(made)


def _of_queue(queue: str, here: list[_Decided]) -> Iterator[Count]:
    waits = [one.waited for one in here if one.waited is not None]
    times = [one.took for one in here if one.took is not None]
    people = sorted({one.by for one in here if one.by is not None})
    outcomes = Counter(one.outcome for one in here)
    late = sum(one.overdue for one in here)
    yield Count(Measure.DECIDED, len(here), late, queue=queue, buckets=dict(outcomes))
    if waits:
        yield Count(
            Measure.WAITED, len(waits), queue=queue, total=sum(waits), buckets=histogram(waits)
        )
    if times:
        buckets: dict[str, Any] = {"seconds": histogram(times), "people": people}
        yield Count(Measure.HANDLED, len(times), queue=queue, total=sum(times), buckets=buckets)
    final = [one for one in here if one.outcome in FINAL]
    if final:
        many = sum(one.claims >= MANY_CLAIMS for one in final)
        reasons = Counter(reason for one in final for reason in one.reasons or ())
        yield Count(Measure.CLAIMS, len(final), many, queue=queue, buckets=dict(reasons))
    held = [one.outcome == "approve" for one in final if one.fired]
    if held:
        yield Count(Measure.OVERRIDE, len(held), sum(held), queue=queue, gaps=gaps_of(held))


def _of_controls(made: Iterable[_Decided]) -> Iterator[Count]:
    approved: dict[str, list[bool]] = defaultdict(list)
    wrong: dict[str, list[bool]] = defaultdict(list)
    for one in made:
        if one.outcome in FINAL:
            for key in one.fired or ():
                approved[key].append(one.outcome == "approve")
        for key, said in (one.rights or {}).items():
            if said in ("yes", "no"):
                wrong[key].append(said == "no")
    for key, was in approved.items():
        yield Count(Measure.OVERRIDE, len(was), sum(was), control=key, gaps=gaps_of(was))
    for key, was in wrong.items():
        yield Count(Measure.RIGHT, len(was), sum(was), control=key)


def _read(value: Any) -> Any:
    """JSON comes as text over a plain cursor."""
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
