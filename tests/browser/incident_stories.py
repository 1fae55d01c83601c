"""Incidents as the browser tests find them."""

from __future__ import annotations

from assurance import clock
from incidents import affected, containment, lifecycle, notes
from incidents.models import Incident
from tests.browser.world import World


def opened(world: World) -> Incident:
    """Letters with a wrong figure went out: one was let go by a person, two wait."""
    cast, at = world.cast, clock.now()
    wrong = world.closed(world.wrong(), "ada")
    waiting = world.wrong()
    world.post()
    incident = lifecycle.open_incident(
        world.workflow,
        title="Letters promised more than the invoices say",
        severity=2,
        summary="Two customers were promised the gross sum, before the excess.",
        criteria=["rights", "personal_data"],
        by=cast.ivy,
        at=at,
    )
    affected.add_cases(incident, kind="trigger", ids=[wrong.pk], by=cast.ivy, at=at)
    affected.add_cases(incident, kind="affected", ids=[waiting.pk], by=cast.ivy, at=at)
    return incident


def at_work(world: World) -> str:
    """Paused, a change drafted, noted, and one remedy given."""
    incident, cast = opened(world), world.cast
    at = clock.now()
    containment.pause(incident, reason="No letter leaves before we know.", by=cast.ivy, at=at)
    containment.draft_change(
        incident, kind="tighten", reason="Every figure is checked.", by=cast.grace, at=at
    )
    first = notes.note(incident, text="Ms Okafor called at nine.", by=cast.dev, at=at)
    notes.note(incident, text="She called at ten.", corrects=first.pk, by=cast.ivy, at=at)
    trigger = incident.cases.get(kind="trigger")
    affected.set_remedy(
        incident, [trigger.case_id], remedy="corrected", reason="A new letter.", by=cast.ivy, at=at
    )
    return incident.get_absolute_url()


def closed(world: World) -> str:
    incident, cast = opened(world), world.cast
    at = clock.now()
    ids = [one.case_id for one in incident.cases.all()]
    affected.set_remedy(incident, ids, remedy="none_needed", reason="Not sent.", by=cast.ivy, at=at)
    lifecycle.describe(
        incident, finding="LET-01 only advised, so a person let it go.", by=cast.ivy, at=at
    )
    for state in ("triaged", "investigating", "correcting", "closed"):
        lifecycle.transition(incident, state, reason="As found.", by=cast.ivy, at=at)
    return incident.get_absolute_url()


def all_incidents(world: World) -> str:
    closed(world)  # before the other pauses the workflow
    at_work(world)
    return "/incidents/"
