"""The page of a queue shows what its reader may see, and counts nothing else."""

from __future__ import annotations

import pytest

from assurance.accounts.choices import Role
from reviews import intake
from reviews.models import Case
from tests.accounts_factories import UserFactory, grant_to
from tests.controls_factories import catch_alls, make_workflow
from tests.reviews.conftest import NOON, SYSTEM, closed

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(cast, post):
    """A case of each of two workflows in one queue."""
    rules = catch_alls("credit")
    claims = make_workflow("claims-letters", rules=rules)
    post()
    body = {"workflow": claims.slug, "external_id": "c-1", "output": {}}
    intake.submit(body, workflow=claims, client=None, actor=SYSTEM, at=NOON)


@pytest.fixture
def opened(client, monkeypatch):
    monkeypatch.setattr("assurance.clock.now", lambda: NOON)

    def _opened(user):
        client.force_login(user)
        return client.get("/queues/credit-review/")

    return _opened


def test_a_member_sees_every_case_that_waits_there(shared, opened, cast):
    answer = opened(cast.ada)

    assert len(answer.context["table"]["rows"]) == 2
    assert answer.context["waiting"] == 2


def test_a_lead_of_one_workflow_sees_and_counts_no_case_of_another(shared, opened):
    lead = UserFactory(username="lena")
    grant_to(lead, Role.LEAD, "claims-letters")

    answer = opened(lead)

    assert answer.status_code == 200
    assert len(answer.context["table"]["rows"]) == 1
    assert answer.context["waiting"] == 1


def test_who_watches_a_queue_without_a_case_of_theirs_hears_nothing_of_the_others(
    shared, opened, cast
):
    lead = UserFactory(username="lena")
    grant_to(lead, Role.LEAD, "claims-letters")
    closed(Case.objects.get(workflow__slug="claims-letters"), cast.ada)

    answer = opened(lead)

    assert answer.status_code == 200
    assert answer.context["empty"] == {
        "title": "None waiting",
        "text": "No case of your workflows is in Credit review.",
    }
