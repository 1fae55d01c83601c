"""P19: nobody reads or acts outside their queues and workflows. A matrix of every route that the
URL conf has, every kind of caller, and an object of theirs, of others and of nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver, reverse

from assurance import clock
from assurance.accounts.models import User
from assurance.api.models import IdempotencyKey
from assurance.controls import changes, drills
from assurance.controls.models import Workflow
from assurance.record import checkpoints
from assurance.record.ledger import verify
from assurance.record.models import Event
from incidents import lifecycle
from reviews import urls
from reviews.models import Case, Decision, Draft, Skip
from tests.accounts_factories import grant_to
from tests.controls.changing import DAY
from tests.reviews.api.conftest import (
    NOBODY,
    Caller,
    a_case,
    approval,
    claimed,
    decided,
    release_all,
    signed_in,
    system_of,
)

pytestmark = pytest.mark.django_db

PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "count": 0}
# What each act needs to be well-formed, so that nothing but the object is wrong.
BODIES: dict[str, Any] = {
    "revisions": {"output": 1},
    "execution": {"executed": False},
    "outcomes": {"label": "correct"},
    "executed": PERIOD,
    "heartbeat": {"lease": 1},
    "release": {"lease": 1},
    "skip": {"lease": 1, "reason": "language"},
    "draft": {"rationale": "words"},
    "decisions": approval(1),
    "resume": {"reason": "Looked at it."},
    "<int:number>": {},
    "approve": {"content_sha256": "0" * 64},
    "rollback": {"reason": "Too lax."},
    "pause": {"reason": "Wrong sums."},
    "stage": {"to": "governed", "reason": "It is ready."},
    "drills": {"kind": "load_test", "held_at": "2026-01-01T00:00:00Z", "result": "passed",
               "evidence": "https://example.com/1"},
    "incidents": {"workflow": "credit-decisions", "title": "Wrong sums", "severity": 2},
    "transition": {"to": "triaged", "reason": "It is true."},
    "cases": {"query": {"disposition": "review"}},
    "notes": {"text": "It began at nine."},
}  # fmt: skip
# Routes that name no object: each is looked at by a test of its own below.
LISTS = {"api/v1/cases/", "api/v1/events/", "api/v1/control-sets/", "api/v1/controls/",
         "api/v1/incidents/",
         "api/v1/signals/",
         "api/v1/queues/", "api/v1/as-of/", "api/v1/control-changes/", "api/v1/checkpoints/",
         "api/v1/checkpoints/latest/"}  # fmt: skip
# What only people read: systems are refused whatever it is.
PEOPLE_ONLY = ("draft", "control-changes", "drills", "signals", "incidents")
# Opened by a single-use token and nothing else, for whoever it is: `test_verifications`.
BY_TOKEN = {"api/v1/verifications/<str:check_run_id>/"}
NAMED_IN_BODY = {"api/v1/cases/", "api/v1/cases/batch/", "api/v1/assessments/"}


def routes(prefix: str = "api/v1/") -> Iterator[tuple[str, Any]]:
    for pattern, callback in _walk(get_resolver().url_patterns, ""):
        if pattern.startswith(prefix) and "rest" not in pattern and pattern not in BY_TOKEN:
            yield pattern, callback


def _walk(patterns: Any, start: str) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        place = start + str(one.pattern)
        if isinstance(one, URLPattern):
            yield place, one.callback
        else:
            yield from _walk(one.url_patterns, place)


def methods_of(callback: Any) -> list[str]:
    names = ("get", "post", "put", "patch", "delete")
    return [name.upper() for name in names if hasattr(callback.cls, name)]


WITH_AN_OBJECT = [pattern for pattern, _ in routes() if "<" in pattern]


@pytest.fixture
def world(credit, letters, people, scorecard, writer, cast, settings) -> SimpleNamespace:
    """A decided case in each workflow, with its decision, queue and set; and nobody's."""
    settings.COUNTERMARK_SIGNING_KEY = "ab" * 32
    grant_to(cast.gus, "lead", "claims-letters")
    mine = scorecard.post("cases/", a_case(title="A loan")).json()
    theirs = writer.post("cases/", a_case(workflow="claims-letters", title="A letter")).json()
    own = decided(people.ada, mine)
    foreign = decided(people.cleo, theirs)
    release_all()
    waiting = scorecard.post("cases/", a_case()).json()
    claimed(people.ada, waiting)
    letter = writer.post("cases/", a_case(workflow="claims-letters")).json()
    loans, letters_ = (
        changes.create(workflow, reason="Secret plans.", by=cast.grace, at=clock.now()).number
        for workflow in (credit, letters)
    )
    wrong, wrong_ = (
        lifecycle.open_incident(workflow, title="Secret", severity=1, at=clock.now()).number
        for workflow in (credit, letters)
    )
    drilled, drilled_ = (a_drill(workflow, cast.grace) for workflow in (credit, letters))
    checkpoints.make_all(clock.now())
    return SimpleNamespace(
        own={"id": mine["id"], "slug": "credit-decisions", "queue": "credit-review",
             "sha256": mine["control_set"]["sha256"], "decision": own["id"],
             "reference": mine["reference"], "waiting": waiting["id"], "number": loans,
             "drill": drilled, "incident": wrong},
        foreign={"id": theirs["id"], "slug": "claims-letters", "queue": "claims-review",
                 "sha256": theirs["control_set"]["sha256"], "decision": foreign["id"],
                 "reference": theirs["reference"], "waiting": letter["id"],
                 "external_id": theirs["external_id"], "key": "LET-01", "number": letters_,
                 "drill": drilled_, "incident": wrong_},
        missing={"id": NOBODY, "slug": "no-such-thing", "queue": "no-such-queue",
                 "sha256": "0" * 64, "decision": 987_654_321, "reference": "CM-987654321",
                 "number": 987_654_321, "drill": 987_654_321, "incident": 987_654_321},
    )  # fmt: skip


