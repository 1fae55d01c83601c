import pytest

from assurance.accounts.models import Person, User
from assurance.record.ledger import INSTALLATION, types
from tests.accounts.admin_pages import PERSONS, USERS, signed_in
from tests.accounts_factories import (
    PersonFactory,
    UserFactory,
)
from tests.cast import make_one

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probe")]


def test_the_own_password_is_changed_where_everybody_changes_theirs(grace):
    answer = signed_in(grace).get("/admin/password_change/")

    assert answer["Location"] == "/accounts/password/change/"


def test_a_person_is_made_renamed_and_switched_off_on_the_record(grace):
    browser = signed_in(grace)

    browser.post(f"{PERSONS}add/", {"ref": "hr-99", "name": "Ada Byrne"})
    person = Person.objects.get(ref="hr-99")
    change = f"{PERSONS}{person.pk}/change/"
    browser.post(change, {"name": "Ada Byrne-Osei", "active": "on", "ref": "hr-1"})
    browser.post(change, {"name": "Ada Byrne-Osei"})

    person.refresh_from_db()
    assert (person.ref, person.name, person.active) == ("hr-99", "Ada Byrne-Osei", False)
    assert types(INSTALLATION) == ["person.made", "person.renamed", "person.switched_off"]


def test_an_account_is_made_linked_and_closed_by_a_superuser_on_the_record(root):
    browser, person = signed_in(root), PersonFactory()

    browser.post(
        f"{USERS}add/",
        {
            "username": "new",
            "usable_password": "true",
            "password1": "a phrase that is long",
            "password2": "a phrase that is long",
        },
    )
    user = User.objects.get(username="new")
    change = f"{USERS}{user.pk}/change/"
    browser.post(change, {"username": "new", "person": person.pk, "is_active": "on"})
    browser.post(change, {"username": "new", "person": person.pk})

    user.refresh_from_db()
    assert (user.person, user.is_active) == (person, False)
    assert types(INSTALLATION) == ["account.made", "account.linked", "account.switched_off"]


def test_a_password_set_for_somebody_stands_on_the_record(root):
    ada = make_one("ada")

    answer = signed_in(root).post(
        f"{USERS}{ada.pk}/password/",
        {
            "usable_password": "true",
            "password1": "a phrase that is long",
            "password2": "a phrase that is long",
        },
    )

    assert answer.status_code == 302
    assert types(INSTALLATION) == ["account.password_set"]


def test_no_form_makes_a_superuser_or_staff(root):
    ada = make_one("ada")

    signed_in(root).post(
        f"{USERS}{ada.pk}/change/",
        {
            "username": "ada",
            "person": ada.person.pk,
            "is_active": "on",
            "is_superuser": "on",
            "is_staff": "on",
            "user_permissions": ["1"],
            "groups": ["1"],
        },
    )

    ada.refresh_from_db()
    assert (ada.is_superuser, ada.is_staff) == (False, False)
    assert not ada.user_permissions.exists()


def test_a_superuser_becomes_nobody_else_and_closes_not_themselves(grace):
    lonely = UserFactory(username="lonely", superuser=True, person=None)
    browser, change = signed_in(lonely), f"{USERS}{lonely.pk}/change/"

    as_grace = browser.post(
        change, {"username": "lonely", "person": grace.person.pk, "is_active": "on"}
    )
    closed = browser.post(change, {"username": "lonely"})

    assert "Nobody says who they are themselves" in as_grace.content.decode()
    assert "Nobody closes their own account" in closed.content.decode()
    lonely.refresh_from_db()
    assert (lonely.person, lonely.is_active) == (None, True)


def test_a_governance_owner_sees_accounts_and_sets_no_password(grace):
    gus = make_one("gus")
    browser = signed_in(grace)

    answer = browser.post(
        f"{USERS}{gus.pk}/password/",
        {"password1": "a phrase that is long", "password2": "a phrase that is long"},
    )

    assert answer.status_code == 403
    assert User.objects.get(pk=gus.pk).password == gus.password
    assert browser.post(f"{USERS}add/", {"username": "x"}).status_code == 403
