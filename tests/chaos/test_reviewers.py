"""P5 and P6: of all who decide at once, one wins; who slept past the lease decides nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import httpx
import pytest

from assurance.processes import ROOT
from tests.chaos.house import PASSWORD, WHY, House, scaled, until

LEASE = 3.0


@dataclass
class Try:
    """One reviewer's attempt at one case: what was typed, and what came back."""

    who: str
    typed: str
    answers: list[httpx.Response]

    def refusals(self) -> list[dict[str, Any]]:
        return [one.json() for one in self.answers if one.status_code == 409]


def by_api(browser: httpx.Client, case: dict[str, Any], who: str, typed: str) -> Try:
    """A program of a person: draft, claim, decide. It decides even where the claim was refused."""
    address = f"/api/v1/cases/{case['id']}"
    browser.put(f"{address}/draft/", json={"outcome": "approve", "rationale": typed})
    claimed = browser.post(f"{address}/claim/")
    lease = claimed.json()["lease"]["number"] if claimed.status_code == 200 else 1
    said = {"outcome": "approve", "reasons": ["within-policy"], "rationale": typed}
    decided = browser.post(f"{address}/decisions/", json=said | {"lease": lease})
    return Try(who, typed, [claimed, decided])


def by_page(browser: httpx.Client, case: dict[str, Any], who: str, typed: str) -> Try:
    """A person in a browser: the Claim button, then the form, in one go."""
    address = f"/cases/{case['reference']}"
    token = {"csrfmiddlewaretoken": browser.headers["X-CSRFToken"]}
    browser.post(f"{address}/claim/", data=token)
    said = {"lease": "1", "outcome": "approve", "reasons": ["within-policy"], "rationale": typed}
    browser.post(f"{address}/decide/", data=token | said)
    return Try(who, typed, [])


WAYS = (("ada", by_api), ("ada", by_page), ("ben", by_api), ("ben", by_page))


def test_p5_of_four_sessions_that_decide_at_once_one_wins_and_the_others_learn_who(house: House):
    """Two people with two sessions each, by API and by page, on 15 cases (full: 200)."""
    sessions = [house.signed_in(name) for name, _ in WAYS]
    barrier = Barrier(len(WAYS))

    def one(session: int, case: dict[str, Any]) -> Try:
        who, way = WAYS[session]
        barrier.wait(60)
        typed = f"{WHY} Typed by {who} {way.__name__} on {case['reference']}."
        return way(sessions[session], case, who, typed)

    with house.system() as system, ThreadPoolExecutor(len(WAYS)) as pool:
        for number in range(scaled(15, 200)):
            case = json.loads(house.post(system, f"p5-{number}").body)
            tries = list(pool.map(one, range(len(WAYS)), [case] * len(WAYS)))

            decisions = house.sql(
                "SELECT u.username, d.rationale FROM reviews_decision d"
                " JOIN accounts_user u ON u.id = d.decided_by_id WHERE d.case_id = %s",
                case["id"],
            )
            said = [answer.text[:300] for one in tries for answer in one.answers]
            assert len(decisions) == 1, f"one wins; they were told {said}"
            winner, rationale = decisions[0]
            assert rationale in {one.typed for one in tries}
            made = [a for one in tries for a in one.answers if a.status_code == 201]
            assert len(made) == (1 if "by_api" in rationale else 0)
            for refusal in (r for one in tries for r in one.refusals()):
                if refusal["code"] == "held_by_other":
                    assert refusal["holder"] == winner
                else:
                    assert refusal["code"] == "already_decided"
                    assert refusal["decision"]["decided_by"] == winner
                    assert refusal["decision"]["rationale"] == rationale
            loser = "ben" if winner == "ada" else "ada"
            kept = house.sql(
                "SELECT d.body->>'rationale' FROM reviews_draft d JOIN accounts_user u"
                " ON u.id = d.user_id WHERE d.case_id = %s AND u.username = %s",
                *(case["id"], loser),
            )
            assert [words for (words,) in kept if words in {one.typed for one in tries}]
    house.verify()


@pytest.fixture
def short_leases(house: House) -> Iterator[None]:
    """Holds of three seconds and no undo window, so that nobody waits for twenty minutes."""
    before = house.sql("SELECT lease, undo_window FROM reviews_queue WHERE slug = 'credit-review'")
    change = "UPDATE reviews_queue SET lease = %s, undo_window = %s WHERE slug = 'credit-review'"
    house.sql(change, f"{LEASE} seconds", "0 seconds")
    yield
    house.sql(change, *before[0])


def test_p6_who_slept_past_the_lease_decides_nothing_and_keeps_the_words(
    house: House, short_leases: None
):
    """A reviewer's process is stopped while it holds three cases; one then lies free, one is held
    by another, one was decided and has left. It wakes and decides all three."""
    with house.system() as system:
        free, held, decided = (
            json.loads(house.post(system, f"p6-{n}").body)["id"] for n in ("free", "held", "done")
        )
    ben = house.signed_in("ben")
    asleep = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.chaos.reviewer"),
            *(house.stack.url, "ada", PASSWORD, free, held, decided),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert asleep.stdin
    assert asleep.stdout
    try:
        assert asleep.stdout.readline() == "held\n"
        os.kill(asleep.pid, signal.SIGSTOP)
        asleep.stdin.write("go\n")
        asleep.stdin.flush()
        time.sleep(LEASE)
        until(
            lambda: ben.post(f"/api/v1/cases/{decided}/claim/").status_code == 200,
            10,
            "the lease to lapse",
        )
        said = {"outcome": "approve", "reasons": ["within-policy"], "rationale": WHY}
        done = ben.post(f"/api/v1/cases/{decided}/decisions/", json=said | {"lease": 2})
        assert done.status_code == 201
        assert ben.post(f"/api/v1/cases/{held}/claim/").status_code == 200
        os.kill(asleep.pid, signal.SIGCONT)
        late = [json.loads(line) for line in asleep.stdout]
    finally:
        asleep.kill()
        asleep.wait()

    assert [(status, answer["code"]) for status, answer, _ in late] == [
        (409, "lease_lost"),
        (409, "lease_lost"),
        (409, "already_decided"),
    ]
    assert late[1][1]["holder"] == "ben"
    assert late[2][1]["decision"]["decided_by"] == "ben"
    for case, (_, _, draft) in zip((free, held, decided), late, strict=True):
        assert draft["draft"]["rationale"] == f"typed on {case}"
    decisions = house.sql(
        "SELECT case_id::text FROM reviews_decision WHERE case_id = ANY(%s)",
        [free, held, decided],
    )
    assert decisions == [(decided,)]
    house.verify()
