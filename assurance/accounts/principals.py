"""Who is on the other end of a request: a person with a session, or a system with a key."""

from __future__ import annotations

from typing import Any, Final

from assurance.accounts.models import ApiKey, Client, User
from assurance.errors import DomainError
from assurance.record.actors import Actor


class ClientUser:
    """What `request.user` is for a system: signed in, no account, no rights but its scopes."""

    is_authenticated: Final = True
    is_anonymous: Final = False
    is_active: Final = True
    is_staff: Final = False
    is_superuser: Final = False
    is_client: Final = True
    pk: Final = None
    id: Final = None
    person_id: Final = None

    def __init__(self, client: Client) -> None:
        self.client = client

    @property
    def username(self) -> str:
        return self.client.name

    def get_username(self) -> str:
        return self.client.name

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def has_module_perms(self, label: str) -> bool:
        return False

    def __str__(self) -> str:
        return self.client.name


def client_of(request: Any) -> Client | None:
    """The client that a request comes from, None for people and strangers."""
    user = getattr(request, "user", None)
    if isinstance(user, ClientUser):
        return user.client
    key = getattr(request, "auth", None)
    return key.client if isinstance(key, ApiKey) else None


def is_client(request: Any) -> bool:
    """Whether a system with a key is asking."""
    return client_of(request) is not None


def actor_of(request: Any) -> Actor:
    """Who acts, for the record. 401 `not_authenticated` for a stranger."""
    client = client_of(request)
    if client is not None:
        return Actor.client(client)
    return Actor.person(account_of(request))


def caller_id(request: Any) -> str:
    """`client:7` or `user:12`: whose idempotency keys these are."""
    client = client_of(request)
    if client is not None:
        return f"client:{client.pk}"
    return f"user:{account_of(request).pk}"


def account_of(request: Any) -> User:
    """The account that is signed in. 401 `not_authenticated` for a stranger or a system."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        raise not_authenticated()
    return user


def not_authenticated() -> DomainError:
    """401 with one text for every reason, so that nobody learns which keys exist."""
    return DomainError(
        "not_authenticated",
        "Send a valid API key as `Authorization: Api-Key cm_live_…`, or sign in.",
        status=401,
        headers={"WWW-Authenticate": "Api-Key"},
    )
