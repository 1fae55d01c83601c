"""Replay: what a candidate set would have done with every case that was really judged.

First, for each case, the self-test: the set that judged it must come to what is recorded. Then
the base set and the candidate judge the same frozen facts, and what differs is counted
(`replay_tally`) and told (`replay_report`). Direction and transitions compare the candidate with
the set it would replace, on the same facts, so that older changes are not laid at its door.

The row is the job. Workers take it in slices by a conditional UPDATE of `taken_until`, keep
position and tally every few seconds, and whoever comes next goes on from there; a worker that was
killed, or too slow, keeps nothing any more. Nobody outside is asked and nothing is changed.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Q

from assurance.celery import app
from assurance.controls.case_reader import SLOW_AT_ONCE, Stored, read
from assurance.controls.choices import ReplayStatus
from assurance.controls.control_sets import newest_set
from assurance.controls.known_truth import Known, known_truth, last_revisions
from assurance.controls.live_set import LiveSet, build
from assurance.controls.models import Assessment, ControlChange, ControlSet, Replay, Workflow
from assurance.controls.outlines import Outline
from assurance.controls.queue_of import taken_by
from assurance.controls.queues import queue_kinds
from assurance.controls.replay_report import (
    begin_of,
    queues_moved,
    report_of,
    report_sha256,
)
from assurance.controls.replay_tally import Tally
from assurance.controls.review_load import work_of
from assurance.controls.stored_cases import Disagreement, NotReplayable, Rejudged, Rejudging
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from assurance.record.ledger import Stream, record

if TYPE_CHECKING:
    from assurance.accounts.models import User

log = logging.getLogger(__name__)

TASK = "assurance.controls.tasks.replay_slice"
SLICE_SECONDS = 20.0
KEEP_EVERY_SECONDS = 2.0
# A worker that is silent for so long is taken for dead.
TAKEN_FOR = timedelta(seconds=60)
UNFINISHED = (ReplayStatus.QUEUED, ReplayStatus.RUNNING)


class _Lost(Exception):
    """Another worker has it now, or it was cancelled."""


@transaction.atomic
def request(
    workflow: Workflow,
    candidate: dict[str, Any],
    *,
    by: User | None,
    at: datetime,
    base_set: ControlSet | None = None,
    change: ControlChange | None = None,
    window_from: datetime | None = None,
) -> Replay:
    """Ask for a replay of a whole set content over the cases up to now. A worker is rung once this
    is kept. Without a base set it is the one in force."""
    replay = Replay.objects.create(
        workflow=workflow,
        change=change,
        base_set=base_set or newest_set(workflow),
        candidate=candidate,
        candidate_sha256=sha256_of(candidate),
        window_from=window_from,
        window_until=at,
        requested_by=by,
        requested_at=at,
    )

    def ring_for_it() -> None:
        ring(replay.pk)

    transaction.on_commit(ring_for_it, robust=True)
    return replay


def ring(replay_pk: int) -> None:
    """Tell a worker. A lost ring costs seconds: the sweep finds the row."""
    try:
        app.send_task(TASK, [replay_pk], expires=30, retry=False)
    except Exception as error:
        log.warning("Replay %s was not rung: %s", replay_pk, type(error).__name__)


def due(at: datetime) -> list[int]:
    """The unfinished replays that nobody is at, oldest first."""
    return list(_free(at).order_by("pk").values_list("pk", flat=True))


def cancel(replay: Replay, *, by: User, at: datetime) -> Replay:
    """End a replay before it is done. Its worker notices within seconds."""
    ended = Replay.objects.filter(pk=replay.pk, status__in=UNFINISHED).update(
        status=ReplayStatus.CANCELLED,
        finished_at=at,
        taken_until=None,
        problem=f"Cancelled by {by.get_full_name() or by.get_username()}.",
    )
    replay.refresh_from_db()
    if not ended:
        raise DomainError(
            "replay_over",
            f"Replay {replay.pk} is {replay.get_status_display().lower()} already. "
            "Ask for a new one if you need another answer.",
        )
    return replay


def run_slice(replay_pk: int, *, at: datetime, seconds: float = SLICE_SECONDS) -> bool:
    """Judge for some seconds and keep what was counted. Whether there is more to do for whoever
    comes next; False too where somebody else is at it."""
    until = at + TAKEN_FOR
    if not _free(at).filter(pk=replay_pk).update(taken_until=until, status=ReplayStatus.RUNNING):
        return False
    replay = Replay.objects.select_related("workflow", "base_set").get(pk=replay_pk)
    run = _Run(replay, at=at, seconds=seconds)
    try:
        return run.go()
    except _Lost:
        return False
    except OperationalError:
        raise  # the database is away: nothing was kept, somebody goes on later
    except Disagreement as trouble:
        sentence = (
            f"The replay stopped: its quick and its whole judgement differ. {trouble} "
            "Nothing that it counted can be trusted; report this with the number of the replay."
        )
    except Exception as trouble:
        log.exception("replay %s failed", replay_pk)
        sentence = (
            f"The replay stopped after {run.replay.done:,} cases ({type(trouble).__name__}). Ask "
            "for a new one; if that stops too, report it with the number of the replay."
        )
    with suppress(_Lost):
        run.end(ReplayStatus.FAILED, problem=sentence)
    return False


class _Run:
    """One slice of one replay by one worker."""

    def __init__(self, replay: Replay, *, at: datetime, seconds: float) -> None:
        self.replay = replay
        self._at = at
        self._began = time.monotonic()
        self._seconds = seconds
        self._tally = Tally(replay.tally)

    def go(self) -> bool:
        replay = self.replay
        if replay.position == 0:
            replay.total = _cases(replay).count()
            self._keep(total=replay.total)
        judging = Rejudging(
            replay.base_set, candidate_set(replay.candidate), until=replay.window_until
        )
        counting = _Counting(replay, judging, self._tally)
        kept = time.monotonic()
        batches = read(
            replay.workflow_id,
            since=replay.window_from,
            until=replay.window_until,
            after=_place(replay),
            most=SLOW_AT_ONCE if judging.asks_the_past else None,
        )
        with closing(batches):
            for rows in batches:
                counting.count(rows)
                replay.position = rows[-1].pk
                replay.done += len(rows)
                now = time.monotonic()
                if now - self._began > self._seconds:
                    self._keep(taken_until=None)
                    return True
                if now - kept > KEEP_EVERY_SECONDS:
                    self._keep()
                    kept = now
        self._finish()
        return False

    def _finish(self) -> None:
        replay, tally = self.replay, self._tally
        since, until = replay.window_from, replay.window_until
        report = report_of(
            tally,
            base={"number": replay.base_set.number, "sha256": replay.base_set.sha256},
            candidate_sha256=replay.candidate_sha256,
            since=since,
            until=until,
            work=work_of(queues_moved(tally), begin_of(tally, since, until), until),
        )
        answer = {
            "report": report,
            "sha256": report_sha256(report),
            "direction": report["direction"],
        }
        if tally.counts["different"]:
            first = tally.lists["differences"][0]
            return self.end(
                ReplayStatus.FAILED,
                problem=(
                    f"The self-test failed: {tally.counts['different']:,} of "
                    f"{tally.counts['self_test']:,} stored cases are judged otherwise today by "
                    f"the very set that judged them, the first is assessment "
                    f"{first['assessment']}. Nothing can be said of a candidate before that is "
                    "explained."
                ),
                **answer,
            )
        with transaction.atomic():
            self.end(ReplayStatus.DONE, **answer)
            if replay.change is not None:
                record(
                    Stream.workflow(replay.workflow.slug),
                    "control_change.replayed",
                    {
                        "change": replay.change.number,
                        "replay": replay.pk,
                        "sha256": answer["sha256"],
                        "candidate_sha256": replay.candidate_sha256,
                        "direction": answer["direction"],
                        "n": report["n"],
                    },
                    actor=Actor.system("replay"),
                    at=self._now(),
                    workflow=replay.workflow.slug,
                )

    def end(self, status: str, **fields: Any) -> None:
        """Write the end; nothing where somebody else has it by now."""
        now = self._now()
        self._keep(status=status, finished_at=now, taken_until=None, **fields)

    def _keep(self, **fields: Any) -> None:
        """Keep position and tally, and the hold on it. Raises _Lost where it is not ours."""
        replay = self.replay
        fields = {"taken_until": self._now() + TAKEN_FOR, **fields}
        ours = Replay.objects.filter(
            pk=replay.pk, status=ReplayStatus.RUNNING, taken_until=replay.taken_until
        ).update(position=replay.position, done=replay.done, tally=self._tally.kept(), **fields)
        if not ours:
            raise _Lost
        replay.taken_until = fields["taken_until"]

    def _now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._began)


class _Counting:
    """Batches of stored cases into a tally."""

    def __init__(self, replay: Replay, judging: Rejudging, tally: Tally) -> None:
        self._replay = replay
        self._judging = judging
        self._tally = tally
        self._kinds = queue_kinds()
        self._same_rules = judging.base.live.rules == judging.now.live.rules

    def count(self, rows: list[Stored]) -> None:
        tally, judge, same_rules = self._tally, self._judging.judge, self._same_rules
        tally.saw(rows)
        self._judging.look_up(rows)
        truth = self._truth([row.case_id for row in rows if row.has_label])
        many: Counter[tuple[Outline, Outline, Outline, str | None]] = Counter()
        for row in rows:
            try:
                case = judge(row)
            except NotReplayable as refusal:
                tally.not_replayable(refusal.reason)
                continue
            if not case.reproduced:
                tally.differs(row, case.own)
            base, now = case.base, case.now
            if case.anew:
                tally.counts["asked_anew"] += 1
            many[case.own, base, now, case.facts.get("proposed_action")] += 1
            if base.order != now.order:
                tally.turned(row, case)
                self._route(case)
            elif not same_rules:
                self._route(case)
            if row.has_label and row.case_id in truth:
                known, revision = truth[row.case_id]
                if row.revision == revision:
                    tally.labelled(row, case, known)
        for (own, base, now, action), n in many.items():
            tally.add(own, base, now, action, n)

    def _route(self, case: Rejudged) -> None:
        was = taken_by(case.facts, case.base, self._judging.base.live, self._kinds)
        now = taken_by(case.facts, case.now, self._judging.now.live, self._kinds)
        before, after = was and was["queue"], now and now["queue"]
        if before != after:
            if after:
                self._tally.moved(after, 1)
            if before:
                self._tally.moved(before, -1)

    def _truth(self, cases: list[UUID]) -> dict[UUID, tuple[Known, int]]:
        """What is known of each case, and the revision that it is about: the last."""
        until = self._replay.window_until
        known = known_truth(cases, until=until) if cases else {}
        last = last_revisions(known, until=until) if known else {}
        return {case: (truth, last[case]) for case, truth in known.items()}


def candidate_set(content: dict[str, Any]) -> LiveSet:
    """A content that was never published, ready to judge. Its controls have no versions yet."""
    versions = {control["key"]: 0 for control in content["controls"]}
    return build(content, versions, number=0, sha256="")


def _free(at: datetime):
    """The replays that somebody may take."""
    return Replay.objects.filter(
        Q(taken_until=None) | Q(taken_until__lte=at), status__in=UNFINISHED
    )


def _cases(replay: Replay):
    cases = Assessment.objects.filter(
        workflow=replay.workflow_id,
        purpose=Assessment.Purpose.INTAKE,
        at__lte=replay.window_until,
    )
    return cases.filter(at__gte=replay.window_from) if replay.window_from else cases


def _place(replay: Replay) -> tuple[datetime, int] | None:
    """Where the last worker stopped."""
    if not replay.position:
        return None
    return Assessment.objects.values_list("at", "pk").get(pk=replay.position)
