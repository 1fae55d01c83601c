"""Who sees which cases, where the answer is not obvious."""

from __future__ import annotations

import pytest

from reviews import drafts
from reviews.models import Case
from tests.reviews.conftest import NOON, closed, the_queue

pytestmark = pytest.mark.django_db


def sees(user, case) -> bool:
    return Case.objects.visible_to(user, NOON).filter(pk=case.pk).exists()


def test_a_decided_case_stays_in_sight_of_the_slower_whose_words_lie_on_it(cast, post):
    typed, untouched = post(), post()
    drafts.save_draft(typed, {"rationale": "I would say no."}, by=cast.ben, at=NOON)
    closed(typed, cast.ada)
    closed(untouched, cast.ada)

    assert (sees(cast.ada, typed), sees(cast.ada, untouched)) == (True, True)
    assert (sees(cast.ben, typed), sees(cast.ben, untouched)) == (True, False)
    assert not sees(cast.cleo, typed)


def test_who_leaves_the_queue_sees_no_case_of_it_whatever_was_typed(cast, post):
    case = post()
    drafts.save_draft(case, {"rationale": "I would say no."}, by=cast.ben, at=NOON)
    closed(case, cast.ada)
    the_queue().members.remove(cast.ben)

    assert not sees(cast.ben, case)
