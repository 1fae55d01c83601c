"""Stored cases, judged again on exactly their frozen facts.

What a check found is worked out anew, since checks are pure, save where that would not be the
same question: nobody outside is ever asked again, an answer that came too late stays so, and what
was gathered of earlier cases is used only by a check that would have asked the same. Where a set
needs what was never asked, the case is not replayable, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from assurance.controls.assess import assess
from assurance.controls.case_reader import Stored
from assurance.controls.checks.registry import CHECKS, run_safely
from assurance.controls.live_set import LiveSet, live_set
from assurance.controls.models import ControlSet
from assurance.controls.outlines import Outline, Outliner, Verification, outline_of, same

# Why a case cannot be judged again, in words.
REASONS = {
    "redacted": "what it was judged on has been redacted",
    "incomplete_facts": "its stored facts lack what every case has",
    "not_gathered": "a check asks of earlier cases what was not asked then",
    "external_check": "a check asks a verifier outside that was not asked then",
}
# Whatever the machine's load: a check that passed then does not time out now.
_NO_HURRY = float("inf")
# Of so many cases one is judged whole, to prove that outlines and judgements agree.
PROVED_ONE_IN = 500


class _Said(msgspec.Struct, gc=False):
    """What of a stored result is compared; the rest of it is skipped while reading."""

    key: str
    outcome: str


class NotReplayable(Exception):
    """A case that cannot be judged again. `reason` is a key of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(REASONS[reason])
        self.reason = reason


class Disagreement(Exception):
    """An outline said other than the whole judgement: nothing that was counted can be trusted."""


class Rejudged(NamedTuple):
    """One stored case under three sets: the one that judged it, the base, the candidate."""

    facts: dict[str, Any]
    own: Outline
    base: Outline
    now: Outline
    reproduced: bool


class Rejudging:
    """Judges stored cases again: under the set that judged each, a base set and a candidate."""

    def __init__(self, base: ControlSet, candidate: LiveSet) -> None:
        self.now = Outliner(candidate)
        self.base = Outliner(live_set(base))
        self._sets: dict[int, Outliner] = {base.pk: self.base}
        self._decisions: dict[str, tuple[str, ...]] = {}
        self._facts = msgspec.json.Decoder().decode
        self._results = msgspec.json.Decoder(list[_Said]).decode

    def judge(self, row: Stored) -> Rejudged:
        """Raises NotReplayable with the reason, Disagreement where nothing can be trusted."""
        own_set = self._sets.get(row.set_pk) or self._own_set(row.set_pk)
        said = self._results(row.results) if row.results != "[]" else []
        try:
            facts = self._facts(row.facts)
            if facts.get("redacted"):
                raise NotReplayable("redacted")
            checks = _Checks(facts, own_set, said)
            own = own_set.outline(facts, checks.own)
            base = own if own_set is self.base else self.base.outline(facts, checks.other)
            now = self.now.outline(facts, checks.other)
        except (KeyError, TypeError, AttributeError) as error:
            raise NotReplayable("incomplete_facts") from error
        if row.pk % PROVED_ONE_IN == 0:
            checks.prove(self.now, now)
        reproduced = (
            own.disposition == row.disposition
            and own.order == row.would_be
            and own.ungoverned == row.ungoverned
            and own.outcomes == tuple([(one.key, one.outcome) for one in said])
            and own.decided_by == self._decided(row.decided_by)
        )
        return Rejudged(facts, own, base, now, reproduced)

    def _decided(self, text: str) -> tuple[str, ...]:
        known = self._decisions.get(text)
        if known is None:
            known = self._decisions[text] = tuple(msgspec.json.decode(text))
        return known

    def _own_set(self, pk: int) -> Outliner:
        made = self._sets[pk] = Outliner(live_set(ControlSet.objects.get(pk=pk)))
        return made


class _Checks:
    """What the checks of one case come to, each worked out once."""

    __slots__ = ("_facts", "_own", "_said", "_seen")

    def __init__(self, facts: dict[str, Any], own: Outliner, said: list[_Said]) -> None:
        self._facts = facts
        self._own = own
        self._said = said
        self._seen: dict[str, str] = {}

    def own(self, one: Verification) -> str:
        """Under the set that judged the case: with what was gathered for this very control."""
        then = next((said.outcome for said in self._said if said.key == one.key), None)
        if one.is_external or then == "timeout":
            if then is None:
                raise NotReplayable("external_check")
            self._seen[one.text] = then
            return then
        return self._run(one, self._facts["gathered"].get(one.key))

    def other(self, one: Verification) -> str:
        """Under another set: the same check is the same answer, whatever the control."""
        known = self._seen.get(one.text)
        if known is not None:
            return known
        if one.is_external:
            raise NotReplayable("external_check")
        return self._run(one, self._gathered(one) if one.is_stateful else None)

    def prove(self, outliner: Outliner, outline: Outline) -> None:
        """Hold an outline against the whole judgement."""
        if "timeout" in self._seen.values():
            return
        gathered = dict(self._facts["gathered"])
        for one in outliner.verifications:
            if (one.is_stateful or one.is_external) and one.text in self._seen:
                gathered[one.key] = self._gathered(one)
        whole = outline_of(assess({**self._facts, "gathered": gathered}, outliner.live))
        if not same(whole, outline):
            raise Disagreement(
                f"In outline a case comes to {outline.order}, whole to {whole.order}."
            )

    def _run(self, one: Verification, gathered: Any) -> str:
        found = run_safely(one.name, one.params, self._facts, gathered, budget=_NO_HURRY)
        self._seen[one.text] = found.outcome
        return found.outcome

    def _gathered(self, one: Verification) -> Any:
        """What was gathered then, if by the same question."""
        kin = [other for other in self._own.verifications if other.name == one.name]
        for other in kin:
            if other.text == one.text:
                return self._facts["gathered"].get(other.key)
        if kin:
            asked = _question(one, self._facts)
            for other in kin:
                if asked is not None and asked == _question(other, self._facts):
                    return self._facts["gathered"].get(other.key)
        raise NotReplayable("not_gathered")


class _Questions:
    """Stands in for the earlier cases and notes what is asked of them."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def sum(self, *question: Any) -> Decimal:
        self.asked.append(("sum", *question))
        return Decimal(0)

    def earlier(
        self, subject_field: str, value: Any, window: timedelta, fields: list[str]
    ) -> list[dict[str, Any]]:
        self.asked.append(("earlier", subject_field, value, window, fields))
        return []


def _question(one: Verification, facts: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
    """What a stateful check asks of earlier cases, None where it cannot say."""
    asked = _Questions()
    try:
        CHECKS[one.name].gather(one.params, facts, asked)
    except Exception:
        return None
    return asked.asked
