"""What an external verifier proposes instead, beside the draft: shown as a difference with the
verifier's name, and never applied. What a reviewer wants of it, they type themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse

from assurance.controls.check_runs import runs_of
from assurance.controls.fields import Catalogue
from assurance.controls.messages import plain
from reviews.models import Case
from reviews.presenting import changes
from reviews.presenting.marking import visible
from reviews.presenting.wording import label_of

Json = Mapping[str, Any]
PROPOSED = "suggested_value"


def present(
    case: Case, results: Iterable[Json], output: Any, catalogue: Catalogue
) -> list[dict[str, Any]]:
    """`_proposal.html` for each value that a verifier proposes. `results` hold no sensitive value,
    and no proposal about one."""
    found = [(result, one) for result in results for one in result["findings"] if PROPOSED in one]
    if not found:
        return []
    who = _verifiers(case, {result["key"] for result, _ in found})
    shown = []
    for result, one in found:
        key = result["key"]
        difference = _difference(output, one, catalogue)
        if key in who and (difference["rows"] or difference["texts"]):
            url = f"{reverse('control', args=[key])}?version={result['version']}"
            shown.append({"who": who[key], "key": key, "url": url, "changes": difference})
    return shown


def _verifiers(case: Case, keys: set[str]) -> dict[str, str]:
    """Who answered for each control: our name of the verifier, and what it calls itself. A control
    that asked nobody outside is not in it."""
    runs = runs_of(case.id, case.output_sha256).filter(control_key__in=keys)
    return {
        run.control_key: visible(_name(run.verifier.name if run.verifier else "", run.answer))
        for run in runs.select_related("verifier")
        if run.answer is not None
    }


def _name(known: str, answer: Json) -> str:
    said = " ".join(filter(None, (answer["verifier"]["name"], answer["verifier"]["version"])))
    return f"{known} ({said})" if known and said else known or said


def _difference(output: Any, one: Json, catalogue: Catalogue) -> dict[str, Any]:
    """From the draft to what the proposal would make of it."""
    keys = one["path"].split(".")
    if keys[0] == "output" and _has(output, keys[1:]):
        return changes.present(output, _with(output, keys[1:], one), catalogue)
    row = {"label": label_of(one["path"], catalogue), "op": "added", "was": "–"}
    return {"rows": [{**row, "now": visible(plain(one[PROPOSED]))}], "texts": []}


def _has(value: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            return False
    return True


def _with(value: Any, keys: Sequence[str], one: Json) -> Any:
    """A copy of the draft with the proposal in its place."""
    if not keys:
        return _instead(value, one)
    if isinstance(value, list):
        here = int(keys[0])
        return [*value[:here], _with(value[here], keys[1:], one), *value[here + 1 :]]
    return {**value, keys[0]: _with(value[keys[0]], keys[1:], one)}


def _instead(value: Any, one: Json) -> Any:
    proposed, start, end = one[PROPOSED], one.get("start"), one.get("end")
    if isinstance(value, str) and isinstance(proposed, str) and None not in (start, end):
        return value[:start] + proposed + value[end:]
    return _merged(value, proposed)


def _merged(value: Any, proposed: Any) -> Any:
    """Fields that a proposal leaves out stay as they are: it says nothing about them."""
    if isinstance(value, Mapping) and isinstance(proposed, Mapping):
        return {**value, **{key: _merged(value.get(key), one) for key, one in proposed.items()}}
    return proposed
