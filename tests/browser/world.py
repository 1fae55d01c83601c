"""What the people of the browser tests find: the claims workflow of the demo with a few more
controls, its queues and its system, and letters to review."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from django.db import OperationalError, connection, transaction
from django.test import Client as HttpClient

from assurance import clock
from assurance.accounts.models import Client
from assurance.controls.checks.outcomes import Outcome
from assurance.controls.checks.registry import CHECKS
from assurance.controls.models import Verifier, Workflow
from assurance.controls.verifiers import create_verifier
from assurance.delivery.models import Endpoint
from assurance.record.actors import Actor
from incidents.demo import people
from reviews import claims, decisions, intake, releasing
from reviews.decisions import Verdict
from reviews.loading import load
from reviews.models import Case, Queue
from tests.accounts_factories import ClientFactory
from tests.cast import make_cast
from tests.delivery_factories import EndpointFactory

CLAIMS = Path(people.__file__).parent / "claims.yaml"
# What the demo does not need: a case that is held, one that is blocked.
MORE_CONTROLS = [
    {
        "key": "LET-08",
        "name": "Enormous payouts wait for governance",
        "kind": "policy",
        "owner": "gus",
        "mode": "enforced",
        "failure_scenario": "A ruinous sum goes out.",
        "condition": {"field": "output.payout", "op": ">", "value": 100_000},
        "effect": "pause",
    },
    {
        "key": "LET-09",
        "name": "A bank's reserve is never paid out",
        "kind": "policy",
        "owner": "gus",
        "mode": "enforced",
        "failure_scenario": "The company is emptied.",
        "condition": {"field": "output.payout", "op": ">", "value": 1_000_000},
        "effect": "block",
    },
    {
        "key": "LET-10",
        "name": "A second reader agrees",
        "kind": "verification",
        "owner": "gus",
        "mode": "advise",
        "failure_scenario": "One model's mistake goes out unseen.",
        "check": {"name": "external_verifier", "params": {"verifier": "second-reader"}},
    },
]
RIGHT = "Every figure stands in the invoice or in the email."
LETTER = """Dear Ms Okafor,

Thank you for the invoice from Brightwell Plumbing. We have accepted your claim.

We will pay £{said} to the account ending 4471.

If you are unhappy with this decision you can complain to us in writing."""
EVIDENCE = [
    {
        "label": "Invoice 2291",
        "kind": "table",
        "columns": ["Brightwell Plumbing Ltd", "GBP"],
        "rows": [
            ["Trace and access leak", "640.00"],
            ["Replace riser section", "3,640.00"],
            ["Total", "4,280.00"],
        ],
    },
    {
        "label": "Policy schedule",
        "kind": "text",
        "content": "Escape of water is covered. Excess £350.00 for each claim.",
    },
    {
        "label": "Customer email",
        "kind": "text",
        "content": "Please pay it to my account ending 4471. Regards, Okafor",
    },
]


class World:
    """The people, the workflow and the queues; `post` brings cases."""

    def __init__(self) -> None:
        self.cast: SimpleNamespace = make_cast()
        document = yaml.safe_load(CLAIMS.read_text())
        document["controls"] += MORE_CONTROLS
        at = clock.now() - timedelta(days=1)
        url = "https://reader.example.com/judge"
        self.verifier: Verifier = create_verifier("second-reader", url, by=None, at=at)[0]
        self.workflow: Workflow = load(document, actor=Actor.system("test"), at=at).workflow
        self.queue = Queue.objects.get(slug="claims-review")
        self.client: Client = ClientFactory(name="claims-writer", workflows=["claims-letters"])
        self.endpoint: Endpoint = EndpointFactory(client=self.client)
        self._numbers = count(1)

    def post(self, said: str = "4,280.00", payout: float = 3930, **body: Any) -> Case:
        """A letter that promises `said`; without more it is right to the last figure, and a
        person sees it only because the workflow is in its pilot."""
        number = next(self._numbers)
        sent: dict[str, Any] = {
            "workflow": "claims-letters",
            "external_id": f"letter-{number}",
            "subject": f"policy-{43000 + number}",
            "proposed_action": "send",
            "output": {"letter": LETTER.format(said=said), "payout": payout},
            "context": {
                "cause": "escape of water",
                "policy_number": f"HM-{77000 + number}",
                "invoice_total": 4280,
                "excess": 350,
                "customer": "Ms Okafor",
            },
            "model": {"name": "claims-writer", "version": "3.2"},
            "evidence": EVIDENCE,
            **body,
        }
        return intake.submit(
            sent,
            workflow=self.workflow,
            client=self.client,
            actor=Actor.client(self.client),
            at=clock.now(),
        ).case

    def wrong(self, **body: Any) -> Case:
        """A letter with a figure that no source has, and a payout that forgets the excess."""
        return self.post("4,820.00", 4820, **body)

    def claimed(self, case: Case, name: str) -> Case:
        """The case in somebody's hands."""
        return claims.claim(case, by=getattr(self.cast, name), at=clock.now())

    def decided(self, case: Case, name: str, verdict: Verdict | None = None) -> Case:
        """Claimed and decided, still inside the undo window."""
        held = self.claimed(case, name)
        verdict = verdict or Verdict("approve", reasons=["checked-sources"], rationale=RIGHT)
        by = getattr(self.cast, name)
        decisions.decide(held, verdict, by=by, lease=held.lease_number, at=clock.now())
        held.refresh_from_db()
        return held

    def closed(self, case: Case, name: str, verdict: Verdict | None = None) -> Case:
        """Decided and released."""
        done = self.decided(case, name, verdict)
        self.release()
        done.refresh_from_db()
        return done

    def release(self) -> int:
        """What the sweep does once every undo window is over."""
        return releasing.release_due(clock.now() + timedelta(seconds=31))

    def session_of(self, name: str) -> str:
        """The key of a new session of this person, as after signing in."""
        browser = HttpClient()
        browser.force_login(getattr(self.cast, name))
        return browser.session.session_key or ""

    def forget_cases(self) -> None:
        """Every case and what hangs on it; people, queues and the rules stay."""
        for _ in range(20):
            try:
                self._forget_cases()
            except OperationalError:  # a request of a page that is closed now still runs
                time.sleep(0.2)
            else:
                return
        self._forget_cases()

    def _forget_cases(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("TRUNCATE reviews_case, reviews_historicaldecision CASCADE")
            cursor.execute("DELETE FROM api_cspreport")
            cursor.execute("DELETE FROM record_clockoffset")
            cursor.execute("UPDATE controls_workflow SET paused_at = NULL, pause_reason = ''")
            cursor.execute("UPDATE accounts_user SET shortcuts = true, theme = 'auto'")
            cursor.execute(
                "UPDATE reviews_queue SET lease = interval '20 min', undo_window = interval '10 s'"
            )

    def queue_with(self, **fields: Any) -> None:
        """The queue with another lease or undo window, until the test is over."""
        Queue.objects.filter(pk=self.queue.pk).update(**fields)


@contextmanager
def check_answers(name: str, outcome: Outcome) -> Iterator[None]:
    """A built-in check that answers this, whatever it is asked."""
    check = CHECKS[name]
    check.run = lambda *asked: outcome  # type: ignore[method-assign]
    try:
        yield
    finally:
        del check.run
