"""A reviewer's program that is frozen in the middle of its work: run as a process of its own.

    python -m tests.chaos.reviewer URL USER PASSWORD CASE [CASE …]

Claims the cases, writes `held` on a line, waits for a line on its input, then decides each and
writes its status and the answer as one line of JSON.
"""

from __future__ import annotations

import json
import sys

import httpx


def main(url: str, user: str, password: str, *cases: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as browser:
        browser.get("/accounts/login/")
        token = browser.cookies["csrftoken"]
        said = {"login": user, "password": password, "csrfmiddlewaretoken": token}
        browser.post("/accounts/login/", data=said)
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        leases = {}
        for case in cases:
            claimed = browser.post(f"/api/v1/cases/{case}/claim/")
            assert claimed.status_code == 200, claimed.text
            leases[case] = claimed.json()["lease"]["number"]
            words = {"outcome": "reject", "rationale": f"typed on {case}"}
            browser.put(f"/api/v1/cases/{case}/draft/", json=words)
        print("held", flush=True)
        sys.stdin.readline()
        for case, lease in leases.items():
            answer = browser.post(
                f"/api/v1/cases/{case}/decisions/",
                json={
                    "lease": lease,
                    "outcome": "reject",
                    "reasons": ["figure-wrong"],
                    "rationale": f"typed on {case} by somebody who was asleep for a while",
                },
            )
            draft = browser.get(f"/api/v1/cases/{case}/draft/").json()
            print(json.dumps([answer.status_code, answer.json(), draft]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
