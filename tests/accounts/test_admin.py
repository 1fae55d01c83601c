import pytest

from assurance import clock
from assurance.accounts import grants, roles
from assurance.accounts.choices import Role
from assurance.accounts.models import Grant, User
from assurance.record.ledger import INSTALLATION, types
from tests.accounts.admin_pages import (
    CLIENTS,
    EVERY,
    GRANTS,
    KEYS,
    PERSONS,
    USERS,
    act,
    said,
    signed_in,
)
from tests.accounts_factories import (
    GrantFactory,
    KeyFactory,
    PersonFactory,
    UserFactory,
    grant_to,
)
from tests.cast import make_one

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probe")]


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

    act(signed_in(owner), GRANTS, "revoke_chosen", foreign)

    assert Grant.objects.get(pk=foreign.pk).revoked_at is None


def test_an_auditor_with_staff_rights_changes_nothing():
    otto = make_one("otto")
    User.objects.filter(pk=otto.pk).update(is_staff=True)
    browser = signed_in(otto)

    assert browser.get(GRANTS).status_code == 200
    assert browser.get(f"{GRANTS}add/").status_code == 403
    assert browser.post(f"{PERSONS}add/", {"ref": "x", "name": "X"}).status_code == 403


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


def test_what_belongs_to_another_workflow_is_not_there(ines):
    """The answer for a foreign row is that for a row that does not exist."""
    grant_to(ines, Role.GOVERNANCE, "credit-decisions")
    own, foreign = KeyFactory(), KeyFactory(client__workflows=["claims-letters"])
    mine = GrantFactory(role=Role.LEAD, workflow="credit-decisions")
    theirs = GrantFactory(role=Role.LEAD, workflow="claims-letters")
    rows = [(KEYS, own, foreign), (CLIENTS, own.client, foreign.client), (GRANTS, mine, theirs)]
    browser = signed_in(ines)

    for url, seen, hidden in rows:
        listed = browser.get(url).content.decode()
        assert f"{url}{seen.pk}/change/" in listed
        assert f"{url}{hidden.pk}/change/" not in listed
        assert browser.get(f"{url}{seen.pk}/change/").status_code == 200
        for page in ("change", "history"):
            there = browser.get(f"{url}{hidden.pk}/{page}/")
            nowhere = browser.get(f"{url}999999/{page}/")
            assert (there.status_code, there.get("Location")) == (302, nowhere.get("Location"))
    assert browser.get(f"{CLIENTS}{foreign.client.pk}/issue-key/").status_code == 404
    assert browser.get(USERS).status_code == 403
