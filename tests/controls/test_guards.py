"""What the database refuses on its own: no session variable switches a guard off, no version is
written over, and a workflow is where its record says it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from assurance import clock
from assurance.controls import approvals, pausing, publishing, stages
from assurance.controls.choices import Stage
from assurance.controls.models import ControlChange, GateSnapshot, Replay, StageMove, Workflow
from assurance.controls.models.guards import Guard
from assurance.record.models import AppendOnly
from tests.controls.changing import DAY, NOON, control_edit, drafted, limit, replayed, submitted
from tests.controls_factories import make_workflow, policy

MODELS = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed]
HISTORICAL = [m for m in MODELS if m._meta.model_name.startswith("historical")]
TRIGGERS = [(m, one) for m in MODELS for one in getattr(m._meta, "triggers", ())]
GUARDS = [(m, one) for m, one in TRIGGERS if isinstance(one, Guard)]


@pytest.fixture
def credit(cast) -> Workflow:
    return make_workflow("credit-decisions", tier="medium", controls=[policy()], owner=cast.grace)


def refused(says: str, statement: str, *values: Any) -> None:
    with pytest.raises(DatabaseError, match=says):
        committed(statement, *values)


def committed(statement: str, *values: Any) -> None:
    """The statement, and all that is asked at its commit. What was done before is asked first."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        with transaction.atomic():
            cursor.execute(statement, values)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def test_no_trigger_runs_a_function_that_a_session_variable_switches_off(db):
    found = rows(
        "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal"
    )

    assert len(found) == len(TRIGGERS) + 1  # and the editors of a change
    assert [name for name, source in found if "ignore" in source] == []


@pytest.mark.parametrize(("model", "trigger"), GUARDS, ids=str)
def test_each_guard_runs_the_function_whose_text_stands_in_the_model(db, model, trigger):
    ((source,),) = rows(
        "SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE t.tgrelid = %s::regclass AND p.proname = %s AND t.tgenabled = 'O'",
        model._meta.db_table,
        f"{model._meta.app_label}_{trigger.name}",
    )

    assert " ".join(str(trigger.func).split()) in " ".join(source.split())
    assert trigger.render_declare(model).split() == source.split("BEGIN")[0].split()


def test_no_two_guards_of_an_app_share_a_function():
    names = [(model._meta.app_label, trigger.name) for model, trigger in GUARDS]

    assert len(names) == len(set(names))


def test_every_trigger_of_ours_is_a_guard_or_append_only():
    assert [t for _, t in TRIGGERS if not isinstance(t, Guard | AppendOnly)] == []


def test_there_are_historical_tables():
    names = {model._meta.model_name for model in HISTORICAL}

    assert {"historicalworkflow", "historicalqueue_members", "historicalgrant"} <= names


@pytest.mark.parametrize("model", HISTORICAL, ids=lambda one: one._meta.model_name)
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_sql_rewrites_no_version(db, model, act):
    statement = act.format(model._meta.db_table, model._meta.pk.column)

    refused("append-only", statement)


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one._meta.label)
def test_a_version_says_what_it_is_of_so_that_the_walk_finds_it(model):
    kept = hasattr(model, "history_object") or hasattr(model, "m2m_history_id")

    assert kept == (model in HISTORICAL)


@pytest.mark.parametrize("stage", [one for one in Stage.values if one != "limited"])
def test_sql_moves_no_stage(credit, stage):
    refused("no recorded move", "UPDATE controls_workflow SET stage = %s", stage)


def test_sql_moves_no_stage_with_a_move_but_without_the_record(credit, cast):
    at = clock.now()
    StageMove.objects.create(
        workflow=credit, from_stage="limited", to_stage="pilot", way="demotion", reason="x",
        by=cast.gus, at=at,
    )  # fmt: skip

    refused("no recorded move", "UPDATE controls_workflow SET stage = 'pilot'")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"way": "demotion", "to_stage": "governed"}, "not moved back"),
        ({"way": "demotion", "to_stage": "observe"}, "not moved back"),
        ({"way": "system", "to_stage": "governed"}, "not moved back"),
        ({"way": "demotion", "to_stage": "pilot", "by": None}, "not moved back"),
        ({"way": "demotion", "from_stage": "suspended", "to_stage": "limited"}, "not moved back"),
        ({"way": "promotion", "to_stage": "governed"}, "no snapshot"),
    ],
)
def test_the_database_knows_which_way_is_back(credit, cast, fields, says):
    move = {"from_stage": "limited", "way": "demotion", "by": cast.gus, **fields}

    with pytest.raises(DatabaseError, match=says), transaction.atomic():
        StageMove.objects.create(workflow=credit, reason="x", at=clock.now(), **move)


def test_an_open_snapshot_moves_nothing(credit, cast):
    at = clock.now()
    snapshot = GateSnapshot.objects.create(
        workflow=credit, from_stage="limited", to_stage="governed", reason="x", content={},
        sha256="0" * 64, first_by=cast.gus, first_person=cast.gus.person, first_at=at,
        lapses_at=at + DAY,
    )  # fmt: skip

    with pytest.raises(DatabaseError, match="no snapshot"), transaction.atomic():
        StageMove.objects.create(
            workflow=credit, from_stage="limited", to_stage="governed", way="promotion",
            reason="x", snapshot=snapshot, at=at,
        )  # fmt: skip


