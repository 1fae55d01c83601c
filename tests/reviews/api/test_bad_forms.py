"""The catalogue of bad inputs, forms part (41 to 49, 53, 54), at the pages' own endpoints: with
script, which swaps one notice in, and without, which shows the whole page again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assurance import clock
from reviews.models import Case, Decision, Draft
from tests.accounts_factories import PASSWORD
from tests.reviews.api.conftest import claimed, signed_in
from tests.reviews.conftest import MINUTE, WHY

pytestmark = pytest.mark.django_db

SCRIPT = {"HX-Request": "true"}
BOTH = pytest.mark.parametrize("headers", [SCRIPT, {}], ids=["with script", "without"])


@pytest.fixture
def held(submit, people) -> dict[str, Any]:
    """A case in ada's hands, and the form she fills in."""
    case = submit()
    lease = claimed(people.ada, case)
    form = {"lease": str(lease), "outcome": "approve", "reasons": "within-policy",
            "rationale": WHY}  # fmt: skip
    return {"case": case, "form": form, "address": f"/cases/{case['reference']}/decide/"}


def send(person, held, headers, **changed: Any):
    form = {name: one for name, one in {**held["form"], **changed}.items() if one is not None}
    return person.client.post(held["address"], form, headers=headers)


def refused(answer, status: int, *words: str, headers: dict[str, str]) -> str:
    """Refused in plain words; without script on a whole page, with script by a part of one."""
    text = answer.content.decode()
    assert answer.status_code == status, text[:500]
    assert not Decision.objects.filter(released_at=None, withdrawn_at=None).exists() or (
        status == 409
    )
    for word in words:
        assert word in text, word
    assert ("<html" in text) == (not headers)
    return text


@BOTH
def test_41_a_decision_without_a_reason_is_told_beside_the_field(people, held, headers):
    answer = send(people.ada, held, headers, reasons=None)

    refused(answer, 422, "Choose a reason", headers=headers)
    assert Draft.objects.get().body["rationale"] == WHY


@BOTH
@pytest.mark.parametrize("blank", ["", "   \n\t ", "\u200b\u200d\u2060\ufeff"])
def test_42_a_reason_of_spaces_and_nothing_is_none(people, held, headers, blank):
    answer = send(people.ada, held, headers, rationale=blank)

    refused(answer, 422, "at least 40 characters", headers=headers)


@BOTH
def test_43_a_reason_of_100_000_characters_is_told_its_length(people, held, headers):
    answer = send(people.ada, held, headers, rationale="x" * 100_000)

    refused(answer, 422, "100,000", "4,000", headers=headers)


@BOTH
@pytest.mark.parametrize("outcome", ["", "second_opinion", "delete", "Approve"])
def test_44_an_outcome_that_is_not_offered_is_refused(people, held, headers, outcome):
    answer = send(people.ada, held, headers, outcome=outcome)

    refused(answer, 422, headers=headers)
    assert not Decision.objects.exists()


@BOTH
def test_45_an_edited_value_that_is_no_number_is_told(people, held, headers):
    answer = send(
        people.ada, held, headers, outcome="correct", reasons="figure-wrong",
        **{"output.amount": "much"},
    )  # fmt: skip

    refused(answer, 422, headers=headers)
    assert not Decision.objects.exists()


@BOTH
def test_46_a_double_click_is_one_decision(people, held, headers):
    first = send(people.ada, held, headers)
    second = send(people.ada, held, headers)

    assert first.status_code == second.status_code == 302
    assert Decision.objects.count() == 1


@BOTH
def test_47_an_old_form_sent_again_after_somebody_else_decided_is_told_who(
    people, held, headers, cast
):
    with clock.shifted(21 * MINUTE):
        ben = signed_in(cast.ben)
        lease = claimed(ben, held["case"])
        send(ben, held, {}, lease=str(lease))
        answer = send(signed_in(cast.ada), held, headers)

    refused(answer, 409, "Ben Osei", headers=headers)
    assert Decision.objects.count() == 1
    assert Draft.objects.get(user=cast.ada).body["rationale"] == WHY


@pytest.mark.parametrize("token", [None, "stale" * 8], ids=["absent", "stale"])
def test_48_without_the_token_nothing_is_done_and_one_is_told_to_sign_in_again(cast, held, token):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.ada)
    form = held["form"] | ({"csrfmiddlewaretoken": token} if token else {})
    answer = browser.post(held["address"], form)

    assert answer.status_code == 403
    assert "sign in again" in answer.content.decode().lower()
    assert not Decision.objects.exists()


def test_49_after_the_session_has_ended_one_signs_in_and_finds_ones_words(cast, people, held):
    people.ada.put(f"cases/{held['case']['id']}/draft/", {"rationale": "half a sentence, and"})
    stranger = Client()
    answer = stranger.post(held["address"], held["form"])
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")
    assert not Decision.objects.exists()

    stranger.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    page = stranger.get(f"/cases/{held['case']['reference']}/").content.decode()
    assert "half a sentence, and" in page


@pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example/", "/\\evil.example",
                                  "javascript:alert(1)"])  # fmt: skip
def test_53_a_next_that_leads_away_is_ignored(cast, evil):
    answer = Client().post(
        f"/accounts/login/?next={evil}", {"login": "ada", "password": PASSWORD, "next": evil}
    )

    assert answer.status_code == 302
    assert answer["Location"] == "/queues/"


@pytest.mark.parametrize("words", ["a\0b", "x" * 5_000], ids=["U+0000", "5,000 characters"])
def test_54_a_search_that_cannot_be_meant_is_refused(people, submit, words):
    answer = people.ada.client.get("/cases/", {"q": words})

    assert answer.status_code == 400


@pytest.mark.parametrize("sign", ["%", "_", "\\", "'", '"', "*", "%%%"])
def test_54_signs_stand_for_themselves_in_a_search(people, submit, sign):
    plain, signed = submit(title="Nothing odd"), submit(title=f"Odd {sign} here")
    page = people.ada.client.get("/cases/", {"q": sign}).content.decode()

    assert f"/cases/{signed['reference']}/" in page
    assert f"/cases/{plain['reference']}/" not in page
    assert Case.objects.count() == 2
