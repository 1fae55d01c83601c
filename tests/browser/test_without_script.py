"""Without script: everything a reviewer needs works by plain forms and links."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reviews.models import Decision
from tests.browser.seat import words
from tests.browser.steps import WHY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(sit):
    return sit("ada", again=True, java_script_enabled=False).open("/queues/")


def fill(page) -> None:
    page.get_by_label("Approve as drafted").check()
    page.get_by_label("Figures agree with sources").check(force=True)
    page.get_by_label("Rationale").fill(WHY)


def test_a_reviewer_reads_claims_and_decides(page, world):
    case, following = world.post(), world.post()
    page.get_by_role("link", name="Claims letters").click()
    page.get_by_role("link", name=case.title).first.click()
    assert "In the pilot a person sees every output." in words(page)
    page.get_by_role("button", name="Claim this case").click()
    expect(page.get_by_label("Rationale")).to_be_visible()

    fill(page)
    page.get_by_role("button", name="Send as drafted").click()

    assert Decision.objects.get(case=case).rationale == WHY
    assert following.reference in page.url
    expect(page.locator(".receipt")).to_contain_text(f"Approved: {case.reference}")

    page.get_by_role("button", name="Undo").click()
    assert case.reference in page.url
    expect(page.get_by_label("Rationale")).to_have_value(WHY)


def test_a_form_sent_again_after_back_is_one_decision(page, world):
    case = world.claimed(world.post(), "ada")
    page.goto(case.get_absolute_url())
    fill(page)
    page.get_by_role("button", name="Send as drafted").click()
    token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")

    again = page.request.post(
        f"{case.get_absolute_url()}decide/",
        form={"csrfmiddlewaretoken": token, "lease": "1", "outcome": "approve", "rationale": WHY},
    )
    page.go_back()

    assert again.status == 200
    assert Decision.objects.filter(case=case).count() == 1
    expect(page.locator("#decide")).to_contain_text("Ada Byrne decided")


def test_a_refused_form_comes_back_with_every_word_and_says_what_to_mend(page, world):
    case = world.claimed(world.post(), "ada")
    page.goto(case.get_absolute_url())
    page.get_by_label("Reject, send nothing").check()
    page.get_by_label("Rationale").fill("Too short.")
    page.get_by_role("button", name="Reject and close").click()

    summary = page.locator("[data-error-summary]")
    assert "Choose a reason." in summary.inner_text()
    assert "at least 20 characters, you wrote 10" in summary.inner_text()
    expect(page.get_by_label("Rationale")).to_have_value("Too short.")
    expect(page.get_by_label("Reject, send nothing")).to_be_checked()
    assert page.locator("#rationale-error").inner_text() in summary.inner_text()


def test_a_form_with_a_stale_token_asks_to_sign_in_again(page, world):
    case = world.claimed(world.post(), "ada")
    page.goto(case.get_absolute_url())
    fill(page)
    page.context.clear_cookies(name="csrftoken")

    with page.expect_response("**/decide/") as sent:
        page.get_by_role("button", name="Send as drafted").click()

    assert sent.value.status == 403
    expect(page.locator("h1")).to_contain_text("Sign in again")
    page.get_by_role("link", name="Sign in again").click()
    assert case.reference in page.url
    assert not Decision.objects.filter(case=case).exists()


def test_a_case_is_skipped_and_given_back(page, world):
    case = world.claimed(world.post(), "ada")
    page.goto(case.get_absolute_url())
    page.get_by_text("Skip", exact=True).click()
    page.get_by_label("Why do you skip it?").select_option(index=1)
    page.get_by_role("button", name="Skip this case").click()
    assert f"You skipped {case.reference}" in words(page)

    other = world.claimed(world.post(), "ada")
    page.goto(other.get_absolute_url())
    page.get_by_role("button", name="Release").click()
    assert f"You gave {other.reference} back" in words(page)
