"""Accounts, persons, grants, clients and keys for tests. The default is the commonest state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from factory import LazyFunction, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from assurance.accounts import keys
from assurance.accounts.choices import Confirmation, Role, Scope
from assurance.accounts.models import ApiKey, Client, Grant, Person, User

PASSWORD = "correct horse battery staple"


@cache
def hashed(password: str = PASSWORD) -> str:
    """Argon2 is slow on purpose; once per test run is enough."""
    return make_password(password)


def an_hour_ago() -> datetime:
    """Grants and keys are a little older than the test that uses them."""
    return datetime.now(UTC) - timedelta(hours=1)


class PersonFactory(DjangoModelFactory):
    """A human being."""

    class Meta:
        model = Person

    ref = Sequence("hr-{}".format)
    name = Sequence("Person {}".format)


class UserFactory(DjangoModelFactory):
    """An account with its person and the password `PASSWORD`. `person=None`: nobody's."""

    class Meta:
        model = User

    username = Sequence("user{}".format)
    password = LazyFunction(hashed)
    person = SubFactory(PersonFactory)

    class Params:
        superuser = Trait(is_superuser=True, is_staff=True)


class GrantFactory(DjangoModelFactory):
    """A reviewer of all workflows, in force. Governance of all is one that was granted alone."""

    class Meta:
        model = Grant

    person = SubFactory(PersonFactory)
    role = Role.REVIEWER
    workflow = ""
    confirmation = Confirmation.NOT_NEEDED
    created_at = LazyFunction(an_hour_ago)

    @classmethod
    def _create(cls, model_class: type[Grant], *args: Any, **kwargs: Any) -> Grant:
        alone = kwargs["role"] == Role.GOVERNANCE and not kwargs["workflow"]
        if alone and kwargs["confirmation"] == Confirmation.NOT_NEEDED:
            kwargs["confirmation"] = Confirmation.ALONE
        return super()._create(model_class, *args, **kwargs)


class ClientFactory(DjangoModelFactory):
    """A system bound to credit-decisions with every scope."""

    class Meta:
        model = Client

    name = Sequence("client-{}".format)
    workflows = LazyFunction(lambda: ["credit-decisions"])
    scopes = LazyFunction(lambda: list(Scope.values))


class KeyFactory(DjangoModelFactory):
    """A living key. `KeyFactory().secret` is what the system sends."""

    class Meta:
        model = ApiKey

    client = SubFactory(ClientFactory)
    created_at = LazyFunction(an_hour_ago)

    @classmethod
    def _create(cls, model_class: type[ApiKey], *args: Any, **kwargs: Any) -> ApiKey:
        key_id, secret = keys.draw()
        kwargs |= {"key_id": key_id, "secret_sha256": keys.hash_of(secret)}
        key: Any = super()._create(model_class, *args, **kwargs)
        key.secret = secret
        return key


def grant_to(user: User, role: str, *workflows: str) -> list[Grant]:
    """Give a role to the person of an account, for these workflows or for all."""
    return [
        GrantFactory(person=user.person, role=role, workflow=slug) for slug in workflows or ("",)
    ]


def bearer(key: Any) -> dict[str, str]:
    """The header of a test client's request: `client.get(url, **bearer(key))`."""
    return {"HTTP_AUTHORIZATION": f"Api-Key {key.secret}"}
