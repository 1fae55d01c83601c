"""What a change asks of people, on its page and beside the form: real cases, really decided."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from assurance import clock
from assurance.controls.models import ControlChange, Replay
from assurance.controls.replay_report import report_sha256
from reviews import claims, decisions, releasing
from tests.controls.changing import drafted, limit, submitted
from tests.controls.reading_pages import words_of
from tests.controls.test_editing import CONTROL
from tests.controls_factories import policy
from tests.database import past_the_guards
from tests.reviews.conftest import approve

MINUTE = timedelta(minutes=1)


@pytest.fixture
def lived(post, cast):
    """Twelve cases that people held six minutes each, and four small ones that nobody saw."""
    now = clock.now()
    for n in range(12):
        at = now - timedelta(days=10) + n * timedelta(hours=2)
        case = post(4820, at=at)
        held = claims.claim(case, by=cast.ada, at=at + 30 * MINUTE)
        done = decisions.decide(
            held, approve(), by=cast.ada, lease=held.lease_number, at=at + 36 * MINUTE
        )
        assert releasing.release_due(done.release_at) == 1
    for n in range(4):
        post(2000, at=now - timedelta(days=9) + n * MINUTE)
    return now


@pytest.fixture
def tighter(credit, cast, lived) -> ControlChange:
    return submitted(credit, cast.grace, limit(credit, 1000), at=lived)


def plain(answer) -> str:
    return re.sub(r"\s+", " ", strip_tags(answer.content.decode()))


def test_the_page_of_a_change_says_what_it_asks_of_people_and_how_that_is_made(
    client, cast, tighter
):
    client.force_login(cast.gus)

    text = words_of(client.get(tighter.get_absolute_url()))

    report = Replay.objects.get(change=tighter).report
    (load,) = report["load"]["queues"]
    assert (load["queue"], load["extra"], load["minutes"]) == (
        "credit-review", 4, {"n": 12, "median": 6.0},
    )  # fmt: skip
    assert load["overdue"]["n"] == 12
    assert "More review a day +2.4 min" in text
    assert "What it asks of people" in text
    assert "6.0 min a case (n=12)" in text
    assert "1.2 → 1.6" in text
    assert "0.0 % → 0.0 % n=12" in text
    assert "the median time from claim to decision" in text
    assert "people are taken to decide as many a day as they did" in text


def test_the_load_is_part_of_what_is_hashed(tighter):
    done = Replay.objects.get(change=tighter)
    other = {**done.report, "load": {**done.report["load"], "extra_minutes_per_day": 0}}

    assert report_sha256(done.report) == done.sha256 != report_sha256(other)


def test_the_page_shows_overlap_and_what_happened_under_the_sets_of_their_time(
    client,
    cast,
    credit,
    lived,
):
    stricter = policy("LIM-02", condition={"field": "output.amount", "op": ">", "value": 1000})
    edit = {"item": "control", "key": "LIM-02", "content": stricter}
    change = submitted(credit, cast.grace, edit, at=lived)
    client.force_login(cast.gus)

    text = words_of(client.get(change.get_absolute_url()))

    assert "What each stops that others stop too" in text
    assert "LIM-02 16 4 12" in text
    assert "LIM-01 stops nothing that LIM-02 does not stop too (12)." in text
    # Nothing but the live set ever judged: the second table would say the same.
    assert "Beside the sets of their time" not in text


def test_a_report_from_before_this_figure_is_still_shown(client, cast, tighter):
    done = Replay.objects.get(change=tighter)
    older = {key: one for key, one in done.report.items() if key not in ("load", "asked_anew")}
    past_the_guards(Replay.objects.filter(pk=done.pk).update, report=older)
    client.force_login(cast.gus)

    answer = client.get(tighter.get_absolute_url())

    assert answer.status_code == 200
    assert "What it asks of people" not in words_of(answer)


def test_an_item_alone_has_its_minutes_in_the_row(client, cast, credit, lived):
    change = drafted(credit, cast.grace, limit(credit, 1000), at=lived)
    client.force_login(cast.grace)

    text = words_of(client.get(f"/changes/{change.number}/preview/"))

    assert "Review a day" in text
    assert "+0.8 min" in text


def test_beside_the_form_stands_what_the_typed_rule_asks_of_people(client, cast, credit, lived):
    client.force_login(cast.grace)
    address = reverse("admin:controls_control_beside", args=["LIM-01"])

    answer = client.post(f"{address}?preview=1", CONTROL | {"c.0.value": "1000"})

    text = plain(answer)
    assert "credit-review: +4 cases, +0.1 a day" in text
    assert "Review time: +0.8 min a day, at 6.0 min a case." in text
    assert "Overdue: 0.0 % → 0.0 %." in text
    assert "How this is made" in text
