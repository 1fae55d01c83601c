"""A verifier asked in shadow answers after the case was judged: its word stands in the two by two
of live and candidate, with what became known of each case."""

from __future__ import annotations

import pytest

from assurance import clock
from assurance.controls.labels import record_label
from assurance.controls.shadow_results import two_by_two
from reviews import verifying
from tests.reviews.conftest import MINUTE, NOON
from tests.reviews.verifying import asks, known_as, policy, posted, workflow_asking
from tests.verifier_double import FAULT, VerifierDouble, as_json, says

pytestmark = pytest.mark.django_db

SOON = NOON + 5 * MINUTE


@pytest.fixture
def double(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_EGRESS_PROXY = ""
    with VerifierDouble() as one:
        known_as("judge", one)
        yield one


@pytest.fixture
def workflow(cast, double):
    """LIM-01 holds more than 2,500; EXT-01 asks in shadow, but not about more than 9,000."""
    small = {"field": "output.amount", "op": "<=", "value": 9000}
    return workflow_asking(cast, policy(), asks(mode="shadow", condition=small))


def doubting(question):
    """Fails odd amounts."""
    amount = question.body["output"]["payload"]["amount"]
    return as_json(question.answer("fail" if amount % 2 else "pass"))


def receive(workflow, *amounts):
    return [
        posted(workflow, external_id=f"a-{amount}", output={"amount": amount}) for amount in amounts
    ]


def cells(workflow, at=SOON):
    found = two_by_two(workflow, "EXT-01", at)
    return {name: cell["n"] for name, cell in found["cells"].items()}, found["unanswered"]


def test_its_answers_stand_beside_the_live_ones_with_the_human_outcome(workflow, double):
    double.behave = doubting
    both, live_only, candidate_only, neither = receive(workflow, 4001, 4000, 901, 900)
    record_label(
        case_id=candidate_only.id, workflow=workflow, value="harmful", source="outcome", at=NOON
    )
    waiting = cells(workflow)

    verifying.ask_queued(lambda: NOON + MINUTE)

    found = two_by_two(workflow, "EXT-01", SOON)
    assert waiting == (dict.fromkeys(found["cells"], 0), 4)
    assert cells(workflow) == (dict.fromkeys(found["cells"], 1), 0)
    assert found["cells"]["candidate_only"]["harmful"] == 1
    assert (found["fire_rate"]["k"], found["n"]) == (2, 4)
    assert [case.disposition for case in (both, live_only, candidate_only, neither)] == [
        "review", "review", "continue", "continue",
    ]  # fmt: skip


def test_a_case_that_it_was_not_asked_about_counts_as_let_go(workflow, double):
    double.behave = doubting
    receive(workflow, 9001)

    verifying.ask_queued(lambda: NOON + MINUTE)

    assert double.questions == []
    assert cells(workflow) == (
        {"both": 0, "live_only": 1, "candidate_only": 0, "neither": 0}, 0,
    )  # fmt: skip


def test_an_answer_that_did_not_come_holds_as_the_control_says(workflow, double):
    double.behave = FAULT
    receive(workflow, 900)

    verifying.ask_queued(lambda: NOON + MINUTE)

    assert cells(workflow)[0]["candidate_only"] == 1


def test_at_an_earlier_moment_a_later_answer_was_not_there(workflow, double):
    double.behave = says("fail")
    receive(workflow, 900)
    verifying.ask_queued(lambda: NOON + MINUTE)

    assert cells(workflow, NOON + MINUTE / 2) == (dict.fromkeys(cells(workflow)[0], 0), 1)


def test_the_page_of_the_control_shows_them(workflow, double, client, cast):
    double.behave = doubting
    receive(workflow, 901)

    with clock.shifted(SOON - clock.now()):
        client.force_login(cast.grace)
        before = client.get("/controls/EXT-01/").content.decode()
        verifying.ask_queued(lambda: NOON + MINUTE)
        after = client.get("/controls/EXT-01/").content.decode()

    assert "1 case whose verifier has not answered yet" in before
    assert "has not answered yet" not in after
    assert "100.0 % (1 of 1)" in after