def a_drill(workflow: Workflow, by: User) -> int:
    body = {**BODIES["drills"], "held_at": clock.now() - DAY}
    return drills.enter(workflow, **body, by=by, at=clock.now()).pk


def address(pattern: str, thing: dict[str, Any]) -> str:
    """The pattern with this thing in every place."""

    def fill(place: re.Match[str]) -> str:
        name = place[1]
        if name == "slug" and pattern.lstrip("/").removeprefix("api/v1/").startswith("queues/"):
            return thing["queue"]
        if name == "number" and "api/v1/incidents/" in pattern:
            return str(thing["incident"])
        return str(thing[name])

    filled = "/" + re.sub(r"<(?:\w+:)?(\w+)>", fill, pattern)
    return f"{filled}?workflow={thing.get('slug', 'x')}" if pattern.endswith("as-of/") else filled


def send(caller: Caller, method: str, pattern: str, thing: dict[str, Any]) -> Any:
    act = pattern.rstrip("/").rsplit("/", 1)[-1]
    body = BODIES.get(act) if method in ("POST", "PUT") else None
    return caller.send(method, address(pattern, thing), body)


def words(answer: Any) -> tuple[int, str]:
    """Status and body without the one thing that differs from request to request."""
    text = answer.content.decode()
    return answer.status_code, text.replace(answer["X-Request-ID"], "REFERENCE")


def counted() -> list[int]:
    kinds = (Case, Decision, Draft, Skip, Event)
    return [kind.objects.count() for kind in kinds]


def test_every_route_is_covered_by_this_matrix():
    """A new route: give its object a place in `world`, or look at it in a test of its own."""
    known = {"id", "slug", "sha256", "decision", "number", "drill"}
    for pattern, callback in routes():
        places = set(re.findall(r"<(?:\w+:)?(\w+)>", pattern))
        assert places <= known, f"{pattern}: the matrix knows no {places - known}"
        assert places or pattern in LISTS | NAMED_IN_BODY, f"{pattern} is looked at nowhere"
        act = pattern.rstrip("/").rsplit("/", 1)[-1]
        wordless = {"withdraw", "claim", "next", "undo"}
        wordless |= {"submit", "decline", "publish", "ratify", "rebase", "confirm"}
        for method in methods_of(callback) if places else ():
            assert method == "GET" or act in BODIES.keys() | wordless, f"{pattern} needs a body"


