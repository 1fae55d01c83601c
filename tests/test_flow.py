"""The whole story once, on real PostgreSQL, Valkey, gunicorn, worker and beat: a system posts, a
control holds, a person decides in the browser's own way, a signed webhook tells the system, and
the record verifies."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from assurance.stack import Stack
from tests.receiver import Receiver

PASSWORD = "correct horse battery staple"
CREDIT = Path(__file__).parent / "flow" / "credit.yaml"
BARE = Path(__file__).parent / "flow" / "bare.yaml"
PEOPLE = """
from django.contrib.auth import get_user_model
from assurance import clock
from assurance.accounts import persons
for name in ("ada", "grace"):
    user = get_user_model().objects.create_user(name, password={password!r})
    persons.link(user, persons.make(name, name.title(), by=None, at=clock.now()),
                 by=None, at=clock.now())
"""
# The two signatures of the gate rest on months of records; the story begins after them.
PAST_THE_PILOT = """
from assurance import clock
from assurance.controls import stages
from assurance.controls.models import Workflow
stages.set_by_demo(Workflow.objects.get(slug="credit-decisions"), "limited", at=clock.now())
"""


@pytest.fixture(scope="module")
def stack():
    """A private installation with ada (reviewer) and grace (owner), and nothing else."""
    with Stack.temporary(
        environment={"COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS": "true"}, durable=False
    ) as running:
        running.manage("shell", "-c", PEOPLE.format(password=PASSWORD))
        yield running


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


def system(stack: Stack, workflow: str, name: str) -> httpx.Client:
    """The client of a system with its own key, made as the README says."""
    made = stack.manage(
        "create_api_key", "--client", name, "--workflow", workflow,
        "--scope", "cases:read", "--scope", "cases:write", "--scope", "events:read",
    )  # fmt: skip
    key = made.stdout.strip().splitlines()[-1]
    return httpx.Client(
        base_url=f"{stack.url}/api/v1/", headers={"Authorization": f"Api-Key {key}"}, timeout=20
    )


def subscribe(stack: Stack, receiver: Receiver, name: str) -> Webhook:
    """Register the receiver; what comes back is the secret that its verifier needs."""
    made = stack.manage("create_webhook", "--client", name, "--url", receiver.url)
    return Webhook(made.stdout.strip().splitlines()[-1])


def signed_in(stack: Stack, name: str) -> httpx.Client:
    """A person's session over REST, by the login form."""
    browser = httpx.Client(base_url=stack.url, timeout=20)
    browser.get("/accounts/login/")
    answer = browser.post(
        "/accounts/login/",
        data={
            "login": name,
            "password": PASSWORD,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        },
    )
    assert answer.status_code == 302, answer.text
    browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
    return browser


def told(receiver: Receiver, verifier: Webhook, type: str, *, within: float = 30) -> dict:
    """Wait for a webhook of this type and verify its signature as a receiver would."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        for request in receiver.journal:
            if json.loads(request.body)["type"] == type:
                return verifier.verify(request.body, request.headers)
        time.sleep(0.1)
    raise AssertionError(f"No {type} came. Came: {[r.body[:80] for r in receiver.journal]}")


def test_from_a_post_to_a_verified_webhook_and_a_verified_record(stack, receiver):
    assert stack.manage("load_controls", str(CREDIT)).returncode == 0
    stack.manage("shell", "-c", PAST_THE_PILOT)
    scorecard = system(stack, "credit-decisions", "scorecard")
    verifier = subscribe(stack, receiver, "scorecard")

    small = scorecard.post(
        "cases/", json={"workflow": "credit-decisions", "external_id": "a-1",
                        "output": {"decision": "approve", "amount": 900}},
    )  # fmt: skip
    assert small.status_code == 201
    assert (small.json()["status"], small.json()["proceed"]) == ("continued", True)

    large = scorecard.post(
        "cases/", json={"workflow": "credit-decisions", "external_id": "a-2",
                        "output": {"decision": "approve", "amount": 4820}},
    ).json()  # fmt: skip
    assert (large["status"], large["proceed"]) == ("waiting", None)
    assert large["decided_by"] == ["CRD-01"]
    assert large["controls"][0]["operands"] == [
        {"field": "output.amount", "value": 4820, "op": ">", "other": 2500}
    ]
    assert told(receiver, verifier, "case.routed")["data"]["id"] == large["id"]

    ada = signed_in(stack, "ada")
    claimed = ada.post("/api/v1/queues/credit-review/next/").json()
    assert claimed["id"] == large["id"]
    decided = ada.post(
        f"/api/v1/cases/{large['id']}/decisions/",
        json={
            "lease": claimed["lease"]["number"],
            "outcome": "correct",
            "output": {"decision": "approve", "amount": 4280},
            "reasons": ["figure-wrong"],
            "rationale": "The form says 4,280; the digits were swapped in the draft.",
        },
    )
    assert decided.status_code == 201, decided.text
    inside_the_window = scorecard.get(f"cases/{large['id']}/").json()
    assert (inside_the_window["status"], inside_the_window["decision"]) == ("in_review", None)

    closed = told(receiver, verifier, "case.closed")["data"]
    assert (closed["end"], closed["proceed"]) == ("corrected", True)
    assert closed["decision"]["output"] == {"decision": "approve", "amount": 4280}
    assert closed["decision"]["reviewers"] == ["ada"]

    events = scorecard.get(f"cases/{large['id']}/events/").json()["results"]
    acts = [event for event in events if event["type"] != "webhook.delivered"]
    assert [event["type"] for event in acts] == [
        "case.received",
        "case.assessed",
        "case.routed",
        "case.claimed",
        "case.decided",
        "case.closed",
    ]
    # The caller holds a witness: the head that the webhook named is an entry of the record.
    assert acts[-1]["hash"] == closed["head_hash"]
    feed = scorecard.get("events/", params={"limit": 200}).json()["results"]
    in_feed = [e for e in feed if e["stream"] == {"type": "case", "id": large["id"]}]
    assert [e["seq"] for e in in_feed] == list(range(1, len(in_feed) + 1))
    assert {e["hash"] for e in events} <= {e["hash"] for e in in_feed}

    verified = stack.manage("verify_record")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_three_fields_and_a_queue_are_a_working_integration(stack, receiver):
    """No control at all, only the caller's own word."""
    assert stack.manage("load_controls", str(BARE)).returncode == 0
    helper = system(stack, "helper", "helper")
    verifier = subscribe(stack, receiver, "helper")

    case = helper.post(
        "cases/",
        json={
            "workflow": "helper",
            "external_id": "t-1",
            "output": "Restart the pump.",
            "escalate": {"to": "review", "reason": "The manual was unreadable"},
        },
    ).json()
    assert (case["status"], case["queue"], case["ungoverned"]) == ("waiting", "helper-review", True)
    assert "caller" in case["decided_by"]

    ada = signed_in(stack, "ada")
    page = ada.post("/queues/helper-review/next/", data={}, follow_redirects=True)
    assert page.status_code == 200
    assert "The manual was unreadable" in page.text
    lease = re.search(r'name="lease" value="(\d+)"', page.text)
    assert lease is not None
    answer = ada.post(
        f"/cases/{case['reference']}/decide/",
        data={"lease": lease.group(1), "outcome": "approve", "reasons": ["within-policy"]},
        follow_redirects=True,
    )
    assert answer.status_code == 200

    closed = told(receiver, verifier, "case.closed")["data"]
    assert (closed["id"], closed["end"], closed["proceed"]) == (case["id"], "approved", True)
    assert stack.manage("verify_record").returncode == 0
