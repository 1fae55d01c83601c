"""The pages on which a released decision is corrected and a held case resumed, without script."""

from __future__ import annotations

import pytest
from django.test import Client

from assurance import clock
from reviews import releasing
from reviews.decisions import Verdict
from reviews.models import Decision, Draft
from tests.controls_factories import make_workflow, policy
from tests.reviews.conftest import SECOND, WHY, closed, decided
from tests.reviews.test_intake import submit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain(settings):
    settings.SECURE_SSL_REDIRECT = False
    files = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": files}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(page) -> str:
    return page.content.decode()


def new_verdict(old: Decision, **more):
    said = {"supersedes": old.pk, "outcome": "reject", "reasons": ["figure-wrong"]}
    return {**said, "rationale": "The income belongs to another applicant.", **more}


@pytest.fixture
def approved(cast, post):
    return closed(post(at=clock.now()), cast.ada, at=clock.now())


@pytest.mark.parametrize("name", ["ada", "dev"])
def test_the_decider_and_a_lead_correct_a_released_decision_by_page(cast, approved, name):
    old = approved.decisions.get()
    client = signed_in(getattr(cast, name))
    case_page = client.get(approved.get_absolute_url())
    form = client.get(f"{approved.get_absolute_url()}supersede/")
    sent = client.post(f"{approved.get_absolute_url()}supersede/", new_verdict(old))
    again = client.post(f"{approved.get_absolute_url()}supersede/", new_verdict(old))

    assert "Correct this decision" in words(case_page)
    assert f'name="supersedes" value="{old.pk}"' in words(form)
    assert 'value="escalate"' not in words(form)
    assert "Skip" not in words(form).split('id="decide"')[1]
    assert (sent.status_code, again.status_code) == (302, 302)
    made = Decision.objects.get(supersedes=old)
    assert (made.outcome, made.decided_by) == ("reject", getattr(cast, name))
    waiting = words(client.get(approved.get_absolute_url()))
    assert "corrected that" in waiting
    assert releasing.release_due(made.release_at) == 1
    approved.refresh_from_db()
    assert approved.end == "rejected"


@pytest.mark.parametrize(("name", "status"), [("ben", 404), ("grace", 302), ("mallory", 404)])
def test_nobody_else_is_offered_to_correct_it(cast, approved, name, status):
    client = signed_in(getattr(cast, name))
    page = client.get(approved.get_absolute_url())
    answer = client.get(f"{approved.get_absolute_url()}supersede/")

    assert "Correct this decision" not in words(page)
    assert answer.status_code == status


def test_a_refused_correction_says_why_and_keeps_every_word(cast, approved):
    old = approved.decisions.get()
    client = signed_in(cast.ada)
    typed = new_verdict(old, rationale="Too short.", reasons=[])
    page = client.post(f"{approved.get_absolute_url()}supersede/", typed)

    assert page.status_code == 422
    assert "at least" in words(page)
    assert "Too short." in words(page)
    assert Draft.objects.get(user=cast.ada).body["outcome"] == "reject"


def test_a_correction_starts_from_what_was_sent_before(cast, post):
    output = {"amount": 4280, "text": "We lend it."}
    verdict = Verdict("correct", reasons=["figure-wrong"], rationale=WHY, output=output)
    case = closed(post(at=clock.now()), cast.ada, verdict, at=clock.now())
    page = signed_in(cast.ada).get(f"{case.get_absolute_url()}supersede/")

    assert 'name="output.amount" value="4280"' in words(page)


def test_taking_a_correction_back_keeps_its_words_and_the_old_decision(cast, approved):
    old = approved.decisions.get()
    client = signed_in(cast.ada)
    client.post(f"{approved.get_absolute_url()}supersede/", new_verdict(old))
    made = Decision.objects.get(supersedes=old)
    client.post(f"{approved.get_absolute_url()}decisions/{made.pk}/undo/")
    form = words(client.get(f"{approved.get_absolute_url()}supersede/"))

    old.refresh_from_db()
    assert old.is_current
    assert "The income belongs to another applicant." in form


def held_case(cast):
    workflow = make_workflow(
        controls=[policy(effect="pause")], owner=cast.grace, members=[cast.ada]
    )
    return submit(workflow, at=clock.now()).case


def test_a_governance_owner_resumes_a_held_case_by_page_with_a_reason(cast):
    case = held_case(cast)
    client = signed_in(cast.grace)
    page = client.get(case.get_absolute_url())
    refused = client.post(f"{case.get_absolute_url()}resume/", {"reason": " "})
    done = client.post(f"{case.get_absolute_url()}resume/", {"reason": "Checked with the desk."})
    case.refresh_from_db()

    assert "Resume this case" in words(page)
    assert refused.status_code == 422
    assert done.status_code == 302
    assert case.state == "open"


def test_only_governance_owners_are_offered_to_resume(cast):
    case = held_case(cast)
    page = signed_in(cast.otto).get(case.get_absolute_url())
    answer = signed_in(cast.otto).post(f"{case.get_absolute_url()}resume/", {"reason": "I want."})

    assert "Resume this case" not in words(page)
    assert answer.status_code == 403


def test_a_closed_case_shows_no_running_clock(cast, approved, post):
    page = words(signed_in(cast.ada).get(approved.get_absolute_url()))
    open_page = words(signed_in(cast.ada).get(post(at=clock.now()).get_absolute_url()))

    assert "data-due=" in open_page
    assert "data-due=" not in page


def test_a_decision_in_its_window_is_not_offered_for_correction(cast, post):
    case = post(at=clock.now())
    decided(case, cast.ada, at=clock.now() + SECOND)
    page = words(signed_in(cast.ada).get(case.get_absolute_url()))

    assert "Correct this decision" not in page
    assert "has not left yet" in page


def test_what_our_own_steps_did_is_told_in_words(cast):
    case = held_case(cast)
    record = words(signed_in(cast.grace).get(f"{case.get_absolute_url()}record/"))

    assert "held it, by LIM-01" in record
