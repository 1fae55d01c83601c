"""The demo's people. Their passwords are made anew for each installation."""

from __future__ import annotations

import secrets
from datetime import datetime

from assurance.accounts import grants, persons
from assurance.accounts.choices import Role
from assurance.accounts.models import User

BOTH = ("credit-decisions", "claims-letters")
ALL = ("",)
# name: (full name, reference, role, workflows)
PEOPLE = {
    "ada": ("Ada Byrne", "E-1001", Role.REVIEWER, BOTH),
    "ben": ("Ben Osei", "E-1002", Role.REVIEWER, BOTH),
    "cleo": ("Cleo Marsh", "E-1003", Role.REVIEWER, BOTH),
    "dev": ("Dev Rao", "E-1004", Role.LEAD, BOTH),
    "grace": ("Grace Holm", "E-1005", Role.GOVERNANCE, ALL),
    "gus": ("Gus Lind", "E-1006", Role.GOVERNANCE, ALL),
    "ivy": ("Ivy Tran", "E-1007", Role.INCIDENT_LEAD, BOTH),
    "otto": ("Otto Klein", "E-1008", Role.AUDITOR, ALL),
    "mallory": ("Mallory Vane", "E-1009", None, ()),
}


def make(at: datetime) -> dict[str, str]:
    """Make who is missing and give everyone a fresh password. Returns name → password."""
    passwords = {}
    for username, (name, ref, role, workflows) in PEOPLE.items():
        user = User.objects.filter(username=username).first() or _new(username, name, ref, at)
        password = f"{username}-{secrets.token_urlsafe(12)}"
        user.set_password(password)
        user.save()
        passwords[username] = password
        if role is not None and user.person is not None:
            held = set(user.person.grants.filter(role=role).values_list("workflow", flat=True))
            for workflow in workflows:
                if workflow not in held:
                    grants.grant(user.person, role, workflow, by=None, at=at)
    return passwords


def _new(username: str, name: str, ref: str, at: datetime) -> User:
    first, last = name.split()
    user = User.objects.create(
        username=username, first_name=first, last_name=last, email=f"{username}@countermark.example"
    )
    persons.account_made(user, by=None, at=at)
    return persons.link(user, persons.make(ref, name, by=None, at=at), by=None, at=at)
