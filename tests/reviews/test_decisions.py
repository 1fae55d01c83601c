"""Decide, undo, release, supersede: one final decision stands, and nothing is ever edited."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from assurance.controls.models import Label
from assurance.errors import DomainError
from assurance.record import ledger
from reviews import claims, decisions, releasing
from reviews.answers import case_answer, moment
from reviews.choices import Status
from reviews.decisions import Verdict
from reviews.models import Case, Decision, Draft
from tests.controls_factories import make_person, make_queue
from tests.database import past_the_guards
from tests.racing import race, refusals
from tests.reviews.conftest import MINUTE, NOON, SECOND, WHY, approve, closed, decided, the_queue

pytestmark = pytest.mark.django_db

CORRECTED = {"amount": 4280, "text": "We lend it."}


def correct(output=CORRECTED, **more) -> Verdict:
    said = {"reasons": ["figure-wrong"], "rationale": WHY, "output": output}
    return Verdict("correct", **{**said, **more})


def problem(case, user, verdict, at=NOON) -> DomainError:
    held = claims.claim(case, by=user, at=at)
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        decisions.decide(held, verdict, by=user, lease=held.lease_number, at=at)
    return refusal.value


def test_inside_the_window_callers_see_no_decision_and_after_it_they_do(cast, waiting):
    decision = decided(waiting, cast.ada)
    case = Case.objects.for_list().get(pk=waiting.pk)
    inside = case_answer(case, at=NOON + 9 * SECOND)
    assert releasing.release_due(NOON + 9 * SECOND) == 0
    assert releasing.release_due(NOON + 10 * SECOND) == 1
    case = Case.objects.for_list().get(pk=waiting.pk)
    after = case_answer(case, at=NOON + 11 * SECOND)

    assert (inside["status"], inside["decision"], inside["proceed"]) == ("in_review", None, None)
    assert (after["status"], after["end"], after["proceed"]) == ("closed", "approved", True)
    assert after["decision"]["decided_at"] == moment(decision.decided_at)
    assert after["decision"]["reviewers"] == ["ada"]


def test_undo_inside_the_window_gives_the_lease_and_the_words_back(cast, waiting):
    decision = decided(waiting, cast.ada)
    case = decisions.undo(decision, by=cast.ada, at=NOON + 9 * SECOND)

    assert case.is_held_by(cast.ada, NOON + 9 * SECOND)
    assert case.lease_number == decision.lease_number + 1
    assert Draft.objects.get(case=case, user=cast.ada).body["rationale"] == WHY
    assert releasing.release_due(NOON + 60 * SECOND) == 0
    assert ledger.types(ledger.Stream.case(case.id))[-3:] == [
        "case.decided",
        "case.decision_undone",
        "case.claimed",
    ]


def test_past_the_window_there_is_no_undo_even_before_the_sweep_came(cast, waiting):
    decision = decided(waiting, cast.ada)

    with pytest.raises(DomainError) as refusal:
        decisions.undo(decision, by=cast.ada, at=NOON + 10 * SECOND)

    assert refusal.value.code == "undo_window_over"


def test_nobody_undoes_the_decision_of_another(cast, waiting):
    decision = decided(waiting, cast.ada)

    with pytest.raises(DomainError) as refusal:
        decisions.undo(decision, by=cast.ben, at=NOON + SECOND)

    assert refusal.value.status == 403


def test_a_correction_supersedes_and_links_both_ways(cast, waiting):
    case = closed(waiting, cast.ada)
    first = case.decisions.get()
    second = decisions.supersede(case, correct(), of=first.pk, by=cast.dev, at=NOON + 60 * SECOND)
    before = case_answer(Case.objects.for_list().get(pk=case.pk), at=NOON + 61 * SECOND)
    assert releasing.release_due(second.release_at) == 1
    case = Case.objects.for_list().get(pk=case.pk)
    after = case_answer(case, at=second.release_at)

    assert (before["end"], before["decision"]["outcome"]) == ("approved", "approve")
    assert (after["end"], after["decision"]["output"]) == ("corrected", second.output)
    assert second.supersedes == first
    assert first.superseded_by.get() == second
    assert ledger.types(ledger.Stream.case(case.id)).count("case.closed") == 2


def test_only_the_decider_or_a_lead_supersedes_and_only_what_stands(cast, waiting):
    case = closed(waiting, cast.ada)
    first = case.decisions.get()
    with pytest.raises(DomainError) as stranger:
        decisions.supersede(case, correct(), of=first.pk, by=cast.ben, at=NOON + 60 * SECOND)
    with pytest.raises(DomainError) as not_final:
        decisions.supersede(
            case, Verdict("return", ["tone"], WHY), of=first.pk, by=cast.ada, at=NOON + 60 * SECOND
        )
    decisions.supersede(case, correct(), of=first.pk, by=cast.ada, at=NOON + 60 * SECOND)
    with pytest.raises(DomainError) as twice:
        decisions.supersede(case, correct(), of=first.pk, by=cast.ada, at=NOON + 61 * SECOND)

    assert stranger.value.status == 403
    assert not_final.value.code == "not_final"
    assert twice.value.code == "not_superseding"


def test_undoing_a_superseding_decision_lets_the_old_one_stand(cast, waiting):
    case = closed(waiting, cast.ada)
    first = case.decisions.get()
    second = decisions.supersede(case, correct(), of=first.pk, by=cast.ada, at=NOON + 60 * SECOND)
    decisions.undo(second, by=cast.ada, at=NOON + 61 * SECOND)

    first.refresh_from_db()
    assert first.is_current
    assert Case.objects.get(pk=case.pk).end == "approved"


def test_escalating_moves_the_case_on_at_release_also_to_a_queue_one_cannot_read(cast, waiting):
    verdict = Verdict("escalate", ["policy-unclear"], WHY, queue="credit-specialists")
    decided(waiting, cast.ada, verdict)
    assert releasing.release_due(NOON + 10 * SECOND) == 1
    case = Case.objects.for_list().get(pk=waiting.pk)

    assert case.queue.slug == "credit-specialists"
    assert case.status(NOON + 10 * SECOND) == Status.WAITING
    assert case_answer(case, at=NOON + 10 * SECOND)["decision"] is None


def test_returning_sends_the_rationale_as_instructions_and_twice_is_the_limit(cast, waiting):
    verdict = Verdict("return", ["tone"], "Say it in plainer words and name the fee.")
    case = closed(waiting, cast.ada, verdict)
    answer = case_answer(Case.objects.for_list().get(pk=case.pk), at=NOON + 11 * SECOND)
    Case.objects.filter(pk=waiting.pk).update(returns=2, state="open", queue=the_queue(),
                                              due_at=NOON, rank_at=NOON)  # fmt: skip
    refusal = problem(waiting, cast.ada, verdict)

    assert (answer["status"], answer["proceed"]) == ("returned", False)
    assert answer["instructions"] == "Say it in plainer words and name the fee."
    assert (refusal.code, refusal.status) == ("return_limit", 422)


@pytest.mark.parametrize(
    ("verdict", "code", "pointer"),
    [
        (Verdict("approve", ["within-policy"], ""), "required", "/rationale"),
        (Verdict("approve", [], WHY), "required", "/reasons"),
        (Verdict("approve", ["within-policy"], "\u200b \u2060" * 40), "required", "/rationale"),
        (Verdict("approve", ["within-policy"], "Fine."), "too_short", "/rationale"),
        (Verdict("approve", ["within-policy"], "x" * 100_000), "too_long", "/rationale"),
        (Verdict("approve", ["nonsense"], WHY), "unknown_reason", "/reasons/0"),
        (Verdict("reject", ["other"], ""), "required", "/rationale"),
        (Verdict("correct", ["figure-wrong"], WHY), "required", "/output"),
        (Verdict("approve", ["within-policy"], WHY, output={}), "not_a_correction", "/output"),
        (Verdict("escalate", ["policy-unclear"], WHY), "required", "/queue"),
        (Verdict("escalate", ["policy-unclear"], WHY, queue="x"), "unknown_queue", "/queue"),
        (
            Verdict("escalate", ["policy-unclear"], WHY, queue="credit-review"),
            "same_queue",
            "/queue",
        ),
        (
            Verdict("approve", ["within-policy"], WHY, control_was_right={"NO-1": "yes"}),
            "unknown_control",
            "/control_was_right/NO-1",
        ),
    ],
)
def test_a_decision_that_does_not_say_all_it_must_is_refused_with_its_place(
    cast, waiting, verdict, code, pointer
):
    refusal = problem(waiting, cast.ada, verdict)

    assert refusal.status == 422
    assert (code, pointer) in {(fault["code"], fault["pointer"]) for fault in refusal.errors}
    assert Decision.objects.count() == 0


def test_an_unchanged_correction_is_refused(cast, waiting):
    refusal = problem(waiting, cast.ada, correct({"amount": 4820, "text": "We lend it."}))

    assert refusal.code == "unchanged"


def test_a_corrected_output_is_judged_again_and_refused_with_findings(cast, waiting):
    refusal = problem(waiting, cast.ada, correct({"amount": 20_000, "text": "We lend it."}))

    assert (refusal.code, refusal.status) == ("correction_refused", 422)
    assert refusal.errors[0]["control"] == "VER-01"
    assert Decision.objects.count() == 0


def test_a_correction_that_passes_goes_out_and_is_labelled(cast, waiting):
    case = closed(waiting, cast.ada, correct())
    answer = case_answer(Case.objects.for_list().get(pk=case.pk), at=NOON + 11 * SECOND)

    assert (answer["end"], answer["decision"]["output"]) == ("corrected", CORRECTED)
    assert answer["decision"]["output_sha256"] != answer["output_sha256"]
    assert Label.objects.get(case_id=case.id).value == "incorrect"


def test_in_a_paused_workflow_decisions_are_kept_but_not_released(cast, credit, waiting):
    decided(waiting, cast.ada)
    credit.paused_at = NOON
    past_the_guards(credit.save)
    case = Case.objects.for_list().get(pk=waiting.pk)

    assert releasing.release_due(NOON + 60 * SECOND) == 0
    assert case.status(NOON + 60 * SECOND) == Status.PAUSED
    assert Case.objects.with_status("paused", NOON + 60 * SECOND).get() == case


def test_a_queue_without_an_undo_window_releases_at_once_unless_paused(cast, credit, post):
    the_queue_now = the_queue()
    the_queue_now.undo_window = 0 * SECOND
    the_queue_now.save()
    at_once, held = post(), post()
    decided(at_once, cast.ada)
    credit.paused_at = NOON
    past_the_guards(credit.save)
    decided(held, cast.ada)

    assert Case.objects.get(pk=at_once.pk).end == "approved"
    assert Case.objects.get(pk=held.pk).state == "open"


def test_the_database_lets_one_final_decision_stand(cast, waiting):
    decision = decided(waiting, cast.ada)
    decision.pk = None

    with pytest.raises(Exception, match="one_final_decision_per_case"), transaction.atomic():
        decision.save(force_insert=True)


def test_the_database_never_deletes_a_decision(cast, waiting):
    decision = decided(waiting, cast.ada)

    with (
        pytest.raises(Exception, match=r"[Cc]annot delete"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM reviews_decision WHERE id = %s", [decision.pk])


@pytest.mark.parametrize("change", ["outcome = 'reject'", "rationale = 'x'", "output = '{}'"])
def test_the_database_never_lets_a_decision_be_rewritten(cast, waiting, change):
    decision = decided(waiting, cast.ada)

    with (
        pytest.raises(Exception, match=r"[Cc]annot update"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE reviews_decision SET {change} WHERE id = %s", [decision.pk])


@pytest.mark.django_db(transaction=True)
def test_fifty_people_decide_and_the_losers_are_told_who_won(cast, waiting):
    """P5. Each carries the number of the one lease there is; only its holder may decide."""
    people = [make_person(f"racer-{number}") for number in range(49)]
    the_queue().members.add(*people)
    lease = claims.claim(waiting, by=cast.ada, at=NOON).lease_number

    results = race(
        [
            lambda who=who: decisions.decide(waiting, approve(), by=who, lease=lease, at=NOON)
            for who in [cast.ada, *people]
        ]
    )

    won = [one for one in results if isinstance(one, Decision)]
    told = refusals(results, "held_by_other") + refusals(results, "already_decided")
    assert (len(won), len(told)) == (1, 49)
    for refusal in refusals(results, "already_decided"):
        assert refusal.extra["decision"]["decided_by"] == "ada"
        assert refusal.extra["decision"]["rationale"] == WHY
    assert Decision.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_sends_the_same_decision_fifty_times_and_it_counts_once(cast, waiting):
    lease = claims.claim(waiting, by=cast.ada, at=NOON).lease_number

    results = race(
        [lambda: decisions.decide(waiting, approve(), by=cast.ada, lease=lease, at=NOON)] * 50
    )

    assert len([one for one in results if isinstance(one, Decision)]) == 1
    assert len(refusals(results, "already_decided")) == 49


@pytest.mark.django_db(transaction=True)
def test_ten_sweeps_release_a_decision_once(cast, waiting):
    decision = decided(waiting, cast.ada)

    results = race([lambda: releasing.release_due(decision.release_at)] * 10)

    assert sum(results) == 1
    assert ledger.types(ledger.Stream.case(waiting.id)).count("case.closed") == 1


@pytest.mark.django_db(transaction=True)
def test_undo_and_release_at_the_same_moment_never_both_win(cast, post):
    for _ in range(5):
        case = post()
        decision = decided(case, cast.ada)
        undone, released = race(
            [
                lambda d=decision: decisions.undo(d, by=cast.ada, at=NOON + 9 * SECOND),
                lambda: releasing.release_due(NOON + 10 * SECOND),
            ]
        )
        kinds = ledger.types(ledger.Stream.case(case.id))
        assert ("case.decision_undone" in kinds) != ("case.closed" in kinds), (undone, released)


def test_a_decider_who_left_the_queue_corrects_nothing_any_more(cast, waiting):
    case = closed(waiting, cast.ada)
    of = case.decisions.get().pk
    the_queue().members.remove(cast.ada)

    with pytest.raises(DomainError) as refusal, transaction.atomic():
        decisions.supersede(
            case, Verdict("reject", ["figure-wrong"], WHY), of=of, by=cast.ada, at=NOON + MINUTE
        )

    assert (refusal.value.status, refusal.value.code) == (403, "role_missing")
    assert decisions.correctable(case, cast.ada, NOON + MINUTE) is None
    assert case.decisions.get(is_current=True).pk == of


def test_a_case_is_not_escalated_to_a_queue_that_may_not_take_it(cast, post):
    case = post(escalate={"to": "specialist"})
    make_queue("second-look", "audit")
    assert case.queue.slug == "credit-specialists"

    for slug in ("credit-review", "second-look"):
        found = problem(case, cast.cleo, Verdict("escalate", ["policy-unclear"], WHY, queue=slug))
        assert (found.status, found.code) == (422, "lower_queue")
    up = Verdict("escalate", ["policy-unclear"], WHY, queue="credit-governance")
    assert decided(case, cast.cleo, up).to_queue.slug == "credit-governance"
