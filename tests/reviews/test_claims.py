"""One holder, for a time, with a fencing number."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from assurance.accounts.models import User
from assurance.errors import DomainError
from assurance.record import ledger
from reviews import claims, decisions
from reviews.choices import Status
from reviews.models import Case, Decision, Skip
from tests.controls_factories import make_person
from tests.racing import race, refusals
from tests.reviews.conftest import MINUTE, NOON, SECOND, approve, decided, the_queue

pytestmark = pytest.mark.django_db


def test_a_claim_goes_to_the_first_reviewer_only(cast, waiting):
    claims.claim(waiting, by=cast.ada, at=NOON)

    with pytest.raises(DomainError) as refusal:
        claims.claim(waiting, by=cast.ben, at=NOON + MINUTE)

    assert refusal.value.code == "held_by_other"
    assert refusal.value.extra["holder"] == "ada"
    assert "Ada Byrne holds" in refusal.value.sentence


def test_opening_is_not_claiming_but_claiming_again_renews(cast, waiting):
    first = claims.claim(waiting, by=cast.ada, at=NOON)
    again = claims.claim(waiting, by=cast.ada, at=NOON + 5 * MINUTE)

    assert again.lease_number == first.lease_number
    assert again.leased_until == NOON + 25 * MINUTE


def test_a_lease_ends_by_itself_with_no_cleaner_running(cast, waiting):
    held = claims.claim(waiting, by=cast.ada, at=NOON)

    assert held.status(NOON + 19 * MINUTE) == Status.IN_REVIEW
    assert held.status(NOON + 20 * MINUTE) == Status.WAITING
    assert Case.objects.waiting(NOON + 20 * MINUTE).get() == held
    assert claims.claim(held, by=cast.ben, at=NOON + 20 * MINUTE).leased_by == cast.ben


def test_a_lapsed_lease_never_decides_and_names_who_holds_it_now(cast, waiting):
    old = claims.claim(waiting, by=cast.ada, at=NOON)
    late = NOON + 21 * MINUTE
    with pytest.raises(DomainError, match="take it again") as free:
        decisions.decide(old, approve(), by=cast.ada, lease=old.lease_number, at=late)
    claims.claim(waiting, by=cast.ben, at=late)
    with pytest.raises(DomainError, match="Ben Osei holds it now") as taken:
        decisions.decide(old, approve(), by=cast.ada, lease=old.lease_number, at=late)

    assert (free.value.code, free.value.extra["holder"]) == ("lease_lost", None)
    assert (taken.value.code, taken.value.extra["holder"]) == ("lease_lost", "ben")


def test_an_old_fencing_number_never_decides_over_a_new_one_of_the_same_person(cast, waiting):
    old = claims.claim(waiting, by=cast.ada, at=NOON).lease_number
    later = NOON + 21 * MINUTE
    claims.claim(waiting, by=cast.ada, at=later)

    with pytest.raises(DomainError) as refusal:
        decisions.decide(waiting, approve(), by=cast.ada, lease=old, at=later)

    assert refusal.value.code == "lease_lost"


def test_what_nobody_claimed_cannot_be_decided(cast, waiting):
    with pytest.raises(DomainError) as refusal:
        decisions.decide(waiting, approve(), by=cast.ada, lease=0, at=NOON)

    assert refusal.value.code == "not_claimed"


def test_at_most_five_are_held_and_decided_ones_do_not_count(cast, post):
    cases = [post() for _ in range(7)]
    for case in cases[:5]:
        claims.claim(case, by=cast.ada, at=NOON)
    with pytest.raises(DomainError) as refusal:
        claims.claim(cases[5], by=cast.ada, at=NOON)
    held = Case.objects.held_by(cast.ada, NOON).first()
    decisions.decide(held, approve(), by=cast.ada, lease=held.lease_number, at=NOON)

    assert refusal.value.code == "too_many_held"
    assert claims.claim(cases[5], by=cast.ada, at=NOON).leased_by == cast.ada


def test_nobody_reviews_what_they_built_or_requested_by_whichever_account(cast, credit, post):
    credit.builders.add(cast.ada.person)
    second_account = User.objects.create(username="ada-two", person=cast.ada.person)
    the_queue().members.add(second_account)
    requested = post(requested_by=cast.ben.person.ref)

    for user, case in ((cast.ada, requested), (second_account, requested), (cast.ben, requested)):
        with pytest.raises(DomainError) as refusal:
            claims.claim(case, by=user, at=NOON)
        assert (refusal.value.code, refusal.value.status) == ("conflict_of_interest", 403)
        with pytest.raises(DomainError) as none:
            claims.claim_next(the_queue(), by=user, at=NOON)
        assert none.value.extra["reason"] == "not_eligible"


def test_only_members_of_the_queue_claim(cast, waiting):
    for act in (
        lambda: claims.claim(waiting, by=cast.mallory, at=NOON),
        lambda: claims.claim_next(the_queue(), by=cast.cleo, at=NOON),
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert (refusal.value.code, refusal.value.status) == ("role_missing", 403)


def test_the_next_case_is_the_most_urgent_and_nothing_starves(cast, credit, post):
    low = post(at=NOON - 60 * MINUTE)
    urgent = post()
    Case.objects.filter(pk=low.pk).update(rank_at=NOON + 10 * MINUTE)
    Case.objects.filter(pk=urgent.pk).update(rank_at=NOON + 5 * MINUTE)

    first = claims.claim_next(the_queue(), by=cast.ada, at=NOON)
    second = claims.claim_next(the_queue(), by=cast.ada, at=NOON)

    assert (first, second) == (urgent, low)


def test_an_empty_queue_says_why_it_is_empty(cast, credit, post):
    with pytest.raises(DomainError) as none:
        claims.claim_next(the_queue(), by=cast.ada, at=NOON)
    case = post()
    claims.claim(case, by=cast.ben, at=NOON)
    with pytest.raises(DomainError) as held:
        claims.claim_next(the_queue(), by=cast.ada, at=NOON)

    assert none.value.extra == {"reason": "none_waiting", "next_free_at": None}
    assert held.value.extra == {"reason": "all_held", "next_free_at": "2031-01-06T12:20:00Z"}
    assert "12:20" in held.value.sentence


def test_a_skip_needs_a_reason_and_keeps_the_case_away_for_eight_hours(cast, waiting):
    held = claims.claim_next(the_queue(), by=cast.ada, at=NOON)
    with pytest.raises(DomainError) as refusal:
        claims.skip(held, by=cast.ada, lease=held.lease_number, reason="", at=NOON)
    claims.skip(held, by=cast.ada, lease=held.lease_number, reason="language", at=NOON)
    soon, later = NOON + 479 * MINUTE, NOON + 481 * MINUTE

    assert refusal.value.status == 422
    assert Skip.objects.get().until == NOON + 480 * MINUTE
    with pytest.raises(DomainError) as none:
        claims.claim_next(the_queue(), by=cast.ada, at=soon)
    assert none.value.extra["reason"] == "not_eligible"
    assert claims.claim_next(the_queue(), by=cast.ada, at=later) == waiting


def test_releasing_gives_the_case_back_at_once(cast, waiting):
    held = claims.claim(waiting, by=cast.ada, at=NOON)
    claims.release(held, by=cast.ada, lease=held.lease_number, at=NOON)

    assert claims.claim_next(the_queue(), by=cast.ben, at=NOON) == waiting
    kinds = ledger.types(ledger.Stream.case(waiting.id))
    assert kinds[-3:] == ["case.claimed", "case.released", "case.claimed"]


def test_a_heartbeat_renews_and_leaves_no_entry(cast, waiting):
    held = claims.claim(waiting, by=cast.ada, at=NOON)
    before = len(ledger.types(ledger.Stream.case(waiting.id)))
    renewed = claims.heartbeat(held, by=cast.ada, lease=held.lease_number, at=NOON + 19 * MINUTE)

    assert renewed.leased_until == NOON + 39 * MINUTE
    assert len(ledger.types(ledger.Stream.case(waiting.id))) == before


def test_a_decided_case_cannot_be_claimed_and_shows_the_decision(cast, waiting):
    decided(waiting, cast.ada)

    with pytest.raises(DomainError) as refusal:
        claims.claim(waiting, by=cast.ben, at=NOON + SECOND)

    assert refusal.value.code == "already_decided"
    assert refusal.value.extra["decision"]["decided_by"] == "ada"


@pytest.mark.django_db(transaction=True)
def test_fifty_people_claim_one_case_and_one_gets_it(cast, waiting):
    """Without the row lock several would win."""
    people = [make_person(f"racer-{number}") for number in range(50)]
    the_queue().members.add(*people)

    results = race([lambda who=who: claims.claim(waiting, by=who, at=NOON) for who in people])

    winners = [one for one in results if isinstance(one, Case)]
    lost = refusals(results, "held_by_other")
    assert (len(winners), len(lost)) == (1, 49)
    winner = winners[0].leased_by.get_username()
    assert {refusal.extra["holder"] for refusal in lost} == {winner}
    assert ledger.types(ledger.Stream.case(waiting.id)).count("case.claimed") == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_people_press_play_and_nobody_gets_the_same_case_or_leaves_empty_handed(cast, post):
    cases = {post().pk for _ in range(50)}
    people = [make_person(f"racer-{number}") for number in range(50)]
    the_queue().members.add(*people)

    results = race(
        [lambda who=who: claims.claim_next(the_queue(), by=who, at=NOON) for who in people]
    )

    assert {one.pk for one in results} == cases


@pytest.mark.django_db(transaction=True)
def test_fifty_people_press_play_over_one_case_and_49_hear_that_all_are_held(cast, waiting):
    """While the winner has not committed the case still looks free; nobody may be told that they
    built, requested or skipped what they never saw."""
    people = [make_person(f"racer-{number}") for number in range(50)]
    the_queue().members.add(*people)

    results = race(
        [lambda who=who: claims.claim_next(the_queue(), by=who, at=NOON) for who in people]
    )

    lost = refusals(results, "nothing_to_claim")
    assert [one.pk for one in results if isinstance(one, Case)] == [waiting.pk]
    assert Counter(refusal.extra["reason"] for refusal in lost) == {"all_held": 49}
    assert ledger.types(ledger.Stream.case(waiting.id)).count("case.claimed") == 1


@pytest.mark.django_db(transaction=True)
def test_what_another_is_taking_right_now_is_held_and_what_i_skipped_is_not_mine(cast, post):
    """The same moment held open: another's lock on the case, its lease not yet committed."""
    case = post()
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Case.objects.lock(case.pk)
        losing = pool.submit(race, [lambda: claims.claim_next(the_queue(), by=cast.ben, at=NOON)])
        [taken] = losing.result(timeout=30)
    held = claims.claim(case, by=cast.ben, at=NOON)
    claims.skip(held, by=cast.ben, lease=held.lease_number, reason="language", at=NOON)
    [skipped] = race([lambda: claims.claim_next(the_queue(), by=cast.ben, at=NOON)])

    assert taken.extra == {"reason": "all_held", "next_free_at": None}
    assert "being taken" in taken.sentence
    assert skipped.extra["reason"] == "not_eligible"


