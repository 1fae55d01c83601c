"""Every live control on one page, and on its own page what it did lately and what waits for it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import path

from assurance import clock
from assurance.controls import control_figures
from assurance.controls.control_figures import daily, figures
from assurance.controls.models import Label, Workflow
from assurance.controls.presenting import control_now
from tests.controls.changing import (
    DAY,
    control_edit,
    drafted,
    limit,
    published,
)
from tests.controls.history import stored
from tests.controls_factories import make_workflow, policy, verification

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(cast) -> Workflow:
    return make_workflow(
        "credit-decisions",
        tier="medium",
        controls=[policy(), policy("LIM-02", mode="shadow"), verification()],
        members=[cast.ada],
    )


@pytest.fixture
def sign_in(client, cast):
    def _sign_in(name: str):
        client.force_login(getattr(cast, name))
        return client

    return _sign_in


def main_of(answer) -> str:
    assert answer.status_code == 200, answer.content[:300]
    return answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]


def words_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main_of(answer)))


def row_of(answer, key: str) -> str:
    """The row of one control, as a person reads it."""
    rows = re.findall(r"<tr>.*?</tr>", main_of(answer), re.DOTALL)
    (row,) = [one for one in rows if f">{key}</span>" in one]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row))


def judged(workflow, amount, *labels, at=None, revision=1, case_id=None):
    """A case with what became known of it: (value, source) each, a minute apart."""
    at = at or clock.now() - DAY
    kept = stored(workflow, {"amount": amount}, at=at, revision=revision, case_id=case_id)
    for number, (value, source) in enumerate(labels):
        Label.objects.create(
            case_id=kept.case_id,
            workflow=workflow,
            value=value,
            source=source,
            at=at + timedelta(minutes=number + 1),
        )
    return kept


def test_a_control_counts_the_cases_that_it_ordered_something_on(credit):
    at = clock.now()
    for amount in (5000, 5000, 20_000, 100):
        judged(credit, amount)
    judged(credit, 5000, at=at - 31 * DAY)
    again = uuid4()
    judged(credit, 5000, case_id=again)
    judged(credit, 5000, case_id=again, revision=2)

    found = figures([credit.pk], at)

    assert {key: one.fired for key, one in found.items()} == {
        "LIM-01": 4,
        "LIM-02": 4,
        "VER-01": 1,
    }
    assert figures([], at) == {}


def test_people_agree_where_what_is_known_says_that_the_output_was_wrong(credit):
    for _ in range(9):
        judged(credit, 5000, ("incorrect", "decision"))
    few = figures([credit.pk], clock.now())["LIM-01"]
    judged(credit, 5000, ("correct", "decision"))
    judged(credit, 5000, ("incorrect", "decision"), ("correct", "audit"), ("harmful", "import"))
    judged(credit, 5000, ("correct", "audit"), ("harmful", "decision"))
    judged(credit, 100, ("incorrect", "decision"))

    enough = figures([credit.pk], clock.now())["LIM-01"]

    assert few.says() == "cannot say (n=9)"
    assert (enough.fired, enough.known, enough.agreed) == (12, 12, 9)
    assert enough.says() == "75 % (9 of 12)"


def test_every_day_has_its_place_in_the_trend(credit):
    at = clock.now()
    judged(credit, 5000, at=at - 3 * DAY)
    judged(credit, 100, at=at - 3 * DAY)
    judged(credit, 100, at=at - 5 * DAY)

    days = daily(credit.pk, "LIM-01", at)
    drawn = control_now.trend(days)

    assert len(days) == 30
    assert {one.day: (one.judged, one.fired) for one in days if one.judged} == {
        (at - 3 * DAY).date(): (2, 1),
        (at - 5 * DAY).date(): (1, 0),
    }
    assert drawn is not None
    assert [bar["height"] for bar in drawn["bars"] if bar["height"]] == [control_now.HEIGHT]
    assert len([bar for bar in drawn["bars"] if bar["judged"]]) == 2
    assert len(drawn["table"]["rows"]) == 30
    assert control_now.trend(daily(credit.pk, "LIM-01", at - 90 * DAY)) is None


def test_of_more_cases_than_are_read_the_newest_count_and_the_page_says_so(
    credit, sign_in, monkeypatch
):
    at = clock.now()
    for days in range(6):
        judged(credit, 5000, at=at - days * DAY)
    reader = sign_in("otto")
    assert "are counted" not in words_of(reader.get("/controls/LIM-01/"))
    monkeypatch.setattr(control_figures, "NEWEST", 4)
    monkeypatch.setattr(control_now, "NEWEST", 4)

    assert figures([credit.pk], at)["LIM-01"].fired == 4
    assert [one.judged for one in daily(credit.pk, "LIM-01", at)] == [1, 1, 1, 1]
    assert "the newest 4 are counted" in words_of(reader.get("/controls/LIM-01/"))


def test_the_page_lists_what_is_live_with_what_it_did_and_whose_draft_waits(credit, sign_in, cast):
    judged(credit, 5000)
    change = drafted(credit, cast.gus, limit(credit, 3000), at=clock.now())
    new = {**control_edit(credit)["content"], "key": "LIM-09"}
    drafted(
        credit, cast.grace, {"item": "control", "key": "LIM-09", "content": new}, at=clock.now()
    )

    page = sign_in("otto").get("/controls/")

    row = row_of(page, "LIM-01")
    for said in (
        *("LIM-01 holds large amounts", "version 1", "Enforced", "Policy", " 1 ", "grace"),
        *("cannot say (n=0)", "1. Nothing above the limit", f"Change {change.number}"),
        *("draft", "of Gus Lind"),
    ):
        assert said in row
    assert "Change" not in row_of(page, "LIM-02")
    assert "Shadow" in row_of(page, "LIM-02")
    assert "LIM-09 is to be added by" in words_of(page)
    assert "set 1" in words_of(page)


def test_filters_leave_what_they_name(credit, sign_in):
    make_workflow("claims-letters", controls=[policy("LET-01")])
    client = sign_in("otto")

    def keys(query: str) -> list[str]:
        return re.findall(r'<span class="mono">([\w-]+)</span>', main_of(client.get(query)))

    assert keys("/controls/") == ["LET-01", "LIM-01", "LIM-02", "VER-01"]
    assert keys("/controls/?workflow=claims-letters") == ["LET-01"]
    assert keys("/controls/?mode=shadow") == ["LIM-02"]
    assert keys("/controls/?kind=verification&workflow=credit-decisions") == ["VER-01"]
    assert len(keys("/controls/?mode=sideways&workflow=%F0%9F%98%80")) == 4
    assert "Nothing matches" in words_of(client.get("/controls/?mode=advise"))


@pytest.mark.parametrize("name", ["grace", "dev", "ivy", "otto", "ada"])
def test_who_may_read_the_workflow_finds_its_controls_in_the_navigation(credit, sign_in, name):
    client = sign_in(name)

    page = client.get("/controls/")

    assert "LIM-01" in main_of(page)
    assert '<a href="/controls/" aria-current="page">Controls</a>' in page.content.decode()
    assert 'aria-current="page">Controls</a>' in client.get("/changes/").content.decode()


@pytest.mark.parametrize("name", ["mallory", "ben"])
def test_for_everybody_else_there_is_nothing(credit, sign_in, name):
    client = sign_in(name)

    page = client.get("/controls/")

    assert "No control of yours" in words_of(page)
    assert "LIM-01" not in page.content.decode()
    assert client.get("/controls/LIM-01/diff/1..1/").status_code == 404


def test_a_control_s_page_tells_what_it_did_and_who_wants_to_change_it(credit, sign_in, cast):
    judged(credit, 5000)
    change = drafted(
        credit, cast.grace, {"item": "control", "key": "LIM-01", "content": None}, at=clock.now()
    )

    page = sign_in("otto").get("/controls/LIM-01/")

    text = words_of(page)
    assert f"Grace Holm wants to remove it: change {change.number} , draft." in text
    assert "Fired on, 30 days 1" in text
    assert 'role="img" aria-label="Cases that it fired on, by day' in main_of(page)
    assert "Cases by day, in UTC" in text
    assert " style=" not in main_of(page)


def test_a_control_in_shadow_shows_its_two_by_two_and_what_it_lacks(credit, sign_in):
    judged(credit, 5000, ("incorrect", "decision"))
    judged(credit, 5000)
    judged(credit, 100)

    text = words_of(sign_in("dev").get("/controls/LIM-02/"))

    assert "Held by the live controls 2 1 known to be wrong, 1 not known 0" in text
    assert "Let go by the live controls 0 1 1 not known" in text
    assert "of 200 assessments" in text
    assert "Beside the live controls" not in words_of(sign_in("dev").get("/controls/LIM-01/"))


def test_the_edit_link_is_there_for_governance_owners_and_where_there_is_a_form(
    credit, sign_in, monkeypatch
):
    monkeypatch.setattr(control_now, "edit_url", lambda key: f"/admin/edit/{key}/")

    assert 'href="/admin/edit/LIM-01/"' in main_of(sign_in("grace").get("/controls/LIM-01/"))
    assert "/admin/edit/" not in main_of(sign_in("dev").get("/controls/LIM-01/"))


def test_without_a_form_there_is_no_link(settings):
    settings.ROOT_URLCONF = __name__

    assert control_now.edit_url("LIM-01") == ""


urlpatterns = [path("nothing/", lambda request: None)]


def test_two_versions_are_compared_in_words_and_rows_with_the_effect_of_the_replay(
    credit, sign_in, cast
):
    at = clock.now()
    judged(credit, 2700)
    judged(credit, 5000)
    published(credit, cast, limit(credit, 3000), at=at)
    client = sign_in("otto")

    page = client.get("/controls/LIM-01/diff/1..2/")

    text = words_of(page)
    assert "was 2,500, now 3,000." in text
    assert "Was: version 1" in text
    assert "Matched before 2 Matches now 1 Newly 0 No longer 1" in text
    assert 'href="/controls/LIM-01/diff/1..2/"' in main_of(client.get("/controls/LIM-01/"))
    back = words_of(client.get("/controls/LIM-01/diff/2..1/"))
    assert "was 3,000, now 2,500" in back
    assert "nothing can be said" in back
    assert "Nothing. Their content is the same" in words_of(
        client.get("/controls/LIM-01/diff/1..1/")
    )


@pytest.mark.parametrize("pair", ["1..2", "0..1", "9..1"])
def test_a_version_that_never_was_is_not_there(credit, sign_in, pair):
    client = sign_in("otto")

    assert client.get(f"/controls/LIM-01/diff/{pair}/").status_code == 404
    assert client.get(f"/controls/NO-1/diff/{pair}/").status_code == 404
