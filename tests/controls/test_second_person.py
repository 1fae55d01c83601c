"""P16 and bad inputs 55 to 58: nobody publishes their own change beyond a pilot, whichever way they
try, and the database refuses on its own."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from assurance.controls import alone, approvals, changes, control_sets
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, ControlSet, Workflow
from assurance.controls.models.guards import Guard
from assurance.errors import DomainError
from assurance.record.actors import Actor
from tests.accounts_factories import UserFactory, grant_to
from tests.controls.changing import NOON, approved, drafted, limit, replayed, submitted
from tests.controls_factories import make_workflow, policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(cast) -> Workflow:
    return make_workflow("credit-decisions", tier="medium", controls=[policy()], owner=cast.grace)


@pytest.fixture
def change(credit, cast) -> ControlChange:
    """Grace's, in review, replayed."""
    return submitted(credit, cast.grace, limit(credit, 9000))


def refused(code: str, act, *args, **kwargs) -> DomainError:
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert (error.value.code, error.value.status) == (code, 403), error.value.sentence
    return error.value


def still_the_first(workflow) -> bool:
    return newest_set(workflow).number == 1


def test_55_the_author_does_not_approve(change, credit, cast):
    refused("own_change", approved, change, cast.grace)

    assert still_the_first(credit)


def test_nor_does_whoever_edited_it(credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 9000))
    changes.edit(change, reason="Clearer words.", by=cast.gus, at=NOON)
    change = approvals.submit(change, by=cast.grace, at=NOON)

    refused("own_change", approved, change, cast.gus)

    assert still_the_first(credit)


def test_nor_a_second_account_of_the_same_person(change, credit, cast):
    second = UserFactory(username="grace-2", person=cast.grace.person)

    refused("own_change", approved, change, second)

    assert still_the_first(credit)


def test_nor_an_account_without_a_person(change, credit, cast):
    nobody = UserFactory(username="nobody")
    grant_to(nobody, "governance", "")
    type(nobody).objects.filter(pk=nobody.pk).update(person=None)
    nobody.refresh_from_db()

    with pytest.raises(DomainError):
        approved(change, nobody)

    assert still_the_first(credit)


def test_nor_a_builder_of_the_workflow(change, credit, cast):
    credit.builders.add(cast.gus.person)

    refused("builder", approved, change, cast.gus)

    assert still_the_first(credit)


@pytest.mark.parametrize("name", ["dev", "ada", "otto", "mallory", "ivy"])
def test_nor_anybody_without_governance(change, credit, cast, name):
    refused("role_missing", approved, change, getattr(cast, name))


def test_nor_a_superuser_for_being_one(change, credit, cast):
    refused("role_missing", approved, change, UserFactory(username="root", superuser=True))

    assert still_the_first(credit)


def test_nobody_publishes_alone_beyond_the_pilot(change, credit, cast):
    error = refused("second_person_needed", alone.publish, change, by=cast.grace, at=NOON)

    assert "more than operational" in error.sentence
    assert still_the_first(credit)


def test_the_shell_cannot_make_a_set_without_an_approved_change(change, credit, cast):
    content = changes.candidate_of(change)

    with pytest.raises(DatabaseError, match="only an approved control change"):
        control_sets.publish_next(
            credit, content, change=change, by=cast.grace, actor=Actor.person(cast.grace), at=NOON
        )


