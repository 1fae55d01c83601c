"""Who sees which cases, where the answer is not obvious; and what an intake asks the database."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assurance.controls.control_sets import newest_set
from assurance.controls.live_set import live_set
from reviews import drafts, intake
from reviews.models import Case
from tests.reviews.conftest import NOON, SYSTEM, closed, the_queue

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


def test_an_intake_reads_nothing_back_that_it_has_just_written(credit):
    """What it asks for is small: no set's content, and no assessment with its frozen facts."""
    body = {"workflow": credit.slug, "external_id": "q-1", "output": {"amount": 4820}}
    live_set(newest_set(credit))
    with CaptureQueriesContext(connection) as queries:
        intake.submit(body, workflow=credit, client=None, actor=SYSTEM, at=NOON)
    read = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]

    assert not [sql for sql in read if '"facts"' in sql or '"content"' in sql]
    assert len(queries) <= 22