def test_strangers_are_told_nothing_but_to_sign_in(world):
    for pattern, callback in routes():
        for method in methods_of(callback):
            thing = world.own if "<" in pattern else {}
            answer = send(Caller(), method, pattern, thing)
            assert answer.status_code == 401, f"{method} {pattern}"
            assert world.own["id"] not in answer.json()["detail"]


@pytest.mark.parametrize("who", ["mallory", "ada", "a system", "nobody's system"])
def test_what_belongs_to_others_answers_exactly_as_what_is_not_there(who, world, people):
    callers = {"a system": system_of("credit-decisions"), "nobody's system": system_of()}
    caller = callers.get(who) or getattr(people, who)
    before = counted()
    for pattern, callback in routes():
        if "<" not in pattern:
            continue
        for method in methods_of(callback):
            foreign = words(send(caller, method, pattern, world.foreign))
            missing = words(send(caller, method, pattern, world.missing))
            assert foreign == missing, f"{who}: {method} {pattern}"
            for_people = who in ("mallory", "ada")
            answers_systems = foreign[0] != 403
            assert foreign[0] == 404 or (not for_people and not answers_systems), (
                f"{who}: {method} {pattern} answered {foreign[0]}"
            )
    assert counted() == before


def test_the_matrix_would_see_a_leak_for_what_is_ones_own_is_there(world, people, scorecard):
    reads = [pattern for pattern, callback in routes() if "<" in pattern and "GET" in
             methods_of(callback)]  # fmt: skip
    for pattern in reads:
        reader = people.ivy if "incidents" in pattern else people.ada
        assert send(reader, "GET", pattern, world.own).status_code == 200, pattern
        if not any(name in pattern for name in PEOPLE_ONLY):
            assert send(scorecard, "GET", pattern, world.own).status_code == 200, pattern


@pytest.mark.parametrize("who", ["mallory", "ada", "a system"])
@pytest.mark.parametrize("listed", sorted(LISTS))
def test_no_list_shows_anything_of_others(who, listed, world, people):
    caller = system_of("credit-decisions") if who == "a system" else getattr(people, who)
    told = caller.get("/" + listed).content.decode()
    foreign = [str(world.foreign[name]) for name in
               ("id", "waiting", "reference", "sha256", "queue", "external_id", "key")]  # fmt: skip

    assert [one for one in [*foreign, "claims-letters"] if one in told] == []


@pytest.mark.parametrize(
    "query",
    ["workflow=claims-letters", "queue=claims-review", "control=LET-01", "external_id={}"],
)
def test_no_filter_finds_anything_of_others(query, world, people, scorecard):
    asked = query.format(world.foreign["external_id"])
    for caller in (people.ada, people.mallory, scorecard):
        assert caller.get(f"cases/?{asked}").json()["results"] == []


@pytest.mark.parametrize("path", ["cases/", "assessments/"])
def test_a_workflow_of_others_in_a_body_is_as_unknown_as_none(path, world, people, scorecard):
    def told(caller, slug):
        answer = caller.post(path, a_case(workflow=slug, external_id="x"))
        return answer.status_code, answer.json()["detail"].replace(slug, "IT")

    for caller in (people.ada, people.otto, people.mallory, scorecard):
        assert told(caller, "claims-letters") == told(caller, "no-such-thing")
        assert told(caller, "claims-letters")[0] == 422


