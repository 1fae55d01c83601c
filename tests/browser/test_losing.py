"""What a person may lose, and never the words: the case, the hold, the session, the device."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from assurance import clock
from reviews.decisions import Verdict
from reviews.models import Case, Decision, Draft
from tests.accounts_factories import PASSWORD
from tests.browser.seat import words
from tests.browser.steps import WHY, fill_approval, refused
from tests.running import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
REJECTED = Verdict(
    "reject", reasons=["figure-wrong"], rationale="The invoice says 4,280.00, not this."
)


def lapse(case: Case) -> None:
    """The hold ends now, as it does when nobody works."""
    Case.objects.filter(pk=case.pk).update(leased_until=clock.now() - timedelta(seconds=1))


def typed_by_ada(sit, world) -> tuple[Case, object]:
    """A case in ada's hands with a decision filled in, not sent."""
    case = world.claimed(world.post(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    fill_approval(page)
    return case, page


def test_a_conflict_shows_who_decided_what_and_why_and_keeps_the_words(sit, world):
    case, page = typed_by_ada(sit, world)
    lapse(case)
    world.decided(case, "ben", REJECTED)

    with page.expect_response("**/decide/") as sent:
        refused(page)

    assert sent.value.status == 409
    notice = words(page, "#notice")
    assert "Ben Osei rejected" in notice
    assert "Figure wrong" in notice
    assert REJECTED.rationale in notice
    expect(page.locator("#rationale")).to_have_value(WHY)
    expect(page.locator("[name=outcome][value=approve]")).to_be_checked()
    assert Decision.objects.filter(case=case).count() == 1
    assert Draft.objects.get(case=case, user=world.cast.ada).body["rationale"] == WHY


def test_a_conflict_over_a_correction_shows_where_the_two_outputs_differ(sit, world):
    case = world.claimed(world.wrong(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    page.keyboard.press("c")
    letter = page.get_by_label("Your letter")
    letter.fill(letter.input_value().replace("4,820.00", "3,930.00"))
    lapse(case)
    theirs = case.submissions.get().body["output"]
    theirs = {"letter": theirs["letter"].replace("4,820.00", "4,280.00"), "payout": 3930}
    rationale = "The invoice total, as the customer knows it from the invoice."
    verdict = Verdict("correct", reasons=["figure-wrong"], rationale=rationale, output=theirs)
    world.decided(case, "ben", verdict)

    refused(page)

    notice = page.locator("#notice")
    expect(notice).to_contain_text("Ben Osei corrected and approved")
    expect(notice.locator("del", has_text="£3,930.00")).to_be_visible()
    expect(notice.locator("ins", has_text="£4,280.00")).to_be_visible()
    expect(letter).to_have_value(re.compile("3,930.00"))
    expect(page.locator("[data-lease]")).to_have_text("Not yours any more")


def test_a_lost_hold_names_the_holder_and_keeps_the_draft(sit, world):
    case, page = typed_by_ada(sit, world)
    lapse(case)
    world.claimed(case, "ben")

    with page.expect_response("**/decide/") as sent:
        refused(page)

    assert sent.value.status == 409
    assert re.match(r"Your hold ended at \d\d:\d\d", words(page, "#notice"))
    assert "Ben Osei holds it now" in words(page, "#notice")
    expect(page.locator("#rationale")).to_have_value(WHY)
    page.reload()
    assert "Ben Osei holds this case" in words(page, "#decide")
    expect(page.locator("#decide blockquote")).to_have_text(WHY)

    lapse(case)
    page.reload()
    page.get_by_role("button", name="Claim this case").click()
    expect(page.locator("#rationale")).to_have_value(WHY)
    expect(page.locator("[name=outcome][value=approve]")).to_be_checked()


def test_a_hold_that_nobody_took_over_is_taken_again_from_the_notice(sit, world):
    case, page = typed_by_ada(sit, world)
    lapse(case)
    refused(page)

    page.get_by_role("button", name="Take it again").click()

    expect(page.locator("#rationale")).to_have_value(WHY)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".receipt")).to_be_visible()
    assert Decision.objects.get(case=case).rationale == WHY


def test_what_was_typed_is_on_another_device_within_five_seconds(sit, world):
    case = world.claimed(world.post(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    with page.expect_response(lambda answer: WHY in (answer.request.post_data or "")) as saved:
        fill_approval(page)
        typed = time.monotonic()
    assert saved.value.ok
    assert time.monotonic() - typed < 5

    other = sit("ada", again=True, viewport={"width": 390, "height": 844})
    there = other.open(case.get_absolute_url())
    expect(there.locator("#rationale")).to_have_value(WHY)
    expect(there.locator("[name=reasons]:checked")).to_have_count(1)

    page.locator("#rationale").focus()
    page.keyboard.press("End")
    page.keyboard.type(" And more.")
    page.close()
    wait_until(lambda: "And more." in Draft.objects.get(case=case).body["rationale"])
    there.reload()
    expect(there.locator("#rationale")).to_have_value(f"{WHY} And more.")


def test_the_end_of_a_hold_is_announced_once_and_one_key_renews_it(sit, world):
    world.queue_with(lease=timedelta(seconds=123))
    case = world.claimed(world.post(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    page.evaluate(
        """() => {
          window.said = [];
          const voice = document.getElementById("announce");
          new MutationObserver(() => window.said.push(voice.textContent))
            .observe(voice, { childList: true, characterData: true, subtree: true });
        }"""
    )
    expect(page.locator("#notice")).to_contain_text("Your hold ends in 2 minutes", timeout=12_000)
    page.wait_for_timeout(5_500)
    said = page.evaluate("window.said")
    assert len([text for text in said if "ends in 2 minutes" in text]) == 1
    world.queue_with(lease=timedelta(minutes=20))

    page.keyboard.press("x")

    expect(page.locator("#notice [data-notice]")).to_have_count(0)
    expect(page.locator("#announce")).to_have_text("You keep the case.")
    case.refresh_from_db()
    assert case.leased_until > clock.now() + timedelta(minutes=19)


def test_a_page_from_before_the_last_sign_in_says_so_and_keeps_the_words(sit, world):
    case, page = typed_by_ada(sit, world)
    page.context.clear_cookies(name="csrftoken")

    with page.expect_response("**/decide/") as sent:
        refused(page)

    assert sent.value.status == 403
    assert "this page is too old" in words(page, "#notice")
    expect(page.locator("#rationale")).to_have_value(WHY)
    page.reload()
    expect(page.locator("#rationale")).to_have_value(WHY)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".receipt")).to_be_visible()
    assert Decision.objects.filter(case=case).count() == 1


def test_a_session_that_ended_in_mid_form_loses_nothing(sit, world):
    world.post()
    case = world.claimed(world.post(), "ada")
    seat = sit("ada", again=True)
    page = seat.open(case.get_absolute_url())
    Session.objects.all().delete()
    fill_approval(page)

    refused(page)
    assert "you are signed out" in words(page, "#notice")
    expect(page.locator("#rationale")).to_have_value(WHY)

    page.goto(case.get_absolute_url())
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url(f"**{case.get_absolute_url()}")
    expect(page.locator("#rationale")).to_have_value(WHY)
    approve_button = page.locator("[data-send]")
    expect(approve_button).to_contain_text("Send as drafted")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".receipt")).to_be_visible()
    assert Decision.objects.filter(case=case).count() == 1


def test_without_a_connection_deciding_rests_and_the_words_come_back(sit, world):
    case = world.claimed(world.post(), "ada")
    seat = sit("ada", again=True)
    page = seat.open(case.get_absolute_url())
    seat.context.set_offline(True)
    fill_approval(page)
    refused(page)
    expect(page.locator("[data-connection]")).to_contain_text("Offline")
    assert "there is no connection" in words(page, "#notice")

    seat.context.set_offline(False)

    expect(page.locator("[data-connection]")).to_contain_text("Live")
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft saved", timeout=15_000)
    assert Draft.objects.get(case=case).body["rationale"] == WHY
