import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from assurance import clock
from assurance.accounts import persons, roles
from assurance.accounts.choices import Role
from assurance.accounts.models import Person
from assurance.errors import DomainError
from assurance.record.ledger import INSTALLATION, types
from tests.accounts_factories import PersonFactory, UserFactory, grant_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return clock.now()


@pytest.fixture
def root():
    return UserFactory(username="root", superuser=True)


@pytest.fixture
def grace():
    user = UserFactory(username="grace")
    grant_to(user, Role.GOVERNANCE)
    return user


def refused(code, act, *args, **kwargs):
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        act(*args, **kwargs)
    assert refusal.value.code == code
    return refusal.value


def test_a_reference_names_one_person_only(at, root):
    persons.make("hr-77", "Ada Byrne", by=root, at=at)

    refusal = refused("person_exists", persons.make, "hr-77", "Ada B.", by=root, at=at)

    assert "Ada Byrne (hr-77)" in refusal.sentence
    assert types(INSTALLATION) == ["person.made"]


@pytest.mark.parametrize("ref", ["", " hr-1", "hr-1 ", "hr\n1", "hr\x001"])
def test_a_reference_with_odd_characters_is_refused(at, root, ref):
    with pytest.raises(ValidationError):
        persons.make(ref, "Ada", by=root, at=at)


def test_an_account_that_is_linked_holds_the_grants_of_its_person(at, root):
    ada, second = UserFactory(), UserFactory(person=None)
    grant_to(ada, Role.GOVERNANCE)

    linked = persons.link(second, ada.person, by=root, at=at)

    assert roles.has_role(linked, Role.GOVERNANCE, "", at)
    assert linked.is_staff
    assert types(INSTALLATION) == ["account.linked"]


def test_nobody_says_who_they_are_themselves(at, root):
    lonely = UserFactory(superuser=True, person=None)
    grace = PersonFactory()

    refused("own_grant", persons.link, lonely, grace, by=lonely, at=at)
    refused("own_grant", persons.link, UserFactory(person=None), root.person, by=root, at=at)


def test_an_account_keeps_its_person_for_ever(at, root):
    refused("account_linked", persons.link, UserFactory(), PersonFactory(), by=root, at=at)


def test_only_a_superuser_links_accounts(at, grace):
    account = UserFactory(person=None)

    refused("superuser_needed", persons.link, account, PersonFactory(), by=grace, at=at)


def test_a_person_switched_off_holds_nothing_and_comes_back_with_the_same_grants(at, grace):
    ada = UserFactory()
    grant_to(ada, Role.LEAD)

    persons.switch_off(ada.person, by=grace, at=at)
    assert roles.roles_of(ada, at) == {}

    persons.switch_on(ada.person, by=grace, at=at)
    assert roles.has_role(ada, Role.LEAD, "", at)
    assert types(INSTALLATION) == ["person.switched_off", "person.switched_on"]


def test_nobody_switches_themselves_and_the_last_owner_stays(at, root, grace):
    refused("own_grant", persons.switch_off, grace.person, by=grace, at=at)
    refused("last_owner", persons.switch_off, grace.person, by=root, at=at)

    assert Person.objects.get(pk=grace.person.pk).active


def test_a_lead_keeps_no_persons(at):
    dev = UserFactory()
    grant_to(dev, Role.LEAD)

    refused("role_missing", persons.switch_off, PersonFactory(), by=dev, at=at)
    refused("role_missing", persons.make, "hr-1", "Ada", by=dev, at=at)


@pytest.mark.parametrize(
    ("first", "last", "username", "initials"),
    [
        ("Ada", "Byrne", "ada", "AB"),
        ("Ada Maria", "Byrne", "ada", "AB"),
        ("", "", "ada", "A"),
        ("", "", "ada.byrne", "AB"),
        ("", "", "_", "?"),
    ],
)
def test_initials_come_from_the_name_or_the_username(first, last, username, initials):
    user = UserFactory.build(first_name=first, last_name=last, username=username, person=None)

    assert user.initials == initials
    assert user.full_name_or_username == (f"{first} {last}".strip() or username)
