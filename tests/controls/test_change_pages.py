"""A control change as a page: one record from why to live, and the second person by page."""

from __future__ import annotations

import re

import pytest
from django.utils.html import escape

from assurance import clock
from assurance.controls import approvals, changes
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, Replay, Workflow
from assurance.record.ledger import verify
from tests.controls.changing import (
    DAY,
    drafted,
    limit,
    replayed,
    submitted,
)
from tests.controls.history import stored
from tests.controls.reading_pages import act, main_of, offered, words_of
from tests.controls_factories import make_workflow, policy, verification
from tests.database import past_the_guards

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


def test_the_record_goes_from_why_over_what_and_replay_to_live(sign_in, in_review):
    page = sign_in("otto").get(in_review.get_absolute_url())

    text = words_of(page)
    assert "Too many small loans wait." in text
    assert "output.amount" in text
    assert "was 2,500, now 3,000." in text
    assert "No case that is known to be bad would be let go" in text
    assert "Not live. Set 1 governs until this is approved." in text
    steps = re.findall(r'<li id="(\w+)" data-state="(\w+)"', main_of(page))
    assert steps == [
        ("why", "done"),
        ("what", "done"),
        ("replay", "done"),
        ("approval", "now"),
        ("live", "todo"),
    ]
    assert "submitted it for approval" in text


@pytest.mark.parametrize("name", ["grace", "gus", "dev", "ivy", "otto", "ada"])
def test_who_may_read_the_workflow_reads_its_changes(sign_in, in_review, name):
    client = sign_in(name)

    assert client.get(in_review.get_absolute_url()).status_code == 200
    assert "Control LIM-01" in words_of(client.get("/changes/"))


@pytest.mark.parametrize("name", ["mallory", "ben"])
def test_for_everybody_else_it_is_not_there(sign_in, in_review, name):
    client = sign_in(name)

    assert client.get(in_review.get_absolute_url()).status_code == 404
    assert client.get("/changes/999999/").status_code == 404
    for one in ("approve", "withdraw", "edit", "replay", "nonsense"):
        assert act(client, in_review, one).status_code == 404
    assert "LIM-01" not in main_of(client.get("/changes/"))
    in_review.refresh_from_db()
    assert in_review.status == "in_review"


@pytest.mark.parametrize("name", ["otto", "dev", "ada"])
def test_a_reader_sees_no_form_and_is_told_who_acts(sign_in, in_review, name):
    client = sign_in(name)

    page = client.get(in_review.get_absolute_url())

    assert offered(page) == set()
    assert "A governance owner of Credit decisions writes, approves" in words_of(page)
    refused = act(client, in_review, "approve", content_sha256=in_review.content_sha256)
    assert refused.status_code == 403
    assert "needs the role" in words_of(refused)


def test_an_author_finds_no_approval_but_the_reason_why_and_is_refused_if_he_posts_one(
    sign_in, in_review
):
    client = sign_in("grace")

    page = client.get(in_review.get_absolute_url())
    answer = act(
        client, in_review, "approve", content_sha256=in_review.content_sha256, note="Mine."
    )

    assert offered(page) == {"edit", "withdraw", "replay"}
    assert "You wrote or edited this change; somebody else approves it." in words_of(page)
    assert answer.status_code == 403
    assert "You wrote or edited this change" in words_of(answer)
    in_review.refresh_from_db()
    assert in_review.status == "in_review"


def test_who_edited_it_is_no_second_person_either(sign_in, in_review, cast):
    at = clock.now()
    changes.edit(in_review, links=["change:1"], by=cast.gus, at=at)
    in_review.refresh_from_db()
    approvals.submit(in_review, by=cast.grace, at=at)

    answer = act(sign_in("gus"), in_review, "approve", content_sha256=in_review.content_sha256)

    assert answer.status_code == 403


def test_a_second_person_approves_exactly_what_the_page_shows(sign_in, in_review, credit, cast):
    client = sign_in("gus")
    page = client.get(in_review.get_absolute_url())
    sent = re.search(r'name="content_sha256" value="(\w+)"', main_of(page))
    assert sent is not None
    assert sent[1] == in_review.content_sha256

    answer = act(client, in_review, "approve", content_sha256=sent[1], note="I see why.")

    assert answer.url == in_review.get_absolute_url()
    in_review.refresh_from_db()
    assert (in_review.status, in_review.approver, in_review.approval_note) == (
        "published",
        cast.gus,
        "I see why.",
    )
    assert newest_set(credit).number == 2
    told = words_of(client.get(answer.url))
    assert "You approved change" in told
    assert "Set 2 is live." in told
    assert "I see why." in told
    assert verify() == []


def test_another_content_than_was_seen_is_a_conflict_that_shows_it_and_keeps_the_note(
    sign_in, in_review, credit, cast
):
    seen = in_review.content_sha256
    at = clock.now()
    changes.edit(in_review, edits=[limit(credit, 9999)], by=cast.grace, at=at)
    in_review.refresh_from_db()
    submitted_again = approvals.submit(in_review, by=cast.grace, at=at)
    replayed(submitted_again, at)

    answer = act(sign_in("gus"), in_review, "approve", content_sha256=seen, note="Typed <words>.")

    assert answer.status_code == 409
    text = main_of(answer)
    assert "It changed while you read it" in text
    assert "now 9,999" in words_of(answer)
    assert escape("Typed <words>.") in text
    assert submitted_again.content_sha256 in text
    assert seen not in text.split('id="approval"')[1].split('class="card thread"')[0]
    assert newest_set(credit).number == 1


