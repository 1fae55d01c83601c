"""`create_api_key --client NAME --workflow SLUG --scope S`: a key for a system."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from assurance import clock
from assurance.accounts import clients, keys
from assurance.accounts.choices import Scope
from assurance.accounts.models import Client
from assurance.accounts.roles import stage_of
from assurance.errors import DomainError


class Command(BaseCommand):
    help = (
        "Issue an API key. A new client is made with these workflows and scopes; a known one gets"
        " them added. The secret stands alone on the last line and is kept nowhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="The system's name.")
        parser.add_argument("--workflow", nargs="+", action="extend", default=[], metavar="SLUG")
        parser.add_argument(
            "--scope", nargs="+", action="extend", default=[], help=", ".join(Scope.values)
        )

    def handle(self, *, workflow: list[str], scope: list[str], **options: Any) -> None:
        try:
            with transaction.atomic():
                client = self._client(options["client"], workflow, scope)
                _, secret = keys.issue(client, by=None, at=clock.now())
        except DomainError as refusal:
            raise CommandError(refusal.sentence) from refusal
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"{client.name}: workflows {', '.join(client.workflows) or 'none'};"
            f" scopes {', '.join(client.scopes) or 'none'}."
        )
        for slug in client.workflows:
            if not stage_of.is_known(slug):
                self.stdout.write(
                    f"There is no workflow “{slug}” yet: check the slug, or load it with"
                    " load_controls before the first case."
                )
        self.stdout.write(secret)

    def _client(self, name: str, workflows: list[str], scopes: list[str]) -> Client:
        at = clock.now()
        client = Client.objects.filter(name=name).first()
        if client is None:
            if not workflows or not scopes:
                raise CommandError(
                    f"No client “{name}” yet. Say what it may do: --workflow SLUG --scope"
                    f" {' '.join(Scope.values)}"
                )
            return clients.make(name, workflows, scopes, by=None, at=at)
        bound = {*client.workflows, *workflows}, {*client.scopes, *scopes}
        if bound == (set(client.workflows), set(client.scopes)):
            return client
        return clients.change(
            client, workflows=bound[0], scopes=bound[1], active=client.active, by=None, at=at
        )
