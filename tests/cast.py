"""The fixed cast of every story: who they are never changes, so a test reads like a sentence."""

from __future__ import annotations

from types import SimpleNamespace

from assurance.accounts.choices import Role
from assurance.accounts.models import User
from tests.accounts_factories import PersonFactory, UserFactory, grant_to

WORKFLOWS = ("credit-decisions", "claims-letters")

# name: (full name, role, of all workflows or of those that the test names)
ROLES = {
    "ada": ("Ada Byrne", Role.REVIEWER, False),
    "ben": ("Ben Osei", Role.REVIEWER, False),
    "cleo": ("Cleo Marsh", Role.REVIEWER, False),  # the specialist: by her queues
    "dev": ("Dev Rao", Role.LEAD, False),
    "grace": ("Grace Holm", Role.GOVERNANCE, True),
    "gus": ("Gus Lind", Role.GOVERNANCE, True),
    "ivy": ("Ivy Tran", Role.INCIDENT_LEAD, False),
    "otto": ("Otto Klein", Role.AUDITOR, True),
    "mallory": ("Mallory Vane", None, False),
}


def make_cast(*workflows: str) -> SimpleNamespace:
    """ada and ben review, cleo is a specialist, dev leads, grace and gus govern, ivy leads
    incidents, otto audits, mallory holds nothing. Without slugs: both demo workflows."""
    cast = SimpleNamespace()
    for username in ROLES:
        setattr(cast, username, make_one(username, *workflows))
    return cast


def make_one(username: str, *workflows: str) -> User:
    """One of the cast alone, with person and grants."""
    name, role, everywhere = ROLES[username]
    first, last = name.split()
    user = UserFactory(
        username=username,
        first_name=first,
        last_name=last,
        person=PersonFactory(ref=username, name=name),
        is_staff=role == Role.GOVERNANCE,
        email=f"{username}@example.com",
    )
    if role is not None:
        grant_to(user, role, *([""] if everywhere else workflows or WORKFLOWS))
    return user
