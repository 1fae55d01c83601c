"""By which right a change may go live without a second person: computed from what it edits, never
declared. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assurance.controls.assess import on_unknown
from assurance.controls.candidates import item_of
from assurance.controls.checks.external_verifier import is_external
from assurance.controls.choices import Disposition, FailurePolicy, Item, Kind, Mode
from assurance.controls.definition_rules import KINDS, PRIORITIES
from assurance.controls.durations import parse_duration
from assurance.controls.guarding import about_action

# What an operational change may edit of a control and of a rule.
OF_CONTROL = ("message", "owner")
OF_RULE = ("queue", "priority", "due_in")
EFFECTS = ("effect", "on_error")


def why_not_operational(
    base: Mapping[str, Any], edits: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]
) -> str | None:
    """What of the edits is more than operational, in a sentence; None where nothing is. `kinds`
    gives each queue's kind by slug."""
    for edit in edits:
        old, new = item_of(base, edit["item"], edit["key"]), edit["content"]
        name = f"{Item(edit['item']).label.lower()} {edit['key']}".strip()
        if old is None or new is None:
            return f"It {'adds' if new else 'removes'} the {name}."
        if edit["item"] == Item.CONTROL:
            strange = [what for what in _changed(old, new) if what not in OF_CONTROL]
        elif edit["item"] == Item.RULE:
            strange = [what for what in _changed(old, new) if what not in OF_RULE]
            if not strange and (said := _rule_eases(old, new, kinds)):
                return f"The {name} {said}."
        else:
            strange = ["content"]
        if strange:
            return f"It changes the {strange[0].replace('_', ' ')} of the {name}."
    return None


def _rule_eases(
    old: Mapping[str, Any], new: Mapping[str, Any], kinds: Mapping[str, str]
) -> str | None:
    if old["queue"] != new["queue"]:
        ranks = [KINDS.index(k) if (k := kinds.get(one["queue"])) in KINDS else -1
                 for one in (old, new)]  # fmt: skip
        if -1 in ranks or ranks[1] < ranks[0]:
            return "goes to a lower kind of queue"
    if old["priority"] != new["priority"]:
        ranks = [PRIORITIES.index(p) if (p := one["priority"]) else -1 for one in (old, new)]
        if -1 in ranks or ranks[1] < ranks[0]:
            return "does not get a higher priority"
    if old["due_in"] != new["due_in"]:
        if not old["due_in"] or not new["due_in"]:
            return "is due by another clock"
        if parse_duration(new["due_in"]) > parse_duration(old["due_in"]):
            return "is due later"
    return None


def why_not_tightening(base: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]) -> str | None:
    """What of the edits does not tighten by construction, in a sentence; None where all do: an
    enforced control added to a workflow that has one, a control moved to enforced, an effect
    raised. A control that begins to be enforced loosens where it governs what nothing governed,
    or verifies what nothing verified: a person looks at both until then."""
    if not edits:
        return "It edits nothing."
    for edit in edits:
        key, new = edit["key"], edit["content"]
        if edit["item"] != Item.CONTROL:
            return f"It edits the {Item(edit['item']).label.lower()} {key}".strip() + "."
        old = item_of(base, Item.CONTROL, key)
        if new is None:
            return f"It removes the control {key}."
        if old is None and new["mode"] != Mode.ENFORCED:
            return f"The new control {key} is not enforced."
        if old is not None and (said := _loosens(old, new)):
            return f"The control {key} {said}."
        if (old is None or old["mode"] != Mode.ENFORCED) and (said := _lets_go(base, new)):
            return said
    return None


def _lets_go(base: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """What a control that was not enforced so far could let go, although nothing loosens in it."""
    enforced = [one for one in base["controls"] if one["mode"] == Mode.ENFORCED]
    if not any(_governs_all(one) for one in enforced):
        return (
            "The workflow has no enforced control yet that governs every case, so one more could "
            "let cases go."
        )
    if new["kind"] != Kind.VERIFICATION:
        return None
    waived = {waiver["control"] for waiver in base.get("waivers", ())}
    held = any(_holds_all(one) for one in enforced if one["key"] not in waived)
    for action in base["specification"]["actions"]:
        about = about_action(new["condition"], action["name"])
        if action["verification_required"] and about is not False and not held:
            name = action["name"]
            return f"A pass of {new['key']} could let “{name}” go, which nothing verified."
    return None


def _governs_all(control: Mapping[str, Any]) -> bool:
    """Applicable to every case."""
    if control["kind"] == Kind.POLICY:
        return True
    return control["condition"] is None and not is_external(control)


def _holds_all(control: Mapping[str, Any]) -> bool:
    """A verification of every case that lets none go without its own pass."""
    return (
        control["kind"] == Kind.VERIFICATION
        and _governs_all(control)
        and control["failure_policy"] != FailurePolicy.OPEN_FLAGGED
        and all(_raised(Disposition.REVIEW, effect) for effect in control["effects"].values())
    )


def _loosens(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    if new["mode"] != Mode.ENFORCED:
        return "would not be enforced"
    for what in _changed(old, new):
        if what == "mode":
            continue
        if what in EFFECTS and _raised(old[what], new[what]):
            if what == "effect" and not _raised(on_unknown(old), on_unknown(new)):
                return "would order less where a field is missing; say what in `on_unknown` first"
            continue
        if what == "effects" and old["kind"] == Kind.VERIFICATION:
            if all(_raised(old[what][name], new[what][name]) for name in old[what]):
                continue
            return "has a lower effect"
        if what in EFFECTS:
            return "has a lower effect"
        return f"has another {what.replace('_', ' ')}"
    return None


def _raised(old: str | None, new: str | None) -> bool:
    """At least as restrictive."""
    if old is None or new is None:
        return old == new
    return Disposition(new).rank >= Disposition(old).rank


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]
