"""The signal matrix on stories small enough to judge by eye."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.signal_matrix import Answer, Safeguard, Story, cells, gaps, totals

LIVE = [
    {"key": "LIM-01", "kind": "policy", "mode": "enforced"},
    {"key": "VER-01", "kind": "verification", "mode": "enforced"},
]


def said(kind: str, outcome: str, **more: Any) -> dict[str, Any]:
    key = "LIM-01" if kind == "policy" else "VER-01"
    return {
        "key": key,
        "version": 3,
        "kind": kind,
        "mode": "enforced",
        "outcome": outcome,
        "effect": "review",
        **more,
    }


def story(**more: Any) -> Story:
    """A case that went out without a word."""
    plain: dict[str, Any] = {
        "controls": LIVE,
        "results": [],
        "enforced": True,
        "went_ahead": True,
        "routed": False,
    }
    return Story(**plain | more)


def answer(safeguard: str, **more: Any) -> Answer:
    return cells(story(**more))[Safeguard(safeguard)].answer


FIRED = said("policy", "fired")
SHADOW = said("policy", "fired", mode="shadow")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Answer.SILENT),
        ({"controls": []}, Answer.MISSING),
        ({"controls": [LIVE[0] | {"mode": "off"}]}, Answer.MISSING),
        ({"controls": [LIVE[0] | {"mode": "shadow"}]}, Answer.SHADOW),
        ({"results": [SHADOW]}, Answer.SHADOW),
        ({"results": [FIRED]}, Answer.OVERRIDDEN),
        ({"results": [FIRED], "went_ahead": False}, Answer.ACTED),
        ({"results": [FIRED], "went_ahead": None}, Answer.ACTED),
        ({"results": [FIRED], "enforced": False}, Answer.SHADOW),
        ({"results": [said("policy", "unknown", effect="continue")]}, Answer.SILENT),
        ({"results": [FIRED | {"mode": "advise"}]}, Answer.OVERRIDDEN),
        ({"results": [SHADOW, FIRED], "went_ahead": False}, Answer.ACTED),
    ],
)
def test_what_the_policy_controls_did(more, expected):
    assert answer("policy", **more) == expected


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([said("verification", "pass", effect=None)], Answer.SILENT),
        ([said("verification", "fail")], Answer.OVERRIDDEN),
        ([said("verification", "timeout")], Answer.FAILED),
        ([said("verification", "not_run", effect=None)], Answer.FAILED),
        ([said("verification", "error"), said("verification", "fail")], Answer.OVERRIDDEN),
        ([said("verification", "error"), said("verification", "fail", mode="shadow")],
         Answer.FAILED),
        ([FIRED], Answer.SILENT),
    ],
)  # fmt: skip
def test_what_the_verifications_did(results, expected):
    assert answer("verification", results=results) == expected


@pytest.mark.parametrize(
    ("more", "routing", "reviewer"),
    [
        ({}, Answer.SILENT, Answer.MISSING),
        ({"routed": True}, Answer.OVERRIDDEN, Answer.FAILED),
        ({"routed": True, "end": "no_eligible_reviewer"}, Answer.FAILED, Answer.FAILED),
        ({"routed": True, "outcomes": ["approve"]}, Answer.OVERRIDDEN, Answer.SILENT),
        ({"routed": True, "outcomes": ["reject"], "went_ahead": False}, Answer.ACTED,
         Answer.ACTED),
        ({"routed": True, "outcomes": ["escalate", "approve"]}, Answer.OVERRIDDEN,
         Answer.OVERRIDDEN),
    ],
)  # fmt: skip
def test_whether_it_came_before_people_and_what_they_said(more, routing, reviewer):
    assert answer("routing", **more) == routing
    assert answer("reviewer", **more) == reviewer


@pytest.mark.parametrize(
    ("safeguard", "more", "expected"),
    [
        ("sampling", {}, Answer.MISSING),
        ("sampling", {"audits": ["correct"]}, Answer.SILENT),
        ("sampling", {"audits": ["correct", "incorrect"]}, Answer.ACTED),
        ("monitoring", {}, Answer.MISSING),
        ("monitoring", {"measured": True}, Answer.SILENT),
        ("monitoring", {"alerts": [False]}, Answer.OVERRIDDEN),
        ("monitoring", {"alerts": [False, True]}, Answer.ACTED),
    ],
)
def test_whether_sampling_and_monitoring_saw_it(safeguard, more, expected):
    assert answer(safeguard, **more) == expected


def test_the_controls_behind_a_word_are_named():
    found = cells(story(results=[FIRED, said("verification", "pass", effect=None)]))

    assert found[Safeguard.POLICY].keys == ("LIM-01 v3",)
    assert found[Safeguard.VERIFICATION].keys == ()


def test_what_stopped_no_case_is_a_gap():
    rows = [cells(story()), cells(story(results=[FIRED], went_ahead=False))]
    counted = totals(rows)

    assert counted[Safeguard.POLICY] == {Answer.SILENT: 1, Answer.ACTED: 1}
    assert Safeguard.POLICY not in gaps(counted)
    assert set(gaps(counted)) == set(Safeguard) - {Safeguard.POLICY}
    assert gaps(totals([])) == []
