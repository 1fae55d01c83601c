"""`manage.py load_demo`: people, two workflows, clients with keys, some history."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from assurance import clock
from assurance.accounts import clients, keys
from assurance.accounts.models import ApiKey, Client
from assurance.controls import stages
from assurance.controls.choices import Stage
from assurance.controls.definition_files import read
from assurance.controls.models import Workflow
from assurance.record.actors import Actor
from incidents.demo import history, people
from reviews.loading import load
from reviews.models import Case

HERE = Path(people.__file__).parent
FILES = ("credit.yaml", "claims.yaml")
SCOPES = ["cases:read", "cases:write", "outcomes:write", "events:read"]
# The rules were there before the first case of the history.
BEFORE = timedelta(days=8)
STAGES = {"credit-decisions": Stage.LIMITED}
NAMES = {"credit-decisions": "scorecard", "claims-letters": "claims-writer"}


class Command(BaseCommand):
    help = "Load the demo: people, two workflows, their systems, and a week of history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-history", action="store_true", help="Only people and rules.")

    def handle(self, *, without_history: bool, **options: Any) -> None:
        folder = os.environ.get("COUNTERMARK_DATA")
        if not folder:
            raise CommandError("Say where demo.json goes: set COUNTERMARK_DATA to the data folder.")
        at = clock.now() - BEFORE
        passwords = people.make(at)
        for name in FILES:
            document, _ = read((HERE / name).read_text(encoding="utf-8"))
            made = load(document, actor=Actor.system("demo"), at=at)
            self._set_stage(made.workflow, at)
        secrets = {slug: self._key(slug, at) for slug in NAMES}
        if not without_history and not Case.objects.exists():
            systems = {slug: Client.objects.get(name=name) for slug, name in NAMES.items()}
            count = history.make(systems)
            self.stdout.write(f"{count} cases, decided and waiting, made by the real verbs.")
        self._write(Path(folder), passwords, secrets)
        for name, password in passwords.items():
            self.stdout.write(f"  {name:<8} {password}")

    def _set_stage(self, workflow: Workflow, at: datetime) -> None:
        """Past the gate, by the verb that says so on the record; once, before the first case."""
        to = STAGES.get(workflow.slug)
        if to and workflow.stage != to and not workflow.stage_moves.exists():
            stages.set_by_demo(workflow, to, at=at)

    def _key(self, slug: str, at) -> str:
        """A fresh key for each system; the one of an earlier run is revoked."""
        client = Client.objects.filter(name=NAMES[slug]).first() or clients.make(
            NAMES[slug], [slug], SCOPES, by=None, at=at
        )
        for key in ApiKey.objects.filter(client=client, revoked_at=None):
            keys.revoke(key, by=None, at=at)
        return keys.issue(client, by=None, at=at)[1]

    def _write(self, folder: Path, passwords: dict[str, str], secrets: dict[str, str]) -> None:
        target = folder / "demo.json"
        document = {"url": settings.COUNTERMARK_URL, "api_keys": secrets, "users": passwords}
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
