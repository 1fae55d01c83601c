"""Sign a checkpoint over everything new now, and append it to the copy outside the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assurance import clock
from assurance.errors import DomainError
from assurance.record import anchors, checkpoints


class Command(BaseCommand):
    help = "Sign what is new on the record, and publish the checkpoint outside the database."

    def handle(self, **options: Any) -> None:
        try:
            made = checkpoints.make_all(clock.now())
        except DomainError as error:
            raise CommandError(error.sentence) from error
        for one in made:
            self.stdout.write(
                f"Checkpoint {one.number}: {one.hash}, entries up to {one.last_position}."
            )
        if not made:
            self.stdout.write("Nothing is new since the last checkpoint.")
        try:
            anchors.publish()
        except OSError as error:
            raise CommandError(f"{anchors.path()} cannot be written: {error.strerror}.") from error
        where = anchors.path()
        if where is None:
            self.stdout.write(
                "It is published nowhere: set COUNTERMARK_ANCHOR to a file, or COUNTERMARK_DATA."
            )
        else:
            self.stdout.write(f"Published in {where}. Keep a copy on another machine.")
