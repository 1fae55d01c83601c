"""P18: the tamper table, row by row and column by column. Somebody has full write access to the
database and no signing key; what each means finds, and the record that it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assurance.record import anchors, checkpoints, events, ledger, verification
from assurance.record.models import Checkpoint, CheckpointLeaf
from tests.record import forging
from tests.record.conftest import NOON, write
from tests.record.forging import entry, run


@pytest.fixture
def house(db, data) -> SimpleNamespace:
    """Three cases: two under the first checkpoint, one under the second; an entry under none."""
    victim = write(None, "case.received", "case.assessed", "case.routed", amount=4820)
    other = write(None, "case.received", "case.assessed")
    signed(1)
    late = write(None, "case.received", "case.assessed")
    signed(2)
    fresh = write(None, "case.received", "case.assessed")
    events.sequence_pending()
    assert found(data / anchors.FILE) == {}
    return SimpleNamespace(victim=victim, other=other, late=late, fresh=fresh, copy=data)


def signed(number: int) -> None:
    (made,) = checkpoints.make_all(NOON)
    assert made.number == number
    assert anchors.publish() == 1


def found(anchor: Path | None = None) -> dict[str, set[str]]:
    """The code of each problem by the place that it names."""
    told: dict[str, set[str]] = {}
    for one in verification.problems(anchor=anchor):
        place = one.stream if one.seq is None else f"{one.stream} #{one.seq}"
        told.setdefault(place, set()).add(one.code)
    return told


def of_checkpoints(told: dict[str, set[str]]) -> set[str]:
    """What only a checkpoint, or its copy outside, can tell."""
    theirs = {"signed_", "checkpoint_", "slipped_", "position_cut"}
    return {code for codes in told.values() for code in codes if code.startswith(tuple(theirs))}


def edit_payload(house: Any) -> None:
    run(
        "UPDATE record_recordpayload SET body = %s WHERE event_id = %s",
        b'{"amount":1}',
        entry(house.victim, 2).pk,
    )


def edit_actor(house: Any) -> None:
    run("UPDATE record_event SET actor_ref = 'ada' WHERE id = %s", entry(house.victim, 2).pk)


def edit_time(house: Any) -> None:
    run(
        "UPDATE record_event SET at = at - interval '1 hour' WHERE id = %s",
        entry(house.victim, 2).pk,
    )


def swap(house: Any) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        run(
            "UPDATE record_event SET seq = %s WHERE stream_id = %s AND seq = %s",
            new, house.victim.id, old,
        )  # fmt: skip


def delete_in_the_middle(house: Any) -> None:
    forging.delete(house.victim, 2)


def edit_and_recompute(house: Any) -> None:
    forging.recompute(house.victim, {2: forging.words(amount=1)})


def delete_and_recompute(house: Any) -> None:
    forging.delete(house.victim, 2)
    forging.recompute(house.victim)


def cut_an_old_tail(house: Any) -> None:
    forging.delete(house.victim, 3)
    forging.set_head(house.victim, 2, entry(house.victim, 2).hash)


def delete_a_case(house: Any) -> None:
    forging.forget(house.victim)


def slip_in_a_case(house: Any) -> None:
    """A forged case, chained correctly and numbered among what is signed."""
    forged = write(None, "case.received")
    events.sequence_pending()
    place = ledger.Event.objects.get(stream_id=forged.id).position.position
    mine = entry(house.victim, 1).position.position
    for old, new in ((mine, -1), (place, mine), (-1, place)):
        run("UPDATE record_eventposition SET position = %s WHERE position = %s", new, old)
    house.victim = forged


def rewrite_and_drop_checkpoints(house: Any) -> None:
    edit_and_recompute(house)
    forging.drop_checkpoints()


def rewrite_drop_and_be_signed_anew(house: Any) -> None:
    """The next beat signs what it finds, with our own key."""
    rewrite_and_drop_checkpoints(house)
    checkpoints.make_all(NOON)


def roll_the_database_back(house: Any) -> None:
    forging.roll_back([house.fresh, house.late], 1)
    house.victim = house.late


def roll_back_and_go_on(house: Any) -> None:
    roll_the_database_back(house)
    write(None, "case.received", "case.closed")
    checkpoints.make_all(NOON)


def cut_the_newest(house: Any) -> None:
    forging.delete(house.fresh, 2)
    forging.set_head(house.fresh, 1, entry(house.fresh, 1).hash)


def forge_the_newest(house: Any) -> None:
    forging.recompute(house.fresh, {2: forging.words(approved=True)})


def forge_a_new_one(house: Any) -> None:
    write(house.fresh, "case.closed", amount=1)
    events.sequence_pending()


def erase_nothing_and_go_on(house: Any) -> None:
    """Lawful entries after a checkpoint."""
    write(house.victim, "case.reopened", "case.closed")
    events.sequence_pending()


@dataclass(frozen=True)
class Row:
    """An act, what the weakest means that finds it is called, and the entry that it names."""

    act: Callable[[Any], None]
    found_by: str  # chain, checkpoint, anchor, nothing
    names: str  # "#2" of the victim, or a checkpoint
    codes: frozenset[str]


def row(act: Callable[[Any], None], found_by: str, names: str = "", *codes: str) -> Row:
    return Row(act, found_by, names, frozenset(codes))


TABLE = [
    row(edit_payload, "chain", "#2", "payload_changed"),
    row(edit_actor, "chain", "#2", "hash_differs"),
    row(edit_time, "chain", "#2", "hash_differs"),
    row(swap, "chain", "#2", "hash_differs"),
    row(delete_in_the_middle, "chain", "#3", "seq_gap", "prev_differs"),
    row(edit_and_recompute, "checkpoint", "#3", "signed_differs"),
    row(delete_and_recompute, "checkpoint", "#3", "signed_missing"),
    row(cut_an_old_tail, "checkpoint", "#3", "signed_missing"),
    row(delete_a_case, "checkpoint", "#3", "signed_missing"),
    row(slip_in_a_case, "checkpoint", "#1", "slipped_in"),
    row(rewrite_and_drop_checkpoints, "anchor", "#3", "signed_differs"),
    row(rewrite_drop_and_be_signed_anew, "anchor", "#3", "signed_differs"),
    row(roll_the_database_back, "anchor", "#2", "signed_missing"),
    row(roll_back_and_go_on, "anchor", "#2", "signed_missing"),
    row(cut_the_newest, "nothing"),
    row(forge_the_newest, "nothing"),
    row(forge_a_new_one, "nothing"),
    row(erase_nothing_and_go_on, "nothing"),
]
ACTS = pytest.mark.parametrize("row", TABLE, ids=[one.act.__name__ for one in TABLE])


@ACTS
def test_each_act_is_found_by_what_the_table_says_and_by_nothing_weaker(house, row):
    row.act(house)
    with_copy = found(house.copy / anchors.FILE)
    without = found()
    place = f"{house.victim} {row.names}"

    if row.found_by == "nothing":
        assert with_copy == {}
        return
    assert row.codes <= with_copy[place]
    if row.found_by == "anchor":
        assert without == {}
        return
    assert row.codes <= without[place]
    chain_alone = {
        code for codes in without.values() for code in codes if code not in of_checkpoints(without)
    }
    assert bool(row.codes & chain_alone) == (row.found_by == "chain")
    assert row.found_by == "chain" or not chain_alone - {"position_order"}


@pytest.mark.parametrize(
    "row",
    [one for one in TABLE if one.found_by != "anchor"],
    ids=[one.act.__name__ for one in TABLE if one.found_by != "anchor"],
)
def test_without_checkpoints_only_the_chain_finds_what_is_the_chains(db, data, row):
    """The first column: the same house without a checkpoint and without a copy."""
    victim = write(None, "case.received", "case.assessed", "case.routed", amount=4820)
    house = SimpleNamespace(
        victim=victim,
        fresh=write(None, "case.received", "case.assessed"),
    )
    events.sequence_pending()

    row.act(house)

    told = {code for codes in found().values() for code in codes}
    assert bool(told - {"position_order"}) == (row.found_by == "chain")


@pytest.mark.parametrize(
    ("sql", "place", "code"),
    [
        ("UPDATE record_checkpoint SET body = body || ' ' WHERE number = 1", 1,
         "checkpoint_changed"),
        ("UPDATE record_checkpoint SET at = at + interval '1 s' WHERE number = 1", 1,
         "checkpoint_changed"),
        ("UPDATE record_checkpoint SET hash = repeat('0', 64) WHERE number = 1", 1,
         "checkpoint_changed"),
        ("UPDATE record_checkpoint SET body = 'no JSON' WHERE number = 2", 2,
         "checkpoint_changed"),
        ("UPDATE record_checkpoint SET signature = set_byte(signature, 0, "
         "get_byte(signature, 0) # 1) WHERE number = 2", 2, "checkpoint_signature"),
        ("UPDATE record_checkpointleaf SET hash = repeat('0', 64) WHERE checkpoint_id = 2", 2,
         "checkpoint_leaves"),
        ("DELETE FROM record_checkpointleaf WHERE checkpoint_id = 2", 2, "checkpoint_leaves"),
    ],
)  # fmt: skip
def test_a_changed_checkpoint_is_named(house, sql, place, code):
    run(sql)

    assert code in found()[f"checkpoint/{place}"]


def test_a_checkpoint_signed_with_another_key_is_named(house, data):
    """Who can write the database may sign anew with a key of his own. Nobody believes that one."""
    rewrite_and_drop_checkpoints(house)
    (data / "checkpoint_key").rename(data / "ours")
    checkpoints.make_all(NOON)
    (data / "checkpoint_key").unlink()
    (data / "ours").rename(data / "checkpoint_key")

    assert found()["checkpoint/1"] == {"checkpoint_key"}


def test_a_checkpoint_that_was_left_out_is_named(house):
    run("DELETE FROM record_checkpointleaf WHERE checkpoint_id = 1")
    run("DELETE FROM record_checkpoint WHERE number = 1")

    assert found()["checkpoint/1"] == {"checkpoint_missing"}


def test_two_checkpoints_that_do_not_follow_each_other_are_named(house, monkeypatch):
    """Both really signed by us, the first at another time than the second remembers."""
    second = Checkpoint.objects.get(number=2)
    heads = list(CheckpointLeaf.objects.filter(checkpoint=2))
    first = Checkpoint.objects.get(number=1).last_position
    forging.drop_checkpoints()
    monkeypatch.setattr(checkpoints, "BATCH", first)
    checkpoints.make(NOON + timedelta(hours=1))
    second.save(force_insert=True)
    CheckpointLeaf.objects.bulk_create(heads)

    assert found() == {"checkpoint/2": {"checkpoint_order"}}


def test_checkpoints_signed_anew_over_another_past_are_named(house, data):
    forging.drop_checkpoints()
    write(None, "case.received")
    checkpoints.make_all(NOON)  # one, that covers everything
    told = found(data / anchors.FILE)

    assert told["checkpoint/1"] == {"checkpoint_replaced"}
    assert told["checkpoint/2"] == {"checkpoint_dropped"}


@pytest.mark.parametrize("change", ["root", "to", "signature", "leaf", "junk", "empty"])
def test_a_copy_that_was_itself_changed_is_named_by_its_line(house, data, change):
    file = data / anchors.FILE
    lines = file.read_text().splitlines()
    one = anchors.json.loads(lines[1])
    if change == "root":
        one["checkpoint"]["root"] = "0" * 64
    elif change == "to":
        one["checkpoint"]["positions"]["to"] += 1
    elif change == "signature":
        one["signature"] = "00" * 64
    elif change == "leaf":
        one["leaves"][0][3] = "0" * 64
    lines[1] = "{" if change == "junk" else anchors.json.dumps(one)
    file.write_text("" if change == "empty" else "\n".join(lines))

    (problem,) = verification.problems(anchor=file)

    assert problem.code == "anchor_line"
    assert "holds no checkpoint" in problem.message or "line 2 of" in problem.message


def test_a_copy_without_heads_still_names_the_checkpoint(house, data):
    """A mail, or the answer of the API that somebody kept."""
    file = data / "mail.json"
    file.write_text(anchors.json.dumps(checkpoints.as_json(checkpoints.latest())))
    assert found(file) == {}

    roll_the_database_back(house)

    assert found(file) == {"checkpoint/2": {"checkpoint_dropped"}}


def test_one_chain_alone_is_compared_with_what_was_signed(house):
    edit_and_recompute(house)

    assert [one.code for one in ledger.verify(house.victim)] == ["signed_differs"]
    assert ledger.verify(house.other) == []


def test_the_heads_kept_are_those_of_the_chains(house):
    kept = {(leaf.stream_id, leaf.seq) for leaf in CheckpointLeaf.objects.all()}

    assert kept == {(house.victim.id, 3), (house.other.id, 2), (house.late.id, 2)}
