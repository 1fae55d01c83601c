"""`load_controls FILE`: bring a workflow under control from a YAML file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assurance import clock
from assurance.accounts.models import User
from assurance.controls.definition_files import Places, read, text_of, told
from assurance.errors import DomainError
from assurance.record.actors import Actor
from reviews.loading import load


class Command(BaseCommand):
    help = (
        "Make a workflow, its queues and its first control set from a YAML file. "
        "The same file again changes nothing; another one proposes a control change."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The definition; see the README for an example.")
        parser.add_argument(
            "--by", metavar="USER", help="Who proposes the change to a workflow that is there."
        )

    def handle(self, *, file: str, by: str | None, **options: Any) -> None:
        places = Places({})
        proposer = User.objects.filter(username=by, is_active=True).first()
        if by and proposer is None:
            raise CommandError(f"There is no active account “{by}”. Check the name.")
        try:
            document, places = read(text_of(file))
            actor = Actor.system("load_controls")
            loaded = load(document, actor=actor, by=proposer, at=clock.now())
        except DomainError as refusal:
            raise CommandError(told(file, refusal, places)) from refusal
        if not loaded.made:
            self.stdout.write(
                f"Nothing to do: {loaded.workflow.slug} was made from exactly this file."
            )
        for line in loaded.made:
            self.stdout.write(line)
