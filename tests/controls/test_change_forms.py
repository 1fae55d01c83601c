"""What its owners do with a control change by plain forms, and what is refused loses no word."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from assurance import clock
from assurance.controls import alone
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, Workflow
from tests.controls.changing import (
    DAY,
    control_edit,
    drafted,
    limit,
    submitted,
)
from tests.controls.history import stored
from tests.controls.reading_pages import act, main_of, offered, words_of
from tests.controls_factories import make_workflow, policy, verification

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(cast) -> Workflow:
    return make_workflow(
        "credit-decisions",
        tier="medium",
        controls=[policy(), policy("LIM-02", mode="shadow"), verification()],
        owner=cast.grace,
        members=[cast.ada],
    )


@pytest.fixture
def sign_in(client, cast):
    def _sign_in(name: str):
        client.force_login(getattr(cast, name))
        return client

    return _sign_in


@pytest.fixture
def in_review(credit, cast) -> ControlChange:
    return submitted(credit, cast.grace, limit(credit, 3000), at=clock.now())


def test_a_refused_edit_keeps_every_word(sign_in, credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 3000), at=clock.now())

    answer = act(
        sign_in("grace"),
        change,
        "edit",
        reason="Because of <it>.",
        links="https://example.com/a\nchange:1",
        start_at="soon",
        kind="incident",
        in_flight="reassess",
    )

    assert answer.status_code == 422
    text = main_of(answer)
    assert 'href="#edit-start_at"' in text
    assert escape("Because of <it>.") in text
    assert "https://example.com/a\nchange:1</textarea>" in text
    assert '<option value="incident" selected>' in text
    assert '<option value="reassess" selected>' in text
    assert 'value="soon"' in text
    change.refresh_from_db()
    assert change.reason == "Too many small loans wait."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("links", "x" * 501),
        ("links", "\n".join(["a"] * 21)),
        ("reason", "x" * 5001),
        ("kind", "panic"),
        ("in_flight", "drop"),
        ("start_at", "2031-13-01T10:00"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(sign_in, credit, cast, field, value):
    change = drafted(credit, cast.grace, limit(credit, 3000), at=clock.now())

    answer = act(sign_in("grace"), change, "edit", **{field: value})

    assert answer.status_code == 422
    assert f'href="#edit-{field}"' in main_of(answer)


def test_an_edit_is_saved_and_says_what_links_lead_to(sign_in, credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 3000), at=clock.now())
    client = sign_in("grace")

    answer = act(
        client,
        change,
        "edit",
        reason="Loans wait.\r\nLong.",
        links=f"https://example.com/a\n\nchange:{change.number}\nCM-1\njavascript:alert(1)",
        start_at="2031-01-06T12:00",
        in_flight="reassess",
    )

    change.refresh_from_db()
    assert change.reason == "Loans wait.\nLong."
    assert change.start_at.isoformat() == "2031-01-06T12:00:00+00:00"
    text = main_of(client.get(answer.url))
    assert 'href="https://example.com/a" rel="noreferrer noopener"' in text
    assert f'href="/changes/{change.number}/">Change {change.number}</a>' in text
    assert 'href="/cases/CM-1/"' in text
    assert 'href="javascript' not in text
    act(client, change, "edit", start_at="")
    change.refresh_from_db()
    assert change.start_at is None


def test_a_change_without_a_reason_asks_for_it_before_it_can_be_submitted(sign_in, credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 3000), reason="", at=clock.now())
    client = sign_in("grace")

    page = client.get(change.get_absolute_url())
    answer = act(client, change, "submit")

    assert "submit" not in offered(page)
    assert "Say above why the change is made." in words_of(page)
    assert answer.status_code == 422
    assert 'href="#edit-reason"' in main_of(answer)


def test_submitting_withdrawing_and_rolling_back_by_form(sign_in, credit, cast, in_review):
    client = sign_in("grace")
    draft = drafted(credit, cast.grace, control_edit(credit, "LIM-02", name="X"), at=clock.now())

    assert act(client, draft, "submit").status_code == 302
    assert act(client, draft, "withdraw", note="Wrong one.").status_code == 302
    assert "Wrong one." in words_of(client.get(draft.get_absolute_url()))
    act(sign_in("gus"), in_review, "approve", content_sha256=in_review.content_sha256)
    client = sign_in("grace")
    silent = act(client, in_review, "rollback", reason="")
    assert silent.status_code == 422
    answer = act(client, in_review, "rollback", reason="Loans went out.")

    back = ControlChange.objects.latest("number")
    assert answer.url == back.get_absolute_url()
    assert "Return to set 1" in words_of(client.get(answer.url))
    assert "was 3,000, now 2,500" in words_of(client.get(answer.url))


def test_alone_only_by_a_right_that_the_page_names(sign_in, credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 3000), at=clock.now())
    client = sign_in("grace")

    page = client.get(change.get_absolute_url())
    answer = act(client, change, "publish")

    assert "publish" not in offered(page)
    assert "needs the approval of a second governance owner" in words_of(page)
    assert answer.status_code == 403
    assert newest_set(credit).number == 1


def test_in_a_pilot_one_owner_publishes_alone_and_it_is_marked_so(sign_in, cast):
    pilot = make_workflow("claims-letters", stage="pilot", controls=[policy("LET-01")])
    change = drafted(pilot, cast.grace, limit(pilot, 3000, "LET-01"), at=clock.now())
    client = sign_in("grace")
    assert "In observe and pilot one governance owner may publish alone" in words_of(
        client.get(change.get_absolute_url())
    )

    answer = act(client, change, "publish")

    assert newest_set(pilot).number == 2
    text = words_of(client.get(answer.url))
    assert "One owner, in a pilot" in text
    assert "Grace Holm published it without a second person." in text


def test_an_emergency_is_published_by_one_and_ratified_by_another(sign_in, credit, cast):
    change = drafted(
        credit, cast.grace, control_edit(credit, "LIM-02", mode="enforced"), at=clock.now()
    )
    client = sign_in("grace")
    assert "make its kind Emergency above" in words_of(client.get(change.get_absolute_url()))
    act(client, change, "edit", kind="emergency")

    assert act(client, change, "publish").status_code == 302

    text = words_of(client.get(change.get_absolute_url()))
    assert "Waits for ratification" in text
    assert "Is live and waits to be ratified by Gus Lind." in text
    assert act(client, change, "ratify").status_code == 403
    client = sign_in("gus")
    assert "Waits for you" in words_of(client.get("/changes/"))
    assert act(client, change, "ratify").status_code == 302
    assert "Gus Lind ratified it" in words_of(client.get(change.get_absolute_url()))


def test_a_draft_under_which_another_set_edited_the_same_is_compared_and_rebased(
    sign_in, credit, cast, in_review
):
    mine = drafted(credit, cast.grace, limit(credit, 7777), at=clock.now())
    act(sign_in("gus"), in_review, "approve", content_sha256=in_review.content_sha256)
    client = sign_in("grace")

    page = client.get(mine.get_absolute_url())

    text = words_of(page)
    assert "Set 2 went live since" in text
    assert "was 2,500, now 3,000" in text
    assert "was 2,500, now 7,777" in text
    assert {"rebase", "edit"} <= offered(page)
    assert "submit" not in offered(page)
    assert act(client, mine, "rebase").status_code == 302
    page = client.get(mine.get_absolute_url())
    assert "was 3,000, now 7,777" in words_of(page)
    assert "submit" in offered(page)


def test_problems_of_a_set_that_no_longer_fits_are_listed(sign_in, credit, cast):
    at = clock.now()
    change = drafted(credit, cast.grace, control_edit(credit, owner="gus", name="N"), at=at)
    type(cast.gus).objects.filter(pk=cast.gus.pk).update(is_active=False)

    answer = act(sign_in("grace"), change, "submit")

    assert answer.status_code == 422
    assert "gus" in words_of(answer).split("What changes")[0]


def test_an_operational_change_is_published_by_one_and_undone_by_one_click(sign_in, credit, cast):
    at = clock.now()
    for number in range(alone.OPERATIONAL_CASES):
        stored(credit, {"amount": number}, at=at - DAY)
    change = submitted(credit, cast.grace, control_edit(credit, message="Large."), at=at)
    client = sign_in("grace")
    page = client.get(change.get_absolute_url())
    assert "It is operational" in words_of(page)

    assert act(client, change, "publish").status_code == 302
    assert "undo" in offered(client.get(change.get_absolute_url()))
    answer = act(client, change, "undo")

    back = ControlChange.objects.latest("number")
    assert answer.url == back.get_absolute_url()
    assert (back.status, newest_set(credit).number) == ("published", 3)
    assert "undo" not in offered(client.get(change.get_absolute_url()))
    assert act(client, change, "undo").status_code == 409
