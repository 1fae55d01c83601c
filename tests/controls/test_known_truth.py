"""Of all that was said of a case, one label speaks."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta

import pytest

from assurance.controls.known_truth import BY_PEOPLE, known_truth, last_revisions
from assurance.controls.labels import record_label
from tests.controls.history import BEGIN, stored
from tests.controls_factories import make_workflow, policy

CASE = uuid.UUID(int=1)
LATER = BEGIN + timedelta(days=9)


@pytest.fixture
def workflow(cast):
    return make_workflow(controls=[policy()])


def said(workflow, *labels: tuple[str, str, int]) -> str | None:
    """Which label speaks of these (value, source, day)."""
    for value, source, day in labels:
        record_label(
            case_id=CASE,
            workflow=workflow,
            value=value,
            source=source,
            at=BEGIN + timedelta(days=day),
        )
    found = known_truth([CASE], until=LATER)
    return found[CASE].value if found else None


@pytest.mark.parametrize("source", ["audit", "outcome", "incident"])
@pytest.mark.parametrize("weaker", ["decision", "import"])
def test_what_was_found_out_afterwards_outweighs_a_newer_decision(workflow, source, weaker):
    assert said(workflow, ("incorrect", source, 1), ("correct", weaker, 5)) == "incorrect"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_among_equals_the_newest_speaks_in_whatever_order_it_was_written(workflow, order):
    labels = [("harmful", "audit", 1), ("incorrect", "outcome", 2), ("correct", "incident", 3)]

    assert said(workflow, *(labels[n] for n in order)) == "correct"


def test_of_two_at_one_moment_the_worse_speaks(workflow):
    labels = [("correct", "audit", 1), ("harmful", "outcome", 1), ("incorrect", "outcome", 1)]

    assert said(workflow, *labels) == "harmful"


def test_a_label_of_later_does_not_count_and_a_case_without_any_is_left_out(workflow):
    assert said(workflow, ("harmful", "incident", 10)) is None


def test_only_the_sources_asked_for_speak(workflow):
    said(workflow, ("correct", "decision", 1), ("harmful", "outcome", 2))

    found = known_truth([CASE], until=LATER, sources=BY_PEOPLE)

    assert (found[CASE].value, found[CASE].is_bad) == ("correct", False)


def test_a_label_is_about_the_last_revision_of_its_moment(workflow):
    for revision in (1, 2, 3):
        stored(
            workflow,
            {"amount": 1},
            case_id=CASE,
            revision=revision,
            at=BEGIN + timedelta(days=revision),
        )

    assert last_revisions([CASE], until=BEGIN + timedelta(days=2)) == {CASE: 2}
