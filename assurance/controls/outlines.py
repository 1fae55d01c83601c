"""What a set says of a case, without the sentences: who ordered what, and what came of it.

Replay and preview judge very many cases, and of most they only count the outcome. An outline is
made of the same parts as a whole judgement (`effect_of`, `on_unknown`, `waived`, `voices_for`,
`conclude`), leaves out messages, operands and findings, and is remembered: the same outcomes
under the same circumstances give the same outline object, so that counting needs no comparison.
Tests hold it against `assess` on random cases, and every replay does so on a sample of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from assurance.controls.assess import conclude, effect_of, on_unknown, waived
from assurance.controls.checks.external_verifier import check_sha256, is_external
from assurance.controls.checks.registry import CHECKS
from assurance.controls.choices import Disposition, Kind, Mode
from assurance.controls.judgement import ControlResult, Judgement
from assurance.controls.live_set import LiveSet
from assurance.controls.voices import RETURN_LIMIT, voices_for
from assurance.record.canonical import canonical

RANK: dict[str, int] = {str(one): one.rank for one in Disposition}
# Beyond so many different outlines of one set the memory is worth more than the time.
_MOST_REMEMBERED = 50_000

# What a check comes to: its outcome, with the reason code where that bears on the effect.
Said = str | tuple[str, str]
# What a verification control's check comes to on a case.
Outcomes = Callable[["Verification"], Said]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One judgement in outline. `order` is what everything together would order: in observe
    nothing is held, and there it says what would be."""

    disposition: str
    order: str
    enforced: bool
    ungoverned: bool
    decided_by: tuple[str, ...]
    contributing: tuple[str, ...]
    outcomes: tuple[tuple[str, str], ...]  # of each control that did not stay quiet
    matched: frozenset[str]  # the controls whose outcome orders something, in whatever mode
    unsure: frozenset[str]  # those of them of which that is unknown only
    fired: tuple[str, ...]  # enforced and not calm, as routing rules see it
    holding: tuple[str, ...]  # enforced controls, and voices, that order more than to continue

    @property
    def is_held(self) -> bool:
        return self.order != "continue"


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification control of a set: where it stands, and its check as text, to be compared.
    `asked` is the hash of the question to a verifier outside, empty where nobody is asked."""

    index: int
    key: str
    name: str
    params: Mapping[str, Any]
    text: str
    asked: str
    control: Mapping[str, Any]

    @property
    def is_stateful(self) -> bool:
        check = CHECKS.get(self.name)
        return check is not None and check.stateful

    @property
    def is_external(self) -> bool:
        """Whether the check asks somebody outside. Replay never does."""
        return bool(self.asked)

    @property
    def is_enforced(self) -> bool:
        return self.control["mode"] == Mode.ENFORCED


class Outliner:
    """Outlines of cases under one set."""

    def __init__(self, live: LiveSet) -> None:
        self.live = live
        self.verifications = [
            _verification(index, control)
            for index, control in enumerate(live.controls)
            if control["kind"] == Kind.VERIFICATION
        ]
        self._expiries = [datetime.fromisoformat(one["expires_at"]) for one in live.waivers]
        self._remembered: dict[Any, Outline] = {}

    def outline(self, facts: Mapping[str, Any], outcomes: Outcomes) -> Outline:
        """Judge one case. `outcomes` is asked for every check whose condition does not rule it
        out. Raises KeyError and the like where facts lack what every case has."""
        said: list[Any] = self.live.verdicts(facts)
        for one in self.verifications:
            said[one.index] = "not_applicable" if said[one.index] is False else outcomes(one)
        workflow, escalate = facts["workflow"], facts.get("escalate")
        action = facts.get("proposed_action")
        circumstances = (
            tuple(said),
            workflow["stage"],
            workflow["paused"],
            workflow["all_review"],
            escalate["to"] if escalate else None,
            bool(facts["schema"]),
            action if action in self.live.actions else action is not None,
            facts["returns"] >= RETURN_LIMIT,
            self._waiving(facts) if self._expiries else None,
        )
        found = self._remembered.get(circumstances)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[circumstances] = self._made(facts, said)
        return found

    def _waiving(self, facts: Mapping[str, Any]) -> tuple[bool, ...]:
        now = datetime.fromisoformat(facts["clock"])
        return tuple(
            verdict is True and expiry > now
            for verdict, expiry in zip(
                self.live.waiver_verdicts(facts), self._expiries, strict=True
            )
        )

    def _made(self, facts: Mapping[str, Any], said: list[Any]) -> Outline:
        live = self.live
        results = tuple(
            _result(control, outcome)
            for control, outcome in zip(live.controls, said, strict=True)
            if outcome is not False  # it stayed quiet
        )
        if live.waivers:
            results = tuple(waived(results, facts, live))
        enforced = [result for result in results if result.is_enforced]
        ungoverned = live.is_ungoverned(enforced)
        voices = tuple(voices_for(facts, live, enforced, ungoverned=ungoverned))
        return outline_of(conclude(facts, live, results, voices, ungoverned=ungoverned))


def outline_of(judgement: Judgement) -> Outline:
    """A whole judgement in outline."""
    results = judgement.results
    ordering = [r for r in results if r.effect not in (None, Disposition.CONTINUE)]
    return Outline(
        disposition=str(judgement.disposition),
        order=str(judgement.would_be),
        enforced=judgement.enforced,
        ungoverned=judgement.ungoverned,
        decided_by=judgement.decided_by,
        contributing=judgement.contributing,
        outcomes=tuple((r.key, r.outcome) for r in results),
        matched=frozenset(r.key for r in ordering),
        unsure=frozenset(r.key for r in ordering if r.outcome == "unknown"),
        fired=tuple(r.key for r in results if r.is_enforced and not r.is_calm),
        holding=(
            *(r.key for r in ordering if r.is_enforced and not r.waived_by),
            *(voice.key for voice in judgement.voices),
        ),
    )


def same(one: Outline, other: Outline) -> bool:
    """Whether two outlines say the same in everything."""
    return all(getattr(one, name) == getattr(other, name) for name in Outline.__dataclass_fields__)


def _verification(index: int, control: Mapping[str, Any]) -> Verification:
    check = control["check"]
    text = canonical({"name": check["name"], "params": check["params"]}).decode()
    asked = check_sha256(control) if is_external(control) else ""
    return Verification(index, control["key"], check["name"], check["params"], text, asked, control)


def _result(control: Mapping[str, Any], said: Literal[True] | Said | None) -> ControlResult:
    """What a control said, given its verdict or what its check came to."""
    if control["kind"] == Kind.VERIFICATION:
        outcome, reason = said if isinstance(said, tuple) else (str(said), "")
        effect = effect_of(control, outcome, reason)
    elif said is None:
        outcome, effect = "unknown", on_unknown(control)
    else:
        outcome, effect = "fired", control["effect"]
    return ControlResult(
        control["key"], 0, control["mode"], control["kind"], outcome, effect,
        priority=control["priority"],
    )  # fmt: skip
