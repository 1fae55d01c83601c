"""Some history for the demo, made by the real verbs, at shifted moments of the real clock: what a
page then shows is true of the records behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from assurance import clock
from assurance.accounts.models import Client, User
from assurance.controls.models import Workflow
from assurance.errors import DomainError
from assurance.record.actors import Actor
from incidents.demo import letters, scorecard
from reviews import aftermath, claims, decisions, intake, releasing
from reviews.choices import Outcome, QueueKind
from reviews.decision_rules import offered_reasons, policy_for
from reviews.decisions import Verdict, verification_keys
from reviews.models import Case, Queue

SEED = 20_261_122
DAYS = 6
PER_DAY = {"credit-decisions": 34, "claims-letters": 12}
OPEN = {"credit-decisions": 60, "claims-letters": 16}
WRITERS = {"credit-decisions": scorecard, "claims-letters": letters}
IDS = {"credit-decisions": "app", "claims-letters": "claim"}
RATIONALE = {
    Outcome.APPROVE: "Checked against the application form and the score sheet; the figures and "
    "the instalment agree with both.",
    Outcome.CORRECT: "The draft misstates the figure. Corrected to what the sources add up to.",
    Outcome.REJECT: "The sources do not support this output, and a new draft would not mend that.",
    Outcome.ESCALATE: "Please decide whether an exception to the policy is right here.",
    Outcome.RETURN: "Please name the main risk in the explanation and quote the form exactly.",
}


def make(clients: dict[str, Client]) -> int:
    """A working week of decided cases and a morning of open ones. Returns how many cases."""
    random = Random(SEED)
    made = 0
    numbers = {slug: iter(range(1, 100_000)) for slug in WRITERS}
    for moment in moments(random):
        for slug, client in clients.items():
            for _ in range(PER_DAY[slug] // 8 + random.randrange(2)):
                with clock.shifted(moment):
                    received = post(slug, next(numbers[slug]), client)
                    made += 1
                    work(received, random)
    for slug, client in clients.items():
        for _ in range(OPEN[slug]):
            with clock.shifted(-timedelta(minutes=random.randrange(5, 200))):
                post(slug, next(numbers[slug]), client)
                made += 1
    return made


def moments(random: Random) -> Iterator[timedelta]:
    """Eight moments of each of the last working days, as shifts of the clock, oldest first."""
    for day in range(DAYS, 0, -1):
        for slot in range(8):
            yield -timedelta(days=day, hours=8 - slot, minutes=random.randrange(60))


def post(slug: str, number: int, client: Client) -> Case:
    """Submit one case as its system would."""
    at = clock.now()
    body: dict[str, Any] = {
        "workflow": slug,
        "external_id": f"{IDS[slug]}-{20_000 + number}",
        **WRITERS[slug].proposal(number, SEED + number),
    }
    workflow = Workflow.objects.get(slug=slug)
    received = intake.submit(
        body, workflow=workflow, client=client, actor=Actor.client(client), at=at
    )
    return received.case


def work(case: Case, random: Random, *, hands: int = 3) -> None:
    """Let a person decide, as the findings suggest, and let the world answer. What is escalated
    is decided where it went, by the third pair of hands at the latest."""
    queue = case.queue
    if queue is None:
        if case.proceed:
            _executed(case)
        return
    reviewer = _reviewer(queue, random)
    at = clock.now() + timedelta(minutes=random.randrange(3, 40))
    try:
        case = claims.claim(case, by=reviewer, at=at)
        verdict = verdict_on(case, random)
        decision = decisions.decide(case, verdict, by=reviewer, lease=case.lease_number, at=at)
    except DomainError:
        return  # it stays in its queue, as it would
    releasing.release_due(decision.release_at)
    case = Case.objects.for_list().get(pk=case.pk)
    if case.proceed:
        _executed(case)
    elif case.queue is not None and hands > 1:
        with clock.shifted(timedelta(minutes=50)):
            work(case, random, hands=hands - 1)


def verdict_on(case: Case, random: Random) -> Verdict:
    """What a careful reviewer would say."""
    failed = [result for result in case.assessment.results if result["outcome"] == "fail"]
    outcome = Outcome.APPROVE
    if failed:
        outcome = random.choices(
            [Outcome.REJECT, Outcome.RETURN, Outcome.ESCALATE, Outcome.APPROVE], [4, 3, 1, 1]
        )[0]
    elif random.random() < 0.08:
        outcome = Outcome.REJECT
    target = None
    if outcome == Outcome.ESCALATE:
        target = _higher(case)
        outcome = Outcome.REJECT if target is None else outcome
    policy = policy_for(case)
    reasons = [reason for reason in offered_reasons(policy, outcome) if not reason["text_required"]]
    return Verdict(
        outcome=outcome,
        reasons=[random.choice(reasons)["code"]] if reasons else [],
        rationale=RATIONALE[outcome],
        queue=target,
        control_was_right=dict.fromkeys(
            verification_keys(case), "no" if outcome == Outcome.APPROVE else "yes"
        ),
    )


def _higher(case: Case) -> str | None:
    assert case.queue is not None
    kinds = {QueueKind.GENERAL: QueueKind.SPECIALIST, QueueKind.SPECIALIST: QueueKind.GOVERNANCE}
    kind = kinds.get(QueueKind(case.queue.kind))
    prefix = case.queue.slug.split("-")[0]
    found = Queue.objects.filter(kind=kind, slug__startswith=prefix).first()
    return found.slug if found else None


def _reviewer(queue: Queue, random: Random) -> User:
    return random.choice(list(queue.members.order_by("username")))


def _executed(case: Case) -> None:
    at = clock.now() + timedelta(minutes=45)
    actor = Actor.client(case.client) if case.client else Actor.system("demo")
    current = case.decisions.filter(is_current=True).first()
    aftermath.report_execution(
        case,
        executed=True,
        output_sha256=current.output_sha256 if current else case.output_sha256,
        done_at=at,
        actor=actor,
        at=at,
    )
    if case.workflow.slug == "credit-decisions":
        _outcome(case, actor, at + timedelta(hours=3))


def _outcome(case: Case, actor: Actor, at: datetime) -> None:
    """The recorded good or bad result of this applicant."""
    number = int(case.external_id.split("-")[1]) - 20_000
    good = scorecard.was_good(number)
    approved = case.submissions.get(revision=case.revision).body["output"]["decision"] == "approve"
    right = good == approved
    aftermath.report_outcome(
        case,
        label="correct" if right else "incorrect",
        note="Paid back." if good else "Not paid back.",
        actor=actor,
        at=at,
    )
