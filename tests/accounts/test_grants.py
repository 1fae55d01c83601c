from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from assurance import clock
from assurance.accounts import grants, roles
from assurance.accounts.choices import Confirmation, Role
from assurance.accounts.models import Grant
from assurance.errors import DomainError
from assurance.record.ledger import INSTALLATION, types
from tests.accounts_factories import GrantFactory, PersonFactory, UserFactory, grant_to

pytestmark = pytest.mark.django_db
SLUG = "credit-decisions"


@pytest.fixture
def at():
    return clock.now()


@pytest.fixture
def grace():
    user = UserFactory(username="grace")
    grant_to(user, Role.GOVERNANCE)
    return user


@pytest.fixture
def gus():
    user = UserFactory(username="gus")
    grant_to(user, Role.GOVERNANCE)
    return user


@pytest.fixture
def stage(monkeypatch):
    """Workflows beyond pilot, as the room of the workflows would answer."""
    stages = {SLUG: "limited", "claims-letters": "pilot"}
    monkeypatch.setattr(roles.stage_of, "_answer", stages.get)
    return stages


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        act(*args, **kwargs)
    assert refusal.value.code == code
    return refusal.value


def test_a_governance_owner_grants_a_role_and_it_holds_at_once(at, grace):
    ada = UserFactory()

    grants.grant(ada.person, Role.REVIEWER, SLUG, by=grace, at=at)

    assert roles.has_role(ada, Role.REVIEWER, SLUG, at)
    assert not roles.has_role(ada, Role.REVIEWER, "claims-letters", at)
    assert types(INSTALLATION) == ["grant.made"]


def test_nobody_grants_to_themselves_from_whichever_account(at, grace, caplog):
    second_account = UserFactory(person=grace.person, superuser=True)

    for by in (grace, second_account):
        assert (
            refused("own_grant", grants.grant, grace.person, "lead", SLUG, by=by, at=at).status
            == 403
        )
    assert caplog.text.count("own grant refused") == 2
    assert types(INSTALLATION) == []


def test_nobody_revokes_their_own_grant(at, grace, gus):
    own = Grant.objects.get(person=grace.person)

    refused("own_grant", grants.revoke, own, by=grace, at=at)

    assert roles.has_role(grace, Role.GOVERNANCE, "", at)


def test_the_database_refuses_a_grant_to_oneself_even_without_the_verb(at, grace):
    with pytest.raises(IntegrityError, match="grant_not_to_oneself"), transaction.atomic():
        GrantFactory(person=grace.person, role=Role.LEAD, granted_by_person=grace.person)


def test_the_database_refuses_a_confirmer_who_granted_it(at, grace, gus):
    with pytest.raises(IntegrityError, match="grant_confirmed_by_a_second"), transaction.atomic():
        GrantFactory(
            role=Role.GOVERNANCE,
            granted_by=grace,
            granted_by_person=grace.person,
            confirmation=Confirmation.CONFIRMED,
            confirmed_by=gus,
            confirmed_by_person=grace.person,
            confirmed_at=at,
        )


def test_the_database_refuses_governance_of_all_without_a_second_person():
    grant = Grant.objects.filter(pk=GrantFactory(role=Role.GOVERNANCE).pk)

    with pytest.raises(IntegrityError, match="grant_of_all_governance"), transaction.atomic():
        grant.update(confirmation=Confirmation.NOT_NEEDED)


def test_a_stranger_is_told_which_role_is_missing_and_who_can_grant_it(at):
    mallory, ada = UserFactory(), UserFactory()

    refusal = refused("role_missing", grants.grant, ada.person, "lead", SLUG, by=mallory, at=at)

    assert refusal.status == 403
    assert "Governance owner" in refusal.sentence
    assert f"a governance owner of {SLUG}" in refusal.sentence


def test_an_owner_of_one_workflow_grants_nothing_elsewhere(at):
    owner, ada = UserFactory(), UserFactory()
    grant_to(owner, Role.GOVERNANCE, SLUG)

    grants.grant(ada.person, Role.REVIEWER, SLUG, by=owner, at=at)
    refused("role_missing", grants.grant, ada.person, "reviewer", "other", by=owner, at=at)
    refused("role_missing", grants.grant, ada.person, "reviewer", "", by=owner, at=at)