def test_an_auditor_reads_everything_and_changes_nothing(world, people):
    before, keys = counted(), IdempotencyKey.objects.count()
    for pattern, callback in routes():
        for method in methods_of(callback):
            for thing in (world.own, world.foreign):
                for id in (thing["id"], thing["waiting"]):
                    filled = {**thing, "id": id}
                    if pattern in NAMED_IN_BODY and method == "POST":
                        body = {"cases": [a_case()]} if "batch" in pattern else a_case()
                        answer = people.otto.send(method, "/" + pattern, body)
                    else:
                        answer = send(people.otto, method, pattern, filled)
                    status = answer.status_code
                    if status == 207:
                        status = answer.json()["results"][0]["status"]
                    if method == "GET":
                        assert status == 200, f"{pattern}: {answer.content[:200]}"
                    else:
                        assert 400 <= status < 500, f"{method} {pattern}: {status}"
    assert counted() == before
    assert IdempotencyKey.objects.count() == keys
    assert verify() == []


def test_seeing_a_case_is_not_speaking_for_its_system(world, people):
    for act in ("revisions", "withdraw", "execution", "outcomes"):
        for who in ("ada", "dev", "grace", "otto"):
            answer = getattr(people, who).post(f"cases/{world.own['id']}/{act}/", BODIES.get(act))
            assert answer.status_code == 403, (who, act)
            assert answer.json()["code"] == "role_missing"


PAGES = [
    ("GET", "reviews:case"), ("GET", "reviews:record"), ("POST", "reviews:claim"),
    ("POST", "reviews:release"), ("POST", "reviews:skip"), ("POST", "reviews:decide"),
    ("POST", "reviews:resume"), ("POST", "reviews:supersede"),
    ("POST", "reviews:undo"), ("GET", "reviews:queue"), ("POST", "reviews:next"),
]  # fmt: skip


def test_every_page_with_an_object_is_in_the_matrix_of_pages():
    found = {f"reviews:{one.name}" for one in urls.urlpatterns if "<" in str(one.pattern)}
    assert found == {name for _, name in PAGES}


@pytest.mark.parametrize("who", ["mallory", "ada"])
def test_pages_of_others_answer_exactly_as_pages_that_are_not_there(who, world, people):
    client = getattr(people, who).client
    before = counted()
    for method, name in PAGES:

        def told(thing, method=method, name=name):
            first = (
                thing["queue"]
                if name in ("reviews:queue", "reviews:next")
                else (thing["reference"])
            )
            places = [first, thing["decision"]] if name == "reviews:undo" else [first]
            return words(client.generic(method, reverse(name, args=places)))

        assert told(world.foreign) == told(world.missing), f"{who}: {name}"
        assert told(world.foreign)[0] == 404, f"{who}: {name}"
    assert counted() == before


@pytest.mark.parametrize("who", ["mallory", "ada"])
def test_no_search_and_no_page_shows_anything_of_others(who, world, people):
    client = getattr(people, who).client
    asked = ["/queues/", "/cases/", "/cases/?workflow=claims-letters", "/cases/?q=letter",
             f"/cases/?q={world.foreign['reference']}",
             f"/cases/?q={world.foreign['external_id']}"]  # fmt: skip
    for page in asked:
        answer = client.get(page)
        assert answer.status_code == 200
        text = re.sub(
            r'value="[^"]*"', "", answer.content.decode()
        )  # what was typed is shown again
        assert world.foreign["id"] not in text, page
        assert f"/cases/{world.foreign['reference']}/" not in text, page
        assert "A letter" not in text, page
        assert "Claims letters" not in text, page


def test_an_auditor_changes_nothing_on_the_pages_either(world, people):
    before = counted()
    for method, name in PAGES:
        if method == "POST":
            first = world.own["queue"] if name == "reviews:next" else world.own["reference"]
            more = [world.own["decision"]] if name == "reviews:undo" else []
            people.otto.client.post(
                reverse(name, args=[first, *more]),
                {"lease": "1", "outcome": "approve", "rationale": "words", "reason": "language"},
            )
    assert counted() == before


def test_who_joins_a_queue_sees_its_open_cases_and_no_closed_one(world, cast, people):
    Case.objects.get(pk=world.foreign["waiting"]).queue.members.add(cast.mallory)
    mallory = signed_in(cast.mallory)

    assert mallory.get(f"cases/{world.foreign['waiting']}/").status_code == 200
    assert mallory.get(f"cases/{world.foreign['id']}/").status_code == 404
