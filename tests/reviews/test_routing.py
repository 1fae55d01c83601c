"""Routing: ordered rules, first match wins, never below the kind that a case needs."""

from __future__ import annotations

import doctest
from datetime import timedelta

import pytest

from reviews import routing
from reviews.routing import due_in, first_match
from tests.controls_factories import make_workflow, policy
from tests.reviews.conftest import NOON, the_queue
from tests.reviews.test_intake import submit

REST = {"priority": None, "due_in": None}
RULES = [
    {"name": "Large", "queue": "general", "catch_all": None, **REST},
    {"name": "Review", "queue": "general", "catch_all": "review", **REST},
    {"name": "Specialists", "queue": "experts", "catch_all": "specialist", **REST},
    {"name": "Governance", "queue": "owners", "catch_all": "governance", **REST},
]
KINDS = {"general": "general", "experts": "specialist", "owners": "governance"}


def test_the_examples_of_the_room_are_true():
    assert doctest.testmod(routing).failed == 0


@pytest.mark.parametrize(
    ("disposition", "queue"),
    [("review", "general"), ("specialist", "experts"), ("governance", "owners")],
)
def test_a_rule_whose_queue_is_of_a_lower_kind_is_passed_over(disposition, queue):
    found = first_match(RULES, [True] * 4, disposition=disposition, kinds=KINDS)

    assert found is not None
    assert found.queue == queue


def test_an_audit_queue_or_one_that_is_gone_takes_no_case():
    assert first_match(RULES[:2], [True] * 2, disposition="review", kinds={}) is None
    audit = {"general": "audit"}
    assert first_match(RULES[:2], [True] * 2, disposition="review", kinds=audit) is None


@pytest.mark.django_db
def test_rules_read_what_fired_and_give_priority_and_due_time(cast):
    fired = {"field": "assessment.fired", "op": "contains", "value": "PAY-07"}
    rule = {"name": "Pay", "queue": "credit-review", "condition": fired}
    workflow = make_workflow(
        controls=[policy("PAY-07")],
        rules=[{**rule, "priority": "low", "due_in": "PT30M"}],
        members=[cast.ada],
        tier="high",
    )
    case = submit(workflow).case

    assert case.queue == the_queue()
    assert (case.priority, case.due_at) == ("low", NOON + timedelta(minutes=30))


@pytest.mark.django_db
def test_a_queues_own_service_level_stands_where_no_rule_says_more(cast, waiting):
    queue = the_queue()
    queue.service_level = timedelta(minutes=45)

    assert due_in(queue, "high", None) == timedelta(minutes=45)
    assert due_in(queue, "high", "PT5M") == timedelta(minutes=5)
