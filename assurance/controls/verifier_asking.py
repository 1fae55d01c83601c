"""Ask the verifiers that a control set names, and keep every question with what came of it.

Never inside a transaction that holds a case: a submission asks before it, a worker afterwards. What
was answered goes into the facts under `external`, by the control's key, and `assess` reads it
there. This module leaves to the room above which case waits for what.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from assurance.controls import breaker, bulkhead
from assurance.controls.check_runs import (
    Asked,
    Subject,
    asked_of,
    bound_of,
    close,
    keep_late,
    named,
    new_run,
    params_of,
    token_sha256,
    within,
)
from assurance.controls.checks.external_verifier import IN_BACKGROUND, check_sha256
from assurance.controls.checks.reading import find
from assurance.controls.choices import Disposition, Kind, Mode
from assurance.controls.live_set import LiveSet
from assurance.controls.models import CheckRun, Verifier
from assurance.controls.verifier_calls import SCHEMA_VERSION, Exchange, Question, call_all
from assurance.controls.verifier_replies import Bound, answer_of, unanswered
from assurance.controls.verifier_secrets import secrets_of
from assurance.delivery.signing import SecretUnreadable
from assurance.record.canonical import sha256_of

Control = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One kept question, the control that asks it, and about what."""

    run: CheckRun
    control: Control
    subject: Subject


def due(live: LiveSet, facts: Mapping[str, Any]) -> list[tuple[dict[str, Any], int]]:
    """The enforced controls of the set that ask somebody about this case, with their versions:
    none where their condition excuses them, and none once a policy control ordered a block."""
    if not live.external or is_superseded(live, facts):
        return []
    excused = _excused(live, facts)
    return [
        (control, version)
        for control, version in live.external
        if control["mode"] == Mode.ENFORCED and control["key"] not in excused
    ]


def in_background(live: LiveSet, facts: Mapping[str, Any]) -> list[tuple[dict[str, Any], int]]:
    """The controls in shadow and advise that ask somebody, after the answer."""
    excused = _excused(live, facts) if live.external else set()
    return [
        (control, version)
        for control, version in live.external
        if control["mode"] in (Mode.SHADOW, Mode.ADVISE) and control["key"] not in excused
    ]


def is_superseded(live: LiveSet, facts: Mapping[str, Any]) -> bool:
    """Whether an enforced policy control blocks the case, whatever a verifier would say."""
    return any(
        verdict is True
        and control["kind"] == Kind.POLICY
        and control["mode"] == Mode.ENFORCED
        and control["effect"] == Disposition.BLOCK
        for control, verdict in zip(live.controls, live.verdicts(facts), strict=True)
    )


def _excused(live: LiveSet, facts: Mapping[str, Any]) -> set[str]:
    verdicts = zip(live.controls, live.verdicts(facts), strict=True)
    return {control["key"] for control, verdict in verdicts if verdict is False}


def into_facts(facts: dict[str, Any], live: LiveSet, asked: Asked | None) -> None:
    """Put the answers where `assess` reads them. A set that asks nobody leaves the facts alone."""
    if not live.external:
        return
    asked = asked or Asked()
    blocked = is_superseded(live, facts)
    facts["external"] = {}
    for control, _ in live.external:
        key, digest = control["key"], check_sha256(control)
        answer = asked.answers.get(key)
        if answer is None or answer["check_sha256"] != digest:
            enforced = control["mode"] == Mode.ENFORCED
            code = asked.why if enforced else IN_BACKGROUND
            code = "superseded" if blocked and enforced else code
            code = code if asked_of(control) else "no_verifier"
            run = asked.awaited.get(key)
            bound = Bound(str(run.id) if run else "", "", digest, named(control))
            answer = unanswered(bound, "not_run", code)
        facts["external"][key] = answer


def ask_inline(
    controls: Iterable[tuple[Control, int]],
    subject: Subject,
    *,
    at: datetime,
    may_wait: bool = True,
) -> Asked:
    """Ask now and wait for the answers, each within its timeout, all at once. Not in a
    transaction. `may_wait` False: nobody can wait here for what is announced for later. Who can
    is left to a worker where too many wait for verifiers already."""
    with bulkhead.place() as is_free:
        if may_wait and not is_free:
            return Asked(subject.case_id, why="awaited")
        return _ask_now(controls, subject, at=at, may_wait=may_wait)


