"""The "AI" of the credit demo: a small transparent scorecard over the application.

Points are added, the sum says approve or decline, and the distance from the line says how sure
it is. Right most of the time, wrong in interesting places: good enough to need a control plane.
Now and then it makes the mistakes that real systems make, so that there is something to catch.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from math import exp
from pathlib import Path
from random import Random
from typing import Any

DATA = Path(__file__).with_name("german_credit.csv")
LINE = 500

POINTS = {
    "status_of_existing_checking_account": {
        "... < 0 DM": -70,
        "0 <= ... < 200 DM": -30,
        "... >= 200 DM / salary assignments for at least 1 year": 30,
        "no checking account": 60,
    },
    "credit_history": {
        "no credits taken/ all credits paid back duly": -60,
        "all credits at this bank paid back duly": -50,
        "delay in paying off in the past": 0,
        "existing credits paid back duly till now": 5,
        "critical account/ other credits existing (not at this bank)": 45,
    },
    "savings_account_and_bonds": {
        "... < 100 DM": -20,
        "100 <= ... < 500 DM": -10,
        "500 <= ... < 1000 DM": 15,
        "... >= 1000 DM": 40,
        "unknown/ no savings account": 25,
    },
    "present_employment_since": {
        "unemployed": -20,
        "... < 1 year": -20,
        "1 <= ... < 4 years": 0,
        "4 <= ... < 7 years": 25,
        "... >= 7 years": 15,
    },
    "housing": {"own": 15, "rent": -15, "for free": -15},
}


@cache
def applicants() -> tuple[dict[str, str], ...]:
    """The 1,000 applicants, as they stand in the data."""
    with DATA.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def score(applicant: dict[str, str]) -> int:
    """Points of an application. It does not look at age, sex, family or origin."""
    points = 605 + sum(table.get(applicant[name], 0) for name, table in POINTS.items())
    points -= int(applicant["duration_in_month"]) * 2
    points -= int(applicant["credit_amount"]) // 500
    points -= int(applicant["installment_rate_in_percentage_of_disposable_income"]) * 6
    return points


def confidence(points: int) -> float:
    """How sure the scorecard is of its own proposal, 0.5 to 1."""
    return round(1 / (1 + exp(-abs(points - LINE) / 45)), 2)


def proposal(number: int, seed: int) -> dict[str, Any]:
    """The case of one applicant as it is posted. `seed` decides which mistake it makes, if any."""
    applicant = applicants()[number % len(applicants())]
    random = Random(seed)
    points = score(applicant)
    amount, months = int(applicant["credit_amount"]), int(applicant["duration_in_month"])
    decision = "approve" if points >= LINE else "decline"
    instalment = round(amount * 1.1 / months + 0.0, 2)
    explanation = _explain(decision, points, amount, months, applicant)
    version = "2026.11"
    mistake = random.random()
    if mistake < 0.04:  # a transposed figure
        explanation = explanation.replace(f"{amount:,}", f"{_swapped(amount):,}", 1)
    elif mistake < 0.06:
        instalment = round(instalment * 0.9, 2)
    elif mistake < 0.075:
        explanation += " The applicant is foreign and young."
    elif mistake < 0.085:
        version = "2026.12-rc1"
    return {
        "subject": f"customer-{7000 + number}",
        "proposed_action": decision,
        "output": {
            "decision": decision,
            "amount": amount,
            "duration_months": months,
            "monthly_instalment": instalment,
            "score": points,
            "explanation": explanation,
        },
        "context": {
            "purpose": applicant["purpose"],
            "checking_account": applicant["status_of_existing_checking_account"],
            "savings": applicant["savings_account_and_bonds"],
            "employment": applicant["present_employment_since"],
            "credit_history": applicant["credit_history"],
            "housing": applicant["housing"],
            "existing_credits": int(applicant["number_of_existing_credits_at_this_bank"]),
            "age": int(applicant["age_in_years"]),
            "personal_status": applicant["personal_status_and_sex"],
            "foreign_worker": applicant["foreign_worker"],
        },
        "signals": {"confidence": confidence(points)},
        "model": {"name": "scorecard", "version": version},
        "evidence": _evidence(applicant, points, amount, months),
    }


def was_good(number: int) -> bool:
    """The result that was recorded for this applicant."""
    return applicants()[number % len(applicants())]["creditability"] == "good"


def _explain(decision, points, amount, months, applicant) -> str:
    reasons = list(_reasons(applicant))
    told = f"{amount:,} DM over {months} months, score {points} against a line of {LINE}."
    if decision == "approve":
        return f"Approve {told} In favour: {'; '.join(reasons[:2])}."
    return f"Decline {told} Against: {'; '.join(reversed(reasons[-2:]))}."


def _reasons(applicant: dict[str, str]) -> Iterator[str]:
    """What moved the score, most in favour first."""
    words = {
        "status_of_existing_checking_account": "checking account",
        "credit_history": "credit history",
        "savings_account_and_bonds": "savings",
        "present_employment_since": "employment",
        "housing": "housing",
    }
    ranked = sorted(POINTS, key=lambda name: -POINTS[name].get(applicant[name], 0))
    for name in ranked:
        yield f"{words[name]} ({applicant[name]})"


def _evidence(applicant, points, amount, months) -> list[dict[str, Any]]:
    return [
        {
            "label": "Application form",
            "kind": "table",
            "columns": ["Question", "Answer"],
            "rows": [
                ["Amount, DM", amount],
                ["Duration, months", months],
                ["Purpose", applicant["purpose"]],
                ["Checking account", applicant["status_of_existing_checking_account"]],
                ["Savings", applicant["savings_account_and_bonds"]],
                ["Employed since", applicant["present_employment_since"]],
                ["Housing", applicant["housing"]],
                ["Credit history", applicant["credit_history"]],
            ],
        },
        {
            "label": "Score sheet",
            "kind": "table",
            "columns": ["Item", "Points"],
            "rows": [["Score", points], ["Line", LINE]],
        },
    ]


def _swapped(amount: int) -> int:
    digits = list(str(amount))
    digits[0], digits[1] = digits[1], digits[0]
    return int("".join(digits))
