"""Facts of one case for the tests of checks, and short words to run a check on them."""

from __future__ import annotations

from typing import Any

from assurance.controls.checks import registry
from assurance.controls.checks.outcomes import Outcome
from assurance.controls.fields import Catalogue, catalogue_from_schemas

CLOCK = "2026-11-22T10:31:00+00:00"


def facts_of(output: Any = None, *, evidence: list[dict[str, Any]] | None = None, **more: Any):
    """Facts as they are frozen with a case; whatever is given replaces the sample."""
    facts: dict[str, Any] = {
        "output": {} if output is None else output,
        "context": {},
        "signals": {},
        "workflow": {"slug": "claims-letters"},
        "subject": "customer-7781",
        "clock": CLOCK,
        "evidence": evidence or [],
        "arithmetic": [],
        "gathered": {},
    }
    return facts | more


def letter(text: str, *sources: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """A letter in `output.text`; a source that is a string is a text source."""
    evidence = [
        source if isinstance(source, dict) else text_source(source, f"Source {number}")
        for number, source in enumerate(sources, start=1)
    ]
    return facts_of({"text": text}, evidence=evidence, **more)


def text_source(content: str, label: str = "Note") -> dict[str, Any]:
    return {"label": label, "kind": "text", "content": content}


def table_source(columns: list[Any], rows: list[Any], label: str = "Invoice") -> dict[str, Any]:
    return {"label": label, "kind": "table", "columns": columns, "rows": rows}


def run(name: str, params: dict[str, Any], facts: dict[str, Any], gathered: Any = None) -> Outcome:
    return registry.run_safely(name, params, facts, gathered)


def codes(name: str, params: Any, catalogue: Catalogue | None = None) -> dict[str, str]:
    """The problems of parameters as {pointer: code}."""
    found = registry.problems_of(name, params, catalogue or CATALOGUE)
    return {problem.pointer: problem.code for problem in found}


def marked(facts: dict[str, Any], finding: Any) -> str:
    """The words that a finding or mark in `output.text` stands on."""
    return facts["output"]["text"][finding.start : finding.end]


CATALOGUE = catalogue_from_schemas(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "number"},
            "net": {"type": "number"},
            "tax": {"type": "number"},
            "text": {"type": "string"},
            "decision": {"type": "string"},
            "approved": {"type": "boolean"},
            "date": {"type": "string", "format": "date"},
            "lines": {"type": "array"},
        },
    },
    {
        "type": "object",
        "properties": {
            "limit": {"type": "number"},
            "loss_date": {"type": "string", "format": "date"},
            "channel": {"type": "string"},
        },
    },
)