@pytest.mark.django_db(transaction=True)
def test_p6_at_a_lapsed_lease_25_old_hands_decide_nothing_while_25_others_claim(cast, waiting):
    """Both locks are needed: of the claims on the row, of the old number on the fence."""
    old = claims.claim(waiting, by=cast.ada, at=NOON).lease_number
    late = NOON + 21 * MINUTE
    people = [make_person(f"racer-{number}") for number in range(25)]
    the_queue().members.add(*people)
    runners = []
    for who in people:
        runners.append(lambda who=who: claims.claim(waiting, by=who, at=late))
        runners.append(
            lambda: decisions.decide(waiting, approve(), by=cast.ada, lease=old, at=late)
        )

    results = race(runners)

    [holder] = [one.leased_by.get_username() for one in results if isinstance(one, Case)]
    too_slow, too_late = refusals(results, "held_by_other"), refusals(results, "lease_lost")
    assert (len(too_slow), len(too_late)) == (24, 25)
    assert {one.extra["holder"] for one in too_slow} == {holder}
    assert {one.extra["holder"] for one in too_late} <= {holder, None}
    assert not Decision.objects.exists()
    waiting.refresh_from_db()
    assert (waiting.leased_by.get_username(), waiting.lease_number) == (holder, old + 1)


@pytest.mark.django_db(transaction=True)
def test_one_person_in_ten_windows_still_holds_five_at_most(cast, post):
    """Without the lock on the person's hands two claims could both be the fifth."""
    for _ in range(12):
        post()

    results = race([lambda: claims.claim_next(the_queue(), by=cast.ada, at=NOON)] * 10)

    assert len([one for one in results if isinstance(one, Case)]) == 5
    assert len(refusals(results, "too_many_held")) == 5
