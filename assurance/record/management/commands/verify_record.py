"""Is the record as it was written? Says so, or names each bad entry; the exit code is 0 or 1."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assurance.errors import DomainError
from assurance.record import checkpoints, verification
from assurance.record.models import Event

SHOWN = 1_000
UNSEEN = """\
What no check of this database can see:
- an entry newer than the last checkpoint that was cut off together with its head, rewritten, or
  forged and chained correctly. The `head_hash` that the caller was answered tells it.
"""
UNSEEN_WITHOUT_COPY = """\
- the whole rolled back to an older state, or rewritten with all checkpoints dropped and later
  signed anew. The copy that was published tells it: --anchor FILE.
"""
UNSEEN_WITH_COPY = """\
- a database rolled back or rewritten, as far as it is newer than the last line of that copy.
"""


class Command(BaseCommand):
    help = (
        "Check every chain, commitment, head, position and checkpoint of the record, and with"
        " --anchor the copy of the checkpoints outside. Exit code 0 or 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--case", metavar="ID", help="Only the chain of this case.")
        which.add_argument("--workflow", metavar="SLUG", help="Only entries of this workflow.")
        parser.add_argument(
            "--anchor",
            metavar="FILE",
            type=Path,
            help="The copy of the checkpoints that was kept elsewhere, to compare with.",
        )
        parser.add_argument(
            "--key",
            metavar="HEX",
            action="append",
            default=[],
            help="A public key to believe besides our own; may be given again.",
        )

    def handle(
        self,
        *,
        case: str | None,
        workflow: str | None,
        anchor: Path | None,
        key: list[str],
        **options: Any,
    ) -> None:
        if anchor is not None and not anchor.is_file():
            raise CommandError(f"There is no file {anchor}. Name the copy of the checkpoints.")
        only = ("case", case.lower()) if case else None
        try:
            found = self._show(only, workflow, anchor, key)
        except DomainError as error:
            raise CommandError(error.sentence) from error
        entries = Event.objects.all()
        if only:
            entries = entries.filter(stream_type="case", stream_id=only[1])
        elif workflow:
            entries = entries.filter(workflow=workflow)
        count = entries.count()
        if case and not count and not found:
            self.stdout.write(f"There is no case {case} on the record. Check the id.")
            raise SystemExit(1)
        if not workflow:
            self.stdout.write(self._signed())
        self.stdout.write(UNSEEN + (UNSEEN_WITH_COPY if anchor else UNSEEN_WITHOUT_COPY))
        if found:
            self.stdout.write(self.style.ERROR(f"The record was changed: {found} problems."))
            raise SystemExit(1)
        self.stdout.write(f"The record is as it was written: {count} entries.")

    def _show(self, only: Any, workflow: str | None, anchor: Path | None, keys: list[str]) -> int:
        found = 0
        problems = verification.problems(only=only, workflow=workflow, anchor=anchor, keys=keys)
        for problem in islice(problems, SHOWN + 1):
            found += 1
            if found > SHOWN:
                self.stdout.write(f"… and more. The first {SHOWN} are shown.")
                break
            self.stdout.write(str(problem))
        return found

    def _signed(self) -> str:
        """How far the checkpoints reach."""
        last = checkpoints.latest()
        if last is None:
            return "No checkpoint is signed yet: `manage.py checkpoint` signs one.\n"
        newer = checkpoints.newest_position() - last.last_position
        return (
            f"Checkpoint {last.number} of {last.at:%Y-%m-%d %H:%M} UTC signs the first"
            f" {last.last_position} entries; {max(newer, 0)} numbered ones are newer.\n"
        )
