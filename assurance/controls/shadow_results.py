"""What a control in shadow has shown so far, beside the live ones, with what people made of it.

Made of stored results only: nothing is judged again. A control counts as in shadow from the first
set that holds this very content in mode `shadow` or `advise`, through every set since; another
content begins anew. A verifier outside is asked after the case was judged; what it answered since
counts as its word, and a case whose answer is not there yet stands in no cell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from assurance.controls.assess import effect_of
from assurance.controls.checks.external_verifier import check_sha256, is_external
from assurance.controls.choices import Disposition, Mode, ReplayStatus
from assurance.controls.control_sets import content_sha256
from assurance.controls.known_truth import known_truth, last_revisions
from assurance.controls.models import CheckRun, ControlSet, Replay, Workflow
from assurance.controls.replay_report import rate
from assurance.errors import DomainError

Json = dict[str, Any]
# Case, revision, whether a live control held it, whether this one would have, whether it is known
# what became of it.
Row = tuple[Any, int, bool, bool, bool]

# What a high tier waits for before a control in shadow is enforced.
LEAST_TIME = timedelta(days=7)
LEAST_ASSESSMENTS = 200
IN_SHADOW = (Mode.SHADOW, Mode.ADVISE)
CELLS = {
    (True, True): "both",
    (True, False): "live_only",
    (False, True): "candidate_only",
    (False, False): "neither",
}
# Whether an enforced control held the case, and whether this one would have.
FIRED = """
SELECT a.case_id, a.revision,
       jsonb_path_exists(a.results, '$[*] ? (@.mode == "enforced" && @.effect != null
           && @.effect != "continue" && !(@.waived_by != ""))'),
       jsonb_path_exists(a.results, '$[*] ? (@.key == $key && @.effect != null
           && @.effect != "continue")', jsonb_build_object('key', %(key)s::text)),
       EXISTS (SELECT FROM controls_label l WHERE l.case_id = a.case_id),
       jsonb_path_exists(a.results, '$[*] ? (@.key == $key && @.reason_code == "in_background")',
           jsonb_build_object('key', %(key)s::text))
  FROM controls_assessment a
 WHERE a.workflow_id = %(workflow)s AND a.purpose = 'intake'
   AND a.at >= %(since)s AND a.at <= %(until)s AND a.control_set_id = ANY (%(sets)s)
"""


def two_by_two(workflow: Workflow, key: str, at: datetime) -> Json:
    """Live fired × this one fired, the human outcome in each cell, and whether it is ready.

    Raises 404 `not_in_shadow` where no control of this key is in shadow or advise at that moment.
    """
    control_set = ControlSet.objects.filter(workflow=workflow).as_of(at).first()
    control = _control(control_set, key)
    if control is None or control["mode"] not in IN_SHADOW:
        raise DomainError(
            "not_in_shadow",
            f"{key} is not in shadow or advise in {workflow.slug}. Put it there by a control "
            "change first; what it would do is then kept with every case.",
            status=404,
        )
    return _results(workflow, control, until=at, report=None)


def is_ready(workflow: Workflow, content: Mapping[str, Any], *, report: Replay) -> bool:
    """Whether a control of this content has been in shadow long enough, with the fire rate that
    was predicted. As of the replay's window; its own mode does not matter."""
    return bool(_results(workflow, content, until=report.window_until, report=report)["ready"])


def _results(
    workflow: Workflow, control: Mapping[str, Any], *, until: datetime, report: Replay | None
) -> Json:
    sets = _shadowed_in(workflow, control, until)
    since = sets[-1].effective_from if sets else None
    rows, unanswered = _rows(workflow, control, sets, until) if sets else ([], 0)
    fired = sum(candidate for _, _, _, candidate, _ in rows)
    rated = rate(fired, len(rows))
    predicted = _predicted(workflow, control, since or until, report)
    as_predicted = None
    if predicted is not None and rows:
        as_predicted = predicted["low"] <= fired / len(rows) <= predicted["high"]
    time = until - since if since else timedelta(0)
    met = time >= LEAST_TIME and len(rows) >= LEAST_ASSESSMENTS
    return {
        "key": control["key"],
        "mode": str(control["mode"]),
        "since": since.isoformat() if since else None,
        "until": until.isoformat(),
        "days": round(time / timedelta(days=1), 2),
        "n": len(rows),
        "unanswered": unanswered,
        "cells": _cells(rows, until),
        "fire_rate": rated,
        "predicted": predicted,
        "as_predicted": as_predicted,
        "minimum": {
            "days": LEAST_TIME.days,
            "assessments": LEAST_ASSESSMENTS,
            "days_met": time >= LEAST_TIME,
            "assessments_met": len(rows) >= LEAST_ASSESSMENTS,
            "met": met,
        },
        "ready": met and as_predicted is True,
    }


