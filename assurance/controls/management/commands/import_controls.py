"""`import_controls FILE --by USER`: propose what a file says as a control change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assurance import clock
from assurance.accounts.models import User
from assurance.controls.control_files import propose
from assurance.controls.definition_files import Places, read
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
            text = Path(file).read_bytes().decode("utf-8-sig")
            document, places = read(text)
            change = propose(document, by=user, at=clock.now(), reason=reason)
        except UnicodeDecodeError as fault:
            raise CommandError(f"{file} is not UTF-8. Save it as UTF-8.") from fault
        except OSError as fault:
            raise CommandError(f"{file} cannot be read: {fault.strerror}.") from fault
        except DomainError as refusal:
            raise CommandError(_told(file, refusal, places)) from refusal
        if change is None:
            self.stdout.write("Nothing to do: what is live is exactly this.")
            return
        self.stdout.write(
            f"Made change {change.number} with {len(change.edits)} edit(s), a draft. Submit it at "
            f"{change.get_absolute_url()}"
        )


def _told(file: str, refusal: DomainError, places: Places) -> str:
    lines = [f"{file}: {refusal.sentence}"]
    for error in refusal.errors:
        line = places.line(error["pointer"])
        at = f"line {line}, {error['pointer']}" if line else error["pointer"]
        lines.append(f"  {at}: {error['message']}")
    return "\n".join(lines)
