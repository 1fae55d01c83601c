"""Control sets: complete, hashed, in line, and never changed by anyone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from assurance.controls.control_sets import (
    content_as_answer,
    newest_set,
    publish_first,
    versions_of,
    whole_content,
)
from assurance.controls.live_set import live_set
from assurance.controls.models import ControlSet, ControlVersion
from assurance.delivery.models import Delivery
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.canonical import canonical, sha256_of
from assurance.record.ledger import Stream, types
from tests.controls_factories import LONG_AGO, catch_alls, make_workflow, policy, publish_next
from tests.database import tampering

LATER = LONG_AGO + timedelta(days=1)
ACTOR = Actor.system("test")


@pytest.fixture
def workflow(db):
    return make_workflow(controls=[policy("LIM-01"), policy("LIM-02", mode="shadow")])


def content(workflow, *controls):
    source = {
        "specification": newest_set(workflow).content["specification"],
        "controls": list(controls),
        "rules": catch_alls("credit"),
    }
    return whole_content(source, workflow)


def following(workflow, *controls, number=2, at=LATER):
    return publish_next(
        workflow, content(workflow, *controls), number=number, by=None, actor=ACTOR, at=at
    )


def test_a_set_holds_everything_and_its_hash_covers_exactly_that(workflow):
    first = newest_set(workflow)

    assert (first.number, first.effective_from) == (1, LONG_AGO)
    assert set(first.content) == {
        "workflow",
        "specification",
        "controls",
        "rules",
        "queue_policies",
        "waivers",
        "fields",
    }
    assert first.sha256 == sha256_of(json.loads(first.canonical))


def test_publishing_is_on_the_workflow_s_chain(workflow):
    assert types(Stream.workflow(workflow.slug)) == ["control_set.published"]
    assert Delivery.objects.count() == 0


def test_a_second_first_set_is_refused(workflow):
    with pytest.raises(DomainError, match="only a control change") as refusal:
        publish_first(workflow, content(workflow), by=None, actor=ACTOR, at=LATER)

    assert refusal.value.code == "set_exists"


@pytest.mark.parametrize("number", [1, 3, 7])
def test_a_number_that_is_not_the_next_is_refused_by_the_database(workflow, number):
    with pytest.raises(DatabaseError), transaction.atomic():
        following(workflow, number=number)


@pytest.mark.parametrize("at", [LONG_AGO, LONG_AGO - timedelta(seconds=1)])
def test_a_set_that_does_not_begin_later_is_refused_by_the_database(workflow, at):
    with pytest.raises(DatabaseError, match="begin later"), transaction.atomic():
        following(workflow, at=at)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE controls_controlset SET canonical = '{}'",
        "UPDATE controls_controlset SET effective_from = now()",
        "DELETE FROM controls_controlset",
        "TRUNCATE controls_controlset CASCADE",
        "UPDATE controls_controlversion SET version = 9",
        "DELETE FROM controls_controlversion",
        "UPDATE controls_assessment SET disposition = 'continue'",
        "TRUNCATE controls_assessment CASCADE",
        "TRUNCATE controls_label",
    ],
)
def test_nobody_changes_or_removes_a_set_a_version_or_a_judgement(workflow, statement):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO controls_assessment (case_id, revision, purpose, workflow_id,"
            " control_set_id, subject, facts, results, voices, disposition, would_be, decided_by,"
            " contributing, enforced, ungoverned, duration_us, at) SELECT gen_random_uuid(), 1,"
            " 'intake', s.workflow_id, s.id, '', '{}', '[]', '[]', 'block', 'block', '[]', '[]',"
            " true, false, 1, now() FROM controls_controlset s"
        )

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_orm_cannot_change_a_set_either(workflow):
    first = newest_set(workflow)
    first.canonical = "{}"

    with pytest.raises(DatabaseError), transaction.atomic():
        first.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        ControlSet.objects.all().delete()


def test_a_changed_control_gets_the_next_version_and_an_unchanged_one_keeps_its_own(workflow):
    second = following(workflow, policy("LIM-01", effect="specialist"), policy("LIM-02"))

    assert {key: one.version for key, one in versions_of(second).items()} == {
        "LIM-01": 2,
        "LIM-02": 1,
    }


def test_the_mode_is_no_part_of_a_version(workflow):
    second = following(workflow, policy("LIM-01", mode="off"), policy("LIM-02", mode="enforced"))

    assert {one.version for one in versions_of(second).values()} == {1}
    assert ControlVersion.objects.count() == 2


def test_old_content_returns_to_its_old_version_and_a_rolled_back_set_to_its_old_hash(workflow):
    first = newest_set(workflow)
    following(workflow, policy("LIM-01", effect="block"), policy("LIM-02", mode="shadow"))

    third = publish_next(
        workflow, first.content, number=3, by=None, actor=ACTOR, at=LATER + timedelta(days=1)
    )

    assert (third.number, third.sha256) == (3, first.sha256)
    assert versions_of(third)["LIM-01"].version == 1
    following_ = publish_next(
        workflow,
        content(workflow, policy("LIM-01", effect="pause")),
        number=4,
        by=None,
        actor=ACTOR,
        at=LATER + timedelta(days=2),
    )
    assert versions_of(following_)["LIM-01"].version == 3


def test_an_answer_gives_the_content_once_and_every_period_in_which_it_was_in_force(workflow):
    first = newest_set(workflow)
    following(workflow)
    again = LATER + timedelta(days=1)
    third = publish_next(workflow, first.content, number=3, by=None, actor=ACTOR, at=again)

    answer = content_as_answer(third)

    assert answer.pop("in_force") == [
        {"number": 1, "from": LONG_AGO, "until": LATER},
        {"number": 3, "from": again, "until": None},
    ]
    assert answer.pop("sha256") == sha256_of(answer)


def test_the_set_as_of_a_moment_is_one_row(workflow):
    following(workflow)
    sets = ControlSet.objects.of(workflow.slug)

    assert sets.as_of(LATER).first().number == 2
    assert sets.as_of(LATER - timedelta(microseconds=1)).first().number == 1
    assert sets.as_of(LONG_AGO - timedelta(seconds=1)).first() is None


def test_a_control_key_belongs_to_one_workflow(workflow):
    with pytest.raises(DomainError, match="LIM-01 is used in another workflow") as refusal:
        make_workflow("claims-letters", controls=[policy("LIM-01")])

    assert refusal.value.status == 422


def test_a_workflow_without_a_set_says_what_to_do(workflow):
    workflow.pk = -1

    with pytest.raises(DomainError, match="load_controls"):
        newest_set(workflow)


def test_a_live_set_leaves_out_what_is_off_and_keeps_the_versions_apart(workflow):
    second = following(
        workflow,
        policy("LIM-01", mode="off"),
        policy("LIM-02", effect="block"),
        policy("LIM-00"),
    )

    live = live_set(second)

    assert [c["key"] for c in live.controls] == ["LIM-00", "LIM-02"]
    assert live.versions == (1, 2)
    assert live_set(second) is live


def test_the_same_key_with_another_content_is_another_live_set(workflow):
    """A restored or emptied database gives keys out again; a process may outlive that."""
    first = newest_set(workflow)
    assert [c["key"] for c in live_set(first).controls] == ["LIM-01", "LIM-02"]
    other = content(workflow, policy("LIM-01"))
    with tampering() as cursor:
        cursor.execute(
            "UPDATE controls_controlset SET canonical = %s, sha256 = %s",
            [canonical(other).decode(), sha256_of(other)],
        )

    assert [c["key"] for c in live_set(newest_set(workflow)).controls] == ["LIM-01"]


def test_a_published_set_is_told_to_the_systems_that_listen(workflow, monkeypatch):
    told = []
    monkeypatch.setattr(
        "assurance.controls.control_sets.promise", lambda *args, **more: told.append((args, more))
    )

    second = following(workflow, at=datetime(2026, 5, 1, tzinfo=UTC))

    (((kind, data), more),) = told
    assert kind == "control_set.published"
    assert data == {
        "workflow": "credit-decisions",
        "number": 2,
        "sha256": second.sha256,
        "effective_from": "2026-05-01T00:00:00+00:00",
    }
    assert more["stream"] == Stream.workflow("credit-decisions")
