"""Daily counts equal a plain recount after random histories through the real verbs, however often
and in whatever order their days are counted."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assurance.controls.labels import record_label
from assurance.controls.models import Workflow
from assurance.errors import DomainError
from assurance.monitoring import rollups
from assurance.monitoring.counting import gaps_of
from assurance.monitoring.models import DailyCount, DirtyDay
from reviews import aftermath, claims, deadlines, decisions, intake, releasing
from reviews.decisions import Verdict
from reviews.models import Case, Decision
from tests.cast import make_cast
from tests.controls_factories import make_workflow, policy, verification
from tests.monitoring.recount import recount
from tests.reviews.conftest import NOON, SYSTEM, WHY

pytestmark = pytest.mark.django_db

SLUG = "credit-decisions"
KINDS: Counter[str] = Counter()
MEASURED: set[str] = set()
NOT_RECOUNTED = ("reported", "audited", "agreed")


def versions(mode: str = "enforced") -> dict[str, Any]:
    params = {"approved": [{"name": "scorecard", "versions": ["1", "2"]}]}
    check = {"name": "approved_versions", "params": params}
    return verification("MOD-01", check=check, mode=mode)


class History:
    """Random acts on one workflow, one after the other, some of them days apart."""

    def __init__(self, seed: int) -> None:
        self.random, self.time, self.number = Random(seed), NOON, 0
        self.cast = make_cast()
        shadow = policy(
            "SHA-01", mode="shadow", condition={"field": "output.amount", "op": ">", "value": 900}
        )
        risky = policy(
            "ACT-01", condition={"field": "proposed_action", "op": "==", "value": "pay"},
            effect="specialist",
        )  # fmt: skip
        self.workflow: Workflow = make_workflow(
            SLUG,
            controls=[policy(), verification(), versions(), shadow, risky],
            owner=self.cast.grace,
            members=[self.cast.ada, self.cast.ben],
            specialists=[self.cast.cleo],
            governors=[self.cast.grace, self.cast.gus],
        )

    def act(self, name: str) -> None:
        hours = timedelta(hours=self.random.choice((0, 0, 1, 5, 30)))
        self.time += timedelta(seconds=self.random.randrange(1, 600)) + hours
        try:
            with transaction.atomic():
                getattr(self, name)()
        except DomainError as refusal:
            KINDS[f"{name} refused: {refusal.code}"] += 1
        else:
            KINDS[name] += 1

    def body(self) -> dict[str, Any]:
        amount = self.random.choice((500, 1000, 4820, 12_000, None))
        return {
            "output": {"text": "We lend it."} | ({"amount": amount} if amount else {}),
            "model": {"name": "scorecard", "version": self.random.choice("123")}
            if self.random.random() < 0.8
            else {},
            "proposed_action": self.random.choice(("approve", "pay")),
        }

    def post(self) -> None:
        self.number += 1
        sent = {"workflow": SLUG, "external_id": f"a-{self.number}", **self.body()}
        intake.submit(sent, workflow=self.workflow, client=None, actor=SYSTEM, at=self.time)

    def _one(self, **where: Any) -> Case | None:
        found = list(Case.objects.filter(**where).order_by("number"))
        return self.random.choice(found) if found else None

    def decide(self) -> None:
        case = self._one(state="open", pending=None)
        if case is None:
            return
        members = list(case.queue.members.order_by("pk"))
        by = self.random.choice(members)
        for _ in range(self.random.choice((1, 1, 4))):  # some let go and take it again
            case = claims.claim(case, by=by, at=self.time)
            self.time += timedelta(seconds=self.random.randrange(5, 900))
            if self.random.random() < 0.3:
                claims.release(case, by=by, lease=case.lease_number, at=self.time)
        case = claims.claim(case, by=by, at=self.time)
        decisions.decide(case, self._verdict(case), by=by, lease=case.lease_number, at=self.time)

    def _verdict(self, case: Case) -> Verdict:
        outcome = self.random.choice(("approve", "approve", "correct", "reject", "return",
                                      "escalate"))  # fmt: skip
        rights = {
            key: self.random.choice(("yes", "no", "unsure"))
            for key in decisions.verification_keys(case)
        }
        more: dict[str, Any] = {"control_was_right": rights}
        if outcome == "correct":
            more["output"] = {"amount": self.random.choice((400, 2000)), "text": "Less."}
        if outcome == "escalate":
            more["queue"] = self.random.choice(("credit-specialists", "credit-governance"))
        return Verdict(outcome, reasons=["other"], rationale=WHY, **more)

    def release(self) -> None:
        self.time += timedelta(minutes=1)
        releasing.release_due(self.time)

    def undo(self) -> None:
        last = Decision.objects.filter(released_at=None, withdrawn_at=None).last()
        if last is not None:
            decisions.undo(last, by=last.decided_by, at=last.decided_at + timedelta(seconds=2))

    def supersede(self) -> None:
        old = Decision.objects.filter(is_current=True, released_at__isnull=False).first()
        if old is not None:
            said = Verdict("reject", ["other"], WHY, control_was_right={})
            decisions.supersede(old.case, said, of=old.pk, by=old.decided_by, at=self.time)

    def revise(self) -> None:
        case = self._one(state="returned")
        if case is not None:
            intake.revise(case, {"output": self.body()["output"]}, actor=SYSTEM, at=self.time)

    def overdue(self) -> None:
        self.time += timedelta(hours=5)
        deadlines.record_overdue(self.time)

    def outcome(self) -> None:
        case = self._one()
        if case is not None:
            label = self.random.choice(("correct", "incorrect", "harmful"))
            aftermath.report_outcome(case, label=label, note="", actor=SYSTEM, at=self.time)

    def imported(self) -> None:
        """A label that no event tells of."""
        case = self._one()
        if case is not None:
            value, source = self.random.choice((("correct", "import"), ("incorrect", "audit")))
            record_label(
                case_id=case.pk, workflow=self.workflow, value=value, source=source, at=self.time
            )

    def executed(self) -> None:
        case = self._one()
        if case is not None:
            aftermath.report_execution(
                case, executed=True, output_sha256=case.output_sha256, done_at=self.time,
                actor=SYSTEM, at=self.time,
            )  # fmt: skip

    def withdraw(self) -> None:
        case = self._one(state="open")
        if case is not None:
            aftermath.withdraw(case, actor=SYSTEM, at=self.time)

    def sweep(self) -> None:
        rollups.sweep(self.time)


ACTS = st.sampled_from(
    ["post"] * 6 + ["decide"] * 5 + ["release"] * 4 + ["revise"] * 2 + ["outcome"] * 2
    + ["undo", "supersede", "overdue", "imported", "executed", "withdraw", "sweep"]
)  # fmt: skip


def kept() -> dict[Any, tuple[int, int]]:
    found: Counter[Any] = Counter()
    hits: Counter[Any] = Counter()
    for row in DailyCount.objects.exclude(measure__in=NOT_RECOUNTED):
        # Versions of a control are parts of it.
        key = (row.day, row.measure, row.control, row.queue, row.model_version)
        found[key] += row.n
        hits[key] += row.hits
    return {key: (found[key], hits[key]) for key in found}


def test_roll_ups_equal_a_recount_after_random_histories(db):
    @settings(max_examples=6, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32), acts=st.lists(ACTS, min_size=20, max_size=40))
    def told(seed: int, acts: list[str]) -> None:
        with transaction.atomic():
            history = History(seed)
            for name in ["post", "post", "post", *acts]:
                history.act(name)
            rollups.sweep(history.time + timedelta(hours=1))
            expected, order = recount(SLUG)
            assert kept() == expected
            MEASURED.update(key[1] for key in expected)
            for row in DailyCount.objects.exclude(gaps=[]):
                key = (row.day, row.measure, row.control, row.queue, row.model_version)
                assert row.gaps == gaps_of(order[key])
            assert not DirtyDay.objects.exists()
            transaction.set_rollback(True)

    told()
    assert {"post", "decide", "release", "outcome"} <= KINDS.keys()
    assert {"known", "override", "decided", "shadow", "unapproved", "fired_known"} <= MEASURED