def _ask_now(
    controls: Iterable[tuple[Control, int]], subject: Subject, *, at: datetime, may_wait: bool
) -> Asked:
    calls = {
        control["key"]: Call(
            new_run(
                control, version, subject, status=CheckRun.Status.ASKING, at=at,
                within=within(control) if may_wait else None,
            ),
            control,
            subject,
        )
        for control, version in controls
    }  # fmt: skip
    CheckRun.objects.bulk_create(call.run for call in calls.values())
    answers = ask(calls, at=at, may_wait=may_wait)
    awaited = {key: call.run for key, call in calls.items() if call.run.is_open}
    return Asked(subject.case_id, answers, awaited, "awaited" if may_wait else "no_time_to_wait")


def ask(
    calls: Mapping[Any, Call], *, at: datetime, may_wait: bool = True
) -> dict[Any, dict[str, Any]]:
    """Put these kept questions to their verifiers, all at once, and note what came of each.
    Returns the answers; what was announced for later stays open."""
    slugs = {asked_of(call.control) for call in calls.values()}
    verifiers = {one.slug: one for one in Verifier.objects.filter(slug__in=slugs)}
    answers: dict[Any, dict[str, Any]] = {}
    questions: dict[Any, Question] = {}
    for key, call in calls.items():
        run, verifier = call.run, verifiers.get(asked_of(call.control))
        run.verifier = verifier
        bound = bound_of(run, call.control)
        refusal = _why_not(verifier, at)
        if refusal or verifier is None:
            answers[key] = close(run, unanswered(bound, "not_run", refusal), at=at)
            continue
        try:
            questions[key] = _question(call, verifier, bound, at, may_wait)
        except SecretUnreadable:
            answers[key] = close(run, unanswered(bound, "error", "secret_unreadable"), at=at)
    for key, exchange in call_all(questions).items():
        answer = _settle(calls[key].run, exchange, questions[key], at=at)
        if answer is not None:
            answers[key] = answer
    return answers


def _why_not(verifier: Verifier | None, at: datetime) -> str:
    if verifier is None or not verifier.active:
        return "no_verifier"
    return "" if breaker.admit(verifier, at) else "breaker_open"


def _question(
    call: Call, verifier: Verifier, bound: Bound, at: datetime, may_wait: bool
) -> Question:
    """The question as it is sent. The token for a late answer is made here and kept as its hash."""
    run, control, subject = call.run, call.control, call.subject
    params = params_of(control)
    seconds = float(params.get("timeout") or verifier.timeout)
    waits = may_wait and params.get("answer_within") is not None
    body = {
        "schema_version": SCHEMA_VERSION,
        "check_run_id": str(run.id),
        "case_id": str(run.case_id),
        "workflow": subject.workflow.slug,
        "tier": subject.facts["workflow"]["tier"],
        "mode": run.mode,
        "control": {
            "key": run.control_key,
            "version": run.control_version,
            "hash": sha256_of({name: one for name, one in control.items() if name != "mode"}),
        },
        "output": {"payload": subject.facts.get("output"), "sha256": run.output_sha256},
        "context": _allowed(params, subject.facts),
        "deadline": _moment(at + timedelta(seconds=seconds)),
    }
    if waits:
        token = secrets.token_urlsafe(32)
        run.token_sha256 = token_sha256(token)
        run.save(update_fields=["token_sha256"])
        body["answer"] = {
            "url": f"{settings.COUNTERMARK_URL}/api/v1/verifications/{run.id}/",
            "token": token,
            "deadline": _moment(run.deadline),
        }
    certificate = (verifier.client_certificate, verifier.client_key)
    signing = tuple(secrets_of(verifier, at=at))
    return Question(bound, verifier.url, signing, certificate, body, seconds, at, waits)


def _allowed(params: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the control lets the verifier see beside the output, by field."""
    found = {path: find(facts, path) for path in params["context"]}
    if params["evidence"]:
        found["evidence"] = facts["evidence"]
    return found


def _settle(
    run: CheckRun, exchange: Exchange, question: Question, *, at: datetime
) -> dict[str, Any] | None:
    """Note what came of a call, on the run and on the breaker. A question whose time ended while
    it was being asked stays closed; what came is kept as late."""
    done = at + timedelta(milliseconds=exchange.milliseconds)
    run.attempts += exchange.attempts
    run.milliseconds = exchange.milliseconds
    run.http_status = exchange.reply.status
    run.error = exchange.reply.error[:1000]
    answer = answer_of(exchange.reply, question.bound, waits=question.waits)
    with transaction.atomic():
        held = CheckRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if not held.is_open:
            keep_late(held, answer, at=done)
            return None
        if answer is None:
            run.status, run.taken_until = CheckRun.Status.AWAITING, None
            run.save()
            return None
        answer |= {"ms": exchange.milliseconds, "attempts": run.attempts}
        return close(run, answer, at=done)


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
