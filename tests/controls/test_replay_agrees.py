"""The quick way of replay and `assess` agree: on random sets, candidates and facts, whatever the
checks found, whoever was asked, and in whatever state the workflow was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from assurance.controls import stored_cases
from assurance.controls.assess import assess
from assurance.controls.case_reader import Stored
from assurance.controls.check_runs import Asked
from assurance.controls.checks.external_verifier import check_sha256
from assurance.controls.choices import Disposition, FailurePolicy, Mode, Stage
from assurance.controls.facts import as_stored
from assurance.controls.judgement import Judgement
from assurance.controls.live_set import LiveSet
from assurance.controls.outlines import Outline, Outliner, outline_of, same
from assurance.controls.stored_cases import NotReplayable, Rejudging
from assurance.controls.verifier_asking import into_facts
from assurance.controls.verifier_replies import Bound, unanswered
from assurance.record.canonical import sha256_of
from tests.controls import trees
from tests.controls.judging import live

thorough = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
CASE = UUID(int=7, version=4)
ORDERS = [str(one) for one in Disposition]
HOLDING = ["review", "specialist", "governance"]
FAILURES = [str(one) for one in FailurePolicy]
NEVER_ASKED = ("awaited", "superseded", "in_background", "dry_run", "not_asked", "no_time_to_wait")


# -- random sets ---------------------------------------------------------------------------------

modes = st.sampled_from([str(Mode.ENFORCED)] * 3 + [str(one) for one in Mode])
simple = st.sampled_from(
    [
        {"field": "output.amount", "op": ">", "value": 1},
        {"field": "output.amount", "op": "present"},
        {"field": "output.tags", "op": "missing"},
        {"field": "signals.confidence", "op": "<", "value": 0.9},
    ]
)
conditions = st.one_of(st.none(), simple, trees.trees)
# Few of each kind, so that two sets often ask the same, or nearly.
sums = st.builds(
    lambda window, most: {
        "name": "cumulative_limit",
        "params": {"field": "output.amount", "maximum": most, "window": window},
    },
    st.sampled_from(["P7D", "P30D"]),
    st.sampled_from([1, 5000]),
)
outside = st.builds(
    lambda slug: {"name": "external_verifier", "params": {"verifier": slug}},
    st.sampled_from(["kyc", "tone"]),
)
plain = st.sampled_from(
    [
        {"name": "number_limit", "params": {"field": "output.amount", "maximum": 1}},
        {"name": "number_limit", "params": {"field": "output.term", "minimum": 1}},
        {"name": "banned_wording", "params": {"field": "output.name", "phrases": ["broker"]}},
        {"name": "no_such_check", "params": {}},
    ]
)


def _control(kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "kind": st.just(kind),
            "mode": modes,
            "condition": conditions,
            "priority": st.sampled_from([1, 100]),
            "reroute_to": st.just("manual"),
            "instructions": st.just("Do better."),
            **parts,
        }
    )


policies = _control(
    "policy",
    effect=st.sampled_from([*ORDERS, *HOLDING, "return"]),
    on_unknown=st.sampled_from([None, "fire", "quiet", "quiet", "quiet", *HOLDING]),
)
verifications = _control(
    "verification",
    check=st.one_of(plain, sums, outside, outside),
    effects=st.fixed_dictionaries(
        {"fail": st.sampled_from(ORDERS), "inconclusive": st.sampled_from(ORDERS)}
    ),
    failure_policy=st.sampled_from(FAILURES),
    on_error=st.sampled_from(HOLDING),
)
some_controls = st.lists(st.one_of(policies, verifications), min_size=1, max_size=6)


@st.composite
def waivers(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        {
            "key": f"W-{n}",
            "control": f"C-{draw(st.integers(0, 5))}",
            "condition": draw(conditions),
            "reason": "Agreed.",
            "expires_at": draw(st.sampled_from(["2026-01-01", "2027-01-01"])) + "T00:00:00+00:00",
        }
        for n in range(draw(st.integers(0, 2)))
    ]


def _set(controls: list[dict[str, Any]], waived: list[dict[str, Any]]) -> LiveSet:
    keyed = [{"key": f"C-{n}", **one} for n, one in enumerate(controls)]
    return live(keyed, waivers=waived)


@st.composite
def sets(draw: st.DrawFn, near: list[dict[str, Any]] | None = None) -> Any:
    """Controls and their live set; `near` another's, of which most stay as they are."""
    controls = draw(some_controls)
    if near is not None:
        kept = [one for one in near if draw(st.integers(0, 3))]
        controls = [*kept, *controls[: draw(st.integers(0, 2))]] or controls
    return controls, _set(controls, draw(waivers()))


