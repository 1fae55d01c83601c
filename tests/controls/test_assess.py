"""The judgement: every voice counts, the most restrictive wins, and order never matters."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.assess import assess
from assurance.controls.choices import Disposition
from tests.controls.judging import check_that, checks, facts, judged, live, orders, quiet

PAIRS = list(itertools.product(Disposition.values, repeat=2))
CONTROL = st.builds(
    lambda disposition, mode, priority: (disposition, mode, priority),
    st.sampled_from(Disposition.values),
    st.sampled_from(["off", "shadow", "advise", "enforced"]),
    st.integers(0, 3),
)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_of_two_controls_the_more_restrictive_wins(first, second):
    judgement = judged([orders(first, "A"), orders(second, "B")])

    expected = max(Disposition(first), Disposition(second), key=lambda one: one.rank)
    assert judgement.disposition == judgement.would_be == expected
    assert judgement.enforced


@pytest.mark.parametrize("control", Disposition.values)
@pytest.mark.parametrize("caller", ["review", "specialist", "governance"])
def test_the_caller_may_raise_and_never_lower(control, caller):
    judgement = judged([orders(control)], escalate={"to": caller, "reason": "unsure"})

    expected = max(Disposition(control), Disposition(caller), key=lambda one: one.rank)
    assert judgement.disposition == expected
    assert ("caller" in judgement.decided_by) == (expected == caller)


@given(st.lists(CONTROL, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_controls_never_matters(drawn, random):
    controls = [
        orders(disposition, f"C-{number}", mode=mode, priority=priority)
        for number, (disposition, mode, priority) in enumerate(drawn)
    ]
    shuffled = controls[:]
    random.shuffle(shuffled)

    one, other = judged(controls), judged(shuffled)

    def said(judgement):
        return (
            judgement.disposition,
            judgement.would_be,
            judgement.decided_by,
            judgement.contributing,
            judgement.reroute_to,
            judgement.instructions,
        )

    assert said(one) == said(other)


@given(st.lists(CONTROL, max_size=5), CONTROL)
def test_one_more_control_never_lowers_the_result(drawn, more):
    controls = [
        orders(disposition, f"C-{number}", mode=mode)
        for number, (disposition, mode, _) in enumerate([*drawn, ("review", "enforced", 0)])
    ]

    before = judged(controls)
    after = judged([*controls, orders(more[0], "MORE", mode=more[1])])

    assert after.disposition.rank >= before.disposition.rank


def test_nothing_that_speaks_lets_the_case_go_on():
    judgement = judged([quiet()])

    assert (judgement.disposition, judgement.decided_by) == ("continue", ())
    assert judgement.enforced
    assert not judgement.ungoverned


def test_the_deciding_controls_are_told_by_priority_and_then_by_key():
    controls = [
        orders("review", "B", priority=5),
        orders("review", "A", priority=5),
        orders("review", "C", priority=1),
        orders("return", "D"),
    ]

    judgement = judged(controls)

    assert judgement.decided_by == ("C", "A", "B")
    assert judgement.contributing == ("D",)


def test_a_condition_that_does_not_hold_orders_nothing():
    control = orders("block", condition={"field": "output.amount", "op": ">", "value": 9999})

    judgement = judged([control])

    assert judgement.disposition == "continue"
    assert judgement.results == ()
    assert judgement.reported() == []


def test_a_control_that_fired_tells_its_operands_and_a_sentence():
    control = orders("review", condition={"field": "output.amount", "op": ">", "value": 2500})

    (result,) = judged([control]).reported()

    assert result.outcome == "fired"
    assert result.message == "`output.amount` 4,820 is more than 2,500."
    assert result.operands == ({"field": "output.amount", "value": 4820, "op": ">", "other": 2500},)


def test_a_control_says_its_own_sentence_with_the_values_of_the_case():
    control = orders("review", message="{output.amount} EUR for {output.iban}, {context.purpose}.")

    (result,) = judged([control], output={"amount": 4820, "iban": "DE02"}).reported()

    assert result.message == "4,820 EUR for (covered), (missing)."


def test_a_sentence_made_of_the_condition_never_tells_a_sensitive_value():
    control = orders("review", condition={"field": "output.iban", "op": "==", "value": "DE02"})

    fired = judged([control], output={"iban": "DE02"}).results[0]

    assert "DE02" not in fired.message
    assert "output.iban" in fired.message


# --- unknown ----------------------------------------------------------------------------------

MISSING = {"field": "output.score", "op": ">", "value": 1}


@pytest.mark.parametrize(
    ("effect", "on_unknown", "expected"),
    [
        ("review", None, "review"),
        ("specialist", None, "specialist"),
        ("governance", None, "governance"),
        ("return", None, "review"),
        ("reroute", None, "review"),
        ("pause", None, "review"),
        ("block", None, "review"),
        ("block", "fire", "block"),
        ("return", "fire", "return"),
        ("block", "quiet", "continue"),
        ("review", "block", "block"),
        ("block", "specialist", "specialist"),
    ],
)
def test_an_unknown_condition_orders_what_the_owner_said_or_a_person(effect, on_unknown, expected):
    judgement = judged([orders(effect, condition=MISSING, on_unknown=on_unknown)])

    assert judgement.disposition == expected
    (result,) = judgement.reported()
    assert result.outcome == "unknown"
    assert result.message.startswith("It could not be judged: `output.score` is missing")


# --- verification -----------------------------------------------------------------------------


def test_a_check_that_passes_orders_nothing():
    control = checks("number_limit", params={"field": "output.amount", "maximum": 5000})

    judgement = judged([control])

    assert judgement.disposition == "continue"
    assert judgement.results[0].outcome == "pass"


def test_a_check_that_fails_orders_what_its_control_maps_it_to():
    params = {"field": "output.amount", "maximum": 10}
    own = "{output.amount} is beyond every limit."

    judgement = judged(
        [checks("number_limit", params=params, effects={"fail": "specialist"}, message=own)]
    )

    assert judgement.disposition == "specialist"
    assert judgement.reported()[0].message == "4,820 is beyond every limit."


def test_the_sentence_of_a_failure_is_not_told_of_a_check_that_was_unsure():
    params = {"field": "output.missing", "maximum": 10}

    (result,) = judged([checks("number_limit", params=params, message="Too much.")]).reported()

    assert result.outcome == "inconclusive"
    assert "Too much" not in result.message
    assert result.message


def test_an_inconclusive_check_follows_its_own_effect():
    params = {"field": "output.missing", "maximum": 10}

    control = checks("number_limit", params=params, effects={"inconclusive": "governance"})

    assert judged([control]).disposition == "governance"


def test_a_check_whose_condition_is_false_is_not_applicable_and_governs_nothing():
    condition = {"field": "output.amount", "op": "<", "value": 0}
    control = checks("length", params={"field": "output.text", "minimum": 1}, condition=condition)

    judgement = judged([control])

    assert judgement.results[0].outcome == "not_applicable"
    assert judgement.ungoverned
    assert (judgement.disposition, judgement.decided_by) == ("review", ("ungoverned",))


def test_an_unknown_condition_never_excuses_a_check():
    control = checks(
        "number_limit", params={"field": "output.amount", "maximum": 10}, condition=MISSING
    )

    assert judged([control]).results[0].outcome == "fail"


def hangs(params, facts, gathered):
    """Uses more processor time than a check has."""
    from assurance.controls.checks import registry

    deadline = registry.time.thread_time() + registry.BUDGET_SECONDS * 1.05
    while registry.time.thread_time() < deadline:
        pass
    return registry.Outcome("pass")


def raises(params, facts, gathered):
    raise RuntimeError("the checker crashed")


FAULTS = {
    "raises": raises,
    "recurses": lambda p, f, g: FAULTS["recurses"](p, f, g),
    "hangs": hangs,
    "says nothing": lambda p, f, g: None,
    "says true": lambda p, f, g: True,
    "says a word": lambda p, f, g: "pass",
    "says a dict": lambda p, f, g: {"outcome": "pass"},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, "review"),
        ({"on_error": "governance"}, "governance"),
        ({"failure_policy": "closed_hold", "on_error": "specialist"}, "specialist"),
        ({"failure_policy": "closed_block"}, "block"),
    ],
)
def test_a_check_that_crashes_hangs_or_answers_junk_never_lets_a_case_go_on(
    fault, policy, expected
):
    with check_that(FAULTS[fault]) as name:
        judgement = judged([checks(name, **policy)])

    assert judgement.disposition == expected
    assert judgement.results[0].outcome in ("error", "timeout")


def test_only_a_failure_policy_that_says_so_lets_a_case_go_on_and_it_is_told():
    with check_that(raises) as name:
        judgement = judged([checks(name, failure_policy="open_flagged")])

    assert judgement.disposition == "continue"
    assert [result.outcome for result in judgement.reported()] == ["error"]


def test_a_check_that_this_release_does_not_have_did_not_run():
    judgement = judged([checks("no_such_check")])

    assert (judgement.results[0].outcome, judgement.disposition) == ("not_run", "review")


def test_a_stateful_check_for_which_nothing_was_gathered_did_not_run():
    params = {"field": "output.amount", "maximum": 10_000}

    judgement = judged([checks("cumulative_limit", params=params)], subject="customer-7")

    assert (judgement.results[0].outcome, judgement.disposition) == ("not_run", "review")


# --- modes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["shadow", "advise"])
def test_shadow_and_advise_are_judged_and_have_no_effect(mode):
    judgement = judged([orders("block", mode=mode), quiet()])

    assert judgement.disposition == judgement.would_be == "continue"
    without_effect = [r for r in judgement.results if not r.is_enforced]
    assert [(r.outcome, r.effect) for r in without_effect if r.mode == mode] == [("fired", "block")]


def test_a_control_that_stays_quiet_governs_and_is_in_no_result():
    judgement = judged([quiet()])

    assert judgement.results == ()
    assert not judgement.ungoverned
    assert judged([{**quiet(), "mode": "shadow"}]).ungoverned


def test_a_control_that_is_off_is_not_judged():
    judgement = judged([orders("block", "OFF", mode="off"), orders("review", "ON")])

    assert [result.key for result in judgement.results] == ["ON"]


@pytest.mark.parametrize("mode", ["off", "shadow", "advise"])
def test_only_an_enforced_control_governs_a_case(mode):
    judgement = judged([orders("continue", mode=mode)])

    assert judgement.ungoverned
    assert judgement.disposition == "review"


# --- returns, reroutes ------------------------------------------------------------------------


@pytest.mark.parametrize(("returns", "expected"), [(0, "return"), (1, "return"), (2, "review")])
def test_the_third_return_becomes_a_review(returns, expected):
    judgement = judged([orders("return")], returns=returns)

    assert judgement.disposition == expected
    assert judgement.instructions == ("Do better." if expected == "return" else "")


def test_a_return_carries_the_instructions_of_every_control_that_ordered_it():
    controls = [orders("return", "B", instructions="Second."), orders("return", "A")]

    assert judged(controls).instructions == "Do better.\nSecond."


def test_a_reroute_names_the_path_of_the_first_control():
    controls = [
        orders("reroute", "B", reroute_to="branch", priority=1),
        orders("reroute", "A", reroute_to="manual"),
    ]

    assert judged(controls).reroute_to == "branch"


def test_a_case_that_is_blocked_names_no_other_path_and_no_instructions():
    judgement = judged([orders("reroute"), orders("return"), orders("block")])

    assert judgement.disposition == "block"
    assert (judgement.reroute_to, judgement.instructions) == ("", "")


# --- observe ----------------------------------------------------------------------------------


def test_in_observe_nothing_is_held_and_the_answer_says_what_would_be():
    judgement = judged([orders("specialist")], stage="observe")

    assert (judgement.disposition, judgement.would_be) == ("continue", "specialist")
    assert not judgement.enforced
    assert judgement.decided_by == ()


def test_in_observe_the_caller_is_still_heard():
    judgement = judged([orders("block")], stage="observe", escalate={"to": "governance"})

    assert (judgement.disposition, judgement.would_be) == ("governance", "block")
    assert judgement.enforced
    assert judgement.decided_by == ("caller",)


def test_judging_the_same_facts_again_gives_the_same_judgement():
    one, other = facts(escalate={"to": "review", "reason": "?"}), live([orders("specialist")])

    assert assess(one, other).results == assess(one, other).results
    assert assess(one, other).decided_by == ("ORDERS-specialist",)
