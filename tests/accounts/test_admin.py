import re

import pytest
from django.test import Client as Browser

from assurance import clock
from assurance.accounts import grants, roles
from assurance.accounts.choices import Role
from assurance.accounts.models import ApiKey, Client, Grant, Person, User
from assurance.record.ledger import INSTALLATION, types
from tests.accounts_factories import (
    ClientFactory,
    GrantFactory,
    KeyFactory,
    PersonFactory,
    UserFactory,
    grant_to,
)
from tests.cast import make_one

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probe")]

GRANTS, PERSONS = "/admin/accounts/grant/", "/admin/accounts/person/"
CLIENTS, KEYS, USERS = (
    "/admin/accounts/client/",
    "/admin/accounts/apikey/",
    "/admin/accounts/user/",
)
EVERY = [GRANTS, PERSONS, CLIENTS, KEYS, USERS]


def signed_in(user):
    browser = Browser()
    browser.force_login(user)
    return browser


@pytest.fixture
def grace():
    return make_one("grace")


@pytest.fixture
def gus():
    return make_one("gus")


@pytest.fixture
def root():
    return UserFactory(username="root", superuser=True)


@pytest.fixture
def ines():
    user = UserFactory(username="ines", is_staff=True)
    grant_to(user, Role.INTEGRATOR, "credit-decisions")
    return user


def act(browser, url, action, *objects):
    chosen = [obj.pk for obj in objects]
    return browser.post(url, {"action": action, "_selected_action": chosen}, follow=True)


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def test_strangers_reach_the_one_sign_in_page_and_people_without_the_role_get_403(client):
    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    assert signed_in(make_one("ada")).get("/admin/login/").status_code == 403


def test_every_page_opens_for_who_may_see_it(grace, root, ines):
    KeyFactory(client__name="scoring")
    GrantFactory(role=Role.LEAD, granted_by=grace)

    for user, pages in ((root, EVERY), (grace, EVERY), (ines, [CLIENTS, KEYS])):
        browser = signed_in(user)
        for url in ["/admin/", *pages]:
            assert browser.get(url).status_code == 200
            assert browser.get(f"{url}?q=a").status_code in (200, 302)
        for url in set(EVERY) - set(pages):
            assert browser.get(url).status_code == 403


def test_one_object_opens_for_reading(grace, root):
    key, grant = KeyFactory(), GrantFactory(role=Role.LEAD)
    pages = [
        f"{GRANTS}{grant.pk}/change/",
        f"{PERSONS}{grant.person.pk}/change/",
        f"{CLIENTS}{key.client.pk}/change/",
        f"{KEYS}{key.pk}/change/",
        f"{USERS}{grace.pk}/change/",
    ]

    for url in pages:
        assert signed_in(root).get(url).status_code == 200
        answer = signed_in(grace).get(url)
        assert answer.status_code == 200
        assert key.secret_sha256 not in answer.content.decode()


def test_a_revoked_owner_finds_the_admin_closed_on_the_next_request(grace, gus):
    browser = signed_in(grace)
    assert browser.get(GRANTS).status_code == 200

    grants.revoke(Grant.objects.get(person=grace.person), by=gus, at=clock.now())

    assert browser.get(GRANTS).status_code in (302, 403)


def test_nothing_is_ever_deleted(root):
    key = KeyFactory()
    grant = GrantFactory(role=Role.LEAD)
    browser = signed_in(root)
    objects = [(GRANTS, grant), (PERSONS, grant.person), (CLIENTS, key.client), (KEYS, key)]

    for url, obj in [*objects, (USERS, UserFactory())]:
        assert browser.post(f"{url}{obj.pk}/delete/", {"post": "yes"}).status_code == 403
        act(browser, url, "delete_selected", obj)
        assert type(obj).objects.filter(pk=obj.pk).exists()
        assert "delete_selected" not in browser.get(url).content.decode()


