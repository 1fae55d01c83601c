"""The forms of a routing rule, a waiver, the specification and a queue's decision policy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms

from assurance.controls.choices import Disposition
from assurance.controls.conditions import Problem
from assurance.controls.defaults import OUTCOMES, RULE, WAIVER, queue_policy
from assurance.controls.definition_rules import KINDS, LEAST_KIND, PRIORITIES
from assurance.controls.editing.inputs import Column, DurationText, NumberField, Table
from assurance.controls.editing.item_forms import ItemForm, Section, listed, long_text
from assurance.controls.queues import queue_kinds

LEVELS = ("low", "medium", "high")
OUTCOME_WORDS = {
    "approve": "Approve",
    "correct": "Correct",
    "reject": "Reject",
    "escalate": "Escalate",
    "return": "Return",
}


class RuleForm(ItemForm):
    """A routing rule. A catch-all has no condition and stays what it catches."""

    noun = "routing rule"
    empty_condition = "No condition yet; a rule needs one."
    name = forms.CharField(
        label="Name", max_length=120, help_text="It is how the rule is known; it never changes."
    )
    position = NumberField(
        label="Position", whole=True, required=False, help_text="The first rule that holds wins."
    )
    queue = forms.ChoiceField(label="Queue")
    priority = forms.ChoiceField(
        label="Priority",
        required=False,
        choices=listed([(one, one.capitalize()) for one in PRIORITIES], "As the workflow's tier"),
    )
    due_in = DurationText(
        label="Due in",
        required=False,
        max_length=40,
        help_text="Such as PT2H or P1D. Empty: as the queue says.",
    )

    sections = (
        Section("What it is", ("name", "position")),
        Section("When", ("condition",)),
        Section("Then", ("queue", "priority", "due_in")),
    )

    def new_content(self) -> dict[str, Any]:
        return dict(RULE)

    @property
    def caught(self) -> str | None:
        return self.before.get("catch_all")

    @property
    def has_condition(self) -> bool:  # type: ignore[override]
        return not self.caught

    def prepare(self) -> None:
        if not self.opened.is_new:
            del self.fields["name"]
        least = KINDS.index(LEAST_KIND[self.caught]) if self.caught else 0
        kinds = {slug: kind for slug, kind in queue_kinds().items() if kind in KINDS}
        offered = [
            (slug, f"{slug} ({kind})")
            for slug, kind in sorted(kinds.items(), key=lambda one: (KINDS.index(one[1]), one[0]))
            if KINDS.index(kind) >= least
        ]
        here = self.before.get("queue")
        if here and here not in dict(offered):
            offered.append((here, f"{here} (there is no such queue now)"))
        queue: Any = self.fields["queue"]
        queue.choices = listed(offered, "Choose")

    def finished(self, content: dict[str, Any]) -> dict[str, Any]:
        content["priority"] = content.get("priority") or None
        if self.opened.is_new and content.get("position") is None:
            content.pop("position", None)
        elif content.get("position") is None:
            content["position"] = self.before["position"]
        return content

    def told(self, condition: Any) -> dict[str, Any]:
        if self.caught:
            word = Disposition(self.caught).label.lower()
            text = f"Takes whatever needs {word} and was taken by no rule before it."
            return {"sentence": [{"text": text, "mono": False}], "cel": ""}
        return super().told(condition)


class WaiverForm(ItemForm):
    """A waiver: which control is waived, for which cases, why, and until when."""

    noun = "waiver"
    empty_condition = "Every case on which the control fires."
    key = forms.CharField(label="Key", max_length=40, help_text="Such as WAI-01.")
    control = forms.ChoiceField(
        label="Control", help_text="It is still judged and recorded: “would have fired, waived”."
    )
    reason = long_text("Why it is waived")
    expires_at = forms.CharField(
        label="Until (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="A waiver always ends.",
    )

    sections = (
        Section("What is waived", ("key", "control")),
        Section("For which cases", ("condition",)),
        Section("Why, and until when", ("reason", "expires_at")),
    )

    def new_content(self) -> dict[str, Any]:
        return dict(WAIVER)

    def prepare(self) -> None:
        if not self.opened.is_new:
            del self.fields["key"]
        control: Any = self.fields["control"]
        known = [(c["key"], f"{c['key']} {c['name']}") for c in self.opened.around["controls"]]
        control.choices = listed(known, "Choose")

    def read_initial(self, content: Mapping[str, Any]) -> dict[str, Any]:
        found = super().read_initial(content)
        moment = _moment(content.get("expires_at"))
        if moment is not None:
            found["expires_at"] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
        return found

    def clean_expires_at(self) -> str:
        said = self.cleaned_data["expires_at"].strip()
        if said == self.initial.get("expires_at"):
            return str(self.before["expires_at"])
        found = _moment(said if "+" in said or said.endswith("Z") else f"{said}+00:00")
        if found is None:
            raise forms.ValidationError(
                f"“{said[:40]}” is no moment. Write it like 2027-01-31T00:00."
            )
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


class SpecificationForm(ItemForm):
    """The workflow's intent: its purpose, numbered boundaries, declared actions."""

    @property
    def label(self) -> str:
        return f"Specification of {self.opened.workflow.name}"

    noun = "specification"
    has_condition = False
    purpose = long_text("Purpose")

    sections = (
        Section("Intent", ("purpose",)),
        Section(
            "Boundaries",
            ("table:boundaries",),
            "What must not happen, and the clause that asks for it. Controls name the number.",
        ),
        Section(
            "Actions",
            ("table:actions",),
            "What the system may do. An action that is not declared goes to governance.",
        ),
    )

    def make_tables(self) -> dict[str, Table]:
        boundaries = (
            Column("number", "Number", "whole"),
            Column("text", "Boundary", "long"),
            Column("clause", "Policy clause"),
        )
        actions = (
            Column("name", "Action"),
            Column("reversible", "Can be taken back", "flag"),
            Column("verification_required", "Needs a verification", "flag"),
        )
        return {
            "boundaries": Table("boundaries", "Boundaries", boundaries, noun="a boundary"),
            "actions": Table("actions", "Actions", actions, noun="an action"),
        }


