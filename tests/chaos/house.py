"""A whole Countermark to be broken, and clients that keep their own journal of what it said.

What is right is decided by comparing the journals with the database, never by asking the
application how it went.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg

from assurance.stack import Stack

# `full` raises every count to what the promises say; without it the folder takes minutes.
FULL = os.environ.get("COUNTERMARK_CHAOS") == "full"
PASSWORD = "correct horse battery staple"
WHY = "Checked against the application form; the figures agree with it in every line."
LARGE, SMALL = 4820, 900
# In one process: each start of Django takes seconds where several people work.
BEGINNING = f"""
from django.contrib.auth import get_user_model
from django.core.management import call_command
from assurance import clock
from assurance.accounts import persons
from assurance.controls import stages
from assurance.controls.models import Workflow
for name in ("ada", "ben", "grace"):
    user = get_user_model().objects.create_user(name, password={PASSWORD!r})
    persons.link(user, persons.make(name, name.title(), by=None, at=clock.now()),
                 by=None, at=clock.now())
call_command("load_controls", {str(Path(__file__).parent / "credit.yaml")!r})
stages.set_by_demo(Workflow.objects.get(slug="credit-decisions"), "limited", at=clock.now())
call_command("grant", "--user", "grace", "--role", "governance")
call_command("create_api_key", "--client", "scorecard", "--workflow", "credit-decisions",
             "--scope", "cases:read", "cases:write", "events:read")
"""


def scaled(here: int, full: int) -> int:
    """How often: a few times, or as often as the promise says."""
    return full if FULL else here


def until(condition: Callable[[], bool], limit: float, what: str) -> float:
    """Wait until the condition holds; returns the seconds that took, or fails saying `what`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit, f"After {limit:.0f} s not yet: {what}"
        time.sleep(0.1)
    return time.monotonic() - began


@dataclass
class Answered:
    """One answer as the client saw it: `status` 0 where none came."""

    name: str
    status: int
    body: bytes
    seconds: float
    headers: httpx.Headers = field(default_factory=httpx.Headers)


class House:
    """The stack with its people, one system and its key."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.passed = timedelta(0)
        begun = stack.manage("shell", "-c", BEGINNING)
        assert begun.returncode == 0, begun.stdout + begun.stderr
        self.key = begun.stdout.strip().splitlines()[-1]

    @contextmanager
    def listening(self, name: str, url: str) -> Iterator[None]:
        """A receiver's address hears of everything as long as the block lasts."""
        made = self.stack.manage("create_webhook", "--client", name, "--url", url)
        assert made.returncode == 0, made.stderr
        try:
            yield
        finally:
            self.sql("UPDATE delivery_endpoint SET active = false WHERE url = %s", url)

    def system(self) -> httpx.Client:
        """A connection of the system; each thread has its own."""
        return httpx.Client(
            base_url=f"{self.stack.url}/api/v1/",
            headers={"Authorization": f"Api-Key {self.key}"},
            timeout=30,
        )

    def signed_in(self, name: str) -> httpx.Client:
        """A person's browser, without its eyes."""
        browser = httpx.Client(base_url=self.stack.url, timeout=30)
        browser.get("/accounts/login/")
        token = browser.cookies["csrftoken"]
        said = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert browser.post("/accounts/login/", data=said).status_code == 302
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        # Else each decision by page would claim a case that another test left waiting.
        off = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        assert browser.post("/play/", data=off).status_code == 302
        return browser

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database itself says, past the application and its triggers' questions."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"], autocommit=True) as database:
            cursor = database.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values: Any) -> Any:
        return self.sql(statement, *values)[0][0]

    def later(self, step: timedelta) -> None:
        """Move the clock of every process on, so that no test waits for a lease or a pause."""
        self.passed += step
        self.sql(
            "INSERT INTO record_clockoffset (id, shift) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET shift = excluded.shift",
            self.passed,
        )

    def post(self, system: httpx.Client, name: str, amount: int = LARGE) -> Answered:
        """Post one case under its name, which is its Idempotency-Key too."""
        began = time.monotonic()
        try:
            answer = system.post(
                "cases/",
                json={
                    "workflow": "credit-decisions",
                    "external_id": name,
                    "output": {"decision": "approve", "amount": amount},
                },
                headers={"Idempotency-Key": name},
            )
        except httpx.TransportError:
            return Answered(name, 0, b"", time.monotonic() - began)
        seconds = time.monotonic() - began
        return Answered(name, answer.status_code, answer.content, seconds, answer.headers)

    @contextmanager
    def load(self, threads: int, prefix: str, *, pause: float = 0.0) -> Iterator[list[Answered]]:
        """Clients that post new cases for as long as the block lasts, into one journal."""
        journal: list[Answered] = []
        over = threading.Event()

        def client(number: int) -> None:
            chance = random.Random(f"{prefix}-{number}")
            with self.system() as system:
                count = 0
                while not over.is_set():
                    count += 1
                    amount = chance.choice([LARGE, SMALL])
                    said = self.post(system, f"{prefix}-{number}-{count}", amount)
                    journal.append(said)
                    over.wait(pause if said.status else 0.1)

        working = [threading.Thread(target=client, args=(n,), daemon=True) for n in range(threads)]
        for one in working:
            one.start()
        try:
            yield journal
        finally:
            over.set()
            for one in working:
                one.join(60)

    def verify(self) -> None:
        """The record is as it was written."""
        verified = self.stack.manage("verify_record")
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def undelivered(self) -> int:
        return self.one("SELECT count(*) FROM delivery_delivery WHERE status = 'pending'")
