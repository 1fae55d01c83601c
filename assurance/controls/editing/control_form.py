"""The form of a control, policy or verification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from assurance.accounts.models import User
from assurance.controls.checks.registry import CHECKS
from assurance.controls.choices import ROUTED, Disposition, FailurePolicy, Kind, Mode
from assurance.controls.conditions import Problem
from assurance.controls.defaults import CONTROL, completed_control
from assurance.controls.editing.inputs import JsonText, LinesField, NumberField
from assurance.controls.editing.item_forms import ItemForm, Section, listed, long_text

ORDERS = [(str(one), one.label) for one in Disposition]
REVIEWS = [(str(one), one.label) for one in ROUTED]
MODES = [
    (str(Mode.OFF), "Off: it is not judged"),
    (str(Mode.SHADOW), "Shadow: judged and recorded, without effect"),
    (str(Mode.ADVISE), "Advise: reviewers see what it says, it moves no case"),
    (str(Mode.ENFORCED), "Enforced: what it orders happens"),
]
UNKNOWN = [
    ("fire", "As when it fires"),
    ("quiet", "Nothing"),
    *((str(one), one.label) for one in Disposition if one != Disposition.CONTINUE),
]
NULLABLE = ("boundary", "effect", "on_unknown", "failure_policy", "on_error", "reroute_to")
CHECK_FIELDS = ("check_name", "effects_fail", "effects_inconclusive", "failure_policy", "on_error")
POLICY_FIELDS = ("effect", "on_unknown")
PARAMETER = "check_params_"


class ControlForm(ItemForm):
    """A control. Its kind says which inputs there are; its check says which parameters."""

    noun = "control"
    unneeded = frozenset({"key", "name", "purpose", "failure_scenario", "owner", "message"})
    key = forms.CharField(
        label="Key",
        max_length=40,
        help_text="Unique in this installation, such as PAY-07. It never changes.",
    )
    name = forms.CharField(label="Name", max_length=120)
    purpose = long_text("Purpose", "In plain words, for whoever meets it.", required=False, rows=2)
    failure_scenario = long_text("What goes wrong without it", rows=2)
    owner = forms.ChoiceField(label="Owner")
    boundary = forms.ChoiceField(label="Boundary that it guards", required=False)
    mode = forms.ChoiceField(label="Mode", choices=MODES, widget=forms.RadioSelect)
    check_name = forms.ChoiceField(label="Check")
    effect = forms.ChoiceField(label="When it holds, then", choices=ORDERS)
    on_unknown = forms.ChoiceField(
        label="When it cannot be known",
        choices=listed(UNKNOWN, "As usual: what it orders, where a person decides; else review"),
        required=False,
        help_text="A field was missing or of the wrong type.",
    )
    effects_fail = forms.ChoiceField(label="When the check fails", choices=ORDERS)
    effects_inconclusive = forms.ChoiceField(label="When the check is unsure", choices=ORDERS)
    failure_policy = forms.ChoiceField(
        label="When the check could not run",
        choices=[(str(one), one.label) for one in FailurePolicy],
    )
    on_error = forms.ChoiceField(label="Then it goes to", choices=REVIEWS)
    reroute_to = forms.CharField(
        label="Path that takes over",
        max_length=200,
        required=False,
        help_text="Needed where something above reroutes.",
    )
    instructions = long_text(
        "What the system is told to change",
        "Needed where something above returns the case.",
        required=False,
        rows=2,
    )
    message = forms.CharField(
        label="Sentence for the reviewer",
        max_length=500,
        required=False,
        help_text="Fields in braces: “{output.amount} is more than we pay unseen.” Empty: made of "
        "what it found.",
    )
    priority = NumberField(
        label="Priority",
        whole=True,
        required=False,
        help_text="0 to 1000. Of several controls that order the same, the lowest is named first.",
    )

    def new_content(self) -> dict[str, Any]:
        is_policy = self.opened.variant != Kind.VERIFICATION
        wanted = Kind.POLICY if is_policy else Kind.VERIFICATION
        source = {**CONTROL, "kind": str(wanted), "mode": str(Mode.SHADOW), "effect": None}
        return completed_control(source)

    @property
    def is_policy(self) -> bool:
        return self.before["kind"] == Kind.POLICY

    @property
    def empty_condition(self) -> str:  # type: ignore[override]
        return "On every case." if self.is_policy else "Its check runs on every case."

    @property
    def sections(self) -> list[Section]:  # type: ignore[override]
        parameters = tuple(name for name in self.fields if name.startswith(PARAMETER))
        when = "When" if self.is_policy else "When it checks"
        then = ("effect", "on_unknown") if self.is_policy else CHECK_FIELDS[1:]
        hint = "" if self.is_policy else "Where this is false, the check does not apply."
        found = [
            Section(
                "What it is", ("key", "name", "purpose", "failure_scenario", "owner", "boundary")
            ),
            Section("Mode", ("mode",)),
            Section(when, ("condition",), hint),
        ]
        if not self.is_policy:
            found.append(Section("What it checks", ("check_name", *parameters)))
        found.append(Section("Then", (*then, "reroute_to", "instructions")))
        return [*found, Section("What it says", ("message", "priority"))]

    def prepare(self) -> None:
        for name in CHECK_FIELDS if self.is_policy else POLICY_FIELDS:
            del self.fields[name]
        if not self.opened.is_new:
            del self.fields["key"]
        self._choose_people_and_boundaries()
        if not self.is_policy:
            checks = sorted((one.title, name) for name, one in CHECKS.items())
            self._field("check_name").choices = [(name, title) for title, name in checks]
            self._add_parameters()

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def _choose_people_and_boundaries(self) -> None:
        people = User.objects.filter(is_active=True).order_by("username")
        owners = [(one.username, one.full_name_or_username) for one in people[:500]]
        mine = self.before.get("owner")
        if mine and mine not in dict(owners):
            owners.append((mine, f"{mine} (no account now)"))
        self._field("owner").choices = listed(owners, "Choose")
        boundaries = [
            (str(one["number"]), f"{one['number']}. {one['text'][:120]}")
            for one in self.opened.around["specification"]["boundaries"]
        ]
        self._field("boundary").choices = listed(boundaries, "None")

    @property
    def check(self) -> str:
        """The check that is chosen now."""
        said = self.data.get("check_name") if self.is_bound else None
        return said or (self.before["check"] or {}).get("name") or sorted(CHECKS)[0]

    def _add_parameters(self) -> None:
        """One input for each parameter of the check; its schema says of what kind."""
        check = CHECKS.get(self.check)
        if check is None:
            return
        required = check.params_schema.get("required", ())
        for name, shape in check.params_schema.get("properties", {}).items():
            self.fields[f"{PARAMETER}{name}"] = parameter_field(
                name,
                shape,
                is_required=name in required,
                fields=list(self.opened.catalogue.paths()),
            )

    def read_initial(self, content: Mapping[str, Any]) -> dict[str, Any]:
        found = super().read_initial(content)
        check = content.get("check") or {}
        found |= {"check_name": self.check}
        effects = content.get("effects") or {}
        found |= {f"effects_{name}": value for name, value in effects.items()}
        known = CHECKS.get(check.get("name") or "")
        params = known.settled(check["params"]) if known else check.get("params") or {}
        if check.get("name") == self.check:
            found |= {f"{PARAMETER}{name}": _shown(value) for name, value in params.items()}
        return {name: value for name, value in found.items() if name in self.fields}

    def finished(self, content: dict[str, Any]) -> dict[str, Any]:
        said = {name: value for name, value in content.items() if name in CONTROL}
        for name in NULLABLE:
            said[name] = content.get(name) or None
        if said["boundary"] is not None:
            said["boundary"] = int(said["boundary"])
        said["instructions"] = content.get("instructions") or None
        said["priority"] = 100 if content.get("priority") is None else content["priority"]
        if not self.is_policy:
            said["effects"] = {
                name: content.get(f"effects_{name}") or (self.before["effects"] or {}).get(name)
                for name in ("fail", "inconclusive")
            }
            said["check"] = {"name": self.check, "params": self._parameters()}
        return said

    def _parameters(self) -> dict[str, Any]:
        """What was typed; a parameter left at its default is left out unless it was said before."""
        before = self.before["check"] or {}
        kept = before.get("params", {}) if before.get("name") == self.check else {}
        check = CHECKS.get(self.check)
        shapes = check.params_schema.get("properties", {}) if check else {}
        found = {name: value for name, value in kept.items() if name not in shapes}
        for name, shape in shapes.items():
            value = self.cleaned_data.get(f"{PARAMETER}{name}")
            value = (
                {"true": True, "false": False}.get(value, value)
                if isinstance(value, str)
                else value
            )
            unsaid = value in (None, "") or (value == [] and name not in kept)
            if not unsaid and (name in kept or value != shape.get("default")):
                found[name] = kept[name] if kept.get(name) == value else value
        return found

    def tell(self, problem: Problem) -> None:
        pointer = problem.pointer
        if pointer.startswith("/check/params/"):
            name = pointer.split("/")[3]
            pointer = (
                f"/{PARAMETER}{name}" if f"{PARAMETER}{name}" in self.fields else "/check_name"
            )
        elif pointer.startswith("/check"):
            pointer = "/check_name"
        super().tell(Problem(pointer, problem.code, problem.message))


def _shown(value: Any) -> Any:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def parameter_field(
    name: str, shape: Mapping[str, Any], *, is_required: bool, fields: list[str]
) -> forms.Field:
    """The input of one parameter of a check."""
    more: dict[str, Any] = {
        "label": shape.get("title") or name.replace("_", " ").capitalize(),
        "help_text": shape.get("description", ""),
        "required": is_required,
    }
    type_ = shape.get("type")
    if "enum" in shape:
        options = [(one, one) for one in shape["enum"]]
        return forms.ChoiceField(
            choices=options if is_required else listed(options, "Default"), **more
        )
    if type_ == "boolean":
        options = [("true", "Yes"), ("false", "No")]
        return forms.ChoiceField(choices=listed(options, "Default"), **more)
    if type_ in ("number", "integer"):
        return NumberField(whole=type_ == "integer", **more)
    if type_ == "string" and "x-field" in shape:
        return FieldPath(fields, **more)
    if type_ == "string":
        return forms.CharField(**more)
    items = shape.get("items") or {}
    if type_ == "array" and (items.get("type") == "string" or "enum" in items):
        more["help_text"] = f"{more['help_text']} One on each line.".strip()
        return LinesField(widget=forms.Textarea(attrs={"rows": 3}), **more)
    return JsonText(widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}), **more)


class FieldPath(forms.CharField):
    """The path of a field; what is offered are those that the workflow declares."""

    def __init__(self, offered: list[str], **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)
        self.widget.attrs["list"] = "known-fields"
        self.offered = offered
