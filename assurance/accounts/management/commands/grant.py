"""`grant --user NAME --role ROLE [--workflow SLUG]`: give a role from the shell."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from assurance import clock
from assurance.accounts import grants, persons
from assurance.accounts.choices import Confirmation, Role
from assurance.accounts.models import Person, User
from assurance.errors import DomainError


class Command(BaseCommand):
    help = "Give a role to the person behind an account, on the record."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="The account's name.")
        parser.add_argument("--role", required=True, help=", ".join(Role.values))
        parser.add_argument("--workflow", default="", help="A slug; without it, all workflows.")
        parser.add_argument(
            "--person-ref",
            help="Who is behind the account, by HR number or SSO subject. Needed once, where the"
            " human has another account; otherwise the account's name becomes the reference.",
        )

    def handle(self, *, user: str, role: str, workflow: str, **options: Any) -> None:
        account = User.objects.select_related("person").filter(username=user).first()
        if account is None:
            raise CommandError(f"No account “{user}”. Make it with `createsuperuser` or the admin.")
        try:
            with transaction.atomic():
                person = account.person or self._link(account, options["person_ref"])
                made = grants.grant(person, role, workflow, by=None, at=clock.now())
        except DomainError as refusal:
            raise CommandError(refusal.sentence) from refusal
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{made} is granted.")
        if made.confirmation == Confirmation.WAITING:
            self.stdout.write(
                "It holds once a second person, a governance owner, confirms it in the admin."
            )

    def _link(self, account: User, ref: str | None) -> Person:
        """The person named, made where nobody has that reference, and linked to the account."""
        at = clock.now()
        ref = ref or account.username
        person = Person.objects.filter(ref=ref).first()
        if person is None:
            person = persons.make(ref, account.full_name_or_username, by=None, at=at)
            self.stdout.write(f"Made the person {person}.")
        persons.link(account, person, by=None, at=at)
        return person
