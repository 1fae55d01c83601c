"""P19 for the pages of governance: every page and every act of changes, controls, workflows, gates
and moments, for every role on the workflow, for the same role on another one, and for nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from assurance import clock
from assurance.accounts.choices import Role
from assurance.controls import drills
from assurance.controls.change_views import ACTS
from assurance.controls.models import ControlChange, Drill, Workflow
from assurance.controls.urls import urlpatterns
from assurance.record.models import Event
from tests.accounts_factories import UserFactory, grant_to
from tests.controls.changing import approved, limit, submitted
from tests.reviews.api.conftest import signed_in, system_of

pytestmark = pytest.mark.django_db

PATTERNS = [str(one.pattern) for one in urlpatterns]
LISTS = [pattern for pattern in PATTERNS if "<" not in pattern]
ACTING = ("<slug:act>/", "/pause/", "/resume/", "/stage/", "/drills/", "/confirm/")
READ = [one for one in PATTERNS if "<" in one and not one.endswith(ACTING)]
DONE = [one for one in PATTERNS if one.endswith(ACTING)]
# What only those read who may know who worked and decided at a moment.
HISTORIANS = {Role.LEAD, Role.GOVERNANCE, Role.INCIDENT_LEAD, Role.AUDITOR}
ROLES = [*HISTORIANS, Role.INTEGRATOR]
IN_A_QUEUE = "a member of a queue"
# With every word that any act could want, so that nothing but the person is wrong.
FORM = {
    "reason": "It is time.",
    "note": "Seen it.",
    "to": "observe",
    "held_at": "2026-01-05T10:00",
    "kind": "kill_switch",
    "result": "passed",
    "evidence": "https://example.com/1",
}
# What differs between any two answers: the form's token, the moment, the number of the request.
FLEETING = re.compile(r'(csrfmiddlewaretoken" value|data-csrf|data-now)="[^"]+"')


@pytest.fixture
def world(credit, letters, cast) -> SimpleNamespace:
    """Each workflow with two versions of a control, a change in review, a drill; and nobody's."""
    return SimpleNamespace(
        own=governed(credit, cast, "LIM-01"),
        foreign=governed(letters, cast, "LET-01"),
        missing={"key": "NO-SUCH", "number": 987_654_321, "slug": "no-such-thing",
                 "pk": 987_654_321, "old": 1, "new": 2},
    )  # fmt: skip


def governed(workflow: Workflow, cast: SimpleNamespace, key: str) -> dict[str, Any]:
    at = clock.now()
    said = {"reason": f"Secret plans for {workflow.slug}.", "shadow_explanation": "It is small."}
    first = submitted(workflow, cast.grace, limit(workflow, 3000, key), at=at, **said)
    approved(first, cast.gus, at)
    change = submitted(workflow, cast.grace, limit(workflow, 3100, key), at=at, **said)
    drill = drills.enter(
        workflow,
        **{name: FORM[name] for name in ("kind", "result", "evidence")},
        held_at=at - timedelta(days=1),
        note=f"A drill of {workflow.slug}.",
        by=cast.grace,
        at=at,
    )
    return {"key": key, "number": change.number, "slug": workflow.slug, "pk": drill.pk,
            "old": 1, "new": 2, "sha256": change.content_sha256}  # fmt: skip


def seat(who: str, cast: SimpleNamespace) -> Client:
    """Somebody who is this to credit-decisions and nothing to claims-letters, signed in."""
    if who == IN_A_QUEUE:
        return signed_in(cast.ada).client
    user = UserFactory()
    if who:
        grant_to(user, who, "credit-decisions")
    return signed_in(user).client


def addresses(patterns: Iterable[str], thing: dict[str, Any]) -> list[str]:
    """Each pattern with this thing in every place; that of the acts once for each."""
    whole = [pattern.replace("<slug:act>", act) for pattern in patterns for act in ACTS]
    return [
        "/" + re.sub(r"<\w+:(\w+)>", lambda place: str(thing[place[1]]), pattern)
        for pattern in dict.fromkeys(whole)
    ]


def read(client: Client, address: str) -> tuple[int, str]:
    """Status and text, without what differs from request to request."""
    return _told(client.get(address))


