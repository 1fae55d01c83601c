"""What this room measures for the gate: coverage, verification, changes, people, drills,
reconstruction, what is left of the pilot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Max, Min

from assurance.controls import gate, guarding
from assurance.controls.assess import assess
from assurance.controls.choices import ChangeStatus, Mode, ReplayStatus, Tier, Way
from assurance.controls.gate import Reading, fails, holds, judged, unknown
from assurance.controls.judgement import Judgement
from assurance.controls.live_set import live_set
from assurance.controls.models import (
    Assessment,
    ControlChange,
    ControlSet,
    Drill,
    Replay,
    Workflow,
)
from assurance.controls.stage_choices import DrillKind, DrillResult

FORTNIGHT = timedelta(days=14)
MONTH = timedelta(days=30)
QUARTER = timedelta(days=90)
# A share of what can go wrong with the checks themselves.
MOST_ERRORS = 0.01
LEAST_BY_OTHERS = 0.9
RECONSTRUCTED = 20
# Results older than these many judgements say nothing of how checks run today.
NEWEST = 20_000

_RAN = """
SELECT count(*),
       count(*) FILTER (WHERE r->>'outcome' IN ('error', 'timeout')),
       count(*) FILTER (WHERE r->>'outcome' IN ('error', 'timeout', 'not_run')
                          AND r->>'effect' = 'continue')
  FROM (SELECT results FROM controls_assessment
         WHERE workflow_id = %s AND at > %s AND at <= %s ORDER BY at DESC LIMIT %s) AS newest,
       jsonb_array_elements(newest.results) AS r
 WHERE r->>'kind' = 'verification' AND r->>'mode' = 'enforced'
   AND r->>'outcome' <> 'not_applicable'
"""
_DRAWN = """
SELECT DISTINCT a.id FROM unnest(%s::timestamptz[]) AS m
 CROSS JOIN LATERAL (SELECT id FROM controls_assessment
                      WHERE workflow_id = %s AND purpose = 'intake' AND at >= m AND at <= %s
                      ORDER BY at LIMIT 1) AS a
"""


def register() -> None:
    """Called from `AppConfig.ready()`."""
    for number, measure in (
        (1, governed),
        (2, verified),
        (2, running),
        (9, changed),
        (9, reproduced),
        (10, people),
        (11, drilled),
        (12, reconstructed),
        (12, checked_offline),
        (13, loaded),
        (14, pilot_only),
    ):
        gate.register(number, measure)


def governed(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """No case of a fortnight without an enforced control that was applicable."""
    cases = Assessment.objects.filter(
        workflow=workflow, purpose=Assessment.Purpose.INTAKE, at__gt=at - FORTNIGHT, at__lte=at
    )
    n, bare = cases.count(), cases.filter(ungoverned=True).count()
    if not n:
        yield unknown("No case was judged in 14 days.")
        return
    sentence = f"{bare:,} of {n:,} cases in 14 days were governed by no control."
    yield judged(bare == 0, sentence, n, f"{bare:,}")


def verified(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Each declared action has an enforced verification."""
    content = _content(workflow)
    actions = content["specification"]["actions"] if content else []
    if content is None or not actions:
        yield unknown("The specification declares no action.")
        return
    bare = [one["name"] for one in actions if not guarding.verifying(content, one["name"])]
    n = len(actions)
    if bare:
        named = ", ".join(bare)
        yield fails(
            f"{len(bare)} of {_counted(n, 'action')} without an enforced verification: {named}.",
            n,
            f"{len(bare)}",
        )
    else:
        yield holds(f"Each of {_counted(n, 'action')} has an enforced verification.", n, f"{n}")