def test_nobody_is_offered_an_approval_before_the_replay_is_done(sign_in, credit, cast):
    at = clock.now()
    change = drafted(credit, cast.grace, limit(credit, 3000), at=at)
    approvals.submit(change, by=cast.grace, at=at)
    past_the_guards(Replay.objects.update, status="running", total=1000, done=420)
    client = sign_in("gus")

    page = client.get(change.get_absolute_url())

    assert "approve" not in offered(page)
    assert "is not done: 420 of 1000 cases" in words_of(page)
    assert f'hx-get="/changes/{change.number}/progress/"' in main_of(page)
    part = client.get(f"/changes/{change.number}/progress/", headers={"HX-Request": "true"})
    assert 'value="42"' in part.content.decode()
    assert "<main" not in part.content.decode()
    assert client.get(f"/changes/{change.number}/progress/").url.endswith("#replay")
    past_the_guards(
        Replay.objects.update, status="failed", problem="A worker died.", taken_until=None
    )
    part = client.get(f"/changes/{change.number}/progress/", headers={"HX-Request": "true"})
    assert "A worker died." in part.content.decode()
    assert "hx-get" not in part.content.decode()


def test_a_replay_is_cancelled_and_asked_for_again(sign_in, in_review):
    client = sign_in("gus")

    assert act(client, in_review, "replay").status_code == 302
    twice = act(client, in_review, "replay")
    assert twice.status_code == 409
    assert "is under way" in words_of(twice)
    assert act(client, in_review, "cancel").status_code == 302
    over = act(client, in_review, "cancel")
    assert over.status_code == 409
    assert [one.status for one in in_review.replays.order_by("pk")] == ["done", "cancelled"]
    assert "Cancelled by Gus Lind." in words_of(client.get(in_review.get_absolute_url()))


def test_declining_needs_a_sentence_and_loses_none(sign_in, in_review):
    client = sign_in("gus")

    silent = act(client, in_review, "decline", note=" ")
    assert silent.status_code == 422
    assert 'href="#decline-note"' in main_of(silent)
    assert "Say why not: its author will read it." in words_of(silent)

    assert act(client, in_review, "decline", note="Too soon.").status_code == 302
    text = words_of(sign_in("grace").get(in_review.get_absolute_url()))
    assert "Gus Lind declined it" in text
    assert "Too soon." in text
    assert "Nothing of it ever went live." in text


def test_the_list_shows_what_waits_for_me_first_and_filters(sign_in, credit, cast, in_review):
    drafted(credit, cast.gus, limit(credit, 5), reason="", at=clock.now())
    client = sign_in("gus")

    text = words_of(client.get("/changes/"))

    assert text.index("Waits for you") < text.index("All changes")
    assert "Not said yet" in text
    assert "Waits for you" not in words_of(sign_in("grace").get("/changes/"))
    client = sign_in("otto")
    assert "Gus Lind" in words_of(client.get("/changes/?status=in_review"))
    assert "Not said yet" not in main_of(client.get("/changes/?status=in_review"))
    assert "Not said yet" in main_of(client.get("/changes/?status=open&workflow=credit-decisions"))
    assert "Nothing matches" in words_of(client.get("/changes/?kind=incident"))
    assert client.get("/changes/?cursor=junk").url == "/changes/"
    assert "LIM-01" in main_of(client.get("/changes/?status=panic&workflow=%F0%9F%98%80"))


def test_an_empty_list_says_how_a_change_begins(sign_in, credit):
    text = words_of(sign_in("grace").get("/changes/"))

    assert "No change yet" in text
    assert "/api/v1/control-changes/" in text


@pytest.mark.parametrize("address", ["/changes/", "/changes/1/", "/changes/1/progress/"])
def test_a_stranger_is_asked_to_sign_in(client, db, address):
    assert client.get(address).url.startswith("/accounts/login/")


def test_each_item_alone_is_previewed_by_itself_or_without_script_on_the_page(
    sign_in, credit, cast
):
    at = clock.now()
    for amount in (2700, 5000, 100):
        stored(credit, {"amount": amount}, at=at - DAY)
    change = drafted(credit, cast.grace, limit(credit, 3000), at=at)
    client = sign_in("grace")

    page = client.get(change.get_absolute_url())
    part = client.get(f"/changes/{change.number}/preview/", headers={"HX-Request": "true"})
    whole = client.get(f"/changes/{change.number}/preview/")

    assert f'hx-get="/changes/{change.number}/preview/" hx-trigger="load"' in main_of(page)
    for text in (part.content.decode(), main_of(whole)):
        row = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
        assert "Control LIM-01 of 3 cases 1 1 in 3 2 0 1 0 0 1 never reviewed" in row
        assert "hx-get" not in text
    assert "<main" not in part.content.decode()
    assert "hx-get" not in main_of(sign_in("otto").get(change.get_absolute_url()))


def test_a_change_that_is_over_or_edits_no_control_has_no_preview(sign_in, credit, cast):
    at = clock.now()
    over = drafted(credit, cast.grace, limit(credit, 3000), at=at)
    changes.withdraw(over, by=cast.grace, at=at)
    empty = drafted(credit, cast.grace, at=at)
    client = sign_in("grace")

    for change in (over, empty):
        assert client.get(f"/changes/{change.number}/preview/").url == change.get_absolute_url()
        assert "Each item alone" not in main_of(client.get(change.get_absolute_url()))
