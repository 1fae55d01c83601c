"""`create_webhook --client NAME --url URL`: where a system hears of decisions."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assurance import clock
from assurance.accounts.models import Client
from assurance.delivery.choices import EventType
from assurance.delivery.endpoints import create_endpoint
from assurance.errors import DomainError


class Command(BaseCommand):
    help = (
        "Send webhooks of a client to an address. The secret that signs them stands alone on the"
        " last line and is shown this once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="The system's name.")
        parser.add_argument("--url", required=True, help="An https address, port 443 or 8443.")
        parser.add_argument(
            "--event",
            action="append",
            default=[],
            metavar="TYPE",
            help=f"Only these: {', '.join(EventType.values)}. Without it: all.",
        )

    def handle(self, *, url: str, event: list[str], **options: Any) -> None:
        name = options["client"]
        client = Client.objects.filter(name=name).first()
        if client is None:
            raise CommandError(
                f"No client “{name}”. Make it with its first key: create_api_key --client {name}"
                " --workflow SLUG --scope cases:read cases:write"
            )
        try:
            endpoint, secret = create_endpoint(
                client, url, by=None, at=clock.now(), event_types=event
            )
        except DomainError as refusal:
            raise CommandError(refusal.sentence) from refusal
        hears = ", ".join(endpoint.event_types) or "everything"
        self.stdout.write(f"{client.name} hears {hears} at {endpoint.url}.")
        self.stdout.write(secret)
