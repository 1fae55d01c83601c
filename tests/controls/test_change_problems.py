"""What is wrong with the edits of a change, looked at as they were sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from assurance.controls import approvals, changes
from assurance.controls.change_problems import edit_problems
from assurance.controls.models import ControlChange, Workflow
from assurance.errors import DomainError
from tests.controls.changing import DAY, NOON, drafted, limit, live_content
from tests.controls_factories import ACTIONS, BOUNDARIES, make_workflow, policy, verification

pytestmark = pytest.mark.django_db

RULE = {
    "name": "Phone",
    "position": 1,
    "condition": {"field": "context.channel", "op": "==", "value": "phone"},
    "queue": "credit-review",
}
REASON = {"code": "fine", "label": "Fine", "outcomes": ["approve"]}
ITEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "LIM-01": ("control", policy()),
    "VER-01": ("control", verification(effects={"fail": "review"}, on_error="review")),
    "Phone": ("rule", RULE),
    "credit-review": (
        "queue_policy",
        {"queue": "credit-review", "outcomes": ["approve", "reject"], "reasons": [REASON] * 1,
         "rationale_min": {"approve": 0}, "reasons_required": {"approve": {"low": 0}, "reject": 0}},
    ),
    "": ("specification", {"purpose": "p", "boundaries": BOUNDARIES, "actions": ACTIONS}),
}  # fmt: skip
JUNK = (None, True, 7, -1.5, "x", [], [1], [None], [[]], {}, {"a": 1}, {"": {}}, [{"a": 1}])


@pytest.fixture
def credit(cast) -> Workflow:
    return make_workflow("credit-decisions", controls=[policy(), verification()])


def edit(key: str, **fields: Any) -> dict[str, Any]:
    item, content = ITEMS[key]
    return {"item": item, "key": key, "content": {**content, **fields}}


@pytest.mark.parametrize(
    ("made", "pointer", "code"),
    [
        (edit("LIM-01", on_unknwon="fire"), "on_unknwon", "unknown_key"),
        (edit("VER-01", check={"name": "length", "parms": {}}), "check/parms", "unknown_key"),
        (edit("Phone", urgent=True), "urgent", "unknown_key"),
        (edit("Phone", position="first"), "position", "wrong_type"),
        (edit("Phone", position=True), "position", "wrong_type"),
        (edit("", actions={}), "actions", "wrong_type"),
        (
            edit("", boundaries=[{"number": "one", "text": "t"}]),
            "boundaries/0/number",
            "wrong_type",
        ),
        (edit("VER-01", failure_policy=False), "failure_policy", "wrong_type"),
    ],
)
def test_what_the_set_would_leave_out_in_silence_is_refused_where_it_stands(
    credit, made, pointer, code
):
    found = edit_problems(credit, live_content(credit), [made])

    assert (f"/edits/0/content/{pointer}", code) in {(one.pointer, one.code) for one in found}


def test_a_policy_control_says_when_it_fires(credit):
    made = edit("LIM-01")
    del made["content"]["condition"]

    (problem,) = edit_problems(credit, live_content(credit), [made])

    assert (problem.pointer, problem.code) == ("/edits/0/content/condition", "missing")


@pytest.mark.parametrize("key", ITEMS)
def test_junk_anywhere_in_an_edit_is_a_problem_or_harmless_and_never_a_crash(credit, key):
    item, content = ITEMS[key]
    base = live_content(credit)

    assert edit_problems(credit, base, [edit(key)]) == []
    refused = 0
    for place in places(content):
        for junk in JUNK:
            made = put(content, place, junk)
            refused += bool(edit_problems(credit, base, [{"item": item, "key": key,
                                                          "content": made}]))  # fmt: skip

    assert refused > 20


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below the top."""
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [place for name, one in inner for place in [(*at, name), *places(one, (*at, name))]]


def put(value: Any, place: tuple[Any, ...], junk: Any) -> Any:
    """A copy with junk at one place."""
    if not place:
        return junk
    first, *rest = place
    if isinstance(value, list):
        return [put(one, tuple(rest), junk) if n == first else one for n, one in enumerate(value)]
    return {name: put(one, tuple(rest), junk) if name == first else one
            for name, one in value.items()}  # fmt: skip


def waiver(end: datetime | str) -> dict[str, Any]:
    until = end if isinstance(end, str) else end.isoformat()
    content = {"key": "WAI-01", "control": "LIM-01", "condition": None, "reason": "Agreed.",
               "expires_at": until}  # fmt: skip
    return {"item": "waiver", "key": "WAI-01", "content": content}


SECOND = timedelta(seconds=1)
YEAR = NOON + timedelta(days=366)


@pytest.mark.parametrize(
    ("end", "code", "says"),
    [
        (NOON, "in_the_past", "would be over already"),
        (NOON - DAY, "in_the_past", "would be over already"),
        ((NOON - SECOND).astimezone(timezone(timedelta(hours=9))), "in_the_past", "over already"),
        (YEAR + SECOND, "too_late", "by 2032-01-07T12:00Z at the latest"),
        (datetime(9999, 12, 31, tzinfo=UTC), "too_late", "more than a year"),
    ],
)
def test_a_waiver_ends_within_a_year_or_is_not_drafted(credit, cast, end, code, says):
    draft = drafted(credit, cast.grace, limit(credit, 9000))

    for act in (
        lambda: drafted(credit, cast.grace, limit(credit, 9000), waiver(end)),
        lambda: changes.edit(
            draft, edits=[limit(credit, 9000), waiver(end)], by=cast.grace, at=NOON
        ),
    ):
        with pytest.raises(DomainError, match=says) as refusal:
            act()
        (problem,) = refusal.value.errors
        assert refusal.value.status == 422
        assert problem["pointer"] == "/edits/1/content/expires_at"
        assert problem["code"] == code
    assert ControlChange.objects.count() == 1


@pytest.mark.parametrize(
    "end", [NOON + SECOND, YEAR, YEAR.astimezone(timezone(-timedelta(hours=9)))],
)  # fmt: skip
def test_a_waiver_of_up_to_a_year_is_drafted_and_submitted(credit, cast, end):
    change = approvals.submit(drafted(credit, cast.grace, waiver(end)), by=cast.grace, at=NOON)

    assert change.status == "in_review"


def test_a_waiver_that_is_over_by_then_is_not_submitted(credit, cast):
    change = drafted(credit, cast.grace, waiver(NOON + DAY))

    with pytest.raises(DomainError, match="would be over already") as refusal:
        approvals.submit(change, by=cast.grace, at=NOON + DAY)

    assert refusal.value.errors[0]["pointer"] == "/edits/0/content/expires_at"
