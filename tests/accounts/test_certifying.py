"""Quarterly: every grant of others is confirmed or ended by somebody who governs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from assurance import clock
from assurance.accounts import certifying
from assurance.accounts.models import Grant, GrantCertification
from assurance.errors import DomainError
from assurance.record import ledger
from tests.accounts_factories import UserFactory, grant_to

pytestmark = pytest.mark.django_db

QUARTER = timedelta(days=90)


def grant_of(user) -> Grant:
    return Grant.objects.filter(person=user.person).first()


def due_of(user, at) -> dict[str, certifying.Due]:
    return {str(one.grant): one for one in certifying.due(user, at)}


def test_a_grant_is_due_ninety_days_after_it_was_made_and_again_after_each_word(cast):
    lead, at = grant_of(cast.dev), clock.now()
    (before,) = [one for one in certifying.due(cast.grace, at) if one.grant == lead]

    certifying.certify(lead, by=cast.grace, at=at)
    (after,) = [one for one in certifying.due(cast.grace, at) if one.grant == lead]

    assert before.due_at == lead.created_at + QUARTER
    assert after.due_at == at + QUARTER
    assert (after.is_late(at + QUARTER), after.is_late(at)) == (True, False)
    assert ledger.types(ledger.INSTALLATION)[-1] == "grant.certified"


def test_those_longest_due_come_first(cast):
    at = clock.now()
    certifying.certify(grant_of(cast.dev), by=cast.grace, at=at)

    found = certifying.due(cast.grace, at)

    assert found == sorted(found, key=lambda one: (one.due_at, one.grant.pk))
    assert found[-1].grant == grant_of(cast.dev)


def test_nobody_confirms_their_own_from_whichever_account(cast):
    own = grant_of(cast.grace)
    other = UserFactory(person=cast.grace.person)

    for account in (cast.grace, other):
        with pytest.raises(DomainError, match="Nobody confirms their own") as refusal:
            certifying.certify(own, by=account, at=clock.now())
        assert refusal.value.status == 403
    assert due_of(cast.grace, clock.now())[str(own)].is_own
    with pytest.raises(IntegrityError, match="grant_not_certified_by_oneself"):
        GrantCertification.objects.create(
            grant=own, person=own.person, by=cast.grace, by_person=own.person, at=clock.now()
        )


@pytest.mark.parametrize("who", ["ada", "dev", "otto", "mallory"])
def test_nobody_else_confirms(cast, who):
    with pytest.raises(DomainError) as refusal:
        certifying.certify(grant_of(cast.ben), by=getattr(cast, who), at=clock.now())

    assert refusal.value.code == "role_missing"


def test_an_owner_of_one_workflow_reaches_its_grants_only(cast):
    grant_to(cast.mallory, "governance", "credit-decisions")

    reached = {one.grant.workflow for one in certifying.due(cast.mallory, clock.now())}

    assert reached == {"credit-decisions"}
    with pytest.raises(DomainError, match="Governance owner"):
        certifying.certify(grant_of(cast.gus), by=cast.mallory, at=clock.now())


def test_a_grant_that_is_over_is_not_confirmed(cast):
    grant, at = grant_of(cast.dev), clock.now()
    Grant.objects.filter(pk=grant.pk).update(revoked_at=at)

    with pytest.raises(DomainError) as refusal:
        certifying.certify(grant, by=cast.grace, at=at)

    assert refusal.value.code == "not_in_force"


def test_a_word_is_never_rewritten(cast):
    made = certifying.certify(grant_of(cast.dev), by=cast.grace, at=clock.now())

    with pytest.raises(Exception, match="append"), transaction.atomic():
        GrantCertification.objects.filter(pk=made.pk).update(at=clock.now())


def test_on_the_page_a_grant_is_confirmed_or_ended(client, cast):
    lead, reviewer = grant_of(cast.dev), grant_of(cast.ben)
    with clock.shifted(QUARTER):
        client.force_login(cast.grace)
        text = client.get("/grants/").content.decode()
    assert "Overdue" in text
    assert "Yours: another owner confirms it" in text

    client.force_login(cast.grace)
    assert client.post(f"/grants/{lead.pk}/certify/").url == "/grants/"
    assert client.post(f"/grants/{reviewer.pk}/end/").url == "/grants/"

    assert lead.certifications.count() == 1
    reviewer.refresh_from_db()
    assert reviewer.revoked_at is not None
    assert f"Ended: {reviewer}." in client.get("/grants/").content.decode()


def test_the_page_refuses_ones_own_and_is_closed_to_who_governs_nothing(client, cast):
    client.force_login(cast.grace)
    own = client.post(f"/grants/{grant_of(cast.grace).pk}/certify/")
    client.force_login(cast.dev)
    page = client.get("/grants/")
    foreign = client.post(f"/grants/{grant_of(cast.ben).pk}/end/")

    assert (own.status_code, page.status_code, foreign.status_code) == (403, 403, 404)
    assert not GrantCertification.objects.exists()
