"""Write an evidence pack: chains of the record that anybody can check without Countermark."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from assurance import clock
from assurance.errors import DomainError
from assurance.record import checkpoint_keys, checkpoints, packs
from assurance.record.actors import Actor
from assurance.record.ledger import INSTALLATION, Stream, record


class Command(BaseCommand):
    help = "Write a signed zip with the record of cases or workflows, and a script to check it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--case", metavar="ID", action="append", default=[])
        parser.add_argument("--workflow", metavar="SLUG", action="append", default=[])

    def handle(self, *, file: Path, case: list[str], workflow: list[str], **options: Any) -> None:
        streams = [Stream.case(one.lower()) for one in case]
        streams += [Stream.workflow(slug) for slug in workflow]
        if not streams:
            raise CommandError("Say what the pack is about: --case ID or --workflow SLUG.")
        at = clock.now()
        try:
            checkpoints.make_all(at)
            pack = packs.make(list(dict.fromkeys(streams)), at=at)
        except DomainError as error:
            raise CommandError(error.sentence) from error
        try:
            file.write_bytes(pack)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        digest = hashlib.sha256(pack).hexdigest()
        noun = {"scope": [str(stream) for stream in streams], "sha256": digest}
        with transaction.atomic():
            actor = Actor.system("evidence_pack")
            record(INSTALLATION, "evidence.exported", noun, actor=actor, at=at)
        key = checkpoint_keys.public_hex(checkpoint_keys.signing_key())
        self.stdout.write(f"{file}: SHA-256 {digest}.")
        self.stdout.write(f"It is checked by: python3 verify.py {file} --key {key}")
