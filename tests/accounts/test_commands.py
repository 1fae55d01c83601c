from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from assurance import clock
from assurance.accounts import keys, roles
from assurance.accounts.choices import Role
from assurance.accounts.models import Client, Grant, Person, User
from assurance.record.ledger import INSTALLATION, types
from assurance.record.models import Event
from tests.accounts_factories import PersonFactory, UserFactory

pytestmark = pytest.mark.django_db


def run(*words):
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_the_first_account_starts_the_house(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a phrase that is long")
    run("createsuperuser", "--no-input", "--username", "root", "--email", "root@example.com")

    said = run("grant", "--user", "root", "--role", "governance")

    root = User.objects.get(username="root")
    assert root.is_staff
    assert root.is_superuser
    assert root.person.ref == "root"
    assert roles.has_role(root, Role.GOVERNANCE, "", clock.now())
    assert "Governance owner of all workflows is granted." in said
    assert types(INSTALLATION) == ["person.made", "account.linked", "grant.made"]
    assert {event.actor_ref for event in Event.objects.all()} == {"shell"}


def test_a_role_is_granted_for_one_workflow():
    ada = UserFactory(username="ada")

    run("grant", "--user", "ada", "--role", "reviewer", "--workflow", "credit-decisions")

    assert roles.workflows_of(ada, Role.REVIEWER, clock.now()) == {"credit-decisions"}


def test_a_second_account_of_one_human_is_linked_to_the_same_person():
    person = PersonFactory(ref="hr-7")
    UserFactory(username="second", person=None)

    run("grant", "--user", "second", "--role", "reviewer", "--person-ref", "hr-7")

    assert User.objects.get(username="second").person == person
    assert Person.objects.count() == 1


def test_the_third_governance_owner_of_all_waits_for_a_second_person():
    for name in ("a", "b", "c"):
        UserFactory(username=name)
        said = run("grant", "--user", name, "--role", "governance")

    assert "once a second person" in said
    assert list(Grant.objects.order_by("pk").values_list("confirmation", flat=True)) == [
        "alone",
        "alone",
        "waiting",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--user", "nobody", "--role", "lead"], "No account “nobody”"),
        (["--user", "ada", "--role", "king"], "Not a role. Use one of: reviewer"),
    ],
)
def test_what_cannot_be_granted_is_said_and_leaves_nothing(words, message):
    UserFactory(username="ada", person=None)

    with pytest.raises(CommandError, match=message):
        run("grant", *words)

    assert not Grant.objects.exists()
    assert not Person.objects.exists()


def test_a_key_stands_alone_on_the_last_line():
    said = run(
        "create_api_key", "--client", "scoring", "--workflow", "a", "b",
        "--scope", "cases:write", "--scope", "cases:read",
    )  # fmt: skip

    secret = said.splitlines()[-1]
    key = keys.look_up(secret, at=clock.now())
    assert key.client.name == "scoring"
    assert key.client.workflows == ["a", "b"]
    assert key.client.scopes == ["cases:read", "cases:write"]
    assert types(INSTALLATION) == ["client.made", "key.issued"]


def test_a_key_for_a_workflow_that_is_not_there_says_so_and_is_issued(monkeypatch):
    monkeypatch.setattr(roles.stage_of, "_answer", {"a": "pilot"}.get)

    said = run(
        "create_api_key", "--client", "scoring", "--workflow", "a", "b", "--scope", "cases:write"
    )

    assert [line for line in said.splitlines() if line.startswith("There is no")] == [
        "There is no workflow “b” yet: check the slug, or load it with load_controls before the"
        " first case."
    ]
    assert keys.look_up(said.splitlines()[-1], at=clock.now())


def test_a_known_client_gets_another_key_and_what_is_new():
    run("create_api_key", "--client", "scoring", "--workflow", "a", "--scope", "cases:write")

    run("create_api_key", "--client", "scoring", "--workflow", "b", "--scope", "cases:write")

    client = Client.objects.get()
    assert (client.workflows, client.scopes) == (["a", "b"], ["cases:write"])
    assert client.keys.count() == 2
    with pytest.raises(CommandError, match="two living keys"):
        run("create_api_key", "--client", "scoring")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--client", "x"], "Say what it may do"),
        (["--client", "x", "--workflow", "a", "--scope", "all"], "Not a scope: all"),
        (["--client", "x", "--workflow", "not a slug", "--scope", "cases:read"], "slug"),
    ],
)
def test_a_key_that_cannot_be_issued_is_said_and_leaves_no_client(words, message):
    with pytest.raises(CommandError, match=message):
        run("create_api_key", *words)

    assert not Client.objects.exists()
