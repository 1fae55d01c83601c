"""The page of a workflow, the Pause of a case's page, and the bar that everyone sees."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from assurance import clock
from assurance.controls import pausing
from assurance.controls.models import Workflow
from tests.database import past_the_guards

pytestmark = pytest.mark.django_db

PAGE = "/workflows/credit-decisions/"


@pytest.fixture
def sign_in(client, cast):
    def _sign_in(name: str):
        client.force_login(getattr(cast, name))
        return client

    return _sign_in


def main_of(answer) -> str:
    return answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]


def test_the_page_tells_where_the_workflow_stands_and_lists_what_is_in_flight(
    credit, sign_in, post
):
    case = post(at=clock.now())

    text = main_of(sign_in("dev").get(PAGE))

    assert "Limited. Controls hold; changes need a second person." in text
    assert case.get_absolute_url() in text
    assert "Pause workflow" in text
    assert "Resume Credit decisions" not in text


def test_a_lead_pauses_from_a_case_and_is_back_on_it(credit, sign_in, waiting, cast):
    dev = sign_in("dev")
    assert "Pause workflow" in main_of(dev.get(waiting.get_absolute_url()))

    answer = dev.post(
        f"{PAGE}pause/", {"reason": "Wrong sums.", "back": waiting.get_absolute_url()}
    )

    assert answer.url == waiting.get_absolute_url()
    page = dev.get(answer.url).content.decode()
    assert "Credit decisions is paused. New cases are held" in page
    assert "<b>Credit decisions is paused since" in page
    assert "Wrong sums." in page
    assert "Pause workflow" not in page


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "cases/"])
def test_nobody_is_sent_elsewhere_by_the_form(credit, sign_in, back):
    answer = sign_in("dev").post(f"{PAGE}pause/", {"reason": "Wrong.", "back": back})

    assert answer.url == PAGE


def test_a_reviewer_sees_the_bar_and_the_reason_and_no_button(credit, sign_in, waiting, cast):
    pausing.pause(credit, reason="Wrong <sums>.", by=cast.dev, at=clock.now())

    ada = sign_in("ada")
    case, page = ada.get(waiting.get_absolute_url()), ada.get(PAGE)

    for answer in (case, page):
        assert escape("Wrong <sums>.") in answer.content.decode()
        assert "Pause workflow" not in answer.content.decode()
    assert "Dev Rao" in main_of(page)
    assert "A governance owner of Credit decisions resumes it." in main_of(page)


def test_whom_it_does_not_concern_sees_no_bar_and_no_page(credit, sign_in, cast):
    pausing.pause(credit, reason="Wrong sums.", by=cast.dev, at=clock.now())

    mallory = sign_in("mallory")

    assert "is paused" not in mallory.get("/queues/").content.decode()
    assert mallory.get(PAGE).status_code == 404
    assert mallory.post(f"{PAGE}pause/", {"reason": "x"}).status_code == 404
    assert "Credit" not in main_of(mallory.get("/workflows/"))


def test_a_governance_owner_resumes_on_the_page(credit, sign_in, cast):
    pausing.pause(credit, reason="Wrong sums.", by=cast.dev, at=clock.now())
    grace = sign_in("grace")
    assert "Resume Credit decisions" in main_of(grace.get(PAGE))

    answer = grace.post(f"{PAGE}resume/", {"reason": "Mended."})

    assert answer.url == PAGE
    assert not Workflow.objects.paused().exists()


@pytest.mark.parametrize(
    ("who", "act", "reason", "status", "says"),
    [
        ("ada", "pause", "Because.", 403, "needs the role"),
        ("dev", "pause", " ", 422, "Say why the workflow is paused."),
        ("grace", "resume", "Fine.", 409, "is not paused"),
    ],
)
def test_a_refusal_is_a_sentence_on_the_page_and_what_was_typed_stays(
    credit, sign_in, who, act, reason, status, says
):
    answer = sign_in(who).post(f"{PAGE}{act}/", {"reason": reason})

    assert answer.status_code == status
    assert says in main_of(answer)
    assert not Workflow.objects.paused().exists()


def test_due_times_on_the_page_stand_still_while_it_is_paused(credit, sign_in, cast, post):
    at = clock.now()
    case = post(at=at)
    since = case.due_at.replace(microsecond=0) - (case.due_at - at) / 2
    past_the_guards(Workflow.objects.update, paused_at=since)

    text = main_of(sign_in("dev").get(case.get_absolute_url()))

    assert "2 h 00 left" in text
