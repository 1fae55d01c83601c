"""Why a case is here: one sentence, then the controls with the operands that tripped them, then
the checks in fixed order: failed, warned, passed, did not run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse

from assurance.controls.check_runs import with_background
from assurance.controls.choices import Disposition
from assurance.controls.covering import covered_results
from assurance.controls.fields import Catalogue
from assurance.controls.live_set import live_set
from reviews.models import Case
from reviews.presenting import proposals
from reviews.presenting.marking import visible
from reviews.presenting.wording import named, operand, parts

DID = {
    "continue": ("quiet", "Let it go on"),
    "return": ("returned", "Returned"),
    "review": ("routed", "Routed here"),
    "specialist": ("escalated", "To a specialist"),
    "governance": ("escalated", "To governance"),
    "reroute": ("routed", "Rerouted"),
    "pause": ("held", "Held"),
    "block": ("blocked", "Blocked"),
}
CHECK_ORDER = ("fail", "warn", "pass", "not_run")
DID_NOT_RUN = {"timeout": "timed out", "error": "could not run", "not_run": "did not run"}
VOICES = {
    "caller": "The system asked for a person",
    "stage": "Every output is reviewed",
    "paused": "The workflow is paused",
    "schema": "It strays from the schema",
    "specification": "The specification demands it",
    "ungoverned": "No control covers it",
}


def present(case: Case, output: Any, catalogue: Catalogue) -> dict[str, Any]:
    """What `_why.html` needs. `output` is the draft that verifiers may propose otherwise."""
    results = told(case, catalogue)
    shown = [r for r in results if r["mode"] in ("enforced", "advise")]
    telling = [r for r in shown if r["outcome"] not in ("pass", "not_applicable")]
    spoke = {result["key"] for result in results}
    names = {control["key"]: control["name"] for control in case.control_set.controls()}
    return {
        "parts": parts(sentence(case)),
        "controls": [
            control_row(result, names[result["key"]], catalogue) for result in _worst_first(telling)
        ]
        + [voice_row(voice) for voice in case.assessment.voices],
        "checks": checks(shown, names),
        "proposals": proposals.present(case, shown, output, catalogue),
        "quiet": [
            {
                "key": control["key"],
                "name": control["name"],
                "url": reverse("control", args=[control["key"]]),
            }
            for control in case.control_set.controls()
            if control["mode"] in ("enforced", "advise") and control["key"] not in spoke
        ],
    }


def told(case: Case, catalogue: Catalogue) -> list[dict[str, Any]]:
    """What the controls said, and what verifiers have answered since, without any value of a
    sensitive field: the field itself can be uncovered in its place."""
    results = with_background(case.assessment.results, case.id, case.output_sha256)
    return covered_results(results, catalogue)


def sentence(case: Case) -> str:
    """The words of what weighs most: a control that decided, then one that failed beside a voice
    such as the pilot's, then the voice. No sensitive value is in it, since it stands in every list.
    What was asked in the background weighs nothing, so no later answer is looked up."""
    results = covered_results(case.assessment.results, live_set(case.control_set).catalogue)
    voices = case.assessment.voices
    deciding = [one for one in results if one["key"] in case.decided_by]
    failed = [one for one in results if one["outcome"] == "fail" and one["mode"] == "enforced"]
    spoken = [one for one in voices if one["key"] in case.decided_by]
    caller = [one for one in spoken if one["key"] == "caller"]
    for one in (*deciding, *caller, *failed, *spoken):
        if one["message"]:
            return visible(named(one["message"], live_set(case.control_set).catalogue))
    return "Nothing stands against it."


def control_row(result: Mapping[str, Any], name: str, catalogue: Catalogue) -> dict[str, Any]:
    did, label = DID[result["effect"]] if result["effect"] else ("quiet", "No effect")
    if result["mode"] == "advise":
        did, label = "advised", "Advises"
    return {
        "key": result["key"],
        "name": name,
        "version": result["version"],
        "url": f"{reverse('control', args=[result['key']])}?version={result['version']}",
        "mode": result["mode"],
        "did": did,
        "did_label": label,
        "operands": [
            operand(one, catalogue, failed=result["kind"] == "verification")
            for one in result["operands"]
        ],
        "message": visible(named(result["message"], catalogue)),
        # The operands say the same with both their sides; findings speak where there are none.
        "findings": []
        if result["operands"]
        else [visible(named(found["message"], catalogue)) for found in result["findings"][:5]],
    }


def voice_row(voice: Mapping[str, Any]) -> dict[str, Any]:
    did, label = DID[voice["disposition"]]
    return {
        "key": voice["key"],
        "name": VOICES.get(voice["key"], voice["key"].capitalize()),
        "mode": "enforced",
        "did": did,
        "did_label": label,
        "operands": [],
        "message": visible(voice["message"]),
        "findings": [],
    }


def checks(results: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Verification results by the control's name. What could not run is never shown as passed."""
    rows = []
    for result in results:
        if result["kind"] != "verification" or result["outcome"] == "not_applicable":
            continue
        outcome = {
            "pass": "pass",
            "fail": "fail",
            "inconclusive": "warn",
        }.get(result["outcome"], "not_run")
        text = names[result["key"]]
        if outcome == "warn":
            text = f"{text}: could not tell"
        elif outcome == "not_run":
            text = f"{text}: {DID_NOT_RUN.get(result['outcome'], 'did not run')}"
        rows.append({"key": result["key"], "outcome": outcome, "text": text})
    return sorted(rows, key=lambda row: CHECK_ORDER.index(row["outcome"]))


def _worst_first(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    def weight(result: Mapping[str, Any]) -> tuple[int, int, int, str]:
        rank = Disposition(result["effect"]).rank if result["effect"] else 0
        return (result["mode"] != "enforced", -rank, result["priority"], result["key"])

    return sorted(results, key=weight)
