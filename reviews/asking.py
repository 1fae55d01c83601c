"""Before a case is kept: ask the external verifiers of its workflow; while it is kept: see which
answers are missing, and let it wait for them as `verifying`.

Asking is never done inside the transaction that keeps the case. What a publication in between
makes necessary, and all of a batch, is asked by a worker afterwards (`verifying`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assurance.controls import facts as facts_of
from assurance.controls import verifier_asking
from assurance.controls.check_runs import Asked, Subject, is_answer, queue
from assurance.controls.choices import Mode, Stage
from assurance.controls.control_sets import newest_set
from assurance.controls.live_set import live_set
from assurance.controls.models import Assessment, CheckRun, Workflow
from assurance.identifiers import uuid7
from assurance.record.canonical import sha256_of
from reviews import placing
from reviews.choices import Outcome, State
from reviews.models import Case

if TYPE_CHECKING:
    from assurance.accounts.models import User
    from reviews.decisions import Verdict
    from reviews.intake import Judged

WAITS_FOR = "awaited"


def before_intake(body: Mapping[str, Any], workflow: Workflow, *, at: datetime) -> Asked | None:
    """What the verifiers say of a submission. None where nobody is asked: no control names one,
    or this external_id is known already."""
    live = live_set(newest_set(workflow))
    if not live.external:
        return None
    if Case.objects.filter(workflow=workflow, external_id=body["external_id"]).exists():
        return None
    return _asked(body, workflow, case_id=uuid7(at), revision=1, at=at)


def before_revision(case: Case, changes: Mapping[str, Any], *, at: datetime) -> Asked | None:
    """The same for a new draft of a returned case, with what changed in it."""
    if case.state != State.RETURNED or not live_set(newest_set(case.workflow)).external:
        return None
    return _asked(
        redrafted(case, changes), case.workflow, case_id=case.id, revision=case.revision + 1, at=at,
        returns=case.returns,
    )  # fmt: skip


def redrafted(case: Case, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The whole envelope of a new draft: the last one, and what changed of it."""
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    # The caller asked for a person in that draft; asking again is the new draft's business.
    return {key: value for key, value in last.body.items() if key != "escalate"} | dict(changes)


def before_correction(case: Case, verdict: Verdict, *, by: User, at: datetime) -> Verdict:
    """The verdict of somebody who may give it, with what verifiers say of its corrected output.
    Nobody can wait here: what is announced for later did not run."""
    output = verdict.output
    may = case.is_held_by(by, at) or case.decisions.filter(is_current=True).exists()
    if verdict.outcome != Outcome.CORRECT or output is None or not may:
        return verdict
    if sha256_of(output) == case.output_sha256:
        return verdict
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    asked = _asked(
        last.body | {"output": output}, case.workflow, case_id=case.id, revision=case.revision,
        at=at, returns=case.returns, arithmetic=verdict.arithmetic, may_wait=False,
    )  # fmt: skip
    return replace(verdict, asked=asked)


def _asked(
    body: Mapping[str, Any],
    workflow: Workflow,
    *,
    case_id: Any,
    revision: int,
    at: datetime,
    returns: int = 0,
    arithmetic: Sequence[Mapping[str, str]] = (),
    may_wait: bool = True,
) -> Asked | None:
    live = live_set(newest_set(workflow))
    if not live.external:
        return None
    facts = facts_of.build(body, workflow, at=at, returns=returns, arithmetic=arithmetic)
    due = verifier_asking.due(live, facts)
    if not due:
        return None
    subject = Subject(case_id, revision, workflow, facts)
    return verifier_asking.ask_inline(due, subject, at=at, may_wait=may_wait)


def place(case: Case, judged: Judged, asked: Asked | None, *, at: datetime) -> None:
    """Put a judged case where its judgement says, unless an answer is missing: then it is
    verifying. In observe nothing is held, so nothing waits for an answer either."""
    awaited = _awaited(case, judged, asked, at=at)
    if awaited and judged.workflow.stage != Stage.OBSERVE:
        placing.let_verify(case, judged, awaited, at=at)
    else:
        placing.apply(case, judged, purpose=Assessment.Purpose.INTAKE, at=at)


def _awaited(
    case: Case, judged: Judged, asked: Asked | None, *, at: datetime
) -> dict[str, CheckRun]:
    """The open questions that this judgement waits for; those not asked yet are queued, and with
    them those whose answer has no effect."""
    live, facts = judged.live, judged.facts
    if not live.external:
        return {}
    given = facts["external"]
    missing = [
        (control, version)
        for control, version in verifier_asking.due(live, facts)
        if given[control["key"]]["reason_code"] == WAITS_FOR
        and not is_answer(given[control["key"]])
    ]
    known = asked.awaited if asked else {}
    open_runs = {
        control["key"]: known[control["key"]]
        for control, _ in missing
        if control["key"] in known
        and known[control["key"]].check_sha256 == given[control["key"]]["check_sha256"]
    }
    queued = queue(
        [pair for pair in missing if pair[0]["key"] not in open_runs]
        + verifier_asking.in_background(live, facts),
        Subject(case.id, case.revision, judged.workflow, facts),
        at=at,
    )
    enforced = {key: run for key, run in queued.items() if run.mode == Mode.ENFORCED}
    return open_runs | enforced
