"""JSON Schema (draft 2020-12) without what can hang or reach out.

Two doors. `schema_problems` says at save time what is wrong with a schema; `schema_findings` says
where a value strays from one. `pattern` and `patternProperties` are refused because a regular
expression can run for hours on a hostile text; `$ref` must stay inside the schema, because
judging makes no network call. Formats that are asserted: `date` and `date-time`; every other
format is a note. A schema whose steps on one value exceed MAX_STEPS is given up, with a finding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from jsonschema.exceptions import SchemaError
from referencing import Registry

from assurance.controls.checks.outcomes import Finding
from assurance.controls.checks.reading import kind_of, moment_of
from assurance.controls.checks.schema_graph import walk_problems
from assurance.controls.conditions import Problem

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES = 64 * 1024
MAX_STEPS = 60_000
MAX_SCHEMA_FINDINGS = 50

_GAVE_UP = "could not be compared with its schema"
_steps: ContextVar[list[int]] = ContextVar("schema_steps")

_TYPE_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "empty",
}


class TooManySteps(Exception):
    """Judging one value took more steps than any honest schema needs."""


def schema_problems(schema: object, pointer: str = "") -> list[Problem]:
    """What is wrong with a schema that somebody wants to save; empty when nothing is.

    `pointer` is where the schema stands in what is being saved; every problem's pointer starts
    with it. Codes: `invalid_schema`, `too_large`, `wrong_dialect`, `refused_keyword`,
    `refused_reference`, `endless_schema`.
    """
    if not isinstance(schema, Mapping):
        return [Problem(pointer, "invalid_schema", "A schema is an object, such as {}.")]
    try:
        size = len(json.dumps(schema, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return [Problem(pointer, "invalid_schema", "The schema is not plain JSON.")]
    if size > MAX_SCHEMA_BYTES:
        message = f"The schema has {size:,} bytes. Keep it under {MAX_SCHEMA_BYTES:,}."
        return [Problem(pointer, "too_large", message)]
    if str(schema.get("$schema", DIALECT)).rstrip("#") != DIALECT:
        message = f"Only draft 2020-12 is judged. Write “{DIALECT}” or leave `$schema` out."
        return [Problem(f"{pointer}/$schema", "wrong_dialect", message)]
    refused = [Problem(pointer + at, code, text) for at, code, text in walk_problems(schema)]
    return refused or _metaschema_problems(schema, pointer)


def _metaschema_problems(schema: Mapping[str, Any], pointer: str) -> list[Problem]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        at = pointer + _pointer(error.absolute_path)
        return [Problem(at, "invalid_schema", f"This is no valid schema: {_cut(error.message)}.")]
    except RecursionError:
        return [Problem(pointer, "invalid_schema", "The schema is nested too deeply.")]
    return []


def schema_findings(schema: Mapping[str, Any], value: Any, root: str) -> tuple[Finding, ...]:
    """Where `value` strays from `schema`; empty when it fits.

    `root` is the dotted path of the value in the facts (`output`, `context`). At most
    MAX_SCHEMA_FINDINGS are named. A schema that cannot be judged gives a finding too, so that a
    value is never taken as fitting because its schema was broken.
    """
    token = _steps.set([0])
    try:
        checker = _Judge(schema, registry=_NOTHING_OUTSIDE, format_checker=_FORMATS)
        errors = (one for error in checker.iter_errors(value) for one in _findings(error, root))
        return tuple(islice(errors, MAX_SCHEMA_FINDINGS))
    except TooManySteps:
        message = f"`{root}` {_GAVE_UP}: it needs too many steps."
    except RecursionError:
        message = f"`{root}` {_GAVE_UP}: it never ends."
    except Exception as error:  # a broken schema must never read as a fitting value
        message = f"`{root}` {_GAVE_UP} ({type(error).__name__})."
    finally:
        _steps.reset(token)
    return (Finding(root, message),)


def could_not_judge(findings: tuple[Finding, ...]) -> bool:
    """Whether `schema_findings` gave up, so that its one finding is about the schema."""
    return len(findings) == 1 and _GAVE_UP in findings[0].message


def _findings(error: ValidationError, root: str) -> Iterator[Finding]:
    """One finding per field, so that each new or missing one has its own path."""
    wanted: Any = error.validator_value
    value: Any = error.instance
    path = ".".join([root, *(str(part) for part in error.absolute_path)])
    if error.validator == "required":
        names = [n for n in wanted if error.message.startswith(repr(n))]
        for name in names:
            yield Finding(f"{path}.{name}", f"`{path}.{name}` is missing.")
        if names:
            return
    if error.validator == "additionalProperties" and wanted is False:
        known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        for name in value:
            if name not in known:
                yield Finding(f"{path}.{name}", f"`{path}.{name}` is not in the schema.")
        return
    yield Finding(path, f"`{path}` {error_sentence(error)}.")


def error_sentence(error: ValidationError) -> str:
    """The verb and the rest of the sentence for one error."""
    wanted: Any = error.validator_value
    value: Any = error.instance
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        words = " or ".join(_TYPE_WORDS.get(kind, str(kind)) for kind in kinds)
        is_fraction = kinds == ["integer"] and kind_of(value) == "a number"
        return f"is {_shown(value) if is_fraction else kind_of(value)}, not {words}"
    if error.validator == "enum":
        return f"is {_shown(value)}, which is none of {_cut(', '.join(map(_shown, wanted)))}"
    template = _COMPLAINTS.get(str(error.validator))
    if template is None:
        return f"does not fit `{error.validator}`: {_cut(error.message)}"
    return template.format(value=_shown(value), wanted=_shown(wanted))


_COMPLAINTS = {
    "const": "is {value}, not {wanted}",
    "minimum": "is {value}, less than the least allowed, {wanted}",
    "maximum": "is {value}, more than the most allowed, {wanted}",
    "exclusiveMinimum": "is {value}; it must be more than {wanted}",
    "exclusiveMaximum": "is {value}; it must be less than {wanted}",
    "multipleOf": "is {value}, which is no multiple of {wanted}",
    "minLength": "is shorter than {wanted} characters",
    "maxLength": "is longer than {wanted} characters",
    "minItems": "has fewer than {wanted} items",
    "maxItems": "has more than {wanted} items",
    "uniqueItems": "has the same item twice",
    "format": "is {value}, which is no {wanted}",
    "anyOf": "fits none of the allowed forms",
    "oneOf": "must fit exactly one of the allowed forms",
    "not": "has a form that is not allowed",
}


def _counted(keyword: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
    def step(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        spent = _steps.get()
        spent[0] += 1
        if spent[0] > MAX_STEPS:
            raise TooManySteps
        yield from keyword(validator, wanted, value, schema) or ()

    return step


def _unique(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """The library compares each item with each other; by canonical text it is one pass."""
    if wanted and validator.is_type(value, "array"):
        seen = {_identity(item) for item in value}
        if len(seen) < len(value):
            yield ValidationError("has the same item twice")


def _identity(value: Any) -> str:
    """Equal for values that JSON Schema calls equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        return f"[{','.join(map(_identity, value))}]"
    if isinstance(value, Mapping):
        return json.dumps(sorted((key, _identity(one)) for key, one in value.items()))
    return json.dumps(value)


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    moment = moment_of(value)
    return moment is not None and not isinstance(moment, datetime)


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or isinstance(moment_of(value), datetime)


_FORMATS = FormatChecker(formats=())
_FORMATS.checkers = {"date": (_is_date, ()), "date-time": (_is_date_time, ())}
_NOTHING_OUTSIDE: Registry[Any] = Registry()
_Judge = validators.extend(
    Draft202012Validator,
    {
        name: _counted(keyword)
        for name, keyword in {**Draft202012Validator.VALIDATORS, "uniqueItems": _unique}.items()
        if name not in ("pattern", "patternProperties")
    },
)
# `extend` only adds; the two that run regular expressions must be gone from old schemas too.
_Judge.VALIDATORS.pop("pattern", None)
_Judge.VALIDATORS.pop("patternProperties", None)


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str)).replace('"', "”")


def _cut(text: str, length: int = 160) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _pointer(parts: Any) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
