"""Intake: take a submission, judge it, keep it, route it, promise to tell. One transaction.

A 201 means that the case is kept and that someone or something is responsible for it. Intake
shares the workflow's lock and publishing takes it alone, so no case is committed under a set
that has been replaced. What a body may look like is asked at the edge, before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from assurance.accounts.models import Client
from assurance.controls import facts as facts_of
from assurance.controls.assess import assess
from assurance.controls.check_runs import DRY, Asked, recorded
from assurance.controls.choices import OutagePolicy
from assurance.controls.control_sets import newest_set
from assurance.controls.gather import gather
from assurance.controls.judgement import Judgement
from assurance.controls.live_set import LiveSet, live_set
from assurance.controls.locks import lock_workflow
from assurance.controls.messages import PLACEHOLDER, rendered, value_at
from assurance.controls.models import Assessment, ControlSet, Workflow
from assurance.controls.verifier_asking import into_facts
from assurance.errors import DomainError, invalid
from assurance.identifiers import uuid7
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from assurance.record.ledger import Stream, record_all
from reviews import asking, placing
from reviews.models import Case, Submission

FUTURE_AT_MOST = timedelta(hours=24)
# Posted so long after it happened: the caller went on without us and reports it now.
LATE_AFTER = timedelta(minutes=15)
MAX_TITLE = 200


@dataclass(frozen=True)
class Received:
    """The case, and whether this very body had been received before."""

    case: Case
    replayed: bool


@dataclass(frozen=True)
class Judged:
    """One body, judged: everything that is needed to keep it."""

    workflow: Workflow
    control_set: ControlSet
    live: LiveSet
    facts: dict[str, Any]
    judgement: Judgement


@patient
@transaction.atomic
def submit(
    body: Mapping[str, Any],
    *,
    workflow: Workflow,
    client: Client | None,
    actor: Actor,
    at: datetime,
    asked: Asked | None = None,
) -> Received:
    """Judge and keep one submission. `asked` is what its verifiers said before; whoever was not
    asked is asked by a worker, and the case is verifying until then.

    The same `external_id` with the same body gives the case as it is now; with another body 409
    `external_id_used` with a link.
    """
    check_time(body, at)
    lock_for_intake(workflow, body["external_id"])
    digest = sha256_of(body)
    known = Case.objects.filter(workflow=workflow, external_id=body["external_id"]).first()
    if known is not None:
        if known.body_sha256 != digest:
            raise external_id_used(known)
        return Received(known, replayed=True)
    judged = judge(body, workflow, at=at, asked=asked or Asked())
    case = store(body, judged, client=client, digest=digest, actor=actor, at=at, asked=asked)
    return Received(case, replayed=False)


def judge(
    body: Mapping[str, Any],
    workflow: Workflow,
    *,
    at: datetime,
    returns: int = 0,
    arithmetic=(),
    case_id=None,
    asked: Asked | None = None,
) -> Judged:
    """Judge a body under the set in force. Inside the caller's transaction; keeps nothing.

    Without `asked`, what verifiers said of this output of the case before is what they say.
    """
    workflow = Workflow.objects.select_related("owner").get(pk=workflow.pk)
    control_set = newest_set(workflow)
    live = live_set(control_set)
    facts = facts_of.build(body, workflow, at=at, returns=returns, arithmetic=arithmetic)
    gather(facts, live, workflow, at=at, case_id=case_id)
    if live.external:
        if asked is None and case_id is not None:
            asked = recorded(case_id, sha256_of(body["output"]))
        into_facts(facts, live, asked)
    return Judged(workflow, control_set, live, facts, assess(facts, live))


def store(
    body: Mapping[str, Any],
    judged: Judged,
    *,
    client: Client | None,
    digest: str,
    actor: Actor,
    at: datetime,
    asked: Asked | None = None,
) -> Case:
    """Write the case and all that its intake implies."""
    case = Case(
        id=asked.case_id if asked and asked.case_id else uuid7(at),
        number=next_number(),
        workflow=judged.workflow,
        client=client,
        external_id=body["external_id"],
        subject=body.get("subject") or "",
        title=title_of(body, judged),
        requested_by=body.get("requested_by") or "",
        body_sha256=digest,
        output_sha256=sha256_of(body["output"]),
        late=is_late(body, judged.workflow, at),
        received_at=at,
    )
    asking.place(case, judged, asked, at=at)
    case.save(force_insert=True)
    Submission.objects.create(case=case, revision=1, body=dict(body), received_at=at)
    record_all(
        Stream.case(case.id),
        [
            (
                "case.received",
                {
                    "external_id": case.external_id,
                    "subject": case.subject,
                    "title": case.title,
                    "revision": 1,
                    "body_sha256": digest,
                    "output_sha256": case.output_sha256,
                    "late": case.late,
                },
            ),
            ("case.assessed", placing.assessed_entry(case)),
            *placing.placed_entries(case),
        ],
        actor=actor,
        at=at,
        workflow=case.workflow.slug,
    )
    placing.tell(case, at=at)
    return case


@patient
@transaction.atomic
def revise(
    case: Case,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    asked: Asked | None = None,
) -> Case:
    """Take a new draft after a return and judge it anew."""
    lock_workflow(case.workflow, shared=True)
    Case.objects.lock(case.pk)
    case = Case.objects.for_list().get(pk=case.pk)
    if case.state != "returned":
        raise DomainError(
            "not_returned",
            f"{case.reference} is not returned but {case.status(at).label.lower()}; a new "
            "revision is only taken after a return. Submit a new case instead.",
            case_status=str(case.status(at)),
        )
    check_time(changes, at)
    body = asking.redrafted(case, changes)
    case.revision += 1
    case.output_sha256 = sha256_of(body["output"])
    judged = judge(
        body, case.workflow, at=at, returns=case.returns, case_id=case.id, asked=asked or Asked()
    )
    case.title = title_of(body, judged)
    asking.place(case, judged, asked, at=at)
    case.save()
    Submission.objects.create(case=case, revision=case.revision, body=body, received_at=at)
    record_all(
        Stream.case(case.id),
        [
            (
                "case.revised",
                {"revision": case.revision, "output_sha256": case.output_sha256},
            ),
            ("case.assessed", placing.assessed_entry(case)),
            *placing.placed_entries(case),
        ],
        actor=actor,
        at=at,
        workflow=case.workflow.slug,
    )
    placing.tell(case, at=at)
    return case


@transaction.atomic
def dry_run(body: Mapping[str, Any], *, workflow: Workflow, at: datetime) -> Case:
    """The case as intake would have made it. Nothing is stored or counted: the case is not
    saved, and its assessment neither; and no verifier is asked, so their controls did not run."""
    check_time(body, at)
    judged = judge(body, workflow, at=at, asked=DRY)
    case = Case(
        id=uuid7(at),
        number=0,
        workflow=judged.workflow,
        external_id=body["external_id"],
        subject=body.get("subject") or "",
        title=title_of(body, judged),
        output_sha256=sha256_of(body["output"]),
        late=is_late(body, judged.workflow, at),
        received_at=at,
    )
    placing.apply(case, judged, purpose=Assessment.Purpose.INTAKE, at=at, keep=False)
    return case


def check_time(body: Mapping[str, Any], at: datetime) -> None:
    occurred = occurred_at(body)
    if occurred is not None and occurred > at + FUTURE_AT_MOST:
        raise invalid(
            "/occurred_at",
            "in_the_future",
            "occurred_at is more than 24 hours ahead. Send when it happened, or leave it out.",
        )


def occurred_at(body: Mapping[str, Any]) -> datetime | None:
    said = body.get("occurred_at")
    # RFC 3339 allows small letters, Python's reader does not.
    return datetime.fromisoformat(said.upper()) if said else None


def is_late(body: Mapping[str, Any], workflow: Workflow, at: datetime) -> bool:
    occurred = occurred_at(body)
    return (
        workflow.outage_policy == OutagePolicy.GO_ON_AND_REPORT
        and occurred is not None
        and occurred < at - LATE_AFTER
    )


def title_of(body: Mapping[str, Any], judged: Judged) -> str:
    """The caller's title, else the workflow's template with the case's values, else its id.

    A template of which the case has no value at all would read "(missing) for (missing)".
    """
    template = judged.workflow.title_template
    paths = PLACEHOLDER.findall(template or "")
    empty = paths and all(value_at(judged.facts, path) is None for path in paths)
    made = "" if empty else rendered(template, judged.facts, judged.live.catalogue)
    title = (
        body.get("title")
        or made[:1].upper() + made[1:]
        or f"{judged.workflow.name} {body['external_id']}"
    )
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"


def external_id_used(known: Case) -> DomainError:
    return DomainError(
        "external_id_used",
        f"external_id “{known.external_id}” was used in this workflow for {known.reference} with "
        "another body. Send the same body again to read that case, or choose a new external_id.",
        errors=[
            {
                "pointer": "/external_id",
                "code": "external_id_used",
                "message": f"Used for {known.reference}.",
            }
        ],
        case=f"/api/v1/cases/{known.id}/",
        reference=known.reference,
    )


def lock_for_intake(workflow: Workflow, external_id: str) -> None:
    """Share the workflow, and let two posts of one external_id come one after the other: the
    second finds the first. One statement, since every post takes both."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0)),"
            " pg_advisory_xact_lock(hashtextextended(%s, 1))",
            [f"workflow:{workflow.slug}", f"{workflow.slug}:{external_id}"],
        )


def next_number() -> int:
    """The next reference number. Gaps are harmless: a refused post leaves one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('reviews_case_number')")
        return cursor.fetchone()[0]