def _control(control_set: ControlSet | None, key: str) -> Json | None:
    controls = control_set.controls() if control_set else []
    return next((one for one in controls if one["key"] == key), None)


def _shadowed_in(
    workflow: Workflow, control: Mapping[str, Any], until: datetime
) -> list[ControlSet]:
    """The sets, newest first, since which it has been in shadow with this content."""
    wanted, found = content_sha256(control), []
    for control_set in ControlSet.objects.filter(workflow=workflow).as_of(until):
        held = _control(control_set, control["key"])
        if held is None or held["mode"] not in IN_SHADOW or content_sha256(held) != wanted:
            break
        found.append(control_set)
    return found


def _rows(
    workflow: Workflow, control: Mapping[str, Any], sets: list[ControlSet], until: datetime
) -> tuple[list[Row], int]:
    """What is known of each case, and of how many the answer is not there yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            FIRED,
            {
                "workflow": workflow.pk,
                "key": control["key"],
                "since": sets[-1].effective_from,
                "until": until,
                "sets": [one.pk for one in sets],
            },
        )
        found = cursor.fetchall()
    said = _answers(workflow, control, until) if is_external(control) else {}
    rows = [
        (case, revision, live, said[case, revision] if asked else candidate, labelled)
        for case, revision, live, candidate, labelled, asked in found
        if not asked or (case, revision) in said
    ]
    return rows, len(found) - len(rows)


def _answers(
    workflow: Workflow, control: Mapping[str, Any], until: datetime
) -> dict[tuple[Any, int], bool]:
    """Whether the control would have held each case whose verifier has answered, by revision."""
    runs = CheckRun.objects.filter(
        workflow=workflow,
        control_key=control["key"],
        check_sha256=check_sha256(control),
        status=CheckRun.Status.CLOSED,
        answered_at__lte=until,
    )
    return {
        (case, revision): effect_of(control, outcome, code) not in (None, Disposition.CONTINUE)
        for case, revision, outcome, code in runs.values_list(
            "case_id", "revision", "outcome", "reason_code"
        )
    }


def _cells(rows: list[Row], until: datetime) -> Json:
    labelled = {row[0] for row in rows if row[4]}
    known = known_truth(labelled, until=until)
    last = last_revisions(known, until=until)
    counts: Counter[tuple[str, str]] = Counter()
    for case, revision, live, candidate, _ in rows:
        cell = CELLS[live, candidate]
        counts[cell, "n"] += 1
        # A label is about the last revision.
        truth = known.get(case) if last.get(case) == revision else None
        counts[cell, truth.value if truth else "unlabelled"] += 1
    names = ("n", "correct", "incorrect", "harmful", "unlabelled")
    return {cell: {name: counts[cell, name] for name in names} for cell in CELLS.values()}


def _predicted(
    workflow: Workflow, control: Mapping[str, Any], since: datetime, report: Replay | None
) -> Json | None:
    """The fire rate that a replay of cases from before the shadow foretold, else that of the
    report at hand: {k, n, rate, low, high, replay}."""
    wanted = content_sha256(control)
    earlier = Replay.objects.filter(
        workflow=workflow,
        status=ReplayStatus.DONE,
        window_until__lte=since,
        candidate__controls__contains=[{"key": control["key"]}],
    ).order_by("-window_until", "-pk")
    for replay in [*earlier[:10], *([report] if report else [])]:
        held = next(
            (one for one in replay.candidate["controls"] if one["key"] == control["key"]), None
        )
        if replay.report is None or held is None or held["mode"] == Mode.OFF:
            continue
        if content_sha256(held) != wanted:
            continue
        found = (one for one in replay.report["controls"] if one["key"] == control["key"])
        fired = next((one["matched_now"] for one in found), 0)
        return {**rate(fired, replay.report["replayable"]), "replay": replay.pk}
    return None
