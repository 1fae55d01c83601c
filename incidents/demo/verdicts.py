"""What the demo's reviewers say of a case, and why."""

from __future__ import annotations

from random import Random
from typing import Any

from incidents.demo import letters
from reviews.choices import Outcome, QueueKind
from reviews.decision_rules import offered_reasons, policy_for
from reviews.decisions import Verdict, verification_keys
from reviews.models import Case, Queue

RATIONALE = {
    Outcome.APPROVE: "Checked against the application form and the score sheet; the figures and "
    "the instalment agree with both.",
    Outcome.CORRECT: "The draft misstates the figure. Corrected to what the sources add up to.",
    Outcome.REJECT: "The sources do not support this output, and a new draft would not mend that.",
    Outcome.ESCALATE: "Please decide whether an exception to the policy is right here.",
    Outcome.RETURN: "Please name the main risk in the explanation and quote the form exactly.",
}


def verdict_on(case: Case, random: Random) -> Verdict:
    """What a careful reviewer would say."""
    failed = [result for result in case.assessment.results if result["outcome"] == "fail"]
    outcome, output, target = Outcome.APPROVE, None, None
    if failed:
        outcome = random.choices(
            [Outcome.REJECT, Outcome.RETURN, Outcome.ESCALATE, Outcome.APPROVE], [4, 3, 1, 1]
        )[0]
        if random.random() < 0.8 and (output := _mended(case)):
            outcome = Outcome.CORRECT
    elif random.random() < 0.08:
        outcome = Outcome.REJECT
    if outcome == Outcome.ESCALATE:
        target = _higher(case)
        outcome = Outcome.REJECT if target is None else outcome
    return given(case, outcome, random=random, output=output, queue=target)


def given(
    case: Case, outcome: Outcome, why: str = "", *, random: Random | None = None, **more: Any
) -> Verdict:
    """A complete verdict: one of the reasons that the queue offers, and a rationale."""
    policy = policy_for(case)
    reasons = [reason for reason in offered_reasons(policy, outcome) if not reason["text_required"]]
    chosen = (random or Random(case.number)).choice(reasons)["code"] if reasons else None
    return Verdict(
        outcome=outcome,
        reasons=[chosen] if chosen else [],
        rationale=why or RATIONALE[outcome],
        control_was_right=dict.fromkeys(
            verification_keys(case), "no" if outcome == Outcome.APPROVE else "yes"
        ),
        **more,
    )


def _mended(case: Case) -> Any:
    """The letter with its sum put right, where that is all that is wrong with it."""
    if case.workflow.slug != "claims-letters":
        return None
    body = case.submissions.get(revision=case.revision).body
    return letters.mended(body["output"], body["context"])


def _higher(case: Case) -> str | None:
    assert case.queue is not None
    kinds = {QueueKind.GENERAL: QueueKind.SPECIALIST, QueueKind.SPECIALIST: QueueKind.GOVERNANCE}
    kind = kinds.get(QueueKind(case.queue.kind))
    prefix = case.queue.slug.split("-")[0]
    found = Queue.objects.filter(kind=kind, slug__startswith=prefix).first()
    return found.slug if found else None