def test_a_grant_is_made_by_the_form_and_recorded(grace):
    ada = make_one("mallory")

    answer = signed_in(grace).post(
        f"{GRANTS}add/",
        {"person": ada.person.pk, "role": "reviewer", "workflow": "credit-decisions"},
    )

    assert answer.status_code == 302
    assert roles.has_role(ada, Role.REVIEWER, "credit-decisions", clock.now())
    assert types(INSTALLATION) == ["grant.made"]
    assert Grant.objects.get(person=ada.person).granted_by == grace


def test_ones_own_grant_is_refused_beside_the_form(grace):
    answer = signed_in(grace).post(f"{GRANTS}add/", {"person": grace.person.pk, "role": "lead"})

    assert answer.status_code == 200
    assert "Nobody changes their own grants" in answer.content.decode()
    assert Grant.objects.filter(person=grace.person).count() == 1


def test_an_expiry_in_the_past_stands_beside_its_field(grace):
    answer = signed_in(grace).post(
        f"{GRANTS}add/",
        {
            "person": PersonFactory().pk,
            "role": "lead",
            "expires_at_0": "2020-01-01",
            "expires_at_1": "00:00",
        },
    )

    assert answer.context["adminform"].form.errors["expires_at"] == [
        "The expiry is past. Choose a later moment."
    ]


def test_a_grant_cannot_be_edited_by_posting_its_fields(grace):
    grant = GrantFactory(role=Role.LEAD, workflow="credit-decisions")
    everything = {"person": grace.person.pk, "role": "governance", "workflow": "", "revoked_at": ""}

    signed_in(grace).post(f"{GRANTS}{grant.pk}/change/", everything)

    fresh = Grant.objects.get(pk=grant.pk)
    assert (fresh.person, fresh.role, fresh.workflow) == (
        grant.person,
        "lead",
        "credit-decisions",
    )


def test_mass_assignment_gives_nobody_a_confirmed_grant(grace, gus):
    person = PersonFactory()

    signed_in(grace).post(
        f"{GRANTS}add/",
        {
            "person": person.pk,
            "role": "governance",
            "workflow": "",
            "confirmation": "confirmed",
            "confirmed_by": gus.pk,
            "confirmed_by_person": gus.person.pk,
            "confirmed_at": "2026-01-01 00:00",
            "granted_by": gus.pk,
        },
    )

    made = Grant.objects.get(person=person)
    assert (made.confirmation, made.granted_by, made.confirmed_by) == ("waiting", grace, None)


def test_the_second_person_confirms_and_the_first_may_not(grace, gus):
    waiting = grants.grant(PersonFactory(), Role.GOVERNANCE, by=grace, at=clock.now())

    own = act(signed_in(grace), GRANTS, "confirm_chosen", waiting)
    second = act(signed_in(gus), GRANTS, "confirm_chosen", waiting)

    assert "A second person confirms" in said(own)[0]
    assert said(second) == ["Confirmed: 1."]
    assert Grant.objects.get(pk=waiting.pk).confirmation == "confirmed"


def test_several_are_revoked_and_ones_own_is_said_to_stay(grace, gus):
    others = [GrantFactory(role=Role.LEAD), GrantFactory(role=Role.REVIEWER)]
    own = Grant.objects.get(person=grace.person)

    answer = act(signed_in(grace), GRANTS, "revoke_chosen", *others, own)

    assert any("Nobody changes their own grants" in message for message in said(answer))
    assert "Revoked: 2." in said(answer)
    assert list(Grant.objects.filter(revoked_at=None, person=grace.person)) == [own]


def test_an_owner_of_one_workflow_revokes_nothing_elsewhere():
    owner = UserFactory(is_staff=True)
    grant_to(owner, Role.GOVERNANCE, "claims-letters")
    foreign = GrantFactory(role=Role.LEAD, workflow="credit-decisions")

    answer = act(signed_in(owner), GRANTS, "revoke_chosen", foreign)

    assert "This needs the role" in said(answer)[0]
    assert Grant.objects.get(pk=foreign.pk).revoked_at is None


