"""Stored cases, judged again on exactly their frozen facts.

What a check found is worked out anew, since checks are pure, save where that would not be the
same question: nobody outside is ever asked again, and an answer that came too late stays so. What
was gathered of earlier cases is used by a check that would have asked the same; for one that asks
them something else (another window, another field) the same gathering is done over the cases that
were kept before this one, each with what was really ordered then. Where a set needs what was never
asked, the case is not replayable, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from assurance.controls import recorded_answers
from assurance.controls.assess import assess
from assurance.controls.case_reader import Stored
from assurance.controls.checks.outcomes import NEVER_OPEN
from assurance.controls.checks.registry import CHECKS, run_safely
from assurance.controls.gather import gathered_then
from assurance.controls.live_set import LiveSet, live_set
from assurance.controls.models import ControlSet
from assurance.controls.outlines import Outline, Outliner, Said, Verification, outline_of, same
from assurance.controls.recorded_answers import Answer, Background

# Why a case cannot be judged again, in words.
REASONS = {
    "redacted": "what it was judged on has been redacted",
    "incomplete_facts": "its stored facts lack what every case has",
    "not_gathered": "a check asks of earlier cases what was not asked then, by another field than "
    "the subject",
    "external_check": "a check asks a verifier outside what it was not asked then",
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
    """One stored case under three sets: the one that judged it, the base, the candidate. `anew`:
    earlier cases were asked what nobody had asked them then."""

    facts: dict[str, Any]
    own: Outline
    base: Outline
    now: Outline
    reproduced: bool
    anew: bool


class Rejudging:
    """Judges stored cases again: under the set that judged each, a base set and a candidate.

    `until`: what verifiers answered later than this is not known.
    """

    def __init__(self, base: ControlSet, candidate: LiveSet, *, until: datetime) -> None:
        self.now = Outliner(candidate)
        self.base = Outliner(live_set(base))
        self._workflow = base.workflow
        self._until = until
        self._sets: dict[int, Outliner] = {base.pk: self.base}
        self._background: dict[UUID, Background] = {}
        both = (*self.base.verifications, *self.now.verifications)
        self._asks_outside = any(one.is_external for one in both)
        self._decisions: dict[str, tuple[str, ...]] = {}
        self._facts = msgspec.json.Decoder().decode
        self._results = msgspec.json.Decoder(list[_Said]).decode

    @property
    def asks_the_past(self) -> bool:
        """Whether the candidate asks of earlier cases what the base does not: that is slow."""
        asked = {one.text for one in self.base.verifications}
        return any(one.is_stateful and one.text not in asked for one in self.now.verifications)

    def look_up(self, rows: Sequence[Stored]) -> None:
        """Find what a batch of cases needs beside its facts. Call it before judging them."""
        if self._asks_outside:
            cases = {row.case_id for row in rows}
            self._background = recorded_answers.background_of(cases, until=self._until)

    def judge(self, row: Stored) -> Rejudged:
        """Raises NotReplayable with the reason, Disagreement where nothing can be trusted."""
        own_set = self._sets.get(row.set_pk) or self._own_set(row.set_pk)
        said = self._results(row.results) if row.results != "[]" else []
        try:
            facts = self._facts(row.facts)
            if facts.get("redacted"):
                raise NotReplayable("redacted")
            checks = _Checks(facts, own_set, said, row, self)
            own = own_set.outline(facts, checks.own)
            base = own if own_set is self.base else self.base.outline(facts, checks.other)
            now = self.now.outline(facts, checks.other)
            if checks.while_blocked and (now.order != "block" or base.order != "block"):
                raise NotReplayable("external_check")
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
        return Rejudged(facts, own, base, now, reproduced, checks.anew)

    def background(self, case: UUID) -> Background:
        return self._background.get(case, ())

    def gathered(self, one: Verification, facts: Mapping[str, Any], row: Stored) -> Any:
        """What a check would have been given of the cases kept before this one."""
        return gathered_then(one.control, facts, self._workflow, case_id=row.case_id, before=row.pk)

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

    __slots__ = (
        "_answers", "_facts", "_gathers", "_judging", "_own", "_own_keys", "_row", "_said",
        "_seen", "anew", "while_blocked",
    )  # fmt: skip

    def __init__(
        self,
        facts: dict[str, Any],
        own: Outliner,
        said: list[_Said],
        row: Stored,
        judging: Rejudging,
    ) -> None:
        self._facts = facts
        self._own = own
        self._said = said
        self._row = row
        self._judging = judging
        self._seen: dict[str, Said] = {}
        self._gathers: dict[str, Any] = {}  # by the check's text
        self._answers: dict[str, Answer] = {}  # by the control's key
        self._own_keys: dict[str, bool] = {}
        # A verifier was spared because a policy blocked the case; that holds while it does.
        self.while_blocked = False
        # Earlier cases were asked what nobody asked them then.
        self.anew = False

    def own(self, one: Verification) -> Said:
        """Under the set that judged the case: with what was gathered for this very control."""
        if one.is_external:
            self._own_keys[one.key] = one.is_enforced
            answer = recorded_answers.recorded_for(self._facts, one.key, one.asked)
            return _told(answer) if answer else ("not_run", "not_asked")
        then = next((said.outcome for said in self._said if said.key == one.key), None)
        if then == "timeout":
            self._seen[one.text] = then
            return then
        return self._run(one, self._facts["gathered"].get(one.key))

    def other(self, one: Verification) -> Said:
        """Under another set: the same check is the same answer, whatever the control."""
        if one.is_external:
            answer = self._answers[one.key] = self._answer(one)
            return _told(answer)
        known = self._seen.get(one.text)
        if known is not None:
            return known
        return self._run(one, self._gathered(one) if one.is_stateful else None)

    def prove(self, outliner: Outliner, outline: Outline) -> None:
        """Hold an outline against the whole judgement."""
        if "timeout" in self._seen.values():
            return
        gathered, external = dict(self._facts["gathered"]), dict(self._facts.get("external", {}))
        for one in outliner.verifications:
            if one.is_stateful and one.text in self._seen:
                gathered[one.key] = self._gathered(one)
            if one.key in self._answers:
                external[one.key] = self._answers[one.key]
        facts = {**self._facts, "gathered": gathered, "external": external}
        whole = outline_of(assess(facts, outliner.live))
        if not same(whole, outline):
            raise Disagreement(
                f"In outline a case comes to {outline.order}, whole to {whole.order}."
            )

    def _run(self, one: Verification, gathered: Any) -> Said:
        found = run_safely(one.name, one.params, self._facts, gathered, budget=_NO_HURRY)
        reason = found.reason_code
        said = (found.outcome, reason) if reason in NEVER_OPEN else found.outcome
        self._seen[one.text] = said
        return said

    def _answer(self, one: Verification) -> Answer:
        """What was recorded of this question. Without it a control that holds nothing orders
        nothing, and of one in force nothing can be said."""
        background = self._judging.background(self._row.case_id)
        answer = recorded_answers.answered(self._facts, one.asked, background)
        if answer is not None:
            return answer
        if not one.is_enforced:
            return recorded_answers.unknown(one.asked)
        then = recorded_answers.recorded_for(self._facts, one.key, one.asked)
        if then is None or not self._own_keys.get(one.key):
            raise NotReplayable("external_check")
        if then["reason_code"] == recorded_answers.SUPERSEDED:
            self.while_blocked = True
        return then

    def _gathered(self, one: Verification) -> Any:
        """What was gathered then, if by the same question; else what it would have been."""
        if one.text not in self._gathers:
            self._gathers[one.text] = self._found(one)
        return self._gathers[one.text]

    def _found(self, one: Verification) -> Any:
        kin = [other for other in self._own.verifications if other.name == one.name]
        for other in kin:
            if other.text == one.text:
                return self._facts["gathered"].get(other.key)
        asked = _question(one, self._facts)
        for other in kin:
            if asked is not None and asked == _question(other, self._facts):
                return self._facts["gathered"].get(other.key)
        # By subject the database finds earlier cases at once; by any other field it would read
        # the whole window for every case.
        if asked and any(subject_field != "subject" for subject_field, *_ in asked):
            raise NotReplayable("not_gathered")
        self.anew = True
        return self._judging.gathered(one, self._facts, self._row)


def _told(answer: Answer) -> Said:
    return answer["outcome"], answer["reason_code"]


class _Questions:
    """Stands in for the earlier cases and notes what is asked of them."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def sum(self, field: str, subject_field: str, subject: Any, window: timedelta) -> Decimal:
        self.asked.append((subject_field, subject, window, "sum", field))
        return Decimal(0)

    def earlier(
        self, subject_field: str, value: Any, window: timedelta, fields: list[str]
    ) -> list[dict[str, Any]]:
        self.asked.append((subject_field, value, window, "earlier", fields))
        return []


def _question(one: Verification, facts: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
    """What a stateful check asks of earlier cases, the field of the subject first in each
    question; None where it cannot say."""
    asked = _Questions()
    try:
        CHECKS[one.name].gather(one.params, facts, asked)
    except Exception:
        return None
    return asked.asked
