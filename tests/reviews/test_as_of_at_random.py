"""As of reproduces random moments of random histories: a state machine acts by the real verbs and
tells a plain model, and every part of what is told of a moment must be what the model says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from assurance.accounts import grants, persons
from assurance.accounts.models import Grant, Person
from assurance.controls import as_of, gate, pausing, stages
from assurance.controls.forms import WorkflowForm
from assurance.record.actors import Actor
from reviews import intake, workflow_pauses
from reviews.admin_forms import QueueForm
from reviews.models import Queue
from tests.reviews.as_of_model import Held
from tests.reviews.as_of_story import DAY, HOUR, SLUG, T0, Changes, gaps

HISTORIES, ACTS, MOMENTS = 12, 26, 1_000
SYSTEM = Actor.system("test")
KINDS = {
    "control", "rollback", "within the hour", "waiver", "specification", "rule", "emergency",
    "ratification", "approval for later", "sweep", "pause", "resume", "promotion", "demotion",
    "workflow", "queue", "grant", "confirmation", "revocation", "person", "case",
}  # fmt: skip


class History(Changes):
    """The same with its people, its queues, its stages and its cases."""

    # The workflow.

    @initialize(stage=st.sampled_from(["pilot", "limited"]))
    def begin(self, stage: str) -> None:
        """Half of the histories are of a workflow that left its pilot on its first day."""
        if stage == "limited":
            self.move(HOUR, stage)

    @rule(gap=gaps, reason=st.sampled_from(["Wrong sums.", "A new model."]))
    def pause_or_resume(self, gap: timedelta, reason: str) -> None:
        if self.state["paused_at"] is None and not self.state["paused"]:
            with self.later(gap, "pause") as at:
                pausing.pause(self.workflow, reason=reason, by=self.cast.gus, at=at)
                self.pause(reason, at)
        elif self.state["stage"] != "suspended":
            with self.later(gap, "resume") as at:
                pausing.resume(self.workflow, reason=reason, by=self.cast.gus, at=at)
                workflow_pauses.resume_held(at)  # judged again: the model did no more by that
                self.state.update(paused=False, paused_at=None, pause_reason=None)

    def pause(self, reason: str, at: datetime) -> None:
        told = at.isoformat().replace("+00:00", "Z")
        self.state.update(paused=True, paused_at=told, pause_reason=reason)

    @rule(gap=gaps, to=st.sampled_from(["pilot", "limited", "governed", "suspended"]))
    def move(self, gap: timedelta, to: str) -> None:
        ladder = {"pilot": "limited", "limited": "governed"}
        workflow, here = self.workflow, self.state["stage"]
        if ladder.get(here) == to:
            with self.later(gap, "promotion") as at:
                for by in (self.cast.grace, self.cast.gus):
                    stages.sign(workflow, to, reason="It holds.", by=by, at=at)
                self.state["stage"] = to
        elif to in stages.back_from(here):
            with self.later(gap, "demotion") as at:
                stages.demote(workflow, to, reason="It errs.", by=self.cast.gus, at=at)
                self.state["stage"] = to
                if to == "suspended" and self.state["paused_at"] is None:
                    self.pause("It errs.", at)
                self.state["paused"] = self.state["paused_at"] is not None

    @rule(gap=gaps, deputy=st.sampled_from(["", "dev", "gus"]), built=st.booleans())
    def say_who_keeps_and_built_it(self, gap: timedelta, deputy: str, built: bool) -> None:
        with self.by_form(gap, "workflow"):
            self.save(
                WorkflowForm, self.workflow,
                deputy=getattr(self.cast, deputy).pk if deputy else None,
                builders=[self.cast.mallory.person_id] if built else [],
            )  # fmt: skip
            self.state.update(deputy=deputy or None, builders=["mallory"] if built else [])

    # Queues.

    @rule(
        gap=gaps,
        slug=st.sampled_from(["credit-review", "credit-specialists"]),
        names=st.sets(st.sampled_from(["ada", "ben", "cleo", "dev"])),
        version=st.integers(0, 2),
        lease=st.sampled_from(["PT20M", "PT1H"]),
    )
    def keep_a_queue(
        self, gap: timedelta, slug: str, names: set[str], version: int, lease: str
    ) -> None:
        """Members come and go, and the guideline is written anew, in one form."""
        told, guideline = self.model.queues[slug], f"Version {version}." if version else ""
        with self.by_form(gap, "queue"):
            members = [getattr(self.cast, name).pk for name in names]
            queue = Queue.objects.get(slug=slug)
            self.save(QueueForm, queue, members=members, guideline=guideline, lease=lease)
            if guideline != told["guideline"]:
                told["guideline_version"] += 1
            told.update(members=sorted(names), guideline=guideline, lease=lease)

    def save(self, kind: Any, instance: Any, **said: Any) -> None:
        """Send a form of the admin with these fields said otherwise."""
        kind = type(kind.__name__, (kind,), {"by": self.cast.grace})
        shown = kind(instance=instance)
        sent = {name: shown[name].value() for name in shown.fields} | said
        form = kind({k: v for k, v in sent.items() if v is not None}, instance=instance)
        assert form.is_valid(), form.errors
        form.save()

    # Persons and what they hold.

    @rule(
        gap=gaps,
        who=st.sampled_from(["ben", "dev", "mallory"]),
        what=st.sampled_from([("lead", SLUG), ("auditor", ""), ("governance", "")]),
        days=st.sampled_from([None, 1, 20]),
    )
    def give(self, gap: timedelta, who: str, what: tuple[str, str], days: int | None) -> None:
        role, workflow = what
        at = self.time + gap
        if who in self.model.away or self.held(who, role, workflow, at):
            return
        ends = at + days * DAY if days else None
        person = Person.objects.get(ref=who)
        with self.later(gap, "grant") as at:
            made = grants.grant(person, role, workflow, by=self.cast.grace, at=at, expires_at=ends)
            waits = role == "governance"
            self.model.grants.append(Held(who, role, workflow, None if waits else at, ends))
            assert (made.confirmation == "waiting") is waits

    def held(self, who: str, role: str, workflow: str, at: datetime) -> Held | None:
        """The grant that was neither revoked nor has expired, waiting or not."""
        for one in self.model.grants:
            over = one.ended_at or (one.expires_at and one.expires_at <= at)
            if (one.person, one.role, one.workflow) == (who, role, workflow) and not over:
                return one
        return None

    @rule(gap=gaps, who=st.sampled_from(["ben", "dev", "mallory"]), confirmed=st.booleans())
    def let_govern(self, gap: timedelta, who: str, confirmed: bool) -> None:
        self.give(gap, who, ("governance", ""), None)
        if confirmed:
            self.confirm(gap)

    @precondition(lambda self: self.unconfirmed(self.time))
    @rule(gap=gaps)
    def confirm(self, gap: timedelta) -> None:
        held = self.unconfirmed(self.time + gap)
        if held is not None:
            with self.later(gap, "confirmation") as at:
                grants.confirm(self.row(held), by=self.cast.gus, at=at)
                held.since = at

    def unconfirmed(self, at: datetime) -> Held | None:
        """A grant that waits for its second person."""
        found = (self.held(who, "governance", "", at) for who in ("ben", "dev", "mallory"))
        return next((one for one in found if one is not None and one.since is None), None)

    @rule(
        gap=gaps,
        who=st.sampled_from(["ben", "dev", "mallory"]),
        what=st.sampled_from([("lead", SLUG), ("auditor", ""), ("governance", "")]),
    )
    def revoke(self, gap: timedelta, who: str, what: tuple[str, str]) -> None:
        held = self.held(who, *what, self.time + gap)
        if held is not None:
            with self.later(gap, "revocation") as at:
                grants.revoke(self.row(held), by=self.cast.grace, at=at)
                held.ended_at = at

    def row(self, held: Held) -> Grant:
        named = {"person__ref": held.person, "role": held.role, "workflow": held.workflow}
        return Grant.objects.get(**named, revoked_at=None)

    @rule(gap=gaps, who=st.sampled_from(["ben", "dev", "mallory"]))
    def send_away_or_let_back_in(self, gap: timedelta, who: str) -> None:
        person = Person.objects.get(ref=who)
        verb = persons.switch_on if who in self.model.away else persons.switch_off
        with self.later(gap, "person") as at:
            verb(person, by=self.cast.grace, at=at)
            self.model.away ^= {who}

    # Cases, and a look back meanwhile.

    @rule(gap=gaps, version=st.sampled_from(["7", "8"]))
    def post(self, gap: timedelta, version: str) -> None:
        with self.later(gap, "case") as at:
            body = {
                "workflow": SLUG, "external_id": f"a-{len(self.model.seen)}",
                "output": {"amount": 4820}, "model": {"name": "scorecard", "version": version},
            }  # fmt: skip
            intake.submit(body, workflow=self.workflow, client=None, actor=SYSTEM, at=at)
            self.model.seen.append((at, ("scorecard", version)))

    @rule(part=st.floats(0, 1))
    def look_back(self, part: float) -> None:
        moment = T0 + part * (self.time - T0)
        if self.is_settled(moment):
            self.compare(as_of.as_of(self.workflow, moment, now=self.time), moment)


def in_an_open_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    measures = {number: [lambda w, at: [gate.holds("It does.", 1)]] for number in gate.CRITERIA}
    monkeypatch.setattr(gate, "_measures", measures)


def everything_once() -> None:
    """A history in which each act comes at least once, so that none is left to chance."""
    story = History()
    story.begin("limited")
    story.change_a_control(HOUR, "LIM-02", 1000, "specialist", "shadow")
    story.publish_and_roll_back_within_the_hour(HOUR, 5000, 40)
    story.waive(DAY, 1)
    story.specify(HOUR, "Decide on small loans.")
    story.route(HOUR, "credit-specialists")
    story.act_in_an_emergency(HOUR, "ratified late")
    story.act_in_an_emergency(HOUR, "left")
    story.post(HOUR, "7")
    story.approve_for_later(HOUR, 500)
    story.let_time_pass(3 * HOUR)
    story.post(HOUR, "8")
    story.pause_or_resume(HOUR, "Wrong sums.")
    story.let_time_pass(DAY)
    story.look_back(0.5)
    story.pause_or_resume(HOUR, "Mended.")
    story.move(HOUR, "suspended")
    story.move(HOUR, "pilot")
    story.say_who_keeps_and_built_it(HOUR, "dev", True)
    story.keep_a_queue(HOUR, "credit-review", {"ben", "cleo"}, 1, "PT1H")
    story.let_govern(HOUR, "mallory", True)
    story.give(HOUR, "dev", ("auditor", ""), 1)
    story.revoke(DAY, "mallory", ("governance", ""))
    story.send_away_or_let_back_in(HOUR, "ben")
    story.change_a_control(9 * DAY, "LIM-01", 1000, "review", "off")
    story.teardown()


@pytest.mark.django_db
def test_as_of_reproduces_a_thousand_moments_of_random_histories(monkeypatch):
    in_an_open_gate(monkeypatch)
    History.acts.clear()
    History.asked = 0

    everything_once()
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=ACTS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # a failing history is told whole: to shrink it takes minutes
        ),
    )

    assert set(History.acts) == KINDS
    assert History.asked >= MOMENTS
