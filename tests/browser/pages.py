"""Every page of the application with a person who sees it. A new page belongs on this list.

Not on it: `/api/docs/`, which is Swagger's, and addresses that only answer programs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from playwright.sync_api import Page, Response

from assurance import clock
from assurance.controls import drills, pausing
from assurance.controls.check_runs import bound_of, close
from assurance.controls.models import CheckRun
from assurance.controls.verifier_replies import read, unanswered
from assurance.delivery.models import Delivery
from reviews.decisions import Verdict
from reviews.models import Queue
from tests.browser import change_stories, incident_stories
from tests.browser.world import World

REJECTED = Verdict("reject", reasons=["figure-wrong"], rationale="The figure is in no source.")


@dataclass(frozen=True)
class Place:
    """A page: who sees it, and what makes its address in a world (and whatever it shows).

    `act` is what the person does there first; the page is then the answer."""

    name: str
    person: str
    find: Callable[[World], str]
    status: int = 200
    act: Callable[[World, Page], Response | None] | None = None

    def __str__(self) -> str:
        return self.name


def fixed(address: str) -> Callable[[World], str]:
    return lambda world: address


def case_mine(world: World) -> str:
    return world.claimed(world.wrong(), "ada").get_absolute_url()


def case_held(world: World) -> str:
    return world.claimed(world.wrong(), "ben").get_absolute_url()


def case_pending(world: World) -> str:
    return world.decided(world.post(), "ada").get_absolute_url()


def case_closed(world: World) -> str:
    return world.closed(world.wrong(), "ada", REJECTED).get_absolute_url()


def superseding(world: World) -> str:
    case = world.closed(world.wrong(), "ada", REJECTED)
    return reverse("reviews:supersede", args=[case.reference])


def case_paused(world: World) -> str:
    return world.post("200,000.00", 200_000).get_absolute_url()


def workflow_at_work(world: World) -> str:
    case_mine(world)
    world.post()
    return f"/workflows/{world.workflow.slug}/"


def workflow_paused(world: World) -> str:
    workflow_at_work(world)
    pausing.pause(world.workflow, reason="The sums are wrong.", by=world.cast.dev, at=clock.now())
    world.post()
    return f"/workflows/{world.workflow.slug}/"


def as_of_page(world: World) -> str:
    world.post()
    return f"/as-of/?workflow={world.workflow.slug}"


def as_of_before(world: World) -> str:
    at = world.post().assessment.at
    Queue.objects.get(pk=world.queue.pk).members.remove(world.cast.cleo)
    return f"/as-of/?workflow={world.workflow.slug}&at={at:%Y-%m-%dT%H:%M:%S}"


def gate_page(world: World) -> str:
    slug, at = world.workflow.slug, clock.now()
    world.closed(world.post(), "ada")
    drills.enter(
        world.workflow,
        kind="kill_switch",
        held_at=at - timedelta(days=3),
        result="passed",
        evidence="https://example.com/drills/17",
        note="Everything stopped within four seconds.",
        by=world.cast.gus,
        at=at,
    )
    return f"/workflows/{slug}/gate/"


def control_that_asks(world: World) -> str:
    world.post()
    for run in CheckRun.objects.select_related("verifier", "workflow"):
        close(run, unanswered(bound_of(run), "timeout", "timeout"), at=clock.now())
    return "/controls/LET-10/"


def case_with_a_proposal(world: World) -> str:
    """A verifier outside would have written it otherwise."""
    case = world.claimed(world.wrong(), "ada")
    letter = case.submissions.get().body["output"]["letter"].replace("4,820.00", "3,930.00")
    for run in CheckRun.objects.select_related("verifier", "workflow").filter(case_id=case.id):
        said = {
            "check_run_id": str(run.id),
            "output_sha256": run.output_sha256,
            "outcome": "fail",
            "reason_code": "excess-forgotten",
            "suggested_value": {"payout": 3930, "letter": letter},
            "verifier": {"name": "second-reader", "version": "2.1"},
        }
        close(run, read(json.dumps(said).encode(), bound_of(run)), at=clock.now())
    return case.get_absolute_url()


def case_blocked(world: World) -> str:
    return world.post("2,000,000.00", 2_000_000).get_absolute_url()


def case_returned(world: World) -> str:
    output = {"letter": "We pay 4,280.00.\n\nYours, the insurer of your house.", "payout": 3930}
    return world.post(output=output).get_absolute_url()


def record(world: World) -> str:
    return f"{case_closed(world)}record/"


def delivery(world: World) -> str:
    world.closed(world.post(), "ada")
    return reverse("delivery:delivery", args=[Delivery.objects.latest("pk").pk])


def queue_with_work(world: World) -> str:
    for _ in range(3):
        world.wrong()
    case_held(world)
    return world.queue.get_absolute_url()


def work(world: World) -> str:
    case_mine(world)
    world.post()
    return "/queues/"


def empty_queue(world: World) -> str:
    return Queue.objects.get(slug="claims-specialists").get_absolute_url()


def control_to_edit(world: World) -> str:
    """With cases for its preview."""
    case_closed(world)
    world.wrong()
    return "/admin/controls/control/LET-07/edit/"


def overdue(world: World) -> str:
    case = world.claimed(world.wrong(), "ada")
    case.due_at = case.received_at - timedelta(minutes=3)
    case.save(update_fields=["due_at"])
    return case.get_absolute_url()


def all_cases(world: World) -> str:
    for find in (case_mine, case_held, case_pending, case_closed, case_paused, case_returned):
        find(world)
    return "/cases/"


PLACES = [
    Place("sign in", "", fixed("/accounts/login/")),
    Place("sign out", "ada", fixed("/accounts/logout/")),
    Place("change the password", "ada", fixed("/accounts/password/change/")),
    Place("my settings", "ada", fixed("/me/")),
    Place("the roles of others", "grace", fixed("/grants/")),
    Place("my work", "ada", work),
    Place("my work, nothing to do", "mallory", fixed("/queues/")),
    Place("a queue", "ada", queue_with_work),
    Place("an empty queue", "cleo", empty_queue),
    Place("all cases", "dev", all_cases),
    Place("no case found", "dev", fixed("/cases/?q=nothing+like+it&status=waiting")),
    Place("a case nobody holds", "ada", lambda world: world.wrong().get_absolute_url()),
    Place("a case of mine", "ada", case_mine),
    Place("a case of mine, late", "ada", overdue),
    Place("a case somebody holds", "ada", case_held),
    Place("a case with a verifier's proposal", "ada", case_with_a_proposal),
    Place("a case decided a moment ago", "ada", case_pending),
    Place("a closed case", "ada", case_closed),
    Place("superseding a decision", "ada", superseding),
    Place("a paused case", "dev", case_paused),
    Place("a paused case to resume", "grace", case_paused),
    Place("workflows", "dev", fixed("/workflows/")),
    Place("a workflow", "dev", workflow_at_work),
    Place("a paused workflow", "ada", workflow_paused),
    Place("a paused workflow to resume", "grace", workflow_paused),
    Place("a specification", "dev", lambda w: f"/workflows/{w.workflow.slug}/specification/"),
    Place("as of now", "otto", as_of_page),
    Place("as of a moment before", "dev", as_of_before),
    Place("the gate of a workflow", "grace", gate_page),
    Place("the gate, for an auditor", "otto", gate_page),
    Place("a blocked case", "dev", case_blocked),
    Place("a returned case", "dev", case_returned),
    Place("the record of a case", "otto", record),
    Place("a verification control", "ada", fixed("/controls/LET-01/?version=1")),
    Place("a policy control", "grace", fixed("/controls/LET-07/")),
    Place("a control that asks a verifier", "grace", control_that_asks),
    Place("all controls", "grace", change_stories.all_controls),
    Place("a control in shadow", "grace", change_stories.in_shadow),
    Place("two versions of a control", "otto", change_stories.two_versions),
    Place("all changes", "gus", change_stories.all_changes),
    Place("no change found", "otto", fixed("/changes/?kind=model_update")),
    Place("a change to approve", "gus", change_stories.to_approve),
    Place("a change of mine, in review", "grace", change_stories.to_approve),
    Place("a change to read", "otto", change_stories.to_approve),
    Place("a change with its preview", "grace", change_stories.previewed),
    Place("a change that is replayed", "otto", change_stories.replaying),
    Place("a draft without a reason", "grace", change_stories.unsaid_draft),
    Place("a draft that was overtaken", "grace", change_stories.overtaken),
    Place("an emergency to ratify", "gus", change_stories.emergency),
    Place("an emergency nobody ratified", "gus", change_stories.unratified),
    Place("an emergency of mine", "grace", change_stories.emergency),
    Place("a declined change", "grace", change_stories.declined),
    Place("a withdrawn change", "grace", change_stories.withdrawn),
    Place("a lapsed change", "grace", change_stories.lapsed),
    Place("a change that waits for its moment", "gus", change_stories.approved),
    Place("a published change", "gus", change_stories.published),
    Place("a published change to read", "otto", change_stories.published),
    Place(
        "an approval of what changed",
        "gus",
        change_stories.to_approve,
        status=409,
        act=change_stories.approve_what_changed,
    ),
    Place("all incidents", "ivy", incident_stories.all_incidents),
    Place("no incident found", "otto", fixed("/incidents/?severity=1")),
    Place("an incident of mine", "ivy", incident_stories.at_work),
    Place("an incident to govern", "grace", incident_stories.at_work),
    Place("an incident to read", "otto", incident_stories.closed),
    Place("integrate", "grace", lambda world: delivery(world) and "/integrate/"),
    Place("a delivery", "grace", delivery),
    Place(
        "a new key", "grace", lambda world: reverse("delivery:issue_key", args=[world.client.pk])
    ),
    Place(
        "a new endpoint",
        "grace",
        lambda world: reverse("delivery:new_endpoint", args=[world.client.pk]),
    ),
    Place(
        "an endpoint",
        "grace",
        lambda world: reverse("delivery:edit_endpoint", args=[world.endpoint.pk]),
    ),
    Place("nothing there", "ada", fixed("/cases/CM-999999/"), status=404),
    Place("not for you", "mallory", fixed("/integrate/"), status=403),
    Place("admin, start", "grace", fixed("/admin/")),
    *(
        Place(f"admin, {many}", "grace", fixed(f"/admin/controls/{one}/"))
        for one, many in (
            ("control", "controls"),
            ("rule", "routing rules"),
            ("waiver", "waivers"),
            ("policy", "decision policies"),
            ("specification", "specifications"),
        )
    ),
    Place("admin, a policy control", "grace", control_to_edit),
    Place("admin, a verification", "grace", fixed("/admin/controls/control/LET-02/edit/")),
    Place(
        "admin, a new control",
        "grace",
        fixed("/admin/controls/control/new/claims-letters/add/?kind=verification"),
    ),
    Place(
        "admin, a routing rule",
        "grace",
        fixed("/admin/controls/rule/claims-letters/Large payouts first/edit/"),
    ),
    Place("admin, a new waiver", "grace", fixed("/admin/controls/waiver/new/claims-letters/add/")),
    Place(
        "admin, a decision policy",
        "grace",
        fixed("/admin/controls/policy/claims-letters/claims-review/edit/"),
    ),
    Place(
        "admin, a specification",
        "grace",
        fixed("/admin/controls/specification/claims-letters/edit/"),
    ),
    Place("admin, queues", "grace", fixed("/admin/reviews/queue/")),
    Place(
        "admin, a queue",
        "grace",
        lambda world: reverse("admin:reviews_queue_change", args=[world.queue.pk]),
    ),
    Place(
        "admin, a queue that stays",
        "grace",
        lambda world: reverse("admin:reviews_queue_delete", args=[world.queue.pk]),
        status=409,
    ),
    Place("admin, grants", "grace", fixed("/admin/accounts/grant/")),
    Place("admin, verifiers", "grace", fixed("/admin/controls/verifier/")),
    Place("admin, a new verifier", "grace", fixed("/admin/controls/verifier/add/")),
    Place(
        "admin, a verifier",
        "grace",
        lambda world: reverse("admin:controls_verifier_change", args=[world.verifier.pk]),
    ),
    Place(
        "admin, a verifier's secret",
        "grace",
        lambda world: reverse("admin:controls_verifier_secret", args=[world.verifier.pk]),
    ),
]
