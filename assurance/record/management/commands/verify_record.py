"""Is the record as it was written? Says so, or names each bad entry; the exit code is 0 or 1."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from assurance.record import verification
from assurance.record.models import Event

SHOWN = 1_000


class Command(BaseCommand):
    help = "Check every chain, commitment, head and position of the record. Exit code 0 or 1."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--case", metavar="ID", help="Only the chain of this case.")
        which.add_argument("--workflow", metavar="SLUG", help="Only entries of this workflow.")

    def handle(self, *, case: str | None, workflow: str | None, **options: Any) -> None:
        only = ("case", case.lower()) if case else None
        found = 0
        for problem in islice(verification.problems(only=only, workflow=workflow), SHOWN + 1):
            found += 1
            if found > SHOWN:
                self.stdout.write(f"… and more. The first {SHOWN} are shown.")
                break
            self.stdout.write(str(problem))
        entries = Event.objects.all()
        if only:
            entries = entries.filter(stream_type="case", stream_id=only[1])
        elif workflow:
            entries = entries.filter(workflow=workflow)
        count = entries.count()
        if case and not count and not found:
            self.stdout.write(f"There is no case {case} on the record. Check the id.")
            raise SystemExit(1)
        if found:
            self.stdout.write(self.style.ERROR(f"The record was changed: {found} problems."))
            raise SystemExit(1)
        self.stdout.write(f"The record is as it was written: {count} entries.")