class PolicyForm(ItemForm):
    """What may be decided in a queue, by which reasons, and how much must be said."""

    noun = "decision policy"
    has_condition = False
    outcomes = forms.MultipleChoiceField(
        label="What may be decided",
        choices=list(OUTCOME_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Nothing could be decided here. Choose at least one."},
    )

    def new_content(self) -> dict[str, Any]:
        return queue_policy({"queue": self.opened.key})

    @property
    def sections(self) -> list[Section]:  # type: ignore[override]
        return [
            Section("Decisions", ("outcomes",)),
            Section(
                "Rationale",
                ("matrix:rationale_min",),
                "Characters that a decision needs at least, by the priority of the case.",
            ),
            Section(
                "Reasons needed",
                ("matrix:reasons_required",),
                "How many reasons a decision names at least, by the priority of the case.",
            ),
            Section(
                "Reasons",
                ("table:reasons",),
                "What a reviewer chooses from, in this order. Decisions: leave empty for all, or "
                "name some of them, with commas.",
            ),
        ]

    def make_tables(self) -> dict[str, Table]:
        columns = (
            Column("code", "Code"),
            Column("label", "Reason"),
            Column("group", "Group"),
            Column("outcomes", "Decisions"),
            Column("starter", "Starting sentence", "raw"),
            Column("text_required", "Needs text", "flag"),
        )
        return {"reasons": Table("reasons", "Reasons", columns, noun="a reason")}

    def prepare(self) -> None:
        for part in ("rationale_min", "reasons_required"):
            for outcome in OUTCOMES:
                for level in LEVELS:
                    self.fields[f"{part}_{outcome}_{level}"] = NumberField(
                        label=f"{OUTCOME_WORDS[outcome]}, {level}", whole=True, max_length=6
                    )

    def read_initial(self, content: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"outcomes": content["outcomes"]}
        for part in ("rationale_min", "reasons_required"):
            for outcome in OUTCOMES:
                said = content[part][outcome]
                for level in LEVELS:
                    value = said[level] if isinstance(said, Mapping) else said
                    found[f"{part}_{outcome}_{level}"] = value
        return found

    def fill_tables(self) -> None:
        self.tables["reasons"].fill(
            [
                {**one, "outcomes": ", ".join(one["outcomes"] or ())}
                for one in self.before.get("reasons") or ()
            ]
        )

    def _has(self, name: str) -> bool:
        return name.startswith("matrix:") or super()._has(name)

    def _shown(self, name: str) -> dict[str, Any]:
        if not name.startswith("matrix:"):
            return super()._shown(name)
        part = name.removeprefix("matrix:")
        figures = [
            {"label": word, "cells": [self[f"{part}_{one}_{level}"] for level in LEVELS]}
            for one, word in OUTCOME_WORDS.items()
        ]
        return {"kind": "matrix", "rows": figures, "title": part.replace("_", " ").capitalize()}

    def typed_values(self) -> dict[str, Any]:
        chosen = self.cleaned_data.get("outcomes", self.before["outcomes"])
        found: dict[str, Any] = {"outcomes": [one for one in OUTCOMES if one in chosen]}
        for part in ("rationale_min", "reasons_required"):
            found[part] = {one: self._figures(part, one) for one in OUTCOMES}
        return found

    def _figures(self, part: str, outcome: str) -> Any:
        """One figure where it was one and still is the same for all, else one for each priority."""
        before = self.before[part][outcome]
        said = {
            level: self.cleaned_data.get(f"{part}_{outcome}_{level}", 0) or 0 for level in LEVELS
        }
        is_one = not isinstance(before, Mapping) and len(set(said.values())) == 1
        return said["low"] if is_one else said

    def finished(self, content: dict[str, Any]) -> dict[str, Any]:
        for reason in content["reasons"]:
            names = [one.strip() for one in reason["outcomes"].split(",") if one.strip()]
            reason["outcomes"] = names or None
        return content

    def tell(self, problem: Problem) -> None:
        parts = problem.pointer.strip("/").split("/")
        if parts[0] in ("rationale_min", "reasons_required") and len(parts) == 2:
            parts.append("low")
        super().tell(Problem("/" + "/".join(parts), problem.code, problem.message))
