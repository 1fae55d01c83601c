"""Do the tables of this room say what the record says? Asked by `verify_record`.

The chain seals the story; the case's row is what pages, answers and webhooks read. A row changed
behind the verbs would be believed until someone compares the two. Compared: that each case has a
chain and each chain its case; where the case stands, its end, queue, output and judgement; every
submitted output; every decision and whether it left. Reads only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from assurance.record.canonical import sha256_of
from assurance.record.models import Event
from assurance.record.verification import Problem
from reviews.choices import End, State
from reviews.models import Case, Decision, Submission

SLICE = 1_000  # cases compared at once
PLACES = {
    "case.verifying": State.VERIFYING,
    "case.routed": State.OPEN,
    "case.returned": State.RETURNED,
    "case.paused": State.PAUSED,
    "case.continued": State.CONTINUED,
    "case.closed": State.CLOSED,
}


@dataclass
class Story:
    """What the record says of one case, told entry by entry. `said` keeps each value with the
    number and type of the entry that said it last."""

    said: dict[str, tuple[Any, int, str]] = field(default_factory=dict)
    outputs: dict[int, tuple[str, int]] = field(default_factory=dict)
    decisions: dict[int, tuple[dict[str, Any], int]] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    taken_back: set[int] = field(default_factory=set)

    def hear(self, event: Event, payload: dict[str, Any]) -> None:
        match event.type:
            case "case.received" | "case.revised":
                self._say(event, payload, "revision", "output_sha256")
                self.outputs[payload["revision"]] = (payload["output_sha256"], event.seq)
            case "case.assessed":
                self._say(event, payload, "disposition", "enforced", "decided_by", "ungoverned")
                self._say(event, payload["control_set"], "sha256")
            case "case.decided":
                self.decisions[payload["decision"]] = (payload, event.seq)
            case "case.decision_undone" | "case.release_held":
                self.taken_back.add(payload["decision"])
            case _ if event.type in PLACES:
                place = {"state": PLACES[event.type], "end": payload.get("end", "")}
                self._say(event, place, "state", "end")
                self.said["queue"] = (payload.get("queue"), event.seq, event.type)
                if payload.get("decision"):
                    self.left.add(payload["decision"])

    def _say(self, event: Event, payload: dict[str, Any], *names: str) -> None:
        for name in names:
            self.said[name] = (payload[name], event.seq, event.type)


def problems(*, only: tuple[str, str] | None, workflow: str | None) -> Iterator[Problem]:
    """Every disagreement of rows and record: of all cases, one stream, or one workflow."""
    chains = Event.objects.filter(stream_type="case", seq=1)
    cases = Case.objects.all()
    if only is not None:
        type, id = only
        if type != "case":
            return
        chains, cases = chains.filter(stream_id=id), cases.filter(pk=id)
    if workflow is not None:
        chains, cases = chains.filter(workflow=workflow), cases.filter(workflow__slug=workflow)
    yield from _unrecorded(cases)
    last = ""
    while True:
        following = chains.filter(stream_id__gt=last).order_by("stream_id")
        ids = list(following.values_list("stream_id", flat=True)[:SLICE])
        if not ids:
            return
        yield from _slice(ids)
        last = ids[-1]


def _unrecorded(cases: Any) -> Iterator[Problem]:
    chain = Event.objects.filter(stream_type="case", stream_id=OuterRef("stream"))
    known = cases.annotate(stream=Cast("id", CharField())).filter(~Exists(chain))
    for case in known.only("id", "number").iterator():
        yield Problem(
            f"case/{case.id}",
            None,
            "",
            "case_unrecorded",
            f"{case.reference} is in the table of cases, the record knows nothing of it.",
        )


def _slice(ids: list[str]) -> Iterator[Problem]:
    uuids = [UUID(one) for one in ids]
    cases = {
        str(case.id): case
        for case in Case.objects.filter(pk__in=uuids)
        .select_related("queue", "control_set", "workflow")
        .order_by()
    }
    submissions, decisions = _by_case(Submission, uuids), _by_case(Decision, uuids)
    events = Event.objects.filter(stream_type="case", stream_id__in=ids).select_related("payload")
    rows = events.order_by("stream_id", "seq").iterator(chunk_size=2_000)
    for stream, chain in groupby(rows, key=lambda event: event.stream_id):
        story = _story(chain)
        case = cases.get(stream)
        found = (
            _compared(story, case, submissions.get(stream, []), decisions.get(stream, []))
            if case
            else [
                (None, "", "case_missing", "the record tells of it, the table of cases has none.")
            ]
        )
        for seq, type, code, message in found:
            yield Problem(f"case/{stream}", seq, type, code, message)


def _by_case(model: Any, uuids: list[UUID]) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {}
    for row in model.objects.filter(case_id__in=uuids).order_by("pk"):
        rows.setdefault(str(row.case_id), []).append(row)
    return rows


def _story(chain: Iterator[Event]) -> Story:
    story = Story()
    for event in chain:
        try:
            story.hear(event, json.loads(bytes(event.payload.body)))
        except (ValueError, KeyError, TypeError, ObjectDoesNotExist):
            continue  # a payload that is gone or changed is named by the walk of the chain
    return story


Found = tuple[int | None, str, str, str]


def _compared(
    story: Story, case: Case, submissions: list[Submission], decisions: list[Decision]
) -> Iterator[Found]:
    yield from _case(story, case)
    yield from _submissions(story, submissions)
    yield from _decisions(story, case, decisions)


def _case(story: Story, case: Case) -> Iterator[Found]:
    stands = {
        "revision": case.revision,
        "output_sha256": case.output_sha256,
        "disposition": case.disposition,
        "enforced": case.enforced,
        "decided_by": case.decided_by,
        "ungoverned": case.ungoverned,
        "sha256": case.control_set.sha256,
        "state": case.state,
        "end": case.end,
        "queue": case.queue.slug if case.queue and case.state == State.OPEN else None,
    }
    for name, (said, seq, type) in story.said.items():
        if stands[name] != said:
            words = "control set" if name == "sha256" else name.replace("_", " ")
            yield (
                seq,
                type,
                "case_differs",
                f"the table of cases has another {words}: {_shown(stands[name])} instead of "
                f"{_shown(said)}.",
            )


def _submissions(story: Story, submissions: list[Submission]) -> Iterator[Found]:
    kept = {row.revision: sha256_of(row.body.get("output")) for row in submissions}
    for revision in kept.keys() - story.outputs.keys():
        yield None, "", "submission_unrecorded", f"revision {revision} is not on the record."
    for revision, (said, seq) in story.outputs.items():
        if kept.get(revision) != said:
            what = "is another than was submitted" if revision in kept else "is gone"
            yield seq, "", "submission_differs", f"the output of revision {revision} {what}."


def _decisions(story: Story, case: Case, decisions: list[Decision]) -> Iterator[Found]:
    kept = {row.pk: row for row in decisions}
    for pk in kept.keys() - story.decisions.keys():
        yield None, "", "decision_unrecorded", f"decision {pk} is not on the record."
    for pk, (said, seq) in story.decisions.items():
        row = kept.get(pk)
        if row is None:
            yield seq, "case.decided", "decision_missing", f"decision {pk} is gone."
            continue
        for name in ("outcome", "reasons", "rationale", "output_sha256", "control_was_right"):
            if getattr(row, name) != said[name]:
                words = name.replace("_", " ")
                yield seq, "case.decided", "decision_differs", f"decision {pk} has other {words}."
        if (row.released_at is not None) != (pk in story.left):
            left = "never left" if pk not in story.left else "left"
            yield seq, "case.decided", "decision_differs", f"decision {pk} {left}, says the record."
        if row.withdrawn_at and pk not in story.taken_back and case.end != End.WITHDRAWN:
            yield seq, "case.decided", "decision_differs", f"nobody took decision {pk} back."
        if row.output is not None and sha256_of(row.output) != said["output_sha256"]:
            yield seq, "case.decided", "decision_differs", f"decision {pk} has another output."


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
