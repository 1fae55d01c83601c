"""`manage.py demo_traffic --rate 2`: keep posting cases to the running demo, over REST."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from random import Random
from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.demo import letters, scorecard

WRITERS = {"credit-decisions": (scorecard, 3), "claims-letters": (letters, 1)}
MAX_RATE = 50.0


class Command(BaseCommand):
    help = "Post cases to the running demo until Ctrl-C, through the real REST API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rate", type=float, default=1.0, help="Cases a second, 1 by default.")
        parser.add_argument("--count", type=int, default=0, help="Stop after so many; 0: never.")

    def handle(self, *, rate: float, count: int, **options: Any) -> None:
        if not 0 < rate <= MAX_RATE:
            raise CommandError(f"--rate is more than 0 and at most {MAX_RATE:g} a second.")
        demo = self._demo()
        random = Random()
        sent = 0
        with httpx.Client(base_url=demo["url"], timeout=10, trust_env=False) as client:
            try:
                while not count or sent < count:
                    self._post(client, demo["api_keys"], random)
                    sent += 1
                    time.sleep(random.expovariate(rate))
            except KeyboardInterrupt:
                pass
        self.stdout.write(f"{sent} case{'' if sent == 1 else 's'} posted.")

    def _demo(self) -> dict[str, Any]:
        path = Path(os.environ.get("COUNTERMARK_DATA", ".countermark")) / "demo.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as fault:
            raise CommandError(
                f"{path} cannot be read ({fault}). Start `manage.py up --demo` first."
            ) from fault

    def _post(self, client: httpx.Client, keys: dict[str, str], random: Random) -> None:
        slug = random.choices(list(WRITERS), [weight for _, weight in WRITERS.values()])[0]
        writer = WRITERS[slug][0]
        body = {
            "workflow": slug,
            "external_id": f"live-{time.time_ns()}",
            **writer.proposal(random.randrange(100_000), random.randrange(2**31)),
        }
        try:
            answer = client.post(
                "/api/v1/cases/", json=body, headers={"Authorization": f"Api-Key {keys[slug]}"}
            )
        except httpx.HTTPError as fault:
            raise CommandError(f"The demo does not answer ({fault}). Is `up` running?") from fault
        said = answer.json()
        if answer.status_code != 201:
            raise CommandError(f"Refused with {answer.status_code}: {said.get('detail')}")
        self.stdout.write(
            f"{said['reference']}  {slug:<17} {said['status']:<10} {', '.join(said['decided_by'])}"
        )
