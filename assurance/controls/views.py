"""The page of one control: what it does, in words, and what it was."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.accounts.roles import covers
from assurance.controls import visibility
from assurance.controls.assess import on_unknown
from assurance.controls.cel import to_cel
from assurance.controls.checks.registry import CHECKS
from assurance.controls.choices import Disposition, FailurePolicy, Kind, Mode
from assurance.controls.conditions import describe
from assurance.controls.control_history import Told, story_of
from assurance.controls.fields import Catalogue
from assurance.controls.models import Workflow
from assurance.controls.presenting import control_now
from assurance.controls.verifier_health import health_of

MODES = {
    Mode.OFF: ("", "It is not judged."),
    Mode.SHADOW: ("dashed", "It is judged and recorded, and has no effect."),
    Mode.ADVISE: ("info", "Reviewers see what it says; it moves no case."),
    Mode.ENFORCED: ("ok", "What it orders happens."),
}


@login_required
@never_cache
@require_safe
def control(request: HttpRequest, key: str) -> HttpResponse:
    """One control: the version asked for, else the live one, else the last there was.

    404 for a control that does not exist or whose workflow the person may not see.
    """
    story = story_of(key)
    if not story:
        raise Http404
    workflow = story[0].version.workflow
    user, at = account_of(request), clock.now()
    if not covers(visibility.of_person(user, at), workflow.slug):
        raise Http404
    shown = _chosen(story, request.GET.get("version"))
    context = page_of(workflow, story, shown)
    context["now"] = control_now.present(
        workflow, key, shown.live.mode if shown.live else Mode.OFF, user, at
    )
    return render(request, "controls/control.html", context)


def _chosen(story: list[Told], asked: str | None) -> Told:
    if asked:
        found = (one for one in story if str(one.version.version) == asked)
    else:
        found = (one for one in story if one.live)
    chosen = next(found, None if asked else story[0])
    if chosen is None:
        raise Http404
    return chosen


def page_of(workflow: Workflow, story: list[Told], shown: Told) -> dict[str, Any]:
    """What the template shows of one version."""
    content, last = shown.version.content, shown.periods[0]
    around = last.control_set.content
    catalogue = Catalogue.from_json(around["fields"])
    mode = last.mode
    kind, said = MODES[Mode(mode)]
    return {
        "control": content,
        "workflow": workflow,
        "version": shown.version.version,
        "live": shown.live,
        "mode": {"label": Mode(mode).label, "kind": kind, "said": said},
        "kind": Kind(content["kind"]).label,
        "boundary": _boundary(around, content["boundary"]),
        "sentence": _sentence(content["condition"], catalogue),
        "cel": to_cel(content["condition"], catalogue) if content["condition"] else "",
        "check": _check(content["check"]),
        "health": health_of(content, clock.now()),
        "effects": list(effects_of(content)),
        "versions": _versions(story, shown),
    }


def _sentence(condition: dict[str, Any] | None, catalogue: Catalogue) -> list[dict[str, Any]]:
    """The condition in words, in pieces: names of fields stand between backticks there."""
    if condition is None:
        return [{"text": "On every case.", "mono": False}]
    pieces = describe(condition, catalogue).split("`")
    return [{"text": text, "mono": index % 2 == 1} for index, text in enumerate(pieces) if text]


def _boundary(content: dict[str, Any], number: int | None) -> dict[str, Any] | None:
    found = (b for b in content["specification"]["boundaries"] if b["number"] == number)
    return next(found, None)


def _check(check: dict[str, Any] | None) -> dict[str, Any] | None:
    """The check in words, each parameter with its title, unset ones with their default."""
    if check is None:
        return None
    known = CHECKS.get(check["name"])
    properties = known.params_schema.get("properties", {}) if known else {}
    params = known.settled(check["params"]) if known else check["params"]
    rows = [
        {
            "cells": [
                {"text": properties.get(name, {}).get("title") or name, "small": name},
                {"text": _written(value), "label": "Value"},
            ]
        }
        for name, value in params.items()
    ]
    return {
        "title": known.title if known else check["name"],
        "said": known.description if known else "This release does not have this check.",
        "table": {
            "caption": "Parameters of the check",
            "columns": [{"label": "Parameter"}, {"label": "Value"}],
            "rows": rows,
        },
    }


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or "none"
    return json.dumps(value, ensure_ascii=False)


def effects_of(content: dict[str, Any]) -> Any:
    """Each thing that can come out, and what it orders, in words."""
    if content["kind"] == Kind.POLICY:
        yield "When it fires", Disposition(content["effect"]).label
        yield "When it cannot be known", _on_unknown(content)
    else:
        for name, words in (
            ("fail", "When the check fails"),
            ("inconclusive", "When it is unsure"),
        ):
            yield words, Disposition(content["effects"][name]).label
        policy = FailurePolicy(content["failure_policy"])
        said = policy.label
        if policy == FailurePolicy.CLOSED_HOLD:
            said = f"{said}: {Disposition(content['on_error']).label.lower()}"
        yield "When the check could not run", said
    if content["reroute_to"]:
        yield "Rerouted to", content["reroute_to"]
    if content["instructions"]:
        yield "Instructions with a return", content["instructions"]


def _on_unknown(content: dict[str, Any]) -> str:
    said = content["on_unknown"]
    if said == "fire":
        return f"{Disposition(content['effect']).label}, as when it fires"
    if said == "quiet":
        return "Nothing"
    if said:
        return str(Disposition(said).label)
    return str(Disposition(on_unknown(content)).label)


def _versions(story: list[Told], shown: Told) -> dict[str, Any]:
    return {
        "caption": "Versions and the sets that carried them",
        "columns": [
            {"label": "Version"},
            {"label": "Control set"},
            {"label": "Mode"},
            {"label": "From"},
            {"label": "Until"},
            {"label": "Changed"},
        ],
        "rows": [
            {
                "current": told is shown,
                "cells": [
                    {
                        "text": f"Version {told.version.version}",
                        "url": f"?version={told.version.version}",
                    },
                    {
                        "text": f"Set {one.control_set.number}",
                        "small": one.control_set.sha256[:12],
                        "label": "Control set",
                    },
                    {"text": Mode(one.mode).label, "label": "Mode"},
                    {"at": one.begin, "show": "full", "label": "From"},
                    {"at": one.until, "show": "full", "text": "now", "label": "Until"},
                    _compared(told),
                ],
            }
            for told in story
            for one in told.periods
        ],
    }


def _compared(told: Told) -> dict[str, Any]:
    """What leads to the difference from the version before."""
    number = told.version.version
    if number == 1:
        return {"text": "the first", "label": "Changed"}
    url = reverse("control_diff", args=[told.version.key, number - 1, number])
    return {"text": f"from version {number - 1}", "url": url, "label": "Changed"}
