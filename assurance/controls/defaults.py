"""The content of a control set with every default written out.

A set is hashed and never edited, so what it means must not hang on a default that a later
release changes: `completed` writes all of them down. Doing it twice changes nothing. It does not
judge: what is wrong with a source is for `validation`, which looks at it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assurance.controls.choices import Disposition, FailurePolicy, Kind, Mode

Json = dict[str, Any]

CONTROL: Json = {
    "key": None,
    "name": "",
    "purpose": "",
    "kind": None,
    "owner": None,
    "failure_scenario": "",
    "boundary": None,
    "mode": Mode.ENFORCED.value,
    "condition": None,
    "effect": None,
    "check": None,
    "effects": None,
    "failure_policy": None,
    "on_error": None,
    "on_unknown": None,
    "reroute_to": None,
    "instructions": None,
    "message": "",
    "priority": 100,
}
# What a verification control says where it does not say.
EFFECTS: Json = {
    "fail": Disposition.REVIEW.value,
    "inconclusive": Disposition.REVIEW.value,
}
RULE: Json = {
    "name": "",
    "position": None,
    "condition": None,
    "queue": None,
    "priority": None,
    "due_in": None,
    "catch_all": None,
}
BOUNDARY: Json = {"number": None, "text": "", "clause": ""}
ACTION: Json = {"name": None, "reversible": False, "verification_required": False}
REASON: Json = {
    "code": None,
    "group": "",
    "label": "",
    "outcomes": None,
    "starter": "",
    "text_required": False,
}

WAIVER: Json = {
    "key": None,
    "control": None,
    "condition": None,
    "reason": "",
    "expires_at": None,
}

OUTCOMES = ("approve", "correct", "reject", "escalate", "return")
# By outcome, or by outcome and the case's priority: characters of rationale, number of reasons.
RATIONALE_MIN: Json = {
    "approve": {"low": 0, "medium": 0, "high": 40},
    "correct": 40,
    "reject": 20,
    "escalate": 20,
    "return": 20,
}
REASONS_REQUIRED: Json = {
    "approve": {"low": 0, "medium": 1, "high": 1},
    "correct": 1,
    "reject": 1,
    "escalate": 1,
    "return": 1,
}


def _reason(
    code: str, group: str, label: str, *outcomes: str, starter: str = "", **more: Any
) -> Json:
    return REASON | {
        "code": code,
        "group": group,
        "label": label,
        "outcomes": list(outcomes) or None,
        "starter": starter,
        **more,
    }


# What a queue offers until its owners write their own list. Each outcome finds several.
REASONS: tuple[Json, ...] = (
    _reason("checked-sources", "Figure", "Figures agree with sources", "approve"),
    _reason(
        "figure-wrong", "Figure", "Figure wrong", "correct", "reject", "return", "escalate",
        starter="The figure should be ",
    ),
    _reason("figure-rounded", "Figure", "Figure miscalculated",
            "correct", "reject", "return"),
    _reason("source-missing", "Source", "Source missing", "reject", "return", "escalate",
            starter="Please add "),
    _reason("source-misread", "Source", "Source misread", "correct", "reject", "return"),
    _reason("source-disputed", "Source", "Sources disagree",
            "correct", "reject", "return", "escalate"),
    _reason("within-policy", "Policy", "Within policy", "approve"),
    _reason("against-policy", "Policy", "Against policy",
            "correct", "reject", "return", "escalate", starter="The policy says "),
    _reason("policy-unclear", "Policy", "Policy is silent", "escalate", "reject",
            starter="The policy does not say "),
    _reason("exception", "Policy", "Justified exception", "approve", "correct", "escalate",
            starter="An exception is justified because "),
    _reason("harm", "Harm or fairness", "Could harm", "correct", "reject", "escalate"),
    _reason("unfair", "Harm or fairness", "Unequal treatment",
            "correct", "reject", "escalate"),
    _reason("privacy", "Privacy", "Personal data",
            "correct", "reject", "return", "escalate"),
    _reason("identity", "Identity or authority", "Identity unclear",
            "reject", "return", "escalate"),
    _reason("beyond-authority", "Identity or authority", "Beyond my authority", "escalate",
            starter="Please decide whether "),
    _reason("tone", "Tone", "Tone or wording", "correct", "return"),
    _reason("system-fault", "System fault", "System fault",
            "correct", "reject", "return", "escalate"),
    _reason("control-wrong", "Control", "Control was wrong", "approve", "correct",
            "escalate"),
    _reason("other", "Other", "Other", text_required=True),
)  # fmt: skip


def completed(source: Mapping[str, Any]) -> Json:
    """`specification controls rules queue_policies waivers` of a source, every default written out.

    Lists keep what they mean and lose what they do not: controls are in order of their keys,
    rules of their positions, policies of their queues, boundaries of their numbers. Every queue
    that a rule names has a policy.
    """
    rules = [_rule(rule, number) for number, rule in enumerate(source.get("rules") or (), start=1)]
    policies = list(source.get("queue_policies") or ())
    named = {policy.get("queue") for policy in policies}
    silent = sorted({rule["queue"] for rule in rules if rule["queue"]} - named)
    return {
        "specification": _specification(source.get("specification") or {}),
        "controls": sorted(
            (completed_control(control) for control in source.get("controls") or ()),
            key=lambda control: control["key"],
        ),
        "rules": sorted(rules, key=lambda rule: rule["position"]),
        "queue_policies": sorted(
            [queue_policy(policy) for policy in [*policies, *({"queue": q} for q in silent)]],
            key=lambda policy: policy["queue"],
        ),
        "waivers": sorted(
            (_with(WAIVER, waiver) for waiver in source.get("waivers") or ()),
            key=lambda waiver: waiver["key"],
        ),
    }


def completed_control(source: Mapping[str, Any]) -> Json:
    """One control with every default. The kind follows from having a check where it is not said;
    what does not belong to the kind is null."""
    control = _with(CONTROL, source)
    if control["kind"] is None:
        control["kind"] = (Kind.VERIFICATION if control["check"] else Kind.POLICY).value
    if control["kind"] == Kind.VERIFICATION:
        check = control["check"] or {}
        control["check"] = {"name": check.get("name"), "params": dict(check.get("params") or {})}
        control["effects"] = EFFECTS | dict(control["effects"] or {})
        control["failure_policy"] = control["failure_policy"] or FailurePolicy.CLOSED_HOLD.value
        control["on_error"] = control["on_error"] or Disposition.REVIEW.value
    return control


def queue_policy(source: Mapping[str, Any]) -> Json:
    """One queue's decision policy with every default: what may be decided, by which reasons, and
    how much must be said. `queue_policy({"queue": slug})` is the default one."""
    outcomes = list(source.get("outcomes") or OUTCOMES)
    reasons = source.get("reasons")
    return {
        "queue": source.get("queue"),
        "outcomes": outcomes,
        "reasons": [_with(REASON, reason) for reason in (REASONS if reasons is None else reasons)],
        "rationale_min": _by_outcome(RATIONALE_MIN, source.get("rationale_min")),
        "reasons_required": _by_outcome(REASONS_REQUIRED, source.get("reasons_required")),
    }


def least(policy: Mapping[str, Any], name: str, outcome: str, priority: str) -> int:
    """How much a decision needs: `name` is `rationale_min` (characters) or `reasons_required`."""
    said = policy[name][outcome]
    return said[priority] if isinstance(said, Mapping) else said


def _with(defaults: Json, source: Mapping[str, Any]) -> Json:
    """The source over its defaults, keys in the defaults' order. A null where the default is not
    one says nothing."""
    return {
        name: source[name] if source.get(name) is not None else default
        for name, default in defaults.items()
    }


def _specification(source: Mapping[str, Any]) -> Json:
    boundaries: Iterable[Json] = (_with(BOUNDARY, one) for one in source.get("boundaries") or ())
    actions: Sequence[Json] = [_with(ACTION, one) for one in source.get("actions") or ()]
    return {
        "purpose": source.get("purpose") or "",
        "boundaries": sorted(boundaries, key=lambda boundary: boundary["number"]),
        "actions": actions,
    }


def _rule(source: Mapping[str, Any], number: int) -> Json:
    rule = _with(RULE, source)
    rule["position"] = number if rule["position"] is None else rule["position"]
    return rule


def _by_outcome(defaults: Json, source: Mapping[str, Any] | None) -> Json:
    """Each outcome's figure; a plain number where the default goes by priority counts for all."""
    said = _with(defaults, source or {})
    return {outcome: _by_priority(said[outcome], default) for outcome, default in defaults.items()}


def _by_priority(said: Any, default: Any) -> Any:
    if isinstance(said, Mapping):
        base: Json = (
            dict(default)
            if isinstance(default, Mapping)
            else dict.fromkeys(("low", "medium", "high"), default)
        )
        return _with(base, said)
    if isinstance(default, Mapping):
        return dict.fromkeys(default, said)
    return said