def running(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Checks that broke or came too late in 30 days; in a high tier none that let a case go."""
    with connection.cursor() as cursor:
        cursor.execute(_RAN, [workflow.pk, at - MONTH, at, NEWEST])
        n, broken, opened = cursor.fetchone()
    if not n:
        yield unknown("No enforced check ran in 30 days.")
        return
    share = broken / n
    yield judged(
        share <= MOST_ERRORS,
        f"{broken:,} of {n:,} checks in 30 days ended in an error or too late; 1 % is allowed.",
        n,
        f"{share:.1%}",
    )
    if workflow.tier == Tier.HIGH:
        sentence = f"{opened:,} checks let a case go on although they did not run; none may."
        yield judged(opened == 0, sentence, n, f"{opened:,}")


def changed(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """No emergency change that nobody ratified."""
    published = ControlChange.objects.filter(workflow=workflow, status=ChangeStatus.PUBLISHED)
    n = published.count()
    open_ones = published.filter(way=Way.EMERGENCY, ratified_at=None).count()
    sentence = f"{open_ones:,} of {_counted(n, 'published change')} waits to be ratified."
    if open_ones != 1:
        sentence = f"{open_ones:,} of {_counted(n, 'published change')} wait to be ratified."
    yield judged(open_ones == 0, sentence, n, f"{open_ones:,}")


def reproduced(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """The newest replay's self-test: the live set comes to its own history."""
    replay = (
        Replay.objects.filter(
            workflow=workflow,
            status=ReplayStatus.DONE,
            finished_at__lte=at,
            finished_at__gt=at - FORTNIGHT,
        )
        .order_by("-finished_at")
        .first()
    )
    tested = (replay.report or {}).get("self_test") if replay else None
    if not tested or not tested["n"]:
        yield unknown("No replay of the last 14 days tested the live set on its own history.")
        return
    n, different = tested["n"], tested["different"]
    sentence = f"A replay judged {n:,} stored cases again; {different:,} came out differently."
    yield judged(different == 0, sentence, n, f"{(n - different) / n:.1%}")


def people(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Owner and deputy are no builders; most changes come from others."""
    builders = set(workflow.builders.values_list("pk", flat=True))
    posts = [("The owner", workflow.owner), ("the deputy", workflow.deputy)]
    if workflow.deputy is None:
        yield fails("There is no deputy.", 1)
    building = [name for name, user in posts if user and user.person_id in builders]
    named = " and ".join(building)
    yield judged(
        not building,
        f"{named[:1].upper()}{named[1:]} built it."
        if building
        else "Owner and deputy did not build it.",
        sum(1 for _, user in posts if user),
    )
    made = ControlChange.objects.filter(
        workflow=workflow,
        status=ChangeStatus.PUBLISHED,
        published_at__gt=at - QUARTER,
        published_at__lte=at,
    )
    n = made.count()
    if not n:
        yield unknown("No change was published in 90 days.")
        return
    others = made.exclude(author_person__in=builders).count()
    sentence = f"{others:,} of {_counted(n, 'change')} in 90 days by people who did not build it."
    yield judged(others / n >= LEAST_BY_OTHERS, sentence, n, f"{others / n:.0%}")


def drilled(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Kill switch, verifier outage and escalation, within 90 days, passed and confirmed."""
    for kind in (DrillKind.KILL_SWITCH, DrillKind.VERIFIER_OUTAGE, DrillKind.ESCALATION):
        yield _drill(workflow, kind, at)


def loaded(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """A load test; how busy people are is not measured yet."""
    yield _drill(workflow, DrillKind.LOAD_TEST, at)
    yield unknown("How much of the people's time the work takes is not measured yet.")


def checked_offline(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    yield _drill(workflow, DrillKind.OFFLINE_CHECK, at)


def reconstructed(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """Twenty stored judgements, spread over time, judged again on their frozen facts."""
    found = _spread(workflow, at)
    n = len(found)
    if n < RECONSTRUCTED:
        yield unknown("Too few cases were judged to take 20.", n, RECONSTRUCTED)
        return
    same = sum(agrees(one) for one in found)
    sentence = f"{same} of {n} stored judgements come out the same when judged again."
    yield judged(same == n, sentence, n, f"{same}/{n}")


def pilot_only(workflow: Workflow, at: datetime) -> Iterator[Reading]:
    """No control that asks for the pilot: it has no end but that of the stage."""
    content = _content(workflow)
    controls = [c for c in content["controls"] if c["mode"] != Mode.OFF] if content else []
    left = [one["key"] for one in controls if guarding.names_pilot(one["condition"])]
    n = len(controls)
    if left:
        sentence = f"{', '.join(left)} of {_counted(n, 'control')} speaks in the pilot only."
        yield fails(sentence, n, f"{len(left)}")
    else:
        yield holds(f"None of {_counted(n, 'control')} speaks in the pilot only.", n, "0")


def agrees(one: Assessment) -> bool:
    """Whether a stored judgement comes out again, in every outcome."""
    again: Judgement = assess(one.facts, live_set(one.control_set))
    outcomes = {r.key: r.outcome for r in again.results}
    return (
        again.disposition == one.disposition
        and again.would_be == one.would_be
        and list(again.decided_by) == one.decided_by
        and outcomes == {r["key"]: r["outcome"] for r in one.results}
    )


def _spread(workflow: Workflow, at: datetime) -> list[Assessment]:
    """Twenty at moments drawn anew each day; all where there are not more."""
    cases = Assessment.objects.filter(
        workflow=workflow, purpose=Assessment.Purpose.INTAKE, at__lte=at
    )
    bounds = cases.aggregate(first=Min("at"), last=Max("at"))
    if bounds["first"] is None:
        return []
    draw = Random(f"{workflow.slug} {at:%Y-%m-%d}")
    length = bounds["last"] - bounds["first"]
    moments = [bounds["first"] + length * draw.random() for _ in range(2 * RECONSTRUCTED)]
    with connection.cursor() as cursor:
        cursor.execute(_DRAWN, [moments, workflow.pk, at])
        drawn = [pk for (pk,) in cursor.fetchall()]
    # Cases that came all at once leave nothing to draw between.
    first = cases.order_by("at").values_list("pk", flat=True)[:RECONSTRUCTED]
    chosen = list(dict.fromkeys([*drawn, *first]))[:RECONSTRUCTED]
    found = Assessment.objects.filter(pk__in=chosen).select_related("control_set")
    return list(found.defer("control_set__canonical"))


def _drill(workflow: Workflow, kind: DrillKind, at: datetime) -> Reading:
    held = Drill.objects.filter(
        workflow=workflow, kind=kind, held_at__lte=at, held_at__gt=at - QUARTER
    )
    newest = held.exclude(confirmed_at=None).order_by("-held_at").first()
    if newest is None:
        waits = " One waits to be confirmed." if held.exists() else ""
        return unknown(f"{kind.label}: no confirmed record in 90 days.{waits}")
    sentence = f"{kind.label}: {newest.get_result_display().lower()} on {newest.held_at:%d %B}."
    return judged(newest.result == DrillResult.PASSED, sentence, 1)


def _content(workflow: Workflow) -> dict[str, Any] | None:
    newest = ControlSet.objects.filter(workflow=workflow).newest().first()
    return newest.content if newest else None


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
