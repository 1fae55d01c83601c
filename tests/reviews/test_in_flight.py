"""What a new control set means for cases under way: they keep their set, unless its publisher asks
for another look, and nothing leaves that the new set blocks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls.control_sets import newest_set
from assurance.controls.models import Assessment, ControlChange
from assurance.record import ledger, verification
from assurance.record.actors import Actor
from reviews import in_flight, releasing
from reviews.models import Case
from tests.controls_factories import publish_next
from tests.reviews.conftest import MINUTE, NOON, decided

pytestmark = pytest.mark.django_db
LATER = NOON + 10 * MINUTE


def made_live(credit, *, in_flight_: str = "leave", at=NOON + MINUTE, **fields) -> ControlChange:
    """LIM-01 with other fields, made live by two persons."""
    content = newest_set(credit).content
    controls = [{**one, **fields} if one["key"] == "LIM-01" else one for one in content["controls"]]
    made = publish_next(
        credit, {**content, "controls": controls}, actor=Actor.system("test"), at=at
    )
    ControlChange.objects.filter(pk=made.change_id).update(in_flight=in_flight_)
    return made.change


def test_a_case_keeps_the_set_that_judged_it(waiting, credit):
    made_live(credit, effect="governance")

    assert in_flight.reassess(LATER) == 0

    waiting.refresh_from_db()
    assert waiting.control_set.number == 1
    assert waiting.disposition == "review"


def test_a_publisher_may_have_open_cases_judged_again_and_they_move_where_it_is_stricter(
    waiting, credit
):
    made_live(credit, effect="governance", in_flight_="reassess")

    assert in_flight.reassess(LATER) == 1
    assert in_flight.reassess(LATER) == 0

    waiting.refresh_from_db()
    assert (waiting.control_set.number, waiting.disposition) == (2, "governance")
    assert waiting.queue.slug == "credit-governance"
    stream = ledger.Stream.case(waiting.id)
    assert ledger.types(stream)[-3:] == ["case.reassessed", "case.assessed", "case.routed"]
    assert list(verification.problems()) == []


def test_a_case_that_would_be_let_go_stays_and_both_judgements_are_kept(waiting, credit):
    condition = {"field": "output.amount", "op": ">", "value": 9000}
    made_live(credit, condition=condition, in_flight_="reassess")

    assert in_flight.reassess(LATER) == 1
    assert in_flight.reassess(LATER) == 0

    waiting.refresh_from_db()
    assert (waiting.state, waiting.queue.slug) == ("open", "credit-review")
    assert waiting.control_set.number == 1
    kept = Assessment.objects.filter(case_id=waiting.id).order_by("pk")
    assert [one.disposition for one in kept] == ["review", "continue"]
    assert list(verification.problems()) == []


def test_who_works_on_a_case_is_not_disturbed(waiting, credit, cast):
    from reviews import claims

    held = claims.claim(waiting, by=cast.ada, at=NOON)
    made_live(credit, effect="governance", in_flight_="reassess")

    assert in_flight.reassess(NOON + 2 * MINUTE) == 0
    claims.release(held, by=cast.ada, lease=held.lease_number, at=NOON + 3 * MINUTE)
    assert in_flight.reassess(LATER) == 1


def test_a_new_block_holds_the_release_and_a_governance_owner_decides(waiting, credit, cast):
    decision = decided(waiting, cast.ada)
    made_live(credit, effect="block", at=NOON + timedelta(seconds=1))

    assert releasing.release_due(LATER) == 0
    assert releasing.release_due(LATER) == 0

    case = Case.objects.get()
    decision.refresh_from_db()
    assert (case.state, case.end, case.queue.slug) == ("open", "", "credit-governance")
    assert (decision.released_at, decision.withdrawn_at) == (None, LATER)
    assert case.decided_by == ["LIM-01"]
    stream = ledger.Stream.case(case.id)
    assert "case.release_held" in ledger.types(stream)
    assert "case.closed" not in ledger.types(stream)
    assert list(verification.problems()) == []
    again = decided(case, cast.gus, at=LATER)
    assert releasing.release_due(again.release_at) == 1
    case.refresh_from_db()
    assert case.end == "approved"
    assert list(verification.problems()) == []


def test_a_rejection_leaves_whatever_the_new_set_says(waiting, credit, cast):
    from reviews.decisions import Verdict
    from tests.reviews.conftest import WHY

    decided(waiting, cast.ada, Verdict("reject", reasons=["other"], rationale=WHY))
    made_live(credit, effect="block", at=NOON + timedelta(seconds=1))

    assert releasing.release_due(LATER) == 1


def test_a_new_set_that_blocks_nothing_of_it_holds_no_release(waiting, credit, cast):
    decided(waiting, cast.ada)
    made_live(credit, effect="specialist", at=NOON + timedelta(seconds=1))

    assert releasing.release_due(LATER) == 1


def test_the_case_page_tells_both_in_words(client, waiting, credit, cast, post):
    made_live(credit, effect="governance", in_flight_="reassess")
    in_flight.reassess(LATER)
    client.force_login(cast.grace)
    page = client.get(waiting.get_absolute_url()).content.decode()
    assert "judged it again under change 1: it moved" in page


def test_a_held_release_is_told_on_the_page(client, waiting, credit, cast):
    decided(waiting, cast.ada)
    made_live(credit, effect="block", at=NOON + timedelta(seconds=1))
    releasing.release_due(LATER)
    client.force_login(cast.grace)

    page = client.get(waiting.get_absolute_url()).content.decode()

    assert "held the decision back: LIM-01 of the set that is live now blocks it" in page
