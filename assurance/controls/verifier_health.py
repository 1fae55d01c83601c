"""How the external verifier of one control does: its last answers, how often it failed, how long it
takes, and whether it is asked at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from assurance.controls import breaker
from assurance.controls.checks.external_verifier import EXTERNAL
from assurance.controls.models import CheckRun, Verifier

LATELY = timedelta(days=7)
MOST = 1_000  # runs that the figures are of
SHOWN = 10
FEW = 10  # a rate of fewer says nothing
BREAKER = {
    "closed": ("ok", "It is asked."),
    "open": ("fail", "It failed five times in a row and is left alone for a minute."),
    "half_open": ("warn", "The next question shows whether it is back."),
    "off": ("", "It is switched off; its controls count as not run."),
    "unknown": ("fail", "Nobody has made it known; its controls count as not run."),
}
OUTCOMES = {
    "pass": "passed",
    "fail": "failed",
    "inconclusive": "could not tell",
    "error": "gave no usable answer",
    "timeout": "did not answer in time",
    "not_applicable": "not applicable",
    "not_run": "was not asked",
    "": "not answered yet",
}


def health_of(control: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
    """What the control's page shows, None for a control that asks nobody outside."""
    check = control["check"]
    if not check or check["name"] != EXTERNAL:
        return None
    slug = check["params"].get("verifier", "")
    verifier = Verifier.objects.filter(slug=slug).first()
    runs = list(
        CheckRun.objects.filter(control_key=control["key"], asked_at__gt=at - LATELY)
        .order_by("-asked_at", "-id")
        .only("status", "outcome", "reason_code", "milliseconds", "asked_at", "error",
              "verifier_name", "verifier_version", "mode", "late_at")[:MOST]
    )  # fmt: skip
    state = _state(verifier, at)
    return {
        "slug": slug,
        "name": verifier.name if verifier else slug,
        "host": verifier.host if verifier else "",
        "state": state,
        "kind": BREAKER[state][0],
        "said": BREAKER[state][1],
        "figures": figures_of(runs),
        "last_error": verifier.last_error if verifier else "",
        "last_failure_at": verifier.last_failure_at if verifier else None,
        "table": _table(runs[:SHOWN]),
    }


def _state(verifier: Verifier | None, at: datetime) -> str:
    if verifier is None:
        return "unknown"
    return breaker.state_of(verifier, at) if verifier.active else "off"


def figures_of(runs: Sequence[CheckRun]) -> dict[str, Any]:
    """Asked, failed and how often, and the 95th percentile of what it took: of runs that were put
    to it and are over. A share of fewer than ten reads "cannot say"."""
    put = [run for run in runs if run.outcome and run.outcome != "not_run"]
    failed = [run for run in put if run.outcome in ("error", "timeout")]
    took = sorted(run.milliseconds for run in put if run.milliseconds is not None)
    share = f"{100 * len(failed) / len(put):.1f} %" if len(put) >= FEW else ""
    return {
        "asked": len(put),
        "failed": len(failed),
        "share": share or f"cannot say (n={len(put)})",
        "p95_ms": took[ceil(0.95 * len(took)) - 1] if took else None,
        "not_asked": sum(run.outcome == "not_run" for run in runs),
        "open": sum(not run.outcome for run in runs),
        "late": sum(run.late_at is not None for run in runs),
    }


def _table(runs: Sequence[CheckRun]) -> dict[str, Any]:
    return {
        "caption": "Its last answers",
        "columns": [
            {"label": "Asked"},
            {"label": "Answer"},
            {"label": "Took"},
            {"label": "By"},
        ],
        "rows": [
            {
                "cells": [
                    {"at": run.asked_at, "show": "full"},
                    {
                        "text": OUTCOMES[run.outcome].capitalize(),
                        "small": run.reason_code,
                        "label": "Answer",
                    },
                    {
                        "text": f"{run.milliseconds:,} ms" if run.milliseconds is not None else "",
                        "label": "Took",
                    },
                    {
                        "text": f"{run.verifier_name} {run.verifier_version}".strip(),
                        "label": "By",
                    },
                ]
            }
            for run in runs
        ],
    }