def test_an_auditor_with_staff_rights_changes_nothing():
    otto = make_one("otto")
    User.objects.filter(pk=otto.pk).update(is_staff=True)
    browser = signed_in(otto)

    assert browser.get(GRANTS).status_code == 200
    assert browser.get(f"{GRANTS}add/").status_code == 403
    assert browser.post(f"{PERSONS}add/", {"ref": "x", "name": "X"}).status_code == 403


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


def test_a_client_is_bound_by_checkboxes(ines):
    browser = signed_in(ines)

    made = browser.post(
        f"{CLIENTS}add/",
        {
            "name": "scoring",
            "workflows": "credit-decisions",
            "scopes": ["cases:write", "cases:read"],
            "active": "on",
        },
    )

    assert made.status_code == 302
    client = Client.objects.get(name="scoring")
    assert client.scopes == ["cases:read", "cases:write"]
    browser.post(
        f"{CLIENTS}{client.pk}/change/",
        {
            "workflows": "credit-decisions",
            "scopes": ["cases:read"],
            "active": "on",
            "keys-TOTAL_FORMS": "0",
            "keys-INITIAL_FORMS": "0",
        },
    )
    client.refresh_from_db()
    assert client.scopes == ["cases:read"]
    assert types(INSTALLATION) == ["client.made", "client.changed"]


def test_an_integrator_is_told_when_a_client_reaches_too_far(ines):
    answer = signed_in(ines).post(
        f"{CLIENTS}add/", {"name": "x", "workflows": "claims-letters", "active": "on"}
    )

    assert answer.status_code == 200
    assert "claims-letters" in answer.content.decode()
    assert not Client.objects.exists()


def test_a_key_is_issued_on_the_page_and_shown_exactly_once(ines):
    client = ClientFactory(name="scoring")
    browser, url = signed_in(ines), f"{CLIENTS}{client.pk}/issue-key/"
    assert "Issue a key" in browser.get(f"{CLIENTS}{client.pk}/change/").content.decode()
    assert browser.get(url).status_code == 200

    answer = browser.post(url)

    (secret,) = set(re.findall(r"cm_live_[0-9a-f]{16}_[0-9a-f]{64}", answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    for page in (url, KEYS, f"{CLIENTS}{client.pk}/change/"):
        assert secret.rpartition("_")[2] not in browser.get(page).content.decode()
    assert ApiKey.objects.get().key_id == secret.split("_")[2]


def test_a_third_key_is_refused_in_words(ines):
    client = ClientFactory()
    browser, url = signed_in(ines), f"{CLIENTS}{client.pk}/issue-key/"
    browser.post(url)
    browser.post(url)

    answer = browser.post(url)

    assert "two living keys" in answer.content.decode()
    assert ApiKey.objects.count() == 2


def test_nobody_issues_a_key_without_the_role(ines):
    client = ClientFactory(workflows=["claims-letters"])

    signed_in(ines).post(f"{CLIENTS}{client.pk}/issue-key/")
    signed_in(make_one("ada")).post(f"{CLIENTS}{client.pk}/issue-key/")

    assert not ApiKey.objects.exists()


def test_keys_are_revoked_from_their_list(ines):
    key = KeyFactory()

    answer = act(signed_in(ines), KEYS, "revoke_chosen", key)

    assert said(answer) == ["Revoked: 1."]
    assert ApiKey.objects.get().revoked_at is not None


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


@pytest.mark.parametrize("url", EVERY)
def test_a_list_costs_the_same_queries_whatever_its_length(
    root, url, django_assert_max_num_queries
):
    for _ in range(12):
        GrantFactory(role=Role.LEAD)
        KeyFactory()
        UserFactory()
    browser = signed_in(root)
    browser.get(url)

    with django_assert_max_num_queries(12):
        assert browser.get(url).status_code == 200
