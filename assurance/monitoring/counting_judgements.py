"""A day's count of what was judged at intake, and of what became known of it since.

One reading of the day's assessments. Controls that stayed quiet are not among an assessment's
results; how many judged is known of the sets that were in force.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from assurance.controls.choices import Kind, Mode
from assurance.controls.live_set import live_set
from assurance.controls.models import ControlSet
from assurance.monitoring.choices import Measure
from assurance.monitoring.counting import Count, Day, gaps, rows

NOT_SAID = "not said"
_ORDERS = "effect IS NOT NULL AND effect <> 'continue'"
# What a verifier was not asked while anybody waited: it is no error of it.
_LATER = "coalesce(reason_code IN ('in_background', 'superseded'), false)"
_DAY = """
WITH a AS MATERIALIZED (
    SELECT id, case_id, revision, at, control_set_id AS set, disposition, ungoverned, results,
           coalesce(nullif(trim(concat_ws(' ', facts #>> '{model,name}',
                                          facts #>> '{model,version}')), ''),
                    %(not_said)s) AS model
      FROM controls_assessment
     WHERE workflow_id = %(workflow)s AND purpose = 'intake'
       AND at >= %(since)s AND at < %(until)s
)"""
ASSESSED = f"""{_DAY}
SELECT set, model, disposition, count(*), count(*) FILTER (WHERE ungoverned),
       count(*) FILTER (WHERE jsonb_path_exists(results, '$[*] ? (@.mode == "enforced"
           && @.effect != null && @.effect != "continue" && !(@.waived_by != ""))'))
  FROM a GROUP BY 1, 2, 3
"""
_RESULTS = f"""{_DAY}, r AS (
    SELECT a.id, a.case_id, a.set, x.key, x.outcome, x.effect, x.reason_code,
           coalesce({_ORDERS}, false) AS fired,
           bool_or(coalesce({_ORDERS}, false) AND mode = 'enforced'
                   AND coalesce(waived_by, '') = '') OVER (PARTITION BY a.id) AS held
      FROM a, jsonb_to_recordset(a.results)
           AS x(key text, mode text, outcome text, effect text, reason_code text, waived_by text)
)"""
RESULTS = f"""{_RESULTS}
SELECT set, key, count(*),
       count(*) FILTER (WHERE outcome = 'not_applicable'),
       count(*) FILTER (WHERE fired),
       count(*) FILTER (WHERE outcome = 'inconclusive'),
       count(*) FILTER (WHERE outcome IN ('error', 'not_run') AND NOT {_LATER}),
       count(*) FILTER (WHERE outcome = 'timeout'),
       count(*) FILTER (WHERE outcome IN ('error', 'timeout', 'not_run')
                          AND effect = 'continue' AND NOT {_LATER}),
       count(*) FILTER (WHERE outcome = 'fail'),
       count(*) FILTER (WHERE fired AND held),
       count(*) FILTER (WHERE {_LATER}),
       count(*) FILTER (WHERE {_LATER} AND held)
  FROM r GROUP BY 1, 2
"""
# The last revision of a case is the one that a label is about. What was found out afterwards
# outweighs a decision or an import, then the newest, then the worse.
_TRUTH = f"""{_RESULTS}, truth AS (
    SELECT DISTINCT ON (a.id) a.id, a.at, a.set, a.model, l.value <> 'correct' AS bad
      FROM a JOIN controls_label l USING (case_id)
     WHERE NOT EXISTS (SELECT FROM controls_assessment later
                        WHERE later.case_id = a.case_id AND later.purpose = 'intake'
                          AND later.revision > a.revision)
     ORDER BY a.id, (l.source IN ('audit', 'outcome', 'incident')) DESC, l.at DESC,
              array_position(ARRAY['harmful', 'incorrect', 'correct'], l.value::text)
)"""
KNOWN = f"""{_TRUTH}, placed AS (
    SELECT *, row_number() OVER (ORDER BY at, id) AS place,
           row_number() OVER (PARTITION BY model ORDER BY at, id) AS own FROM truth
)
SELECT model, count(*), count(*) FILTER (WHERE bad),
       array_agg(place ORDER BY place) FILTER (WHERE bad),
       array_agg(own ORDER BY own) FILTER (WHERE bad)
  FROM placed GROUP BY GROUPING SETS ((), (model))
HAVING count(*) > 0
"""
KNOWN_SETS = f"""{_TRUTH}
SELECT set, NULL, count(*), count(*) FILTER (WHERE bad) FROM truth GROUP BY 1
 UNION ALL
SELECT truth.set, r.key, count(*), count(*) FILTER (WHERE bad)
  FROM truth JOIN r USING (id) WHERE r.fired GROUP BY 1, 2
"""


class _Result(NamedTuple):
    """How often one control of one set ended how; what is not here stayed quiet."""

    spoke: int = 0
    not_applicable: int = 0
    fired: int = 0
    inconclusive: int = 0
    error: int = 0
    timeout: int = 0
    fail_open: int = 0
    failed: int = 0
    fired_and_held: int = 0
    later: int = 0
    later_and_held: int = 0


def counts(day: Day) -> Iterator[Count]:
    """Everything that assessments and labels tell of this day."""
    asked = {**day.asked, "not_said": NOT_SAID}
    assessed = rows(ASSESSED, asked)
    if not assessed:
        return
    judged: dict[int, int] = defaultdict(int)
    stopped: dict[int, int] = defaultdict(int)
    models: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    disposed: dict[str, int] = defaultdict(int)
    for control_set, model, disposition, n, ungoverned, held_by_control in assessed:
        judged[control_set] += n
        stopped[control_set] += held_by_control
        disposed[disposition] += n
        for level in ("", model):
            models[level][0] += n
            models[level][1] += ungoverned
    for model, (n, ungoverned) in models.items():
        yield Count(Measure.ASSESSED, n, ungoverned, model_version=model)
    held = sum(n for disposition, n in disposed.items() if disposition != "continue")
    yield Count(Measure.DISPOSED, models[""][0], held, buckets=dict(disposed))
    yield from _controls(judged, stopped, asked)
    yield from _known(asked)


def _controls(
    judged: dict[int, int], held: dict[int, int], asked: dict[str, Any]
) -> Iterator[Count]:
    """Of each control: how often it was judged, and how that ended. `judged` and `held` by set."""
    results = {(row[0], row[1]): _Result(*row[2:]) for row in rows(RESULTS, asked)}
    known: dict[tuple[int, str | None], tuple[int, int]] = {
        (control_set, key): (n, bad) for control_set, key, n, bad in rows(KNOWN_SETS, asked)
    }
    found: dict[tuple[str, str, int | None], list[int]] = defaultdict(lambda: [0, 0])

    def add(measure: str, key: str, version: int | None, n: int, hits: int) -> None:
        for level in ((measure, key, version), *([(measure, "", None)] if n else [])):
            if level[1] or measure in _WHOLE:
                found[level][0] += n
                found[level][1] += hits

    for control_set in ControlSet.objects.filter(pk__in=judged):
        live, n = live_set(control_set), judged[control_set.pk]
        for control, version in zip(live.controls, live.versions, strict=True):
            key, pk = control["key"], control_set.pk
            one = results.get((pk, key), _Result())
            applied = n - one.not_applicable
            if control["mode"] != Mode.ENFORCED:
                differs = (
                    one.fired + (held.get(pk, 0) - one.later_and_held) - 2 * one.fired_and_held
                )
                add(Measure.SHADOW, key, version, n - one.later, differs)
                continue
            add(Measure.FIRED, key, version, applied, one.fired)
            if control["kind"] == Kind.VERIFICATION:
                due = applied - one.later
                add(Measure.RAN, key, version, due, one.inconclusive)
                add(Measure.ERROR, key, version, due, one.error)
                add(Measure.TIMEOUT, key, version, due, one.timeout)
                add(Measure.FAIL_OPEN, key, version, due, one.fail_open)
                if control["check"]["name"] == "approved_versions":
                    ran = due - one.error - one.timeout
                    add(Measure.UNAPPROVED, key, version, ran, one.failed)
            all_known, all_bad = known.get((pk, None), (0, 0))
            fired_known, fired_bad = known.get((pk, key), (0, 0))
            add(Measure.FIRED_KNOWN, key, version, fired_known, fired_bad)
            add(Measure.QUIET_KNOWN, key, version, all_known - fired_known, all_bad - fired_bad)
    for (measure, key, numbered), (n, hits) in found.items():
        if n:
            yield Count(measure, n, hits, control=key, control_version=numbered)


# Measures that make sense of all controls together: so many checks were due.
_WHOLE = (
    Measure.RAN,
    Measure.ERROR,
    Measure.TIMEOUT,
    Measure.FAIL_OPEN,
    Measure.UNAPPROVED,
    Measure.SHADOW,
)


def _known(asked: dict[str, Any]) -> Iterator[Count]:
    """Of how many outputs the truth is known, and how many were wrong, in the order of judging."""
    for model, n, bad, places, own in rows(KNOWN, asked):
        at = places if model is None else own
        yield Count(Measure.KNOWN, n, bad, model_version=model or "", gaps=gaps(n, at or ()))