# -- random cases --------------------------------------------------------------------------------

answers = st.one_of(
    st.sampled_from([("pass", ""), ("fail", ""), ("inconclusive", "")]),
    st.sampled_from(
        [("error", "wrong_binding"), ("error", "server_error"), ("timeout", "timeout")]
    ),
    st.none(),
)


def _answer(check: dict[str, Any], said: tuple[str, str]) -> dict[str, Any]:
    outcome, code = said
    bound = Bound("", "", check_sha256({"check": check}), "kyc")
    answer = unanswered(bound, outcome, code or "not_asked")
    return (
        answer if code else answer | {"reason_code": "", "verifier": {"name": "k", "version": ""}}
    )


def _finite(value: Any) -> Any:
    """JSON, as the database keeps it."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    bad = isinstance(value, float) and value - value != 0
    return None if bad else value


@st.composite
def judged_facts(draw: st.DrawFn, own: LiveSet) -> dict[str, Any]:
    """The facts of one case as intake froze them under this set."""
    facts = as_stored(_finite(draw(trees.facts)))
    facts.pop("proposed_action", None)
    action = draw(st.sampled_from([None, "approve", "approve", "pay", "approve", "unheard-of"]))
    if action:
        facts["proposed_action"] = action
    if draw(st.booleans()):
        facts["subject"] = "client-1"
    if draw(st.integers(0, 7)) == 7:
        facts["escalate"] = {"to": draw(st.sampled_from(HOLDING)), "reason": "Unsure"}
    stage = st.sampled_from([str(one) for one in Stage])
    facts |= {
        "evidence": [],
        "workflow": {
            "slug": "credit-decisions",
            "name": "Credit decisions",
            "tier": "high",
            "stage": draw(stage),
            "paused": draw(st.integers(0, 11)) == 11,
            "all_review": draw(st.integers(0, 7)) == 7,
        },
        "clock": "2026-11-22T10:31:00+00:00",
        "returns": draw(st.sampled_from([0, 0, 1, 2])),
        "schema": draw(st.sampled_from([[], [], [{"path": "output", "message": "strays"}]])),
        "arithmetic": [],
        "gathered": {},
    }
    for control in own.controls:
        check = control["check"] or {}
        if check.get("name") == "cumulative_limit":
            facts["gathered"][control["key"]] = _summed(check)
    said = {one["key"]: draw(answers) for one, _ in own.external}
    given = {
        one["key"]: _answer(one["check"], said[one["key"]])
        for one, _ in own.external
        if said[one["key"]]
    }
    why = draw(st.sampled_from(["awaited", "not_asked"]))
    into_facts(facts, own, Asked(CASE, given, why=why))
    return json.loads(json.dumps(facts))


def _summed(check: dict[str, Any]) -> dict[str, Any]:
    """The same for the same question, as of one moment."""
    return {"sum": "4000" if check["params"]["window"] == "P7D" else "4999"}


def _row(pk: int, facts: dict[str, Any], judgement: Judgement) -> Stored:
    said = [one.as_json() for one in judgement.results if one.outcome != "quiet"]
    return Stored(
        pk,
        CASE,
        1,
        1,
        str(judgement.disposition),
        str(judgement.would_be),
        judgement.ungoverned,
        json.dumps(list(judgement.decided_by)),
        json.dumps(said) if said else "[]",
        json.dumps(facts),
        "2026-11-22 10:31:00+00:00",
        False,
    )


# -- what is expected ----------------------------------------------------------------------------


def completed(
    facts: dict[str, Any], under: LiveSet, own: LiveSet, background: list[Any]
) -> dict[str, Any] | None:
    """The facts as they would have been frozen under another set; None where that set needs an
    answer that nobody gave."""
    gathered = dict(facts["gathered"])
    external: dict[str, Any] = {}
    known = [*facts.get("external", {}).values(), *background]
    verdicts = dict(zip([c["key"] for c in under.controls], under.verdicts(facts), strict=True))
    own_verdicts = dict(zip([c["key"] for c in own.controls], own.verdicts(facts), strict=True))
    for control in under.controls:
        check, key = control["check"] or {}, control["key"]
        if check.get("name") == "cumulative_limit":
            gathered[key] = _summed(check)
        if check.get("name") != "external_verifier" or verdicts[key] is False:
            continue
        digest = check_sha256(control)
        same_question = [one for one in known if one["check_sha256"] == digest]
        asked = [one for one in same_question if one["reason_code"] not in NEVER_ASKED]
        then = facts.get("external", {}).get(key)
        kin = own.by_key.get(key)
        alike = (
            kin is not None
            and kin["mode"] == Mode.ENFORCED
            and (kin["check"] or {}) == check
            and own_verdicts[key] is not False
        )
        if asked:
            external[key] = asked[0]
        elif control["mode"] != Mode.ENFORCED:
            external[key] = _answer(check, ("not_run", "in_background"))
        elif not alike or then is None:
            return None
        else:
            external[key] = then
    return {**facts, "gathered": gathered, "external": external}


def spared(facts: dict[str, Any], under: LiveSet, whole: dict[str, Any]) -> bool:
    """Whether a verifier in force has no answer but that a block spared it."""
    return any(
        whole["external"].get(one["key"], {}).get("reason_code") == "superseded"
        and one["mode"] == Mode.ENFORCED
        for one, _ in under.external
    )


@contextmanager
def without_a_database(background: list[Any]) -> Iterator[None]:
    def gathered(control: Any, facts: Any, workflow: Any, **_: Any) -> Any:
        return _summed(control["check"])

    found = {CASE: [(output_sha256, one) for output_sha256, one in background]}
    with (
        patch.object(stored_cases, "live_set", lambda one: one.live),
        patch.object(stored_cases, "gathered_then", gathered),
        patch.object(stored_cases.recorded_answers, "background_of", lambda *_, **__: found),
        patch.object(stored_cases, "PROVED_ONE_IN", 1),
    ):
        yield


# -- the property --------------------------------------------------------------------------------


@given(data=st.data())
@thorough
def test_the_quick_way_says_what_the_whole_judgement_says(data):
    own_controls, own = data.draw(sets())
    _, base = data.draw(sets(near=own_controls))
    _, candidate = data.draw(sets(near=own_controls))
    facts = data.draw(judged_facts(own))
    late = [
        _answer(check, said)
        for check, said in data.draw(st.lists(st.tuples(outside, answers), max_size=2))
        if said
    ]
    background = [(sha256_of(facts.get("output")), one) for one in late]
    judgement = assess(facts, own)
    row = _row(500, facts, judgement)

    with without_a_database(background):
        is_base = data.draw(st.booleans())
        of = SimpleNamespace(pk=1 if is_base else 2, live=own if is_base else base, workflow=None)
        judging = Rejudging(of, candidate, until=None)  # type: ignore[arg-type]
        judging._sets.setdefault(1, Outliner(own))
        judging.look_up([row])
        wanted = [completed(facts, one, own, late) for one in (judging.base.live, candidate)]
        if is_base:
            wanted[0] = facts
        try:
            case = judging.judge(row)
        except NotReplayable:
            outlines = [
                outline_of(assess(whole, one)) if whole is not None else None
                for whole, one in zip(wanted, (judging.base.live, candidate), strict=True)
            ]
            event("not replayable")
            assert None in outlines or not_blocked(outlines, wanted, judging)
            return
    assert case.reproduced
    assert same(case.own, outline_of(judgement))
    for whole, under, found in (
        (wanted[0], judging.base.live, case.base),
        (wanted[1], candidate, case.now),
    ):
        assert whole is not None
        assert same(found, outline_of(assess(whole, under)))
    event(f"candidate: {'same' if case.now.order == case.base.order else 'another'} outcome")
    event(f"candidate: {case.now.order}")


def not_blocked(outlines: list[Outline | None], wanted: list[Any], judging: Rejudging) -> bool:
    """A verifier was spared by a block then, and not under every set now."""
    lives = (judging.base.live, judging.now.live)
    some = any(spared(whole, one, whole) for whole, one in zip(wanted, lives, strict=True))
    return some and any(one is not None and one.order != "block" for one in outlines)
