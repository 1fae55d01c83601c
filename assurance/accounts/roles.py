"""Which roles somebody holds, and where. Every question reads the grants: a revoked one is gone
on the next request. Giving and taking roles is for `grants`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from assurance.accounts.choices import Role
from assurance.accounts.models import Grant, User
from assurance.errors import DomainError

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from assurance.accounts.principals import ClientUser

    Anyone = User | AnonymousUser | ClientUser

__all__ = [
    "ALL",
    "Role",
    "Workflows",
    "covers",
    "has_role",
    "holds_anywhere",
    "require_role",
    "roles_of",
    "stage_of",
    "workflows_of",
]

ALL: Final = "all"
Workflows = Literal["all"] | frozenset[str]
NOWHERE: Final[frozenset[str]] = frozenset()

# Roles that use the admin site.
STAFF: Final = frozenset({Role.GOVERNANCE, Role.INTEGRATOR})


class _StageOf:
    """The stage of a workflow by slug. Workflows belong to a higher room, which registers the
    answer when it is loaded; until then, and for a workflow that is not there, "observe"."""

    def __init__(self) -> None:
        self._answer: Callable[[str], str | None] | None = None

    def register(self, answer: Callable[[str], str | None]) -> None:
        self._answer = answer

    def is_known(self, workflow: str) -> bool:
        """Whether there is such a workflow."""
        return self._answer is None or self._answer(workflow) is not None

    def __call__(self, workflow: str) -> str:
        return (self._answer(workflow) if self._answer else None) or "observe"


stage_of = _StageOf()


_READ: ContextVar[dict[int, dict[str, Workflows]] | None] = ContextVar("grants read", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Each person's grants are read once in here: for one request that changes none, whose parts
    all ask the same."""
    token = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(token)


def roles_of(user: Any, at: datetime) -> dict[str, Workflows]:
    """Every role somebody holds now and where: one query. Clients and strangers hold none."""
    if not isinstance(user, User):
        return {}
    kept = _READ.get()
    if kept is None:
        return _read(user, at)
    if user.pk not in kept:
        kept[user.pk] = _read(user, at)
    return kept[user.pk]


def _read(user: User, at: datetime) -> dict[str, Workflows]:
    held: dict[str, Workflows] = {}
    grants = Grant.objects.held_by(user).effective(at).order_by()
    for role, workflow in grants.values_list("role", "workflow"):
        already = held.get(role, NOWHERE)
        held[role] = ALL if workflow == "" or already == ALL else frozenset({*already, workflow})
    return held


def workflows_of(user: Any, role: str | Collection[str], at: datetime) -> Workflows:
    """Where somebody holds a role, or any of several: ALL ("all") or the slugs."""
    wanted = {role} if isinstance(role, str) else set(role)
    held = [where for name, where in roles_of(user, at).items() if name in wanted]
    if ALL in held:
        return ALL
    return frozenset(slug for slugs in held for slug in slugs)


def covers(where: Workflows, workflow: str) -> bool:
    """Whether an answer of `workflows_of` reaches this workflow; "" asks for all of them."""
    return where == ALL or (workflow != "" and workflow in where)


def has_role(user: Any, role: str | Collection[str], workflow: str, at: datetime) -> bool:
    """Whether somebody holds a role (or any of several) for a workflow; "" asks for all of them.

    A superuser holds no role by being one.
    """
    return covers(workflows_of(user, role, at), workflow)


def holds_anywhere(user: Any, role: str | Collection[str], at: datetime) -> bool:
    """Whether somebody holds a role for at least one workflow."""
    return bool(workflows_of(user, role, at))


def require_role(user: Any, role: str | Collection[str], workflow: str, at: datetime) -> None:
    """Refuse with 403 `role_missing`, naming the role and who can grant it."""
    if not has_role(user, role, workflow, at):
        raise role_missing(role, workflow)


def role_missing(role: str | Collection[str], workflow: str) -> DomainError:
    """The refusal itself, for a caller that has asked already."""
    wanted = [role] if isinstance(role, str) else sorted(role)
    names = " or ".join(f"“{Role(name).label}”" for name in wanted)
    where = f"of {workflow}" if workflow else "of all workflows"
    granter = "a governance owner of all workflows"
    if workflow:
        granter = f"a governance owner {where}"
    return DomainError(
        "role_missing",
        f"This needs the role {names} {where}, and you do not hold it. Ask {granter}"
        " to grant it in the admin.",
        status=403,
        roles=wanted,
        workflow=workflow or None,
    )
