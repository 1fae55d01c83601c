"""`export_controls --workflow SLUG`: what governs a workflow, as a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assurance.controls.control_files import export
from assurance.controls.models import ControlSet


class Command(BaseCommand):
    help = "Write the control set of a workflow as YAML, to a file or to the screen."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workflow", required=True, metavar="SLUG")
        parser.add_argument("--set", type=int, metavar="N", help="An older set; default: the live.")
        parser.add_argument("file", nargs="?", help="Where to; without it, to the screen.")

    def handle(self, *, workflow: str, set: int | None, file: str | None, **options: Any) -> None:
        found = ControlSet.objects.of(workflow).newest()
        one = (found.filter(number=set) if set else found).first()
        if one is None:
            which = f"no set {set}" if set and found else "no control set"
            raise CommandError(f"The workflow “{workflow}” has {which}. Check the slug.")
        text = export(one)
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as fault:
            raise CommandError(f"{file} cannot be written: {fault.strerror}.") from fault
        self.stdout.write(f"Wrote set {one.number} of {workflow} to {file}.")
