"""Due times: an overdue case is recorded and told once, and nothing expires by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls.choices import SafeOutcome
from assurance.controls.models import Workflow
from assurance.delivery.alerts import close_alert
from assurance.delivery.models import Alert, MailDelivery
from assurance.record import ledger
from reviews import deadlines
from reviews.models import Case
from tests.controls_factories import make_workflow, policy
from tests.database import past_the_guards
from tests.racing import race
from tests.reviews.conftest import NOON, SECOND, closed, decided
from tests.reviews.test_intake import submit

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DUE = NOON + timedelta(hours=4)  # high priority, where neither rule nor queue says more


def overdue_entries(case: Case) -> int:
    return ledger.types(ledger.Stream.case(case.id)).count("case.overdue")


def test_a_case_is_recorded_as_overdue_once_no_earlier_than_due_and_keeps_waiting(waiting):
    assert waiting.due_at == DUE

    assert deadlines.record_overdue(DUE - SECOND) == 0
    assert deadlines.record_overdue(DUE) == 1
    assert deadlines.record_overdue(DUE + SECOND) == 0

    waiting.refresh_from_db()
    assert (waiting.overdue_at, waiting.state, waiting.end) == (DUE, "open", "")
    assert overdue_entries(waiting) == 1


def test_while_the_workflow_is_paused_due_times_stand_still(credit, waiting):
    credit.paused_at = NOON
    past_the_guards(credit.save)

    assert deadlines.record_overdue(DUE + SECOND) == 0
    assert overdue_entries(waiting) == 0


@pytest.mark.parametrize(
    ("safe_outcome", "alerts"), [(SafeOutcome.KEEP_WAITING, 1), (SafeOutcome.DO_NOT_PROCEED, 0)]
)
def test_the_owner_is_alarmed_where_cases_keep_waiting(credit, post, safe_outcome, alerts):
    credit.safe_outcome = safe_outcome
    credit.save()
    post()
    post()

    assert deadlines.record_overdue(DUE) == 2
    assert Alert.objects.filter(code="case_overdue").count() == alerts


def test_while_a_case_waits_its_owner_is_alarmed_again_each_day_even_if_they_closed_it(
    cast, credit, post
):
    credit.safe_outcome = SafeOutcome.KEEP_WAITING
    credit.save()
    first, second = post(), post()
    deadlines.record_overdue(DUE)
    told = [deadlines.alarm_again(DUE + hours * HOUR) for hours in (1, 23, 24, 25, 48)]
    close_alert(Alert.objects.get(), by=cast.grace, at=DUE + 49 * HOUR)
    told += [deadlines.alarm_again(DUE + hours * HOUR) for hours in (50, 72)]

    assert told == [0, 0, 1, 0, 1, 0, 1]
    assert [one.closed_at is None for one in Alert.objects.order_by("opened_at")] == [False, True]
    chain = ledger.types(ledger.Stream.workflow(credit.slug))
    assert chain.count("alert.raised") == 4
    assert "2 cases of Credit decisions wait" in Alert.objects.latest("opened_at").sentence
    addresses = set(MailDelivery.objects.values_list("to", flat=True))
    assert addresses == {cast.grace.email}

    closed(first, cast.ada, at=DUE + 73 * HOUR)
    decided(second, cast.ada, at=DUE + 73 * HOUR)
    assert deadlines.alarm_again(DUE + 200 * HOUR) == 0


def test_nobody_is_alarmed_again_over_what_stands_still_or_does_not_wait_for_ever(credit, waiting):
    credit.safe_outcome = SafeOutcome.KEEP_WAITING
    credit.save()
    deadlines.record_overdue(DUE)
    for fields in ({"paused_at": DUE}, {"safe_outcome": SafeOutcome.DO_NOT_PROCEED}):
        past_the_guards(Workflow.objects.update, **fields)
        assert deadlines.alarm_again(DUE + 30 * HOUR) == 0
        past_the_guards(Workflow.objects.update, paused_at=None)

    Workflow.objects.update(safe_outcome=SafeOutcome.KEEP_WAITING)
    assert deadlines.alarm_again(DUE + 30 * HOUR) == 1


@pytest.mark.django_db(transaction=True)
def test_ten_sweeps_record_an_overdue_case_once(waiting):
    race([lambda: deadlines.record_overdue(DUE)] * 10)

    assert overdue_entries(waiting) == 1


def test_a_batch_full_of_paused_cases_hides_no_other(cast, credit, post, monkeypatch):
    monkeypatch.setattr(deadlines, "BATCH", 2)
    post()
    post()
    credit.paused_at = NOON
    past_the_guards(credit.save)
    other = make_workflow("claims-letters", controls=[policy("LET-01")], owner=cast.grace)
    case = submit(other, at=NOON + SECOND).case

    assert deadlines.record_overdue(DUE + SECOND) == 1
    assert overdue_entries(case) == 1
