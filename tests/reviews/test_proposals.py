"""What a verifier proposes stands on the case page as a difference under its name, and nothing of
it is ever applied."""

from __future__ import annotations

import re
from html import unescape

import pytest

from assurance import clock
from assurance.controls.models import Verifier
from reviews import claims, verifying
from reviews.models import Case
from tests.reviews.conftest import NOON
from tests.reviews.verifying import asks, known_as, posted, workflow_asking
from tests.verifier_double import VerifierDouble, says

pytestmark = pytest.mark.django_db

TEXT = "We lend it, 🙂 guaranteed, at 3 per cent."


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""


@pytest.fixture
def double():
    with VerifierDouble() as one:
        yield one


@pytest.fixture(autouse=True)
def judge(double, loopback) -> Verifier:
    return known_as("judge", double)


def proposed(client, user, case: Case, page: str = "") -> str:
    """The proposals on the page as its words, changes marked; empty where there are none."""
    with clock.shifted(NOON - clock.now()):
        client.force_login(user)
        html = client.get(f"{case.get_absolute_url()}{page}").content.decode()
    found = re.findall(r'<div class="proposal">.*?Whoever agrees corrects the output\.', html, re.S)
    marked = re.sub(r"<(/?(?:ins|del))>", r"[\1]", "\n".join(found))
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", marked)).split())


def failing(cast, double, **said) -> Case:
    double.behave = says("fail", **said)
    return posted(workflow_asking(cast), output={"amount": 900, "text": TEXT})


def test_a_proposal_for_the_output_is_shown_as_a_difference_with_the_verifiers_name(
    cast, client, double
):
    case = failing(cast, double, suggested_value={"amount": 800})

    shown = proposed(client, cast.ada, case)

    assert shown.startswith("Judge (reference 1.4) proposes another value EXT-01")
    assert "Amount [del]900[/del] [ins]800[/ins]" in shown
    assert "Nothing of it is applied." in shown
    assert "lend" not in shown  # it says nothing about the text, which stays as it is
    assert "[ins]800" in proposed(client, cast.dev, case, "record/")


def test_nothing_of_it_is_applied_nor_filled_into_the_form(cast, client, double):
    case = failing(cast, double, suggested_value={"amount": 801})
    claims.claim(case, by=cast.ada, at=NOON)

    with clock.shifted(NOON - clock.now()):
        client.force_login(cast.ada)
        html = client.get(case.get_absolute_url()).content.decode()

    assert case.submissions.get().body["output"]["amount"] == 900
    assert 'value="900"' in html
    assert 'value="801"' not in html


def test_a_proposal_for_a_place_in_a_text_marks_its_words(cast, client, double):
    start = TEXT.index("guaranteed")
    found = {"path": "output.text", "message": "A promise.", "start": start,
             "end": start + 10, "suggested_value": "subject to approval"}  # fmt: skip

    shown = proposed(client, cast.ada, failing(cast, double, findings=[found]))

    assert "guaranteed" in shown
    assert "subject to approval" in shown
    assert "We lend it, 🙂 subject to approval, at 3 per cent." in shown


@pytest.mark.parametrize(
    ("path", "words"),
    [("output.iban", "Iban – [ins]DE1[/ins]"), ("context.age", "Age – [ins]DE1[/ins]")],
)
def test_a_proposal_for_what_the_draft_does_not_hold_stands_alone(
    cast, client, double, path, words
):
    found = {"path": path, "message": "Missing.", "suggested_value": "DE1"}

    assert words in proposed(client, cast.ada, failing(cast, double, findings=[found]))


@pytest.mark.parametrize(
    "said",
    [
        {"suggested_value": {"amount": 900}},
        {"findings": [{"path": "output.amount", "message": "No source says 900."}]},
    ],
)
def test_without_another_value_nothing_is_proposed(cast, client, double, said):
    assert proposed(client, cast.ada, failing(cast, double, **said)) == ""


def test_hostile_words_of_a_verifier_stay_words(cast, client, double):
    case = failing(
        cast,
        double,
        suggested_value={"text": "<script>alert(1)</script>\u202e"},
        verifier={"name": "<img src=x>", "version": "1"},
    )

    shown = proposed(client, cast.ada, case)

    with clock.shifted(NOON - clock.now()):
        html = client.get(case.get_absolute_url()).content.decode()
    assert "<script>alert" not in html
    assert "<img src=x>" not in html
    assert "\u202e" not in html
    assert "Judge (<img src=x> 1)" in shown or "&lt;img" in html


def test_a_proposal_about_a_covered_field_stays_covered(cast, client, double):
    schema = {"properties": {"amount": {"type": "number", "x-sensitive": True}, "text": {}}}
    double.behave = says("fail", suggested_value={"amount": 800})
    case = posted(workflow_asking(cast, output_schema=schema))

    assert proposed(client, cast.ada, case) == ""


def test_an_advising_verifier_proposes_too_and_one_in_shadow_says_nothing(cast, client, double):
    double.behave = says("fail", suggested_value={"amount": 800})
    workflow = workflow_asking(cast, asks("EXT-02", mode="advise"), asks("EXT-03", mode="shadow"))
    case = posted(workflow)
    assert proposed(client, cast.ada, case) == ""

    verifying.ask_queued(lambda: NOON)

    assert proposed(client, cast.ada, case).count("proposes another value") == 1
    assert "another value EXT-02" in proposed(client, cast.ada, case)
