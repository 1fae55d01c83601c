"""Who did it: a person, a client's key, or the system itself under the name of its job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


@dataclass(frozen=True, slots=True)
class Actor:
    """`ref` is what a reader of the record sees; `user_id` is set for people only."""

    kind: Literal["person", "client", "system"]
    ref: str
    user_id: int | None = None

    @classmethod
    def person(cls, user: AbstractUser) -> Actor:
        return cls("person", user.get_username(), user.pk)

    @classmethod
    def client(cls, client: Any) -> Actor:
        """An API client, known by its name: `accounts` owns the model."""
        return cls("client", client.name)

    @classmethod
    def system(cls, job: str) -> Actor:
        return cls("system", job)

    def as_json(self) -> dict[str, Any]:
        """As it is hashed into the chain and answered by the API."""
        return {"kind": self.kind, "ref": self.ref, "user": self.user_id}
