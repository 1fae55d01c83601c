"""Some history for the demo, made by the real verbs, at shifted moments of the real clock: what a
page then shows is true of the records behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any

from assurance import clock
from assurance.accounts.models import Client, User
from assurance.controls.models import Workflow
from assurance.errors import DomainError
from assurance.record.actors import Actor
from incidents.demo import letters, receiver, scorecard, second_thoughts
from incidents.demo.receiver import Tell
from incidents.demo.verdicts import verdict_on
from reviews import aftermath, claims, decisions, intake, releasing
from reviews.models import Case, Queue

SEED = 20_261_122
DAYS = 6
PER_DAY = {"credit-decisions": 34, "claims-letters": 12}
OPEN = {"credit-decisions": 60, "claims-letters": 16}
WRITERS = {"credit-decisions": scorecard, "claims-letters": letters}
IDS = {"credit-decisions": "app", "claims-letters": "claim"}


def make(clients: dict[str, Client]) -> int:
    """A working week of decided cases and a morning of open ones. Returns how many cases."""
    random = Random(SEED)
    numbers = {slug: iter(range(1, 100_000)) for slug in WRITERS}
    *earlier, last = days(random)
    made = 0
    for day in earlier:
        made += _work_through(day, clients, numbers, random, _nobody_hears)
    # On the last day the writer of letters listens.
    with receiver.listening(clients["claims-letters"], since=last[0]) as tell:
        made += _work_through(last, clients, numbers, random, tell)
        for slug, client in clients.items():
            for _ in range(OPEN[slug]):
                with clock.shifted(-timedelta(minutes=random.randrange(5, 200))):
                    tell(post(slug, next(numbers[slug]), client).received_at)
                    made += 1
        second_thoughts.have(tell)
    return made


def _nobody_hears(at: datetime) -> None:
    """Before the receiver is there."""


def _work_through(
    moments: list[timedelta],
    clients: dict[str, Client],
    numbers: dict[str, Iterator[int]],
    random: Random,
    tell: Tell,
) -> int:
    """What comes in on one day, posted and worked."""
    made = 0
    for moment, (slug, client) in product(moments, clients.items()):
        for _ in range(PER_DAY[slug] // 8 + random.randrange(2)):
            with clock.shifted(moment):
                received = post(slug, next(numbers[slug]), client)
                tell(received.received_at)
                made += 1
                work(received, random, tell)
    return made


def days(random: Random) -> Iterator[list[timedelta]]:
    """Eight moments of each of the last working days, as shifts of the clock, oldest first."""
    for day in range(DAYS, 0, -1):
        yield [
            -timedelta(days=day, hours=8 - slot, minutes=random.randrange(60)) for slot in range(8)
        ]


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


def work(case: Case, random: Random, tell: Tell, *, hands: int = 3) -> None:
    """Let a person decide, as the findings suggest, and let the world answer. What is escalated
    is decided where it went, by the third pair of hands at the latest."""
    queue = case.queue
    if queue is None:
        if case.proceed:
            _executed(case)
        return
    reviewer = _reviewer(queue, random)
    at = clock.now() + timedelta(minutes=random.randrange(3, 40))
    read_from = at - timedelta(seconds=60 + case.number % 100)  # a case takes a minute or two
    try:
        case = claims.claim(case, by=reviewer, at=read_from)
        verdict = verdict_on(case, random)
        decision = decisions.decide(case, verdict, by=reviewer, lease=case.lease_number, at=at)
    except DomainError:
        return  # it stays in its queue, as it would
    releasing.release_due(decision.release_at)
    tell(decision.release_at)
    case = Case.objects.for_list().get(pk=case.pk)
    if case.proceed:
        _executed(case)
    elif case.queue is not None and hands > 1:
        with clock.shifted(timedelta(minutes=50)):
            work(case, random, tell, hands=hands - 1)


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
