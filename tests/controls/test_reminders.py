"""What governance owes the calendar is told once a day, to whoever can do it, until it is done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance import clock
from assurance.accounts import certifying
from assurance.accounts.models import Grant
from assurance.celery import app
from assurance.controls import gate, stages, tasks
from assurance.controls.gate import holds
from assurance.controls.models import Workflow
from assurance.delivery.alerts import close_alert
from assurance.delivery.models import Alert, MailDelivery
from assurance.record import ledger
from tests.accounts_factories import GrantFactory
from tests.controls_factories import make_workflow
from tests.database import past_the_guards

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUARTER = timedelta(days=90)
GRANTS, ATTESTATION = "grants_overdue", "attestation_overdue"


@pytest.fixture
def governed(cast) -> Workflow:
    """A workflow that reached its stage now, and no grant but those of the owners."""
    Grant.objects.exclude(role="governance").delete()
    return make_workflow(stage="governed", owner=cast.grace, at=clock.now())


def reminded(after: timedelta) -> int:
    with clock.shifted(after):
        return tasks.remind()


def told(code: str) -> list[str]:
    """Who was told of it by mail, in order."""
    alerts = Alert.objects.filter(code=code).values_list("sentence", flat=True)
    mails = MailDelivery.objects.filter(subject__contains=alerts[0][:40]) if alerts else ()
    return sorted(one.to for one in mails)


def all_confirmed(cast, at) -> None:
    for grant in Grant.objects.effective(at).select_related("person"):
        by = cast.gus if grant.person == cast.grace.person else cast.grace
        certifying.certify(grant, by=by, at=at)


def test_a_day_before_the_quarter_is_over_nobody_is_told(governed):
    assert reminded(QUARTER - DAY) == 0
    assert not Alert.objects.exists()


def test_grants_of_all_workflows_are_told_to_who_governs_all_of_them(governed, cast):
    past_the_guards(Workflow.objects.update, stage="limited")

    assert reminded(QUARTER) == 1

    alert = Alert.objects.get()
    assert (alert.code, alert.workflow, alert.data["grants"]) == (GRANTS, "", 2)
    assert "2 grants of all workflows were not confirmed within 90 days" in alert.sentence
    assert told(GRANTS) == [cast.grace.email, cast.gus.email]
    assert "alert.raised" in ledger.types(ledger.INSTALLATION)


def test_grants_of_one_workflow_are_told_to_its_owner(governed, cast):
    at = clock.now()
    all_confirmed(cast, at + QUARTER - DAY)
    GrantFactory(person=cast.ada.person, role="reviewer", workflow=governed.slug, created_at=at)
    past_the_guards(Workflow.objects.update, stage="limited")

    assert reminded(QUARTER + HOUR) == 1

    alert = Alert.objects.get()
    assert (alert.code, alert.workflow, alert.data["grants"]) == (GRANTS, governed.slug, 1)
    assert alert.sentence.startswith("A grant of credit-decisions was not confirmed")
    assert told(GRANTS) == [cast.grace.email]


def test_it_is_told_once_a_day_even_if_the_alert_was_closed_until_every_grant_is_confirmed(
    governed, cast
):
    past_the_guards(Workflow.objects.update, stage="limited")
    hours = [reminded(QUARTER + n * HOUR) for n in (0, 1, 23, 25, 26)]
    close_alert(Alert.objects.get(), by=cast.grace, at=clock.now() + QUARTER + 27 * HOUR)
    hours += [reminded(QUARTER + n * HOUR) for n in (28, 50)]
    all_confirmed(cast, clock.now() + QUARTER + 51 * HOUR)

    after = [reminded(QUARTER + n * DAY) for n in (4, 89)]

    assert hours == [1, 0, 0, 1, 0, 0, 1]
    assert after == [0, 0]
    assert reminded(2 * QUARTER + 3 * DAY) == 1


def test_a_grant_that_ended_is_owed_by_nobody(governed, cast):
    at = clock.now()
    all_confirmed(cast, at + QUARTER - DAY)
    grant = GrantFactory(person=cast.ada.person, workflow=governed.slug, created_at=at - DAY)
    past_the_guards(Workflow.objects.update, stage="limited")
    Grant.objects.filter(pk=grant.pk).update(revoked_at=at + DAY)

    assert reminded(QUARTER + HOUR) == 0


def test_a_governed_workflow_that_nobody_attested_anew_is_told_to_its_owner(governed, cast):
    all_confirmed(cast, clock.now() + QUARTER - DAY)
    due = stages.attest_by(governed)

    hours = [reminded(QUARTER + n * HOUR) for n in (1, 2, 24, 26)]

    assert hours == [1, 0, 0, 1]
    alert = Alert.objects.get()
    assert (alert.code, alert.workflow) == (ATTESTATION, governed.slug)
    assert f"was to be attested anew by {due:%-d %B %Y}" in alert.sentence
    assert told(ATTESTATION) == [cast.grace.email] * 2


def _holds(workflow, at):
    return [holds("It does.", 1)]


@pytest.mark.parametrize("done", ["attested", "moved back"])
def test_what_was_attested_or_moved_back_is_owed_no_more(governed, cast, done, monkeypatch):
    all_confirmed(cast, clock.now() + QUARTER - DAY)
    assert reminded(QUARTER + HOUR) == 1
    at = clock.now() + QUARTER + 2 * HOUR
    if done == "moved back":
        stages.demote(governed, "limited", reason="It waits.", by=cast.gus, at=at)
    else:
        monkeypatch.setattr(gate, "_measures", {n: [_holds] for n in gate.CRITERIA})
        for by in (cast.grace, cast.gus):
            stages.move(governed, "governed", reason="It holds.", by=by, at=at)

    assert reminded(QUARTER + 2 * DAY) == 0


def test_the_schedule_reminds():
    assert tasks.remind.name in {one["task"] for one in app.conf.beat_schedule.values()}
