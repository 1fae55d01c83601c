"""A control in shadow beside the live ones, as a two by two with what people made of each case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assurance.controls.models import Workflow
from assurance.controls.shadow_results import two_by_two
from assurance.errors import DomainError

Json = Mapping[str, Any]
ROWS = (
    ("Held by the live controls", ("both", "live_only")),
    ("Let go by the live controls", ("candidate_only", "neither")),
)
COLUMNS = ("It would have held", "It would have let go")


def present(workflow: Workflow, key: str, at: datetime) -> dict[str, Any] | None:
    """What `controls/_two_by_two.html` needs; None where the control is not in shadow now."""
    try:
        found = two_by_two(workflow, key, at)
    except DomainError:
        return None
    minimum = found["minimum"]
    return {
        "key": key,
        "mode": found["mode"],
        "n": found["n"],
        "since": datetime.fromisoformat(found["since"]) if found["since"] else None,
        "days": found["days"],
        "ready": found["ready"],
        "columns": COLUMNS,
        "rows": [
            {
                "label": label,
                "cells": [
                    {
                        "label": column,
                        "n": found["cells"][name]["n"],
                        "people": _people(found["cells"][name]),
                        "unlike": name in ("live_only", "candidate_only"),
                    }
                    for name, column in zip(names, COLUMNS, strict=True)
                ],
            }
            for label, names in ROWS
        ],
        "rate": _rate(found["fire_rate"]),
        "predicted": _rate(found["predicted"]) if found["predicted"] else "",
        "interval": _interval(found["predicted"]) if found["predicted"] else "",
        "as_predicted": found["as_predicted"],
        "missing": _missing(found, minimum),
        "unanswered": found["unanswered"],
    }


def _people(cell: Json) -> str:
    """What is known of the cases in one cell."""
    bad = cell["incorrect"] + cell["harmful"]
    parts = []
    if bad:
        parts.append(f"{bad:,} known to be wrong")
    if cell["correct"]:
        parts.append(f"{cell['correct']:,} right")
    if cell["unlabelled"]:
        parts.append(f"{cell['unlabelled']:,} not known")
    return ", ".join(parts)


def _missing(found: Json, minimum: Json) -> str:
    """What it still lacks before it may be enforced in a high tier, in a sentence."""
    lacks = []
    if not minimum["days_met"]:
        lacks.append(f"{found['days']:g} of {minimum['days']} days")
    if not minimum["assessments_met"]:
        lacks.append(f"{found['n']:,} of {minimum['assessments']:,} assessments")
    if lacks:
        return f"It has {' and '.join(lacks)}."
    if found["predicted"] is None:
        return "No replay of this content foretold how often it would fire."
    if found["as_predicted"] is False:
        return "It fires outside what the replay foretold."
    return ""


def _rate(rate: Json) -> str:
    if not rate["n"]:
        return "cannot say (n=0)"
    return f"{rate['rate'] * 100:.1f} % ({rate['k']:,} of {rate['n']:,})"


def _interval(rate: Json) -> str:
    return f"{rate['low'] * 100:.1f} % to {rate['high'] * 100:.1f} %"
