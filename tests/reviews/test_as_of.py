"""As of a moment: exactly what was in force then, over REST and on the page, and what differs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assurance import clock
from assurance.accounts import grants
from assurance.accounts.models import Person
from assurance.controls import alone, as_of, changes, pausing, stages
from assurance.controls.definition_files import read
from assurance.controls.models import ControlSet, Workflow
from assurance.record.actors import Actor
from reviews import intake
from reviews.loading import load
from reviews.models import Queue
from tests.controls_factories import make_workflow, policy, verification
from tests.reviews.api.conftest import Caller, assert_problem

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
T0 = datetime(2031, 1, 6, 12, 0, tzinfo=UTC)
ACTOR = Actor.system("test")
FLOW = Path(__file__).parent.parent / "flow"


@pytest.fixture
def then(cast):
    """The clock of the test stands at T0; the workflow and its queues begin there."""
    with clock.shifted(T0 - clock.now()):
        workflow = make_workflow(
            controls=[policy(), verification()],
            owner=cast.grace,
            members=[cast.ada, cast.ben],
            governors=[cast.grace, cast.gus],
            stage="pilot",
            at=T0,
        )
        yield workflow


def at(moment: datetime):
    """A context in which our clock says this."""
    return clock.shifted(moment - clock.now())


def queue_of(snapshot, slug="credit-review"):
    return next(one for one in snapshot["queues"] if one["slug"] == slug)


def publish(workflow, cast, edits, moment) -> None:
    """A change that goes live alone, as one owner may in a pilot."""
    change = changes.create(workflow, reason="Better.", by=cast.gus, at=moment, edits=edits)
    alone.publish(change, by=cast.gus, at=moment)


def edit(key="LIM-01", **fields):
    content = policy(key, **fields)
    return [{"item": "control", "key": key, "content": content}]


def test_each_set_shows_at_its_own_moments_also_one_that_lived_for_minutes(then, cast):
    publish(then, cast, edit(effect="specialist"), T0 + HOUR)
    publish(then, cast, edit(effect="review"), T0 + HOUR + timedelta(minutes=40))
    now = T0 + DAY

    numbers = [
        as_of.snapshot(then, T0 + HOUR + timedelta(minutes=minutes))["control_set"]["number"]
        for minutes in (-1, 0, 39, 40, 600)
    ]
    told = as_of.as_of(then, T0 + HOUR + timedelta(minutes=10), now=now)

    assert numbers == [1, 2, 2, 3, 3]
    assert [one["number"] for one in told["sets_around"]] == [1, 2, 3]
    first = ControlSet.objects.get(number=1)
    control = next(one for one in told["controls"] if one["key"] == "LIM-01")
    assert (control["effect"], control["version"]) == ("specialist", 2)
    assert ControlSet.objects.get(number=3).sha256 == first.sha256
    (differs,) = [one for one in told["differs_now"] if "LIM-01" in one["what"]]
    assert (differs["then"], differs["now"]) == ("specialist", "review")


def test_before_the_workflow_was_under_control_there_was_nothing(then):
    told = as_of.as_of(then, T0 - HOUR, now=T0 + DAY)

    assert (told["control_set"], told["state"], told["controls"]) == (None, None, [])
    assert {"what": "Control set", "then": "none", "now": "set 1"} in told["differs_now"]


def test_members_and_guidelines_are_those_of_then(then, cast):
    queue = Queue.objects.get(slug="credit-review")
    with at(T0 + HOUR):
        queue.members.remove(cast.ben)
    with at(T0 + 2 * HOUR):
        queue.guideline, queue.guideline_version = "Look twice.", 2
        queue.save()

    first = queue_of(as_of.snapshot(then, T0 + HOUR / 2))
    second = queue_of(as_of.snapshot(then, T0 + HOUR + HOUR / 2))
    told = as_of.as_of(then, T0 + HOUR / 2, now=T0 + DAY)

    assert (first["members"], first["guideline_version"]) == (["ada", "ben"], 1)
    assert (second["members"], second["guideline"]) == (["ada"], "")
    assert queue_of(as_of.snapshot(then, T0 + DAY))["guideline"] == "Look twice."
    assert {"what": "Queue credit-review: members", "then": "ada, ben", "now": "ada"} in told[
        "differs_now"
    ]


def test_stage_and_pause_are_those_of_then(then, cast):
    pausing.pause(then, reason="Wrong sums.", by=cast.gus, at=T0 + HOUR)
    pausing.resume(then, reason="Mended.", by=cast.gus, at=T0 + 2 * HOUR)
    stages.demote(then, "suspended", reason="Again.", by=cast.gus, at=T0 + 3 * HOUR)

    states = [
        (found["stage"], found["paused"], found["pause_reason"])
        for hours in (0.5, 1.5, 2.5, 3.5)
        for found in [as_of.snapshot(then, T0 + hours * HOUR)["state"]]
    ]

    assert states == [
        ("pilot", False, None),
        ("pilot", True, "Wrong sums."),
        ("pilot", False, None),
        ("suspended", True, "Again."),
    ]


def test_grants_count_from_their_confirmation_until_they_end_or_the_person_leaves(then, cast):
    def holders(moment):
        told = as_of.snapshot(then, moment)["grants"]
        return {(one["person"], one["role"]) for one in told}

    given = grants.grant(cast.mallory.person, "governance", "", by=cast.grace, at=T0 + HOUR)
    grants.confirm(given, by=cast.gus, at=T0 + 2 * HOUR)
    grants.revoke(given, by=cast.grace, at=T0 + 3 * HOUR)
    lead = grants.grant(cast.mallory.person, "lead", then.slug, by=cast.grace, at=T0 + 4 * HOUR)
    person = Person.objects.get(pk=cast.mallory.person_id)
    person.active = False
    person._history_date = T0 + 5 * HOUR
    person.save()

    held = [("mallory", "governance") in holders(T0 + hours * HOUR) for hours in (1.5, 2.5, 3.5)]
    leads = [("mallory", "lead") in holders(T0 + hours * HOUR) for hours in (3.5, 4.5, 5.5)]

    assert lead.pk
    assert held == [False, True, False]
    assert leads == [False, True, False]
    assert ("grace", "governance") in holders(T0)


def test_the_models_that_were_at_work_are_named_with_how_much_they_made(then):
    for number, version in enumerate(("7", "7", "8")):
        body = {
            "workflow": then.slug, "external_id": f"a-{number}", "output": {"amount": 1},
            "model": {"name": "scorecard", "version": version},
        }  # fmt: skip
        intake.submit(
            body, workflow=then, client=None, actor=ACTOR, at=T0 + number * timedelta(minutes=1)
        )

    early = as_of.snapshot(then, T0 + timedelta(minutes=1))["models"]
    late = as_of.snapshot(then, T0 + HOUR)["models"]

    assert [(one["version"], one["cases"]) for one in early] == [("7", 2)]
    assert [(one["version"], one["cases"]) for one in late] == [("8", 1), ("7", 2)]


def test_what_a_file_brought_under_control_is_dated_by_its_act(cast):
    document, _ = read((FLOW / "bare.yaml").read_text(encoding="utf-8"))
    made = load(document, actor=ACTOR, at=T0).workflow

    told = as_of.snapshot(made, T0)

    assert told["state"]["stage"] == "pilot"
    assert "ada" in queue_of(told, "helper-review")["members"]
    assert as_of.snapshot(made, T0 - timedelta(seconds=1))["queues"] == []


# Over REST and on the page.

PLACE = "as-of/"


@pytest.fixture
def sign_in(client, cast, settings):
    settings.PLAIN_HTTP, settings.COUNTERMARK_RATE = True, 0

    def _sign_in(name: str) -> Caller:
        client.force_login(getattr(cast, name))
        return Caller(client)

    return _sign_in


@pytest.mark.parametrize("who", ["otto", "dev", "grace", "ivy"])
def test_auditors_leads_and_owners_read_a_moment_over_rest(then, cast, sign_in, who):
    with at(T0 + DAY):
        answer = sign_in(who).get(PLACE, workflow=then.slug, at="2031-01-06T12:30:00Z")

    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["at"], told["control_set"]["number"]) == ("2031-01-06T12:30:00Z", 1)
    assert {"controls", "rules", "queues", "grants", "models", "differs_now"} <= set(told)


@pytest.mark.parametrize(
    ("who", "query", "status", "code"),
    [
        ("ada", {"workflow": "credit-decisions"}, 403, "role_missing"),
        ("mallory", {"workflow": "credit-decisions"}, 404, "not_found"),
        ("otto", {"workflow": "no-such-thing"}, 404, "not_found"),
        ("otto", {}, 400, "required"),
        ("otto", {"workflow": "credit-decisions", "at": "yesterday"}, 400, "not_a_time"),
        ("otto", {"workflow": "credit-decisions", "at": "2031-01-06T12:00"}, 400,
         "timezone_required"),
        ("otto", {"workflow": "credit-decisions", "at": "2090-01-06T12:00:00Z"}, 400,
         "in_the_future"),
        ("otto", {"workflow": "credit-decisions", "when": "now"}, 400, "unknown_parameter"),
    ],
)  # fmt: skip
def test_rest_refusals_are_sentences(then, sign_in, who, query, status, code):
    assert_problem(sign_in(who).get(PLACE, **query), status, code)


def main_of(answer) -> str:
    return answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]


def test_the_page_shows_a_moment_and_what_differs_side_by_side(then, cast, sign_in):
    publish(then, cast, edit(effect="specialist"), T0 + HOUR)
    with at(T0 + 2 * HOUR):
        Queue.objects.get(slug="credit-review").members.remove(cast.ben)
    with at(T0 + DAY):
        text = main_of(
            sign_in("otto").client.get("/as-of/?workflow=credit-decisions&at=2031-01-06T12:59:00")
        )

    assert "As of 6 January 2031, 12:59:00 UTC" in text
    assert "Control set 1 was in force" in text
    assert "Queue credit-review: members" in text
    assert "ada, ben" in text
    assert ">Set 2</a>" in text
    assert "?version=1" in text


def test_a_moment_takes_as_many_queries_however_many_cases_were_judged(then, sign_in):
    def ask(fill: range) -> int:
        for number in fill:
            body = {"workflow": then.slug, "external_id": f"a-{number}", "output": {"amount": 1}}
            intake.submit(body, workflow=then, client=None, actor=ACTOR, at=T0 + HOUR)
        with at(T0 + DAY):
            otto = sign_in("otto").client
            otto.get("/as-of/")  # notes the sign-in
            with CaptureQueriesContext(connection) as queries:
                assert otto.get("/as-of/").status_code == 200
        return len(queries)

    assert ask(range(1, 5)) == ask(range(5, 30)) < 70


def test_a_case_leads_to_the_moment_at_which_it_was_judged(then, cast, sign_in):
    body = {"workflow": then.slug, "external_id": "a-1", "output": {"amount": 4820}}
    case = intake.submit(body, workflow=then, client=None, actor=ACTOR, at=T0 + HOUR).case
    publish(then, cast, edit(effect="specialist"), T0 + 2 * HOUR)
    with at(T0 + DAY):
        dev = sign_in("dev").client
        link = "workflow=credit-decisions&amp;at=2031-01-06T13%3A00%3A00%2B00%3A00"
        for page in (case.get_absolute_url(), f"{case.get_absolute_url()}record/"):
            assert link in dev.get(page).content.decode()
        text = main_of(dev.get(f"/as-of/?{link}&case={case.reference}".replace("&amp;", "&")))
        assert "/as-of/" not in sign_in("ada").client.get(case.get_absolute_url()).content.decode()

    assert f"When {case.reference} was judged." in text
    assert "Control set 1 was in force" in text


@pytest.mark.parametrize("said", ["yesterday", "2031-13-45T10:00", "2090-01-01T00:00", "x" * 500])
def test_a_moment_that_is_none_is_said_and_now_is_shown(then, sign_in, said):
    answer = sign_in("otto").client.get("/as-of/", {"at": said})

    assert answer.status_code == 400
    assert "Shown is now." in main_of(answer)


@pytest.mark.parametrize(("who", "status"), [("ada", 403), ("mallory", 403)])
def test_whoever_audits_leads_and_governs_nothing_sees_no_moment(then, sign_in, who, status):
    assert sign_in(who).client.get("/as-of/").status_code == status


def test_a_workflow_of_others_is_as_unknown_as_none(then, cast, sign_in):
    make_workflow("secret-thing", controls=[])
    dev = sign_in("dev").client

    assert dev.get("/as-of/?workflow=secret-thing").status_code == 404
    assert dev.get("/as-of/?workflow=no-such-thing").status_code == 404
    assert "secret-thing" not in dev.get("/as-of/").content.decode()
    assert Workflow.objects.count() == 2