def test_a_superuser_starts_the_house_alone_and_only_until_two_persons_held_it(at):
    root = UserFactory(superuser=True, person=None)
    first, second, third = UserFactory(), UserFactory(), UserFactory()

    made = [grants.grant(u.person, "governance", by=root, at=at) for u in (first, second, third)]

    assert [one.confirmation for one in made] == ["alone", "alone", "waiting"]
    assert [roles.has_role(u, "governance", "", at) for u in (first, second, third)] == [
        True,
        True,
        False,
    ]


def test_a_superuser_cannot_reopen_the_lonely_start_by_revoking(at, grace, gus):
    root, friend = UserFactory(superuser=True, person=None), UserFactory()
    grants.revoke(Grant.objects.get(person=gus.person), by=root, at=at)

    made = grants.grant(friend.person, Role.GOVERNANCE, by=root, at=at)

    assert made.confirmation == Confirmation.WAITING
    assert not roles.has_role(friend, Role.GOVERNANCE, "", at)


def test_governance_of_all_holds_once_a_second_person_confirmed_it(at, grace, gus):
    ada = UserFactory()
    waiting = grants.grant(ada.person, Role.GOVERNANCE, by=grace, at=at)
    assert not roles.has_role(ada, Role.GOVERNANCE, "", at)

    grants.confirm(waiting, by=gus, at=at)

    assert roles.has_role(ada, Role.GOVERNANCE, "", at)
    assert types(INSTALLATION) == ["grant.made", "grant.confirmed"]


def test_neither_the_granter_nor_the_receiver_nor_a_superuser_is_the_second_person(at, grace, gus):
    ada, root = UserFactory(), UserFactory(superuser=True)
    grant_to(ada, Role.GOVERNANCE, SLUG)
    waiting = grants.grant(ada.person, Role.GOVERNANCE, by=grace, at=at)
    other_account_of_grace = UserFactory(person=grace.person)
    nobodys = UserFactory(person=None, superuser=True)

    for by in (grace, other_account_of_grace, ada, nobodys):
        refused("second_person_needed", grants.confirm, waiting, by=by, at=at)
    refused("role_missing", grants.confirm, waiting, by=root, at=at)

    assert not roles.has_role(ada, Role.GOVERNANCE, "", at)


def test_governance_beyond_pilot_needs_a_second_person_and_before_does_not(at, grace, gus, stage):
    ada = UserFactory()

    early = grants.grant(ada.person, Role.GOVERNANCE, "claims-letters", by=grace, at=at)
    late = grants.grant(ada.person, Role.GOVERNANCE, SLUG, by=grace, at=at)

    assert early.confirmation == Confirmation.NOT_NEEDED
    assert late.confirmation == Confirmation.WAITING
    assert roles.workflows_of(ada, Role.GOVERNANCE, at) == {"claims-letters"}


def test_an_unregistered_stage_is_observe():
    assert roles.stage_of("no-such-workflow") == "observe"


def test_a_confirmed_or_revoked_grant_waits_for_nobody(at, grace, gus):
    waiting = grants.grant(PersonFactory(), Role.GOVERNANCE, by=grace, at=at)
    grants.revoke(waiting, by=gus, at=at)

    refused("not_waiting", grants.confirm, waiting, by=gus, at=at)


def test_a_grant_that_expired_while_it_waited_is_not_confirmed(at, grace, gus):
    soon = at + timedelta(hours=1)
    waiting = grants.grant(PersonFactory(), Role.GOVERNANCE, by=grace, at=at, expires_at=soon)

    refused("not_waiting", grants.confirm, waiting, by=gus, at=soon)