OWN = "way = 'second_person', approver_id = author_id, approver_person_id = author_person_id"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (f"status = 'approved', approved_at = now(), approved_sha256 = content_sha256, {OWN}",
         "edited this change|second_person"),
        ("status = 'approved', way = 'second_person'", "approved_by_a_second_person"),
        ("status = 'approved', way = ''", "approved_by_a_second_person"),
        ("status = 'approved', way = 'pilot'", "beyond the pilot"),
        ("status = 'approved', way = 'emergency'", "only raises the effects"),
        ("status = 'approved', way = 'emergency', edits = '"
         '[{"item": "control", "key": "N-1", "content": {"mode": "enforced"}}]'
         "'", "emergency_is_said"),
        ("status = 'approved', way = 'operational'", "no replay shows"),
        ("status = 'published', published_at = now(), way = 'pilot'", "beyond the pilot"),
    ],
)  # fmt: skip
def test_sql_cannot_approve_it_either(change, credit, statement, says):
    with (
        pytest.raises(DatabaseError, match=says),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE controls_controlchange SET {statement}")


def test_sql_cannot_let_a_builder_or_an_editor_approve(change, credit, cast):
    act = (
        "UPDATE controls_controlchange SET status = 'approved', way = 'second_person',"
        " approved_at = now(), approved_sha256 = content_sha256, approver_id = %s,"
        " approver_person_id = %s"
    )
    credit.builders.add(cast.gus.person)
    with (
        pytest.raises(DatabaseError, match="built the workflow"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(act, [cast.gus.pk, cast.gus.person_id])
    credit.builders.clear()
    change.editors.add(cast.gus.person)
    with (
        pytest.raises(DatabaseError, match="edited this change"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(act, [cast.gus.pk, cast.gus.person_id])


def test_sql_cannot_approve_one_content_and_publish_another(change, credit, cast):
    change = changes.edit(change, start_at=NOON.replace(year=2032), by=cast.grace, at=NOON)
    change = approvals.submit(change, by=cast.grace, at=NOON)
    change = approved(replayed(change), cast.gus)
    assert change.status == "approved"

    for column, value in (("edits", "[]"), ("candidate_sha256", "0" * 64)):
        with (
            pytest.raises(DatabaseError, match="an edit voids that"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE controls_controlchange SET {column} = %s", [value])
    other = changes.candidate_of(change) | {"rules": []}
    with (
        pytest.raises(DatabaseError, match="only an approved control change"),
        transaction.atomic(),
    ):
        control_sets.publish_next(
            credit, other, change=change, by=None, actor=Actor.system("x"), at=NOON
        )


def test_what_is_over_is_never_rewritten_or_deleted(change, cast):
    changes.withdraw(change, by=cast.grace, at=NOON)

    for statement in (
        "UPDATE controls_controlchange SET status = 'approved', way = 'pilot'",
        "UPDATE controls_controlchange SET edits = '[]'",
        "DELETE FROM controls_controlchange",
    ):
        with (
            pytest.raises(DatabaseError, match=r"never rewritten|Cannot delete|beyond the pilot"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_set_names_the_change_that_made_it_and_no_other_can(change, credit, cast):
    approved(change, cast.gus)

    live = newest_set(credit)
    assert live.change == change
    with pytest.raises(DatabaseError), transaction.atomic():
        ControlSet.objects.create(
            workflow=credit,
            number=3,
            sha256="0" * 64,
            canonical="{}",
            effective_from=NOON.replace(year=2033),
        )


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE controls_controlchange SET author_id = %(gus)s, author_person_id = %(person)s",
         "who began control change"),
        ("UPDATE controls_controlchange SET author_id = NULL, author_person_id = NULL",
         "who began control change"),
        ("DELETE FROM controls_controlchange_editors", "append-only"),
        ("UPDATE controls_controlchange_editors SET person_id = %(person)s", "append-only"),
    ],
)  # fmt: skip
def test_sql_makes_nobody_else_the_author_so_that_the_author_may_approve(
    change, cast, statement, says
):
    with (
        pytest.raises(DatabaseError, match=says),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, {"gus": cast.gus.pk, "person": cast.gus.person_id})


@pytest.mark.parametrize(
    "edits", ["[]", '[{"item": "waiver", "key": "W", "content": {"mode": "enforced"}}]',
              '[{"item": "control", "key": "LIM-01", "content": null}]',
              '[{"item": "control", "key": "LIM-01", "content": {"mode": "off"}}]'],
)  # fmt: skip
def test_sql_calls_nothing_an_emergency_that_enforces_nothing(change, edits):
    with (
        pytest.raises(DatabaseError, match="an emergency adds, enforces and raises"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE controls_controlchange SET status = 'approved', kind = 'emergency',"
            " way = 'emergency', ratify_by = now(), edits = %s",
            [edits],
        )


def test_the_text_of_a_set_is_what_its_hash_says(change, credit, cast):
    change = changes.edit(change, start_at=NOON.replace(year=2032), by=cast.grace, at=NOON)
    change = approved(replayed(approvals.submit(change, by=cast.grace, at=NOON)), cast.gus)

    with pytest.raises(DatabaseError, match="not that of its content"), transaction.atomic():
        ControlSet.objects.create(
            workflow=credit,
            number=2,
            sha256=change.candidate_sha256,
            canonical='{"controls":[]}',
            effective_from=NOON,
            change=change,
        )


GUARDS = [
    (model._meta.db_table, trigger)
    for model in (ControlChange, ControlSet)
    for trigger in model._meta.triggers
    if isinstance(trigger, Guard)
]


def test_no_session_variable_switches_the_guards_off(change):
    names = ",".join(trigger.get_pgid(ControlChange) for _, trigger in GUARDS)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL pgtrigger.ignore = '{{{names}}}'")
        with pytest.raises(DatabaseError, match="beyond the pilot"), transaction.atomic():
            cursor.execute("UPDATE controls_controlchange SET status = 'approved', way = 'pilot'")


@pytest.mark.parametrize(("table", "trigger"), GUARDS, ids=lambda one: str(one))
def test_each_guard_runs_the_function_whose_text_stands_in_the_model(db, table, trigger):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = %s::regclass AND p.proname = %s AND t.tgenabled = 'O'",
            [table, f"controls_{trigger.name}"],
        )
        ((source,),) = cursor.fetchall()

    assert " ".join(str(trigger.func).split()) in " ".join(source.split())
