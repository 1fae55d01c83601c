"""A waiver takes a control's effect away for a while, in the open: it is judged all the same."""

from __future__ import annotations

from typing import Any

import pytest

from assurance.controls.assess import assess
from assurance.controls.catalogue import Catalogue
from assurance.controls.definition_waivers import waiver_problems
from tests.controls.judging import facts, live, orders

SMALL = {"field": "output.amount", "op": "<", "value": 5000}


def waiver(**more: Any) -> dict[str, Any]:
    return {
        "key": "WAI-01",
        "control": "LIM-01",
        "condition": SMALL,
        "reason": "The supplier mends its forms until the end of the year.",
        "expires_at": "2026-12-31T00:00:00Z",
        **more,
    }


def judged(*waivers: dict[str, Any], **said: Any) -> Any:
    return assess(facts(**said), live([orders("block", "LIM-01")], waivers=waivers))


def test_a_waived_control_is_judged_and_recorded_and_orders_nothing():
    judgement = judged(waiver())

    (result,) = judgement.results
    assert (result.outcome, result.effect, result.waived_by) == ("fired", "block", "WAI-01")
    assert result.message.startswith("Waived by WAI-01.")
    assert judgement.disposition == "continue"
    assert judgement.decided_by == ()
    assert not judgement.ungoverned
    assert [one.key for one in judgement.reported()] == ["LIM-01"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("its condition does not hold", {"output": {"amount": 9000}}),
        ("its condition cannot be known", {"output": {}}),
        ("it is over", {"clock": "2026-12-31T00:00:00+00:00"}),
    ],
)
def test_a_waiver_does_nothing_where(what, said):
    assert judged(waiver(), **said).disposition == "block"


def test_a_waiver_of_one_control_leaves_the_others():
    set_ = live([orders("block", "LIM-01"), orders("review", "LIM-02")], waivers=[waiver()])

    assert assess(facts(), set_).decided_by == ("LIM-02",)


@pytest.mark.parametrize(
    ("change", "pointer", "says"),
    [
        ({"expires_at": None}, "/waivers/0/expires_at", "missing"),
        ({"expires_at": "2026-12-31T00:00:00"}, "/waivers/0/expires_at", "with a zone"),
        ({"expires_at": "soon"}, "/waivers/0/expires_at", "with a zone"),
        ({"control": "LIM-1"}, "/waivers/0/control", "Did you mean “LIM-01”"),
        ({"reason": ""}, "/waivers/0/reason", "missing"),
        ({"key": "a b"}, "/waivers/0/key", "cannot stand in an address"),
        ({"condition": {"field": "output.amount"}}, "/waivers/0/condition", "op"),
        ({"for_ever": True}, "/waivers/0/for_ever", "for_ever"),
    ],
)
def test_a_waiver_says_for_what_why_and_until_when(change, pointer, says):
    source = {
        "controls": [{"key": "LIM-01"}],
        "waivers": [{name: v for name, v in waiver(**change).items() if v is not None}],
    }

    found = waiver_problems(source, catalogue=Catalogue({}))

    assert any(p.pointer.startswith(pointer) and says in p.message for p in found), found


def test_two_waivers_of_one_key_are_refused():
    twice = [waiver(condition=None), waiver(condition=None)]
    source = {"controls": [{"key": "LIM-01"}], "waivers": twice}

    assert [p.code for p in waiver_problems(source, catalogue=Catalogue({}))] == ["duplicate"]