def do(client: Client, address: str, thing: dict[str, Any]) -> tuple[int, str]:
    form = FORM | {"content_sha256": thing.get("sha256", "0" * 64)}
    form |= {"kind": "routine"} if address.startswith("/changes/") else {}
    return _told(client.post(address, form))


def _told(answer: Any) -> tuple[int, str]:
    text = answer.content.decode().replace(answer.headers.get("X-Request-ID", "none"), "")
    return answer.status_code, FLEETING.sub("", text)


def kept() -> list[Any]:
    """Everything that an act of these pages could move."""
    return [
        list(ControlChange.objects.order_by("pk").values()),
        list(Drill.objects.order_by("pk").values()),
        list(Workflow.objects.order_by("pk").values()),
        Event.objects.count(),
    ]


def test_the_matrix_knows_every_place_in_an_address_of_governance(world):
    places = {place for one in READ + DONE for place in re.findall(r"<\w+:(\w+)>", one)}
    assert places - {"act"} <= world.missing.keys()
    assert set(LISTS) == {"changes/", "controls/", "as-of/", "workflows/"}


@pytest.mark.parametrize("who", ["", Role.REVIEWER, *sorted(ROLES), IN_A_QUEUE])
def test_what_belongs_to_others_answers_exactly_as_what_is_not_there(who, world, cast):
    client, before = seat(who, cast), kept()
    foreign, missing = world.foreign, world.missing

    for one, other in zip(addresses(READ, foreign), addresses(READ, missing), strict=True):
        assert read(client, one) == read(client, other), one
        assert read(client, one)[0] == 404, one
    for one, other in zip(addresses(DONE, foreign), addresses(DONE, missing), strict=True):
        told = do(client, one, foreign)
        assert told == do(client, other, missing), one
        assert told[0] == 404, one
    assert kept() == before

    secret = ["LET-01", "Secret plans for claims", f"/changes/{foreign['number']}/"]
    for listed in LISTS:
        assert not [one for one in [*secret, "claims"] if one in read(client, f"/{listed}")[1]]
        of_theirs, of_none = (
            read(client, f"/{listed}?workflow={one['slug']}") for one in (foreign, missing)
        )
        assert of_theirs[0] == of_none[0], listed
        assert of_theirs[1].replace(foreign["slug"], missing["slug"]) == of_none[1], listed


@pytest.mark.parametrize("who", [*sorted(ROLES), IN_A_QUEUE])
def test_whoever_has_to_do_with_a_workflow_reads_its_governance(who, world, cast):
    client = seat(who, cast)

    for address in ["/changes/", "/controls/", "/workflows/", *addresses(READ, world.own)]:
        is_part = address.endswith("/progress/")  # which leads to its page
        assert read(client, address)[0] == (302 if is_part else 200), address
    assert "Secret plans for credit" in read(client, "/changes/")[1]
    assert read(client, "/as-of/")[0] == (200 if who in HISTORIANS else 403)


@pytest.mark.parametrize("who", [*sorted({*ROLES} - {Role.GOVERNANCE}), IN_A_QUEUE, Role.REVIEWER])
def test_who_does_not_govern_moves_nothing_by_any_form(who, world, cast):
    client, before = seat(who, cast), kept()

    for address in addresses(DONE, world.own):
        if (who, address) == (Role.LEAD, "/workflows/credit-decisions/pause/"):
            continue  # a lead's own act
        told = do(client, address, world.own)
        assert told[0] == (404 if who == Role.REVIEWER else 403), address
    assert kept() == before


def test_the_matrix_would_see_an_act_for_the_same_words_publish_where_they_may(world, cast):
    do(signed_in(cast.gus).client, f"/changes/{world.own['number']}/approve/", world.own)

    assert ControlChange.objects.get(number=world.own["number"]).status == "published"


@pytest.mark.parametrize("who", ["a stranger", "a system of both workflows"])
def test_without_a_session_every_page_only_asks_to_sign_in(who, world):
    system = system_of("claims-letters", "credit-decisions").client
    client, before = (Client() if who == "a stranger" else system), kept()

    told = {read(client, one) for one in addresses(LISTS + READ, world.foreign)}
    told |= {do(client, one, world.foreign) for one in addresses(DONE, world.foreign)}

    assert told == {(302, "")}
    assert kept() == before
