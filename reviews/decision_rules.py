"""What a decision needs before it counts: the queue's decision policy, taken from the control set
that judged the case. Pure: policy and words in, problems out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from assurance.api.trees import escape_pointer
from assurance.controls.defaults import least, queue_policy
from assurance.errors import DomainError
from reviews.choices import Outcome, Right
from reviews.models import Case

MAX_RATIONALE = 4_000


def policy_for(case: Case) -> dict[str, Any]:
    """The decision policy of the case's queue, in the set that judged the case."""
    if case.queue is None:
        return queue_policy({"queue": ""})
    found = case.control_set.queue_policy(case.queue.slug)
    return found or queue_policy({"queue": case.queue.slug})


def least_rationale(policy: Mapping[str, Any], outcome: str, priority: str) -> int:
    """How many visible characters the rationale needs."""
    return least(policy, "rationale_min", outcome, priority)


def least_reasons(policy: Mapping[str, Any], outcome: str, priority: str) -> int:
    return least(policy, "reasons_required", outcome, priority)


def reason_labels(case: Case, codes: Iterable[str]) -> list[str]:
    """The reasons as people read them; one that is no longer offered stays its code."""
    labels = {reason["code"]: reason["label"] for reason in policy_for(case)["reasons"]}
    return [labels.get(code, code) for code in codes]


def offered_reasons(policy: Mapping[str, Any], outcome: str) -> list[dict[str, Any]]:
    return [
        reason
        for reason in policy["reasons"]
        if reason["outcomes"] is None or outcome in reason["outcomes"]
    ]


def visible_length(text: str) -> int:
    """Characters that say something: no spaces at the ends, nothing of zero width or control."""
    seen = [c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Zl", "Zp", "Cn")]
    return len("".join(seen).strip())


def require_complete(
    policy: Mapping[str, Any],
    *,
    outcome: str,
    priority: str,
    reasons: Iterable[str],
    rationale: str,
    verification_keys: Iterable[str],
    control_was_right: Mapping[str, str],
) -> None:
    """422 with every problem and its place, unless the decision says all that it must."""
    # What else is needed depends on the outcome, so one that is not offered is told alone.
    problems = [*_outcome_problems(policy, outcome)] or [
        *_reason_problems(policy, outcome, priority, list(reasons), rationale),
        *_rationale_problems(policy, outcome, priority, rationale),
        *_right_problems(control_was_right, set(verification_keys)),
    ]
    if problems:
        raise DomainError(problems[0]["code"], problems[0]["message"], status=422, errors=problems)


def _outcome_problems(policy, outcome):
    if outcome not in policy["outcomes"]:
        offered = ", ".join(policy["outcomes"])
        yield _problem(
            "/outcome", "outcome_not_offered", f"“{outcome}” is not offered here. Use: {offered}."
        )


def _reason_problems(policy, outcome, priority, reasons, rationale):
    offered = {reason["code"]: reason for reason in offered_reasons(policy, outcome)}
    for index, code in enumerate(reasons):
        if code not in offered:
            yield _problem(
                f"/reasons/{index}",
                "unknown_reason",
                f"“{code}” is no reason offered here. Use: {', '.join(offered) or 'none'}.",
            )
        elif offered[code]["text_required"] and not visible_length(rationale):
            yield _problem(
                "/rationale",
                "required",
                f"“{offered[code]['label']}” needs a sentence: write it in the rationale.",
            )
    needed = least_reasons(policy, outcome, priority)
    if len(set(reasons)) < needed:
        yield _problem(
            "/reasons",
            "required",
            "Choose a reason." if needed == 1 else f"Choose at least {needed} reasons.",
        ) | {"offered": list(offered)}


def _rationale_problems(policy, outcome, priority, rationale):
    if len(rationale) > MAX_RATIONALE:
        yield _problem(
            "/rationale",
            "too_long",
            f"The rationale has {len(rationale):,} characters; {MAX_RATIONALE:,} at most. "
            "Shorten it.",
        )
    needed, found = least_rationale(policy, outcome, priority), visible_length(rationale)
    if found < needed:
        what = {
            Outcome.ESCALATE: "Write the question you want answered",
            Outcome.RETURN: "Write the instruction for the new draft",
        }.get(Outcome(outcome), "Say why")
        yield _problem(
            "/rationale",
            "required" if not found else "too_short",
            f"{what}: at least {needed} characters, you wrote {found}.",
        )


def _right_problems(answers, keys):
    for key, answer in answers.items():
        if key not in keys:
            yield _problem(
                f"/control_was_right/{escape_pointer(key)}",
                "unknown_control",
                f"{key} is no verification that spoke on this case. "
                f"Use: {', '.join(sorted(keys)) or 'none'}.",
            )
        elif answer not in Right.values:
            yield _problem(
                f"/control_was_right/{escape_pointer(key)}",
                "invalid",
                f"Use: {', '.join(Right.values)}.",
            )


def _problem(pointer: str, code: str, message: str) -> dict[str, Any]:
    return {"pointer": pointer, "code": code, "message": message}