def test_what_was_signed_or_replaced_is_never_signed_again(credit, cast):
    at = clock.now()
    GateSnapshot.objects.create(
        workflow=credit, from_stage="limited", to_stage="governed", reason="x", content={},
        sha256="0" * 64, first_by=cast.gus, first_person=cast.gus.person, first_at=at,
        lapses_at=at + DAY, status="replaced",
    )  # fmt: skip

    refused("never rewritten", "UPDATE controls_gatesnapshot SET status = 'open'")
    refused("Cannot delete", "DELETE FROM controls_gatesnapshot")
    refused("append-only|Cannot delete", "TRUNCATE controls_gatesnapshot CASCADE")


@pytest.mark.django_db(transaction=True)
def test_what_is_asked_at_commit_is_asked_of_a_real_commit(cast):
    credit = make_workflow(controls=[policy()], owner=cast.grace)
    for change in ("stage = 'governed'", "paused_at = now()", "all_review = true"):
        with pytest.raises(DatabaseError, match=r"no recorded move|does not say"):
            rows(f"UPDATE controls_workflow SET {change} RETURNING id")

    credit.refresh_from_db()
    assert (credit.stage, credit.paused_at, credit.all_review) == ("limited", None, False)


@pytest.mark.django_db(transaction=True)
def test_the_verbs_move_pause_and_resume_under_the_same_guard(cast):
    credit = make_workflow(controls=[policy()], owner=cast.grace)
    at = clock.now()
    pausing.pause(credit, reason="Look.", by=cast.grace, at=at)
    refused("was paused or resumed", "UPDATE controls_workflow SET paused_at = NULL")
    pausing.resume(credit, reason="Seen.", by=cast.grace, at=at + DAY)
    stages.demote(credit, "suspended", reason="Wrong.", by=cast.grace, at=at + 2 * DAY)
    refused("no recorded move", "UPDATE controls_workflow SET stage = 'limited'")
    stages.demote(credit, "pilot", reason="Mended.", by=cast.grace, at=at + 3 * DAY)

    credit.refresh_from_db()
    assert (credit.stage, credit.is_paused) == ("pilot", True)


def test_sql_lifts_no_review_of_all_cases(credit, cast):
    publishing._set_all_review(credit, True, by=None, at=clock.now())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    refused("all cases", "UPDATE controls_workflow SET all_review = false")


def emergency(change: ControlChange, content: dict[str, Any]) -> tuple[str, str]:
    edits = [{"item": "control", "key": content["key"], "content": content}]
    return (
        "UPDATE controls_controlchange SET status = 'approved', kind = 'emergency',"
        " way = 'emergency', ratify_by = now(), edits = %s",
        json.dumps(edits),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"condition": {"field": "output.amount", "op": ">", "value": 99999}},
        {"effect": "continue"},
        {"on_error": "continue"},
        {"priority": 1},
        {"kind": "verification"},
    ],
)
def test_sql_calls_no_change_of_a_control_an_emergency_that_does_not_raise_it(credit, cast, fields):
    change = submitted(credit, cast.grace, control_edit(credit, effect="block"))

    refused(
        "only raises the effects",
        *emergency(change, {**control_edit(credit)["content"], **fields}),
    )


def test_an_emergency_that_raises_an_effect_is_one_for_the_database_too(credit, cast):
    change = submitted(credit, cast.grace, control_edit(credit, effect="block"))

    with connection.cursor() as cursor:
        cursor.execute(*_listed(emergency(change, control_edit(credit, effect="block")["content"])))

    change.refresh_from_db()
    assert change.way == "emergency"


def _listed(asked: tuple[str, str]) -> tuple[str, list[str]]:
    return asked[0], [asked[1]]


def test_sql_approves_nothing_beyond_the_pilot_that_was_not_replayed(credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 9000))
    change = approvals.submit(change, by=cast.grace, at=NOON)
    approve = (
        "UPDATE controls_controlchange SET status = 'approved', way = 'second_person',"
        " approved_at = now(), approved_sha256 = content_sha256, approver_id = %s,"
        " approver_person_id = %s"
    )

    refused("is replayed before", approve, cast.gus.pk, cast.gus.person_id)

    replayed(change)
    with connection.cursor() as cursor:
        cursor.execute(approve, [cast.gus.pk, cast.gus.person_id])


@pytest.mark.parametrize(
    "written", ["report = '{}'", "sha256 = ''", "direction = 'same'", "tally = '{}'",
                "status = 'queued'", "candidate = '{}'", "done = 500"],
)  # fmt: skip
def test_a_replay_that_is_done_is_never_rewritten(credit, cast, written):
    submitted(credit, cast.grace, limit(credit, 9000))

    refused("it is never rewritten", f"UPDATE controls_replay SET {written}, position = 7")
    refused("Cannot delete", "DELETE FROM controls_replay")
    refused("Cannot delete", "TRUNCATE controls_replay")


def test_what_a_replay_tries_is_never_rewritten_even_before(credit, cast):
    change = drafted(credit, cast.grace, limit(credit, 9000))
    approvals.submit(change, by=cast.grace, at=NOON)

    for written in ("candidate = '{}'", "candidate_sha256 = ''", "window_until = now()"):
        refused("what replay", f"UPDATE controls_replay SET {written}")
    assert Replay.objects.get().status == "queued"


def test_the_guards_speak_to_the_names_that_pgtrigger_gives(credit):
    """The session variable that silences what pgtrigger writes silences none of these."""
    names = ",".join(trigger.get_pgid(model) for model, trigger in TRIGGERS)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL pgtrigger.ignore = '{{{names}}}'")

    refused("no recorded move", "UPDATE controls_workflow SET stage = 'governed'")
    refused("append-only", "DELETE FROM controls_historicalworkflow")
    refused("Cannot delete", "DELETE FROM reviews_decision")
