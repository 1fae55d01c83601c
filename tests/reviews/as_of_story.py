"""A history of control changes by the real verbs, told to a plain model as it happens: the half of
the state machine that moves sets. At its end every edge of it is asked, and moments between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from assurance import clock
from assurance.accounts.models import Grant
from assurance.controls import alone, approvals, as_of, changes, publishing
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, Workflow
from reviews.models import Queue
from tests.cast import make_cast
from tests.controls.changing import approved, control_edit, replayed
from tests.controls_factories import make_workflow, policy
from tests.database import past_the_guards
from tests.reviews.as_of_model import Content, Held, Model, read

T0 = datetime(2031, 1, 6, 12, 0, tzinfo=UTC)
INSTANT, SECOND, MINUTE = timedelta(microseconds=1), timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SLUG = "credit-decisions"

# Some acts follow within seconds: a set may live for less than a minute.
gaps = st.sampled_from([20 * SECOND, 7 * MINUTE, 3 * HOUR, 26 * HOUR, 9 * DAY])


class Changes(RuleBasedStateMachine):
    """One workflow from its first set on, and all that makes its next set live."""

    acts: ClassVar[Counter[str]] = Counter()
    asked: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.whole = transaction.atomic()
        self.whole.__enter__()
        self.cast, self.time = make_cast(), T0
        with clock.shifted(T0 - clock.now()):
            make_workflow(
                SLUG, controls=[policy()], owner=self.cast.grace, members=[self.cast.ada],
                stage="pilot", tier="low", at=T0,
            )  # fmt: skip
        for one in (self.workflow, *Queue.objects.all()):  # made over some milliseconds
            past_the_guards(one.history.update, history_date=T0)
        self.model = Model(
            sets=[(T0, Content((("LIM-01", (2500, "review", "enforced")),)))],
            state={
                "name": "Credit decisions", "stage": "pilot", "tier": "low", "owner": "grace",
                "deputy": None, "builders": [], "paused": False, "paused_at": None,
                "pause_reason": None, "all_review": False, "safe_outcome": "do_not_proceed",
                "outage_policy": "stop",
            },
            queues={
                slug: {
                    "slug": slug, "name": slug.replace("-", " ").capitalize(), "kind": kind,
                    "members": members, "service_level": None, "lease": "PT20M",
                    "undo_window": "PT10S", "guideline_version": 1, "guideline": "",
                }
                for slug, kind, members in (
                    ("credit-review", "general", ["ada"]),
                    ("credit-specialists", "specialist", []),
                    ("credit-governance", "governance", []),
                )
            },
            grants=[
                Held(one.person.ref, one.role, one.workflow, one.created_at, one.expires_at)
                for one in Grant.objects.filter(workflow__in=["", SLUG])
            ],
        )  # fmt: skip
        self.model.keep(T0)
        self.edges: list[tuple[datetime, datetime]] = []  # just before each act, and from it on
        self.waiting: ControlChange | None = None

    def teardown(self) -> None:
        """Ask of every edge of the whole history, and between: the answers are final now."""
        try:
            random, workflow = Random(len(self.edges)), self.workflow
            now = as_of.snapshot(workflow, self.time)
            for before, since in self.edges:
                between = [T0 + (self.time - T0) * random.random() for _ in range(3)]
                for moment in filter(self.is_settled, (before, since, *between)):
                    self.ask_at_the_end(workflow, moment, now)
        finally:
            transaction.set_rollback(True)
            self.whole.__exit__(None, None, None)

    def ask_at_the_end(self, workflow: Workflow, moment: datetime, now: dict[str, Any]) -> None:
        """As `as_of` does, with the snapshot of now made once."""
        told = as_of.snapshot(workflow, moment)
        told["sets_around"] = as_of.sets_around(workflow, moment)
        told["differs_now"] = list(as_of.differs_now(told, now))
        self.compare(told, moment)

    def is_settled(self, moment: datetime) -> bool:
        """Whether no form was being saved then."""
        return not any(before < moment < since for before, since in self.edges)

    def compare(self, told: dict[str, Any], moment: datetime) -> None:
        assert read(told) == self.model.at(moment, now=self.time), moment
        type(self).asked += 1

    # What the acts stand on.

    @property
    def workflow(self) -> Workflow:
        return Workflow.objects.select_related("owner", "deputy").get(slug=SLUG)

    @property
    def is_early(self) -> bool:
        return self.model.state["stage"] == "pilot"

    @property
    def state(self) -> dict[str, Any]:
        return self.model.state

    @contextmanager
    def later(self, gap: timedelta, act: str) -> Iterator[datetime]:
        """The moment of the next act, which changes the model by its end."""
        before = self.time = self.time + gap
        with clock.shifted(self.time - clock.now()):
            yield self.time
        self.known(act, before)

    @contextmanager
    def by_form(self, gap: timedelta, act: str) -> Iterator[None]:
        """What a form saves is dated by the clock, some milliseconds after it was sent."""
        before = self.time = self.time + gap
        with clock.shifted(self.time - clock.now()):
            yield
            self.time = clock.now()
        self.known(act, before)

    def known(self, act: str, before: datetime) -> None:
        self.model.keep(self.time)
        self.edges.append((before - INSTANT, self.time))
        type(self).acts[act] += 1

    def live(self, content: Content, gap: timedelta, act: str, *edits: dict[str, Any]) -> None:
        """One change, made live as its stage demands."""
        if content == self.model.content:
            return
        with self.later(gap, act) as at:
            change = changes.create(
                self.workflow, reason="Better.", edits=edits, by=self.cast.grace, at=at
            )
            self.publish(change, content, at)

    def publish(self, change: ControlChange, content: Content, at: datetime) -> None:
        if self.is_early:
            alone.publish(change, by=self.cast.grace, at=at)
        else:
            change = replayed(approvals.submit(change, by=self.cast.grace, at=at), at)
            approved(change, self.cast.gus, at)
        self.model.publish(content, at, by_two=not self.is_early)
        self.waiting = None  # what was approved on another set is approved no more

    # The control set.

    @rule(
        gap=gaps,
        key=st.sampled_from(["LIM-01", "LIM-02"]),
        above=st.sampled_from([1000, 2500, 5000]),
        effect=st.sampled_from(["review", "specialist"]),
        mode=st.sampled_from(["enforced", "shadow", "advise", "off"]),
    )
    def change_a_control(
        self, gap: timedelta, key: str, above: int, effect: str, mode: str
    ) -> None:
        content = self.model.content.having(key, (above, effect, mode))
        self.live(content, gap, "control", self.control(key, above, effect, mode))

    def control(self, key: str, above: int, effect: str, mode: str) -> dict[str, Any]:
        told = policy(
            key,
            condition={"field": "output.amount", "op": ">", "value": above},
            effect=effect,
            mode=mode,
        )
        return control_edit(self.workflow, **told)

    @rule(gap=gaps, first=st.sampled_from([1000, 5000]), minutes=st.integers(1, 50))
    def publish_and_roll_back_within_the_hour(
        self, gap: timedelta, first: int, minutes: int
    ) -> None:
        before = len(self.model.sets)
        self.change_a_control(gap, "LIM-01", first, "review", "enforced")
        if len(self.model.sets) > before:
            self.roll_back(minutes * MINUTE)
            type(self).acts["within the hour"] += 1

    @precondition(lambda self: len(self.model.sets) > 1)
    @rule(gap=gaps)
    def roll_back(self, gap: timedelta) -> None:
        content = self.model.sets[-2][1]
        if content == self.model.content:
            return
        last = ControlChange.objects.get(published_set__number=len(self.model.sets))
        with self.later(gap, "rollback") as at:
            change = changes.rollback(last, reason="Worse.", by=self.cast.grace, at=at)
            self.publish(change, content, at)

    @rule(gap=gaps, days=st.sampled_from([1, 12]))
    def waive(self, gap: timedelta, days: int) -> None:
        key, until = f"WAI-{len(self.model.sets):02}", self.time + gap + days * DAY
        waiver = {"key": key, "control": "LIM-01", "condition": None, "reason": "Agreed.",
                  "expires_at": until.isoformat()}  # fmt: skip
        edit = {"item": "waiver", "key": key, "content": waiver}
        self.live(self.model.content.waiving(key, until), gap, "waiver", edit)

    @rule(gap=gaps, purpose=st.sampled_from(["Decide on loans.", "Decide on small loans."]))
    def specify(self, gap: timedelta, purpose: str) -> None:
        old = self.content["specification"]
        edit = {"item": "specification", "key": "", "content": {**old, "purpose": purpose}}
        self.live(replace(self.model.content, purpose=purpose), gap, "specification", edit)

    @rule(gap=gaps, queue=st.sampled_from(["credit-review", "credit-specialists"]))
    def route(self, gap: timedelta, queue: str) -> None:
        old = next(one for one in self.content["rules"] if one["name"] == "Everything else")
        edit = {"item": "rule", "key": old["name"], "content": {**old, "queue": queue}}
        self.live(replace(self.model.content, queue=queue), gap, "rule", edit)

    @property
    def content(self) -> dict[str, Any]:
        return newest_set(self.workflow).content

    @precondition(lambda self: not self.is_early)
    @rule(gap=gaps, then=st.sampled_from(["ratified", "ratified late", "left"]))
    def act_in_an_emergency(self, gap: timedelta, then: str) -> None:
        if not any(said[2] == "enforced" for _, said in self.model.content.controls):
            return  # the first enforced control could let cases go
        key = f"EMG-{len(self.model.sets):02}"
        content = self.model.content.having(key, (9000, "governance", "enforced"))
        with self.later(gap, "emergency") as at:
            change = changes.create(
                self.workflow, reason="Now.", kind="emergency", by=self.cast.grace, at=at,
                edits=[self.control(key, 9000, "governance", "enforced")],
            )  # fmt: skip
            alone.publish(change, by=self.cast.grace, at=at)
            self.model.publish(content, at, by_two=False)
            self.model.emergencies.append({"until": at + DAY, "over": None, "done": None})
            self.waiting = None
        if then == "ratified late":
            self.let_time_pass(26 * HOUR)
        if then != "left":
            self.ratify(3 * HOUR)

    @precondition(lambda self: any(not one["done"] for one in self.model.emergencies))
    @rule(gap=gaps)
    def ratify(self, gap: timedelta) -> None:
        number = next(n for n, one in enumerate(self.model.emergencies) if not one["done"])
        change = ControlChange.objects.filter(way="emergency").order_by("number")[number]
        with self.later(gap, "ratification") as at:
            approvals.ratify(change, by=self.cast.gus, at=at)
            self.model.ratify(number, at)

    @precondition(lambda self: not self.is_early and self.waiting is None)
    @rule(gap=gaps, above=st.integers(100, 900))
    def approve_for_later(self, gap: timedelta, above: int) -> None:
        with self.later(gap, "approval for later") as at:
            change = changes.create(
                self.workflow, reason="Soon.", by=self.cast.grace, at=at, start_at=at + HOUR,
                edits=[self.control("LIM-01", above, "review", "enforced")],
            )  # fmt: skip
            change = replayed(approvals.submit(change, by=self.cast.grace, at=at), at)
            self.waiting = approved(change, self.cast.gus, at)
            told = (above, "review", "enforced")
            self.coming = self.model.content.having("LIM-01", told)

    @precondition(lambda self: self.waiting or self.model.emergencies)
    @rule(gap=gaps)
    def let_time_pass(self, gap: timedelta) -> None:
        with self.later(gap, "sweep") as at:
            publishing.sweep(at)
            if self.waiting is not None and self.waiting.start_at <= at:
                self.model.publish(self.coming, at, by_two=True)
                self.waiting = None
            self.model.sweep(at)
