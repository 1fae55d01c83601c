"""`import_controls FILE --by USER`: propose what a file says as a control change."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assurance import clock
from assurance.accounts.models import User
from assurance.controls.control_files import propose
from assurance.controls.definition_files import Places, read, text_of, told
from assurance.errors import DomainError


class Command(BaseCommand):
    help = "Make a draft control change of what a YAML file says. Nothing that is live changes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--by", required=True, metavar="USER", help="Who proposes it.")
        parser.add_argument("--reason", default="", help="Why; can be said later too.")

    def handle(self, *, file: str, by: str, reason: str, **options: Any) -> None:
        user = User.objects.filter(username=by, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account “{by}”. Check the name.")
        places = Places({})
        try:
            document, places = read(text_of(file))
            change = propose(document, by=user, at=clock.now(), reason=reason)
        except DomainError as refusal:
            raise CommandError(told(file, refusal, places)) from refusal
        if change is None:
            self.stdout.write("Nothing to do: what is live is exactly this.")
            return
        self.stdout.write(
            f"Made change {change.number} with {len(change.edits)} edit(s), a draft. Submit it at "
            f"{change.get_absolute_url()}"
        )
