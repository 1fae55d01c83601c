"""The specification in words: what is not guarded comes first."""

from __future__ import annotations

import pytest

from tests.controls_factories import ACTIONS, BOUNDARIES, make_workflow, policy, verification

pytestmark = pytest.mark.django_db

PAGE = "/workflows/credit-decisions/specification/"


def main_of(answer) -> str:
    return answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]


def test_boundaries_and_actions_stand_with_the_controls_that_guard_them(client, cast):
    make_workflow(controls=[policy(), verification()], members=[cast.ada])
    client.force_login(cast.ada)

    text = main_of(client.get(PAGE))

    assert "Decide on loans." in text
    for one in BOUNDARIES:
        assert one["text"] in text
    assert "Policy 4.2" in text
    for one in ACTIONS:
        assert f"<h3>{one['name']}</h3>" in text
    assert '<a class="link" href="/controls/LIM-01/">LIM-01</a>' in text
    assert "Not guarded" not in text


def test_what_nothing_guards_and_what_guards_nothing_comes_first(client, cast):
    only = {"field": "proposed_action", "op": "==", "value": "approve"}
    make_workflow(
        controls=[policy(boundary=None), verification(mode="shadow", condition=only)],
        members=[cast.ada],
    )
    client.force_login(cast.grace)

    gaps = main_of(client.get(PAGE)).split('id="boundaries"')[0]

    assert "<b>Boundary 1</b>" in gaps
    assert "<b>Boundary 2</b>" in gaps  # guarded in shadow only
    assert "<b>Action pay</b> requires a verification" in gaps
    assert "LIM-01</a> LIM-01 holds large amounts</span>" in gaps
    assert "Names no boundary" in gaps


def test_whom_it_does_not_concern_finds_nothing(client, cast):
    make_workflow(controls=[])
    client.force_login(cast.mallory)

    assert client.get(PAGE).status_code == 404