def test_a_role_is_granted_once_and_again_after_it_expired(at, grace):
    person, soon = PersonFactory(), at + timedelta(hours=1)
    grants.grant(person, Role.LEAD, SLUG, by=grace, at=at, expires_at=soon)

    refused("already_granted", grants.grant, person, Role.LEAD, SLUG, by=grace, at=at)
    grants.grant(person, Role.LEAD, SLUG, by=grace, at=soon)

    assert list(Grant.objects.filter(person=person).values_list("revoked_at", flat=True)) == [
        None,
        soon,
    ]


def test_an_expired_grant_holds_no_longer(at):
    ada = UserFactory()
    GrantFactory(person=ada.person, role=Role.LEAD, expires_at=at)

    assert roles.has_role(ada, Role.LEAD, SLUG, at - timedelta(seconds=1))
    assert not roles.has_role(ada, Role.LEAD, SLUG, at)


def test_a_past_expiry_and_an_unknown_role_are_refused_with_their_place(at, grace):
    person = PersonFactory()

    past = refused("expiry_past", grants.grant, person, "lead", by=grace, at=at, expires_at=at)
    unknown = refused("role_unknown", grants.grant, person, "king", by=grace, at=at)

    assert past.errors[0]["pointer"] == "/expires_at"
    assert unknown.errors[0]["pointer"] == "/role"
    assert "incident_lead" in unknown.sentence


def test_the_last_governance_owner_of_all_is_not_removed(at, grace):
    root = UserFactory(superuser=True)

    refused("last_owner", grants.revoke, Grant.objects.get(person=grace.person), by=root, at=at)


def test_a_revoked_grant_is_gone_and_is_not_revoked_twice(at, grace):
    ada = UserFactory()
    made = grants.grant(ada.person, Role.LEAD, SLUG, by=grace, at=at)

    grants.revoke(made, by=grace, at=at)

    assert not roles.has_role(ada, Role.LEAD, SLUG, at)
    assert types(INSTALLATION) == ["grant.made", "grant.revoked"]
    refused("already_revoked", grants.revoke, made, by=grace, at=at)


def test_the_admin_site_opens_and_closes_with_governance_and_integrator(at, grace):
    ada = UserFactory()

    made = grants.grant(ada.person, Role.INTEGRATOR, SLUG, by=grace, at=at)
    ada.refresh_from_db()
    assert ada.is_staff

    grants.revoke(made, by=grace, at=at)
    ada.refresh_from_db()
    assert not ada.is_staff


def test_a_superuser_stays_staff_without_any_grant(at, grace, gus):
    root = UserFactory(superuser=True)
    made = grants.grant(root.person, Role.INTEGRATOR, SLUG, by=grace, at=at)

    grants.revoke(made, by=gus, at=at)

    root.refresh_from_db()
    assert root.is_staff


def test_a_superuser_holds_no_role_by_being_one(at):
    root = UserFactory(superuser=True)

    assert roles.roles_of(root, at) == {}
    refused("role_missing", roles.require_role, root, Role.GOVERNANCE, SLUG, at)


def test_an_account_without_a_person_holds_nothing(at):
    assert roles.roles_of(UserFactory(person=None), at) == {}


def test_roles_unite_over_workflows_and_are_read_in_one_query(at, django_assert_num_queries):
    ada = UserFactory()
    grant_to(ada, Role.REVIEWER, SLUG, "claims-letters")
    grant_to(ada, Role.LEAD)
    grant_to(ada, Role.LEAD, SLUG)

    with django_assert_num_queries(1):
        held = roles.roles_of(ada, at)

    assert held == {"reviewer": {SLUG, "claims-letters"}, "lead": "all"}
    assert roles.workflows_of(ada, ("reviewer", "auditor"), at) == {SLUG, "claims-letters"}
    assert roles.workflows_of(ada, ("reviewer", "lead"), at) == roles.ALL
    assert roles.holds_anywhere(ada, "reviewer", at)
    assert not roles.has_role(ada, "reviewer", "", at)


def test_every_grant_keeps_its_history(at, grace):
    made = grants.grant(PersonFactory(), Role.LEAD, SLUG, by=grace, at=at)
    grants.revoke(made, by=grace, at=at)

    assert [row.history_type for row in made.history.all()] == ["~", "+"]
