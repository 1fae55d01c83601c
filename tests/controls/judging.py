"""Facts and live sets without a database, for tests of judging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from assurance.controls.assess import assess
from assurance.controls.checks.outcomes import Outcome
from assurance.controls.checks.registry import CHECKS, Check
from assurance.controls.defaults import completed
from assurance.controls.fields import catalogue_from_schemas
from assurance.controls.judgement import Judgement
from assurance.controls.live_set import LiveSet, build
from tests.controls_factories import ACTIONS, BOUNDARIES, catch_alls

OUTPUT_SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "number"},
        "text": {"type": "string"},
        "iban": {"type": "string", "sensitive": True},
    },
}


def facts(**more: Any) -> dict[str, Any]:
    """The facts of an ordinary case; keys of `workflow` may be given as `stage`, `tier`, …"""
    workflow = {
        "slug": "credit-decisions",
        "name": "Credit decisions",
        "tier": "high",
        "stage": "limited",
        "paused": False,
        "all_review": False,
    }
    workflow |= {name: more.pop(name) for name in list(more) if name in workflow}
    return {
        "output": {"amount": 4820},
        "context": {},
        "evidence": [],
        "clock": "2026-11-22T10:31:00+00:00",
        "returns": 0,
        "schema": [],
        "arithmetic": [],
        "gathered": {},
        "workflow": workflow,
        **more,
    }


def live(controls: Sequence[Mapping[str, Any]] = (), **parts: Any) -> LiveSet:
    """A live set of these controls, each in version 1."""
    source = {
        "specification": {"purpose": "x", "boundaries": BOUNDARIES, "actions": ACTIONS},
        "controls": list(controls),
        "rules": catch_alls("credit"),
        **parts,
    }
    content = {
        "workflow": "credit-decisions",
        **completed(source),
        "fields": catalogue_from_schemas(OUTPUT_SCHEMA, None).as_json(),
    }
    versions = {control["key"]: 1 for control in content["controls"]}
    return build(content, versions, number=1, sha256="0" * 64)


def orders(disposition: str, key: str = "", **fields: Any) -> dict[str, Any]:
    """A policy control that fires on every case and orders this."""
    return {
        "key": key or f"ORDERS-{disposition}",
        "kind": "policy",
        "condition": None,
        "effect": disposition,
        "reroute_to": "manual" if disposition == "reroute" else None,
        "instructions": "Do better." if disposition == "return" else None,
        **fields,
    }


def quiet(key: str = "QUIET") -> dict[str, Any]:
    """A policy control that is judged and never fires, so that the case is governed."""
    return orders("review", key, condition={"field": "output.amount", "op": "<", "value": 0})


def checks(name: str, key: str = "VER-01", **fields: Any) -> dict[str, Any]:
    """A verification control that runs this check."""
    params = fields.pop("params", {})
    return {
        "key": key,
        "kind": "verification",
        "check": {"name": name, "params": params},
        **fields,
    }


def judged(controls: Sequence[Mapping[str, Any]] = (), /, **more: Any) -> Judgement:
    """The judgement of one ordinary case under these controls."""
    return assess(facts(**more), live(controls))


@contextmanager
def check_that(run: Any, name: str = "invented") -> Iterator[str]:
    """A check on the list whose `run` is this function, for the length of a block."""

    class Invented(Check):
        title = "Invented"
        description = "For a test."
        params_schema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}

        def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
            return run(params, facts, gathered)

    Invented.name = name
    CHECKS[name] = Invented()
    try:
        yield name
    finally:
        del CHECKS[name]
