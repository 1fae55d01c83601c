"""The list of checks, and the one safe way to run them.

Adding a check is one file and one line. The file holds a subclass of `Check` under `@register`:

    @register
    class MaximumWords(Check):
        name = "maximum_words"                       # how control sets name it; never changes
        title = "Not too many words"                 # what the form shows
        description = "The text has at most so many words."
        params_schema = {
            "type": "object",
            "properties": {
                "field": {"type": "string", "title": "Field", "description": "…",
                          "x-field": ["string"]},    # names a field of the catalogue
                "most": {"type": "integer", "title": "At most", "default": 200, "minimum": 1},
            },
            "required": ["field"],
            "additionalProperties": False,
        }

        def run(self, params, facts, gathered):
            text = need_text(facts, params["field"])       # raises Unreadable: inconclusive
            ...
            return passed("…") or failed("…", "too_many_words", findings, operands)

and the line is its import in `checks/__init__.py`. What to keep to: `run` reads only its
arguments (no clock, no network, no database, so that replay gives the same answer); it takes
time linear in the length of the case; it answers `pass` only when it has seen everything it
needs; its message says what is wrong, where, and what to do. `problems` finds mistakes in the
parameters when they are saved. A check that needs other cases sets `stateful` and fetches them in
`gather`, before judging. Tests go both ways: one case that must pass, one that must fail, and
one with the field missing.
"""

from __future__ import annotations

import difflib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from jsonschema import Draft202012Validator

from assurance.controls.checks.outcomes import Outcome, inconclusive
from assurance.controls.checks.reading import Unreadable
from assurance.controls.checks.schemas import error_sentence
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

logger = logging.getLogger(__name__)

# What one check may use of the processor for one case. Measured in thread time, so that a busy
# machine does not turn a pass into a timeout.
BUDGET_SECONDS = 2.0

# A field parameter that names one of these means everything in it.
WHOLE = frozenset({"output", "context", "signals", "model"})
# Facts that every case has without being in a catalogue.
ALWAYS_THERE = {"proposed_action": "string", "subject": "string", "occurred_at": "date-time"}


