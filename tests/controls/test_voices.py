"""The voices beside the controls: when each one speaks, and what it orders."""

from __future__ import annotations

import pytest

from tests.controls.judging import checks, judged, live, orders, quiet

PASSING = checks("number_limit", params={"field": "output.amount", "maximum": 9999})
FAILING = checks("number_limit", params={"field": "output.amount", "maximum": 1})


def voices(judgement) -> dict[str, str]:
    return {voice.key: voice.disposition for voice in judgement.voices}


def test_an_ordinary_governed_case_hears_no_voice():
    assert voices(judged([quiet()])) == {}


@pytest.mark.parametrize("to", ["review", "specialist", "governance"])
def test_the_caller_needs_no_control_at_all(to):
    judgement = judged([], escalate={"to": to, "reason": "Income could not be read"})

    assert voices(judgement)["caller"] == to
    assert judgement.disposition == to
    assert "Income could not be read" in judgement.voices[0].message


def test_a_caller_that_gives_no_reason_is_heard_too():
    assert "no reason given" in judged([quiet()], escalate={"to": "review"}).voices[0].message


def test_while_a_workflow_is_paused_every_case_is_judged_and_held():
    judgement = judged([orders("specialist")], paused=True)

    assert judgement.disposition == "pause"
    assert judgement.decided_by == ("paused",)
    assert judgement.contributing == ("ORDERS-specialist",)


def test_a_pause_does_not_lower_a_block():
    assert judged([orders("block")], paused=True).disposition == "block"


def test_a_paused_workflow_holds_in_observe_too():
    judgement = judged([orders("specialist")], paused=True, stage="observe")

    assert (judgement.disposition, judgement.decided_by) == ("pause", ("paused",))
    assert judgement.enforced


def test_in_the_pilot_every_output_is_reviewed():
    judgement = judged([quiet()], stage="pilot")

    assert (judgement.disposition, judgement.decided_by) == ("review", ("stage",))


@pytest.mark.parametrize("stage", ["limited", "governed"])
def test_later_stages_judge_without_a_voice_of_their_own(stage):
    assert voices(judged([quiet()], stage=stage)) == {}


def test_a_workflow_under_all_review_is_reviewed_as_in_a_pilot():
    judgement = judged([quiet()], stage="governed", all_review=True)

    assert (judgement.disposition, judgement.decided_by) == ("review", ("stage",))


def test_a_pilot_under_all_review_speaks_once():
    assert len(judged([quiet()], stage="pilot", all_review=True).voices) == 1


def test_an_output_that_strays_from_the_schema_is_reviewed():
    stray = [{"path": "output.mood", "message": "`output.mood` is not in the schema."}]

    judgement = judged([quiet()], schema=stray)

    assert (judgement.disposition, judgement.decided_by) == ("review", ("schema",))
    assert "output.mood" in judgement.voices[0].message


def test_the_schema_voice_never_tells_a_sensitive_value():
    stray = [{"path": "output.iban", "message": "`output.iban` is “DE02”, not a number."}]

    (voice,) = judged([quiet()], schema=stray).voices

    assert "output.iban" in voice.message
    assert "DE02" not in voice.message


def test_an_undeclared_action_goes_to_governance():
    judgement = judged([quiet()], proposed_action="aprove")

    assert (judgement.disposition, judgement.decided_by) == ("governance", ("specification",))
    assert "“aprove”" in judgement.voices[0].message


@pytest.mark.parametrize("action", [None, "approve", "decline"])
def test_a_missing_or_declared_action_is_not_undeclared(action):
    more = {} if action is None else {"proposed_action": action}

    assert voices(judged([quiet()], **more)) == {}


@pytest.mark.parametrize(
    ("stage", "controls", "expected"),
    [
        ("limited", [quiet()], {"specification": "review"}),
        ("governed", [quiet()], {"specification": "review"}),
        ("limited", [FAILING], {"specification": "review"}),
        ("limited", [PASSING], {}),
        ("limited", [FAILING | {"key": "VER-02"}, PASSING], {}),
        ("limited", [PASSING | {"mode": "shadow"}, quiet()], {"specification": "review"}),
        ("pilot", [quiet()], {"stage": "review"}),
        ("observe", [quiet()], {}),
    ],
)
def test_an_action_that_requires_verification_needs_an_enforced_pass(stage, controls, expected):
    assert voices(judged(controls, proposed_action="pay", stage=stage)) == expected


@pytest.mark.parametrize(
    "controls",
    [
        [],
        [orders("continue", mode="shadow")],
        [PASSING | {"condition": {"field": "output.amount", "op": "<", "value": 0}}],
    ],
)
def test_a_case_that_no_enforced_control_covers_is_ungoverned_and_reviewed(controls):
    judgement = judged(controls)

    assert judgement.ungoverned
    assert (judgement.disposition, judgement.decided_by) == ("review", ("ungoverned",))


@pytest.mark.parametrize("control", [quiet(), PASSING, orders("continue")])
def test_a_control_that_was_judged_and_stayed_calm_governs(control):
    judgement = judged([control])

    assert not judgement.ungoverned
    assert judgement.disposition == "continue"


def test_voices_are_named_before_the_controls_that_said_the_same():
    judgement = judged([orders("review", "A", priority=0)], stage="pilot")

    assert set(judgement.decided_by) == {"stage", "A"}


def test_a_set_knows_its_actions_by_name():
    assert set(live().actions) == {"approve", "decline", "pay"}
