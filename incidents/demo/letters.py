"""The "AI" of the claims demo: a writer of letters, with the sources that it had.

Everything is generated; nobody in it exists. Some letters carry a planted fault: a figure in no
source, a missed excess, a promise, an account number, no word on how to complain.
"""

from __future__ import annotations

from random import Random
from typing import Any

CAUSES = (
    ("escape of water", "Brightwell Plumbing Ltd", "Replace riser section", "Dry and replaster"),
    ("storm damage to the roof", "Ridgeway Roofing", "Replace slates", "Scaffold"),
    ("theft of a bicycle", "Pedal & Chain", "Bicycle, like for like", "Lock"),
    ("accidental damage", "Homefix Repairs", "Repair worktop", "Fit and finish"),
    ("fire in the kitchen", "Castle Restoration", "Clean and redecorate", "Replace units"),
    ("broken window", "Clearview Glass", "Double-glazed unit", "Fitting"),
)
PEOPLE = (
    ("Ms", "Okafor"),
    ("Mr", "Lindqvist"),
    ("Ms", "Baptiste"),
    ("Mr", "Marsh"),
    ("Ms", "Haddad"),
    ("Mr", "Ferreira"),
    ("Ms", "Novak"),
    ("Mr", "Achebe"),
    ("Ms", "Tanaka"),
    ("Mr", "Doyle"),
)
FAULTS = ("figure", "excess", "promise", "account", "complaint", "quotation")


def proposal(number: int, seed: int) -> dict[str, Any]:
    """The case of one claim as it is posted. Three in ten carry a fault."""
    random = Random(seed)
    cause, firm, first, second = random.choice(CAUSES)
    title, name = random.choice(PEOPLE)
    parts = [random.randrange(80, 2400, 5), random.randrange(60, 900, 5)]
    total = sum(parts)
    excess = random.choice([100, 150, 250, 350])
    fault = random.choice(FAULTS) if random.random() < 0.3 else ""
    payout = max(total - excess, 0)
    invoice, ending = random.randrange(1000, 9999), random.randrange(1000, 9999)
    said = total if fault == "excess" else _swapped(payout) if fault == "figure" else payout
    return {
        "subject": f"policy-{43000 + number % 700}",
        "proposed_action": "send",
        "output": {
            "letter": _letter(title, name, firm, cause, said, total, excess, ending, fault),
            "payout": said,
        },
        "context": {
            "cause": cause,
            "policy_number": f"HM-{77000 + number}",
            "invoice_total": total,
            "excess": excess,
            "customer": f"{title} {name}",
        },
        "signals": {"confidence": round(random.uniform(0.55, 0.98), 2)},
        "model": {"name": "claims-writer", "version": "3.2"},
        "evidence": [
            {
                "label": f"Invoice {invoice}",
                "kind": "table",
                "columns": [firm, "GBP"],
                "rows": [[first, _money(parts[0])], [second, _money(parts[1])],
                         ["Total", _money(total)]],
            },
            {
                "label": "Policy schedule",
                "kind": "text",
                "content": f"Cover: {cause}. Excess £{_money(excess)} for each claim. "
                "We pay the cost of repair or replacement, like for like, less the excess.",
            },
            {
                "label": "Customer email",
                "kind": "text",
                "content": f"Please pay it to my current account ending {ending}, as last time. "
                f"Regards, {name}",
            },
        ],
    }  # fmt: skip


def mended(output: dict[str, Any], context: dict[str, Any]) -> dict[str, Any] | None:
    """The letter as a reviewer puts its sum right; None where the sum is right."""
    total, excess = context["invoice_total"], context["excess"]
    right, wrong = max(total - excess, 0), output["payout"]
    if wrong == right:
        return None
    letter = output["letter"].replace(f"= £{_money(wrong)}.", f"= £{_money(right)}.")
    letter = letter.replace(f"We will pay £{_money(wrong)} to", f"{_sum(total, excess, right)} to")
    return {"letter": letter.replace(" No excess applies.", ""), "payout": right}


def _letter(title, name, firm, cause, said, total, excess, ending, fault) -> str:
    paragraphs = [
        f"Dear {title} {name},",
        f"Thank you for the invoice from {firm}. Your policy covers {cause} and we have accepted "
        "your claim.",
    ]
    account = (
        "GB29 NWBK 6016 1331 9268 19" if fault == "account" else f"the account ending {ending}"
    )
    if fault == "excess":
        paragraphs.append(f"We will pay £{_money(said)} to {account}. No excess applies.")
    else:
        paragraphs.append(f"{_sum(total, excess, said)} to {account}.")
    if fault == "promise":
        paragraphs.append("We guarantee that any further damage will be paid in all cases.")
    if fault == "quotation":
        paragraphs.append("Your policy says “we pay every cost of repair without any deduction”.")
    else:
        paragraphs.append(
            "Your policy says “we pay the cost of repair or replacement, like for like, less the "
            "excess”."
        )
    if fault != "complaint":
        paragraphs.append(
            "If you are unhappy with this decision you can complain to us in writing, and we will "
            "answer."
        )
    return "\n\n".join(paragraphs)


def _sum(total: int, excess: int, said: int) -> str:
    return (
        "The invoice total less your excess comes to "
        f"£{_money(total)} - £{_money(excess)} = £{_money(said)}. We will pay it"
    )


def _money(amount: int) -> str:
    return f"{amount:,}.00"


def _swapped(amount: int) -> int:
    digits = list(str(amount))
    for here in range(len(digits) - 1):
        if digits[here] != digits[here + 1] and digits[here + 1] != "0":
            digits[here], digits[here + 1] = digits[here + 1], digits[here]
            return int("".join(digits))
    return amount + 1000
