"""Control changes in every state that a page shows, in a workflow of their own."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, Response

from assurance import clock
from assurance.controls import alone, approvals, changes, publishing
from assurance.controls.models import ControlChange, Label, Replay, Workflow
from tests.browser.world import World
from tests.controls.changing import (
    DAY,
    MINUTE,
    control_edit,
    drafted,
    limit,
    replayed,
    submitted,
)
from tests.controls.changing import approved as agreed
from tests.controls.history import stored
from tests.controls_factories import make_workflow, policy, verification
from tests.database import past_the_guards

SLUG = "story-loans"


def loans(world: World) -> Workflow:
    """Beyond its pilot, with a control in shadow and a month of cases; made once."""
    known = Workflow.objects.filter(slug=SLUG).first()
    if known is not None:
        return known
    workflow = make_workflow(
        SLUG,
        controls=[policy("STO-01"), policy("STO-02", mode="shadow"), verification("STO-03")],
    )
    at = clock.now()
    for number in range(40):
        amount = 1000 + 137 * number
        kept = stored(workflow, {"amount": amount}, at=at - DAY * (number % 28 + 1))
        if number % 3:
            value = "incorrect" if number % 4 == 0 else "correct"
            Label.objects.create(
                case_id=kept.case_id, workflow=workflow, value=value, source="decision", at=at
            )
    return workflow


def in_review(world: World, *edits: Any, **more: Any) -> ControlChange:
    """Grace asks for a second person; what she wants lets cases go that were wrong."""
    workflow = loans(world)
    wanted = edits or (
        limit(workflow, 4000, "STO-01"),
        control_edit(workflow, "STO-02", mode="enforced"),
    )
    return submitted(
        workflow,
        world.cast.grace,
        *wanted,
        at=clock.now(),
        **{"links": ["CM-1", "https://example.com/review"], "shadow_explanation": "Seen."} | more,
    )


def to_approve(world: World) -> str:
    return in_review(world).get_absolute_url()


def previewed(world: World) -> str:
    return f"{in_review(world).get_absolute_url()}preview/"


def replaying(world: World) -> str:
    change = in_review(world)
    past_the_guards(
        Replay.objects.filter(change=change).update,
        status="running",
        total=900,
        done=300,
        taken_until=clock.now() + DAY,
    )
    return change.get_absolute_url()


def unsaid_draft(world: World) -> str:
    workflow = loans(world)
    edit = limit(workflow, 3000, "STO-01")
    return drafted(workflow, world.cast.grace, edit, reason="", at=clock.now()).get_absolute_url()


def overtaken(world: World) -> str:
    """A draft under which another change of the same went live."""
    workflow, at = loans(world), clock.now()
    mine = drafted(workflow, world.cast.grace, limit(workflow, 3100, "STO-01"), at=at)
    other = in_review(world, limit(workflow, 3200 + mine.number, "STO-01"))
    approvals.approve(
        other, content_sha256=other.content_sha256, note="Yes.", by=world.cast.gus, at=clock.now()
    )
    return mine.get_absolute_url()


def emergency(world: World) -> str:
    """Live by one owner, waiting to be ratified."""
    workflow, at = loans(world), clock.now()
    edit = control_edit(workflow, "STO-03", effects={"fail": "specialist"})
    new = {**control_edit(workflow, "STO-01")["content"], "key": f"NEW-{workflow.changes.count()}"}
    change = drafted(
        workflow,
        world.cast.grace,
        edit,
        {"item": "control", "key": new["key"], "content": new},
        kind="emergency",
        at=at,
    )
    return alone.publish(change, by=world.cast.grace, at=clock.now()).get_absolute_url()


def declined(world: World) -> str:
    change = in_review(world)
    approvals.decline(change, note="Not this way.", by=world.cast.gus, at=clock.now())
    return change.get_absolute_url()


def withdrawn(world: World) -> str:
    change = in_review(world)
    changes.withdraw(change, note="Asked too early.", by=world.cast.grace, at=clock.now())
    return change.get_absolute_url()


def live(world: World, **more: Any) -> ControlChange:
    """Approved by gus."""
    workflow = loans(world)
    edit = limit(workflow, 5000 + workflow.changes.count(), "STO-01")
    return agreed(in_review(world, edit, **more), world.cast.gus, clock.now(), "Seen.")


def published(world: World) -> str:
    return live(world).get_absolute_url()


def approved(world: World) -> str:
    """It waits for its moment."""
    return live(world, start_at=clock.now() + DAY).get_absolute_url()


def lapsed(world: World) -> str:
    change = in_review(world)
    late(change, lapses_at=clock.now() - MINUTE)
    return change.get_absolute_url()


def unratified(world: World) -> str:
    """Live by one owner for longer than a day: a person reviews every case since."""
    address = emergency(world)
    late(ControlChange.objects.latest("number"), ratify_by=clock.now() - MINUTE)
    return address


def late(change: ControlChange, **moment: Any) -> None:
    """Its time is over, and the sweep has seen it."""
    ControlChange.objects.filter(pk=change.pk).update(**moment)
    publishing.sweep(clock.now())


def approve_what_changed(world: World, page: Page) -> Response | None:
    """Its author edits and submits it anew while gus reads it; then he approves what he read."""
    change = ControlChange.objects.latest("number")
    edit = limit(change.workflow, 4100 + change.number, "STO-01")
    changes.edit(change, edits=[edit], by=world.cast.grace, at=clock.now())
    replayed(approvals.submit(change, by=world.cast.grace, at=clock.now()), clock.now())
    page.locator("#approve-note").fill("As I read it.")
    with page.expect_navigation() as told:
        page.locator("#approval .main-act button").click()
    return told.value


def all_changes(world: World) -> str:
    for find in (to_approve, unsaid_draft, declined):
        find(world)
    changes.withdraw(in_review(world), by=world.cast.grace, at=clock.now())
    return "/changes/"


def all_controls(world: World) -> str:
    unsaid_draft(world)
    return "/controls/"


def in_shadow(world: World) -> str:
    loans(world)
    return "/controls/STO-02/"


def two_versions(world: World) -> str:
    overtaken(world)
    return "/controls/STO-01/diff/1..2/"