class Check(ABC):
    """One named check. The module docstring says how to write one."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    params_schema: ClassVar[dict[str, Any]]
    stateful: ClassVar[bool] = False

    def problems(self, params: Any, catalogue: Catalogue) -> list[Problem]:
        """What is wrong with the parameters, with JSON pointers into them.

        Codes: `wrong_parameter`, `missing_parameter`, `unknown_parameter`, `unknown_field`,
        `wrong_field_type`, and those of the check itself.
        """
        found = shape_problems(self.params_schema, params)
        if found:
            return found
        settled = self.settled(params)
        for pointer, path, wanted in named_fields(self.params_schema, settled):
            problem = field_problem(pointer, path, wanted, catalogue)
            if problem is not None:
                found.append(problem)
        return found + self.more_problems(settled, catalogue)

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        """What only this check can know to be wrong; the shape has been found right before."""
        return []

    def settled(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with the defaults of the schema filled in."""
        properties: dict[str, Any] = self.params_schema.get("properties", {})
        defaults = {name: one["default"] for name, one in properties.items() if "default" in one}
        return {**defaults, **params}

    def gather(
        self, params: Mapping[str, Any], facts: Mapping[str, Any], history: Any
    ) -> dict[str, Any]:
        """What a stateful check needs of other cases, as JSON; it is stored with the facts."""
        return {}

    def lock_key(self, params: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
        """Whom the check serialises: cases with the same key are judged one after the other.

        None where nothing needs to be locked. The key is not yet bound to a workflow.
        """
        return None

    @abstractmethod
    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        """Judge one case. `params` are settled; `gathered` is what `gather` returned."""


CHECKS: dict[str, Check] = {}


def register(check: type[Check]) -> type[Check]:
    """Put a check on the list; a name can be taken once."""
    if check.name in CHECKS:
        raise ValueError(f"The check “{check.name}” exists twice. Give one of them another name.")
    CHECKS[check.name] = check()
    return check


def run_safely(
    name: str,
    params: Mapping[str, Any],
    facts: Mapping[str, Any],
    gathered: Any = None,
    *,
    budget: float = BUDGET_SECONDS,
) -> Outcome:
    """Run one check so that nothing it does can be taken for a pass.

    An unreadable fact gives `inconclusive`; an exception `error` (`exception`); an answer that is
    no Outcome `error` (`malformed`); an unknown name `not_run` (`unknown_check`). The time
    budget is soft: a running check is not interrupted (checks are written to be linear), but one
    that used more than `budget` seconds of processor time answers `timeout` (`over_budget`),
    whatever it found.
    """
    check = CHECKS.get(name)
    if check is None:
        message = f"There is no check “{name}”. Choose one of: {', '.join(sorted(CHECKS))}."
        return Outcome("not_run", message, reason_code="unknown_check")
    started = time.thread_time()
    try:
        found = check.run(check.settled(params), facts, gathered)
    except Unreadable as trouble:
        found = inconclusive(trouble.sentence, trouble.reason_code)
    except Exception as error:
        # The text of the exception may hold the case's data: only its kind is told and logged.
        kind = type(error).__name__
        logger.warning("check %s could not run: %s", name, kind)
        message = f"The check “{check.title}” could not run ({kind}). It did not pass."
        return Outcome("error", message, reason_code="exception")
    if not isinstance(found, Outcome):
        message = f"The check “{check.title}” gave no usable answer. It did not pass."
        return Outcome("error", message, reason_code="malformed")
    used = time.thread_time() - started
    if used > budget:
        message = f"The check “{check.title}” took longer than {budget:g} s. It did not pass."
        return Outcome("timeout", message, reason_code="over_budget")
    return found


def problems_of(name: str, params: Any, catalogue: Catalogue) -> list[Problem]:
    """What is wrong with a check as a control names it; pointers are into the parameters."""
    check = CHECKS.get(name)
    if check is not None:
        return check.problems(params, catalogue)
    hint = nearest(name, list(CHECKS))
    said = f" Did you mean “{hint}”?" if hint else f" Choose one of: {', '.join(sorted(CHECKS))}."
    return [Problem("", "unknown_check", f"There is no check “{name}”.{said}")]


def shape_problems(schema: Mapping[str, Any], params: Any) -> list[Problem]:
    """Where parameters do not fit their schema, in words, with the nearest known name."""
    if not isinstance(params, Mapping):
        return [Problem("", "wrong_parameter", "Parameters are an object, such as {}.")]
    known = list(schema.get("properties", {}))
    found = []
    for error in Draft202012Validator(schema).iter_errors(params):
        pointer = "".join(f"/{part}" for part in error.absolute_path)
        if error.validator == "additionalProperties" and not error.absolute_path:
            found += [_unknown_parameter(str(key), known) for key in params if key not in known]
        elif error.validator == "required":
            key = next(k for k in error.validator_value if error.message.startswith(repr(k)))
            message = f"`{key}` is missing. Give it a value."
            found.append(Problem(f"{pointer}/{key}", "missing_parameter", message))
        else:
            name = pointer.lstrip("/").replace("/", ".") or "The whole"
            message = f"`{name}` {error_sentence(error)}."
            found.append(Problem(pointer, "wrong_parameter", message))
    return sorted(found, key=lambda problem: problem.pointer)


def _unknown_parameter(key: str, known: list[str]) -> Problem:
    hint = nearest(key, known)
    said = f" Did you mean `{hint}`?" if hint else f" There are: {', '.join(known)}."
    escaped = key.replace("~", "~0").replace("/", "~1")
    return Problem(f"/{escaped}", "unknown_parameter", f"There is no parameter `{key}`.{said}")


def named_fields(
    schema: Mapping[str, Any], params: Mapping[str, Any]
) -> list[tuple[str, str, list[str]]]:
    """Every field that the parameters name: (pointer, path, types it may have)."""
    found = []
    for name, one in schema.get("properties", {}).items():
        value = params.get(name)
        if "x-field" in one and isinstance(value, str):
            found.append((f"/{name}", value, one["x-field"]))
        items = one.get("items", {})
        if isinstance(items, Mapping) and "x-field" in items and isinstance(value, list):
            found += [(f"/{name}/{i}", path, items["x-field"]) for i, path in enumerate(value)]
    return found


def field_problem(
    pointer: str, path: str, wanted: list[str], catalogue: Catalogue
) -> Problem | None:
    """What is wrong with naming this field, or None. `wanted` may hold `whole` and `any`."""
    if "whole" in wanted and path in WHOLE:
        return None
    known = catalogue.get(path)
    kind = known.type if known else ALWAYS_THERE.get(path)
    if kind is None:
        hint = catalogue.nearest(path)
        said = f" Did you mean `{hint}`?" if hint else " Choose one from the list of fields."
        return Problem(pointer, "unknown_field", f"There is no field `{path}`.{said}")
    if kind == "any" or "any" in wanted or kind in wanted:
        return None
    kinds = ", ".join(one for one in wanted if one != "whole")
    message = f"`{path}` is of type {kind}. This check needs: {kinds}."
    return Problem(pointer, "wrong_field_type", message)


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that was most likely meant."""
    close = difflib.get_close_matches(word[:80], known, n=1, cutoff=0.6)
    return close[0] if close else None
