"""The judgement of one case: facts and a control set in, a judgement out. Nothing else.

Every control is judged, the most restrictive voice wins, and order never matters. Nothing here
reads a database, a clock or a network, which is what makes replay honest: what stateful checks
need was fetched by `gather` before and lies in the facts, with the moment of judging.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from time import perf_counter_ns
from typing import Any

from assurance.controls.checks.external_verifier import IN_BACKGROUND, answer_in, is_external
from assurance.controls.checks.outcomes import NEVER_OPEN, Outcome
from assurance.controls.checks.registry import run_safely
from assurance.controls.choices import Disposition, FailurePolicy, Kind, Mode, Stage
from assurance.controls.conditions import explain
from assurance.controls.judgement import ControlResult, Judgement, Voice
from assurance.controls.live_set import LiveSet
from assurance.controls.messages import operands_of, policy_message, rendered
from assurance.controls.voices import RETURN_LIMIT, voices_for

# An unknown never returns, reroutes, pauses or blocks unless the owner says so.
UNKNOWN_KEEPS = (Disposition.REVIEW, Disposition.SPECIALIST, Disposition.GOVERNANCE)


def assess(facts: Mapping[str, Any], live: LiveSet) -> Judgement:
    """Judge one case. `facts` is what `facts.build` made; see `facts.py` for its keys."""
    started = perf_counter_ns()
    verdicts = live.verdicts(facts)
    # Most policy controls stay quiet, on every case: of those nothing is made.
    results = tuple(
        judge(live.controls[index], live.versions[index], verdicts[index], facts, live)
        for index in live.speaking(verdicts)
    )
    if live.waivers:
        results = tuple(waived(results, facts, live))
    enforced = [result for result in results if result.is_enforced]
    ungoverned = live.is_ungoverned(enforced)
    voices = voices_for(facts, live, enforced, ungoverned=ungoverned)
    return conclude(
        facts,
        live,
        results,
        voices,
        ungoverned=ungoverned,
        duration_us=(perf_counter_ns() - started) // 1000,
    )


def waived(
    results: Iterable[ControlResult], facts: Mapping[str, Any], live: LiveSet
) -> Iterable[ControlResult]:
    """The results, each that orders something marked with the waiver that takes it away. Only what
    is certain waives: an unknown condition does not, and neither does a waiver that is over."""
    now = datetime.fromisoformat(facts["clock"])
    waivers = {
        waiver["control"]: waiver["key"]
        for waiver, verdict in zip(live.waivers, live.waiver_verdicts(facts), strict=True)
        if verdict is True and datetime.fromisoformat(waiver["expires_at"]) > now
    }
    for result in results:
        key = waivers.get(result.key)
        if key is None or result.is_calm or result.effect in (None, Disposition.CONTINUE):
            yield result
        else:
            message = f"Waived by {key}. {result.message}".strip()
            yield replace(result, waived_by=key, message=message)


def judge(
    control: Mapping[str, Any],
    version: int,
    verdict: bool | None,
    facts: Mapping[str, Any],
    live: LiveSet,
) -> ControlResult:
    """What one control says, given what its condition came to."""
    if control["kind"] == Kind.POLICY:
        return _judge_policy(control, version, verdict, facts, live)
    return _judge_verification(control, version, verdict, facts, live)


def _judge_policy(control, version, verdict, facts, live) -> ControlResult:
    explanation = explain(control["condition"], facts, live.catalogue)
    operands = operands_of(explanation)
    return ControlResult(
        key=control["key"],
        version=version,
        mode=control["mode"],
        kind=Kind.POLICY,
        outcome="fired" if verdict else "unknown",
        effect=control["effect"] if verdict else on_unknown(control),
        message=policy_message(control, explanation, facts, live.catalogue),
        operands=operands,
        priority=control["priority"],
    )


def on_unknown(control: Mapping[str, Any]) -> str:
    """What an unknown condition orders."""
    said = control["on_unknown"]
    if said == "fire":
        return control["effect"]
    if said == "quiet":
        return Disposition.CONTINUE
    if said is not None:
        return said
    return control["effect"] if control["effect"] in UNKNOWN_KEEPS else Disposition.REVIEW


def _judge_verification(control, version, verdict, facts, live) -> ControlResult:
    started = perf_counter_ns()
    if verdict is False:
        found = Outcome("not_applicable")
    else:  # an unknown condition never excuses a check
        gathered = (
            answer_in(facts, control)
            if is_external(control)
            else facts["gathered"].get(control["key"])
        )
        found = run_safely(control["check"]["name"], control["check"]["params"], facts, gathered)
    return ControlResult(
        key=control["key"],
        version=version,
        mode=control["mode"],
        kind=Kind.VERIFICATION,
        outcome=found.outcome,
        effect=effect_of(control, found.outcome, found.reason_code),
        message=_verification_message(control, found, facts, live),
        findings=tuple(finding.as_json() for finding in found.findings),
        marks=tuple(mark.as_json() for mark in found.marks),
        operands=tuple(dict(operand) for operand in found.operands),
        reason_code=found.reason_code,
        score=found.score,
        priority=control["priority"],
        duration_us=(perf_counter_ns() - started) // 1000,
    )


def _verification_message(control, found: Outcome, facts, live: LiveSet) -> str:
    """The control's own sentence says what a failure means; of a check that was unsure or did not
    run it would be untrue."""
    own = rendered(control["message"], facts, live.catalogue) if found.outcome == "fail" else ""
    return own or found.message


def effect_of(control: Mapping[str, Any], outcome: str, reason_code: str = "") -> str | None:
    """`fail` and `inconclusive` follow the control's map, what could not run its failure policy;
    what may have come from somebody else, or be about something else, is never let through."""
    if outcome in ("pass", "not_applicable"):
        return None
    if outcome in ("fail", "inconclusive"):
        return control["effects"][outcome]
    if reason_code == IN_BACKGROUND and control["mode"] != Mode.ENFORCED:
        return None  # nothing is known yet, so it would order nothing either
    is_open = control["failure_policy"] == FailurePolicy.OPEN_FLAGGED
    if is_open and reason_code in NEVER_OPEN:
        return control["on_error"] or Disposition.REVIEW
    return {
        FailurePolicy.CLOSED_HOLD: control["on_error"],
        FailurePolicy.CLOSED_BLOCK: Disposition.BLOCK,
        FailurePolicy.OPEN_FLAGGED: Disposition.CONTINUE,
    }[control["failure_policy"]]


def conclude(
    facts: Mapping[str, Any],
    live: LiveSet,
    results: tuple[ControlResult, ...],
    voices: Iterable[Voice],
    *,
    ungoverned: bool,
    duration_us: int = 0,
) -> Judgement:
    """Unite the results and voices into one disposition.

    Observe holds nothing, except what a person or the caller said: the caller's own `escalate`
    and a pause.
    """
    voices = tuple(voices)
    said = [
        (_within_return_limit(result.effect, facts), result.priority, result.key)
        for result in results
        if result.effect is not None
        and result.is_enforced
        and not result.waived_by
        and result.effect != Disposition.CONTINUE
    ]
    said += [(Disposition(voice.disposition), 0, voice.key) for voice in voices]
    would_be = max((order for order, _, _ in said), key=_rank, default=Disposition.CONTINUE)

    observing = facts["workflow"]["stage"] == Stage.OBSERVE
    binding = [one for one in said if not observing or one[2] in ("caller", "paused")]
    disposition = max((order for order, _, _ in binding), key=_rank, default=Disposition.CONTINUE)
    binding.sort(key=lambda one: (one[1], one[2]))
    deciding = [key for order, _, key in binding if order == disposition]
    chosen = [live.by_key[key] for key in deciding if key in live.by_key]
    return Judgement(
        disposition=disposition,
        would_be=would_be,
        enforced=not observing or bool(binding),
        decided_by=tuple(deciding),
        contributing=tuple(key for order, _, key in binding if order != disposition),
        results=results,
        voices=voices,
        ungoverned=ungoverned,
        reroute_to=_first(chosen, "reroute_to") if disposition == Disposition.REROUTE else "",
        instructions=_instructions(chosen) if disposition == Disposition.RETURN else "",
        duration_us=duration_us,
    )


def _within_return_limit(effect: str, facts: Mapping[str, Any]) -> Disposition:
    order = Disposition(effect)
    spent = order == Disposition.RETURN and facts["returns"] >= RETURN_LIMIT
    return Disposition.REVIEW if spent else order


def _rank(disposition: Disposition) -> int:
    return disposition.rank


def _first(controls: list[dict[str, Any]], name: str) -> str:
    return next((control[name] for control in controls if control[name]), "")


def _instructions(controls: list[dict[str, Any]]) -> str:
    return "\n".join(control["instructions"] for control in controls if control["instructions"])
