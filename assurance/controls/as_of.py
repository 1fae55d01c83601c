"""What governed a workflow at any moment of the past, whole: its set, who worked and who decided,
where it stood, and what of all that is different now. Reads only.

The set is one row of its own. What is configured outside sets is read from its history, which is
dated by our clock; grants say themselves from when to when they held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from assurance.accounts.models import Grant
from assurance.controls.control_sets import versions_of
from assurance.controls.differences import differences
from assurance.controls.models import ControlSet, Workflow
from assurance.controls.rooms_above import as_of_parts
from assurance.controls.workflow_answers import moment

Json = dict[str, Any]

# How far back one looks for the models that were at work, and over how many judgements.
MODELS_SEEN = timedelta(days=30)
NEWEST = 5_000
AROUND = timedelta(hours=1)

_MODELS = """
SELECT m->>'name', m->>'version', m->>'prompt_version', count(DISTINCT case_id), max(at)
  FROM (SELECT facts->'model' AS m, case_id, at FROM controls_assessment
         WHERE workflow_id = %s AND at <= %s AND at > %s AND purpose IN ('intake', 'verifying')
         ORDER BY at DESC LIMIT %s) AS newest
 WHERE m IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 5 DESC LIMIT 50
"""
STATE = {
    "stage": "stage",
    "tier": "tier",
    "owner": "owner",
    "deputy": "deputy",
    "builders": "builders",
    "paused": "paused",
    "pause_reason": "why it is paused",
    "all_review": "a person on every case",
    "safe_outcome": "if nobody answers",
    "outage_policy": "while Countermark is away",
}


@dataclass(frozen=True, slots=True)
class Differs:
    """One thing that is another now."""

    what: str
    then: str
    now: str

    def as_json(self) -> dict[str, str]:
        return {"what": self.what, "then": self.then, "now": self.now}


def as_of(workflow: Workflow, at: datetime, *, now: datetime) -> Json:
    """Everything that was in force at `at`, and what differs at `now`: JSON types only."""
    then = snapshot(workflow, at)
    differs = list(differs_now(then, snapshot(workflow, now)))
    return {
        "at": moment(at),
        "workflow": workflow.slug,
        **{name: value for name, value in then.items() if name != "content"},
        "sets_around": sets_around(workflow, at),
        "differs_now": [one.as_json() for one in differs],
    }


def snapshot(workflow: Workflow, at: datetime) -> Json:
    """What was in force at one moment. `control_set`, `content` and `state` are None before the
    workflow was brought under control."""
    control_set = ControlSet.objects.filter(workflow=workflow).as_of(at).first()
    content: Json = control_set.content if control_set else {}
    parts: Json = {}
    for part in as_of_parts:
        parts |= part(workflow, at)
    return {
        "control_set": _set(control_set),
        "content": content or None,
        "specification": content.get("specification"),
        "controls": _controls(control_set),
        "rules": content.get("rules", []),
        "queue_policies": content.get("queue_policies", []),
        "waivers": [
            one
            for one in content.get("waivers", [])
            if datetime.fromisoformat(one["expires_at"].upper()) > at
        ],
        "state": _state(workflow, at),
        "grants": _grants(workflow, at),
        "models": _models(workflow, at),
        **parts,
    }


def sets_around(workflow: Workflow, at: datetime) -> list[Json]:
    """Every set that was in force within an hour of the moment, oldest first."""
    begins = list(
        ControlSet.objects.filter(workflow=workflow)
        .order_by("number")
        .values_list("number", "sha256", "effective_from")
    )
    ends = [begin for _, _, begin in begins[1:]] + [None]
    return [
        {"number": number, "sha256": sha256, "from": moment(begin), "until": moment(until)}
        for (number, sha256, begin), until in zip(begins, ends, strict=True)
        if begin <= at + AROUND and (until is None or until > at - AROUND)
    ]


def differs_now(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Differs]:
    """What is another now, in words: the set item by item, then what lies outside of it."""
    if then["content"] and now["content"]:
        for one in differences(then["content"], now["content"]):
            rows = one.rows or ({"what": "", "was": "not there", "now": "there"},)
            for row in rows:
                what = f"{one.title}: {row['what']}" if row["what"] else one.title
                yield Differs(what, row["was"], row["now"])
    elif then["content"] or now["content"]:
        yield Differs("Control set", _number(then), _number(now))
    yield from _changed(STATE, then["state"] or {}, now["state"] or {}, "Workflow")
    yield from _queues(then, now)
    yield from _held(then["grants"], now["grants"])


def _queues(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Differs]:
    before = {one["slug"]: one for one in then.get("queues", [])}
    after = {one["slug"]: one for one in now.get("queues", [])}
    for slug in sorted({*before, *after}):
        old, new = before.get(slug), after.get(slug)
        if old is None or new is None:
            yield Differs(f"Queue {slug}", _there(old), _there(new))
            continue
        names = {name: name.replace("_", " ") for name in old if name != "slug"}
        yield from _changed(names, old, new, f"Queue {slug}")


def _held(then: list[Json], now: list[Json]) -> Iterator[Differs]:
    def key(one: Json) -> tuple[str, str, str]:
        return one["person"], one["role"], one["workflow"] or "all workflows"

    before, after = {key(one) for one in then}, {key(one) for one in now}
    for person, role, reach in sorted(before ^ after):
        held = (person, role, reach) in before
        what = f"Grant: {person} as {role.replace('_', ' ')} of {reach}"
        yield Differs(what, "held" if held else "not held", "not held" if held else "held")


def _changed(
    names: Mapping[str, str], old: Mapping[str, Any], new: Mapping[str, Any], of: str
) -> Iterator[Differs]:
    for name, words in names.items():
        if old.get(name) != new.get(name):
            yield Differs(f"{of}: {words}", _text(old.get(name)), _text(new.get(name)))


def _set(control_set: ControlSet | None) -> Json | None:
    if control_set is None:
        return None
    following = ControlSet.objects.filter(
        workflow=control_set.workflow_id, number=control_set.number + 1
    )
    return {
        "number": control_set.number,
        "sha256": control_set.sha256,
        "effective_from": moment(control_set.effective_from),
        "until": moment(following.values_list("effective_from", flat=True).first()),
    }


def _controls(control_set: ControlSet | None) -> list[Json]:
    if control_set is None:
        return []
    versions = versions_of(control_set)
    return [{**one, "version": versions[one["key"]].version} for one in control_set.controls()]


def _state(workflow: Workflow, at: datetime) -> Json | None:
    """The workflow's own fields then, from its history."""
    then = (
        workflow.history.filter(history_date__lte=at)
        .select_related("owner", "deputy")
        .order_by("-history_date", "-history_id")
        .first()
    )
    if then is None:
        return None
    return {
        "name": then.name,
        "stage": then.stage,
        "tier": then.tier,
        "owner": then.owner.username if then.owner else None,
        "deputy": then.deputy.username if then.deputy else None,
        "builders": sorted(one.person.ref for one in then.builders.select_related("person")),
        "paused": then.paused_at is not None or then.stage == "suspended",
        "paused_at": moment(then.paused_at),
        "pause_reason": then.pause_reason or None,
        "all_review": then.all_review,
        "safe_outcome": then.safe_outcome,
        "outage_policy": then.outage_policy,
    }


def _grants(workflow: Workflow, at: datetime) -> list[Json]:
    held = Grant.objects.held_at(at).covering(workflow.slug).select_related("person")
    return [
        {
            "person": one.person.ref,
            "name": one.person.name,
            "role": one.role,
            "workflow": one.workflow or None,
            "since": moment(one.confirmed_at or one.created_at),
            "expires_at": moment(one.expires_at),
        }
        for one in held.order_by("role", "person__name", "workflow")
    ]


def _models(workflow: Workflow, at: datetime) -> list[Json]:
    """The models whose outputs came in lately, newest first. What is judged again since, after a
    pause or under another set, is not another case of its model."""
    with connection.cursor() as cursor:
        cursor.execute(_MODELS, [workflow.pk, at, at - MODELS_SEEN, NEWEST])
        return [
            {
                "name": name,
                "version": version,
                "prompt_version": prompt,
                "cases": cases,
                "last_at": moment(last),
            }
            for name, version, prompt, cases, last in cursor.fetchall()
        ]


def _number(snapshot: Mapping[str, Any]) -> str:
    return f"set {snapshot['control_set']['number']}" if snapshot["control_set"] else "none"


def _there(one: Any) -> str:
    return "there" if one else "not there"


def _text(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
