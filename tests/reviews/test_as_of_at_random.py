"""As of reproduces random moments of a random history: a plain model beside the real verbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from assurance import clock
from assurance.accounts import grants
from assurance.controls import alone, as_of, changes, pausing
from assurance.controls.control_sets import newest_set
from reviews.models import Queue
from tests.controls_factories import make_workflow, policy

pytestmark = pytest.mark.django_db

T0 = datetime(2031, 1, 6, 12, 0, tzinfo=UTC)
ACTS, MOMENTS = 50, 1_000
SECONDS = (timedelta(0), timedelta(microseconds=-1), timedelta(seconds=1))


class Story:
    """Acts one after the other, and what is true from each of them on."""

    def __init__(self, workflow, cast, random: Random) -> None:
        self.workflow, self.cast, self.random = workflow, cast, random
        self.queue = Queue.objects.get(slug="credit-review")
        self.granted: Any = None
        self.told: dict[str, Any] = {
            "set": newest_set(workflow).sha256, "limit": 2500, "members": ["ada"],
            "guideline": "", "paused": False, "lead": False,
        }  # fmt: skip
        self.known: list[tuple[datetime, dict[str, Any]]] = [(T0, dict(self.told))]

    def act(self, at: datetime) -> None:
        act = self.random.choice([self.publish, self.publish, self.staff, self.guide,
                                  self.stop_or_go, self.grant])  # fmt: skip
        with clock.shifted(at - clock.now()):
            act(at)
        self.known.append((at, dict(self.told)))

    def publish(self, at: datetime) -> None:
        limit = self.random.choice([one for one in (1000, 2500, 5000) if one != self.told["limit"]])
        content = policy(condition={"field": "output.amount", "op": ">", "value": limit})
        edits = [{"item": "control", "key": "LIM-01", "content": content}]
        change = changes.create(
            self.workflow, reason="Another limit.", by=self.cast.gus, at=at, edits=edits
        )
        alone.publish(change, by=self.cast.gus, at=at)
        self.told |= {"set": newest_set(self.workflow).sha256, "limit": limit}

    def staff(self, at: datetime) -> None:
        names = sorted(self.random.sample(["ada", "ben", "cleo", "dev"], self.random.randrange(5)))
        self.queue._history_date = at
        self.queue.members.set([getattr(self.cast, name) for name in names])
        self.told["members"] = names

    def guide(self, at: datetime) -> None:
        self.queue.guideline = f"Version {self.random.randrange(100)}"
        self.queue._history_date = at
        self.queue.save()
        self.told["guideline"] = self.queue.guideline

    def stop_or_go(self, at: datetime) -> None:
        verb = pausing.resume if self.told["paused"] else pausing.pause
        verb(self.workflow, reason="Because.", by=self.cast.gus, at=at)
        self.told["paused"] = not self.told["paused"]

    def grant(self, at: datetime) -> None:
        if self.told["lead"]:
            grants.revoke(self.granted, by=self.cast.grace, at=at)
        else:
            self.granted = grants.grant(
                self.cast.mallory.person, "lead", self.workflow.slug, by=self.cast.grace, at=at
            )
        self.told["lead"] = not self.told["lead"]

    def at(self, moment: datetime) -> dict[str, Any]:
        """What the plain model says was true at a moment."""
        return [told for begun, told in self.known if begun <= moment][-1]


def seen(workflow, moment: datetime) -> dict[str, Any]:
    """What the page of the moment is made of."""
    found = as_of.snapshot(workflow, moment)
    queue = next(one for one in found["queues"] if one["slug"] == "credit-review")
    held = {(one["person"], one["role"]) for one in found["grants"]}
    return {
        "set": found["control_set"]["sha256"],
        "limit": found["controls"][0]["condition"]["value"],
        "members": queue["members"],
        "guideline": queue["guideline"],
        "paused": found["state"]["paused"],
        "lead": ("mallory", "lead") in held,
    }


@pytest.mark.parametrize("seed", [17, 1917])
def test_as_of_reproduces_a_thousand_moments_of_a_random_history(cast, seed):
    random = Random(seed)
    with clock.shifted(T0 - clock.now()):
        workflow = make_workflow(
            controls=[policy()], owner=cast.grace, members=[cast.ada], stage="pilot", at=T0
        )
    for one in (workflow, *Queue.objects.all()):  # made by the factory over some milliseconds
        one.history.update(history_date=T0)
    story, at = Story(workflow, cast, random), T0
    for _ in range(ACTS):
        # Some acts follow within seconds: a set may live for less than a minute.
        at += random.choice([timedelta(seconds=20), timedelta(hours=3), timedelta(days=2)])
        story.act(at)

    edges = [begun + around for begun, _ in story.known
             for around in SECONDS]  # fmt: skip
    moments = [one for one in edges if one >= T0]
    length = at + timedelta(days=1) - T0
    while len(moments) < MOMENTS // 2:
        moments.append(T0 + length * random.random())

    for moment in moments:
        assert seen(workflow, moment) == story.at(moment), moment
