"""Forms of the admin: a workflow as its owners change it, and lengths of time as text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from assurance.accounts.models import Person, User
from assurance.controls.changes import EARLY
from assurance.controls.checks.json_schema import schema_problems
from assurance.controls.choices import Tier
from assurance.controls.definition_templates import link_problems, template_problems
from assurance.controls.definition_workflows import MOST_LINKS
from assurance.controls.durations import DurationError, parse_duration, write_duration
from assurance.controls.fields import catalogue_from_schemas
from assurance.controls.models import Workflow


class LengthField(forms.CharField):
    """A length of time as ISO 8601 text: PT20M, P2D. With `or_none`, PT0S is none at all."""

    def __init__(self, *, or_none: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.or_none = or_none

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, timedelta):
            return write_duration(value) if value else "PT0S"
        return value

    def clean(self, value: Any) -> timedelta | None:
        text = super().clean(value)
        if not text:
            return None
        if text == "PT0S" and self.or_none:
            return timedelta(0)
        try:
            return parse_duration(text)
        except DurationError as refusal:
            raise ValidationError(str(refusal)) from refusal

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((self.prepare_value(initial) or "") != (data or ""))


class WorkflowForm(forms.ModelForm):
    """A workflow. What its schemas and templates may hold is the same as in a definition file."""

    proceed_validity = LengthField(
        required=False, help_text="How long an answer to go ahead holds, as PT20M or P2D."
    )
    by: User

    class Meta:
        model = Workflow
        fields = [
            "name",
            "owner",
            "deputy",
            "builders",
            "tier",
            "safe_outcome",
            "safe_reroute_to",
            "outage_policy",
            "proceed_validity",
            "title_template",
            "link_templates",
            "output_schema",
            "context_schema",
        ]
        # Django's two boxes set inline styles, which the browser must refuse here.
        widgets = {"builders": forms.CheckboxSelectMultiple}

    def clean_builders(self) -> Any:
        """A builder is kept from reviewing and approving, so nobody takes themselves in or out."""
        chosen = set(self.cleaned_data["builders"])
        before: set[Person] = set(self.instance.builders.all()) if self.instance.pk else set()
        if self.by.person in chosen ^ before:
            raise ValidationError(
                "Whether you built this workflow is for another governance owner to say. Leave "
                "yourself as you were."
            )
        return self.cleaned_data["builders"]

    def clean_tier(self) -> str:
        """A lower tier asks less of every change and of the gate, and conditions may name it: what
        two persons hold up, one does not lower."""
        tier: str = self.cleaned_data["tier"]
        order = list(Tier.values)
        lower = order.index(tier) < order.index(self.instance.tier)
        if lower and self.instance.stage not in EARLY:
            raise ValidationError(
                "Beyond the pilot the tier is not lowered. Move the workflow back to pilot on its "
                "gate page, lower it there, and let two persons take it on again."
            )
        return tier

    def clean_link_templates(self) -> Any:
        links = self.cleaned_data["link_templates"] or []
        sound = isinstance(links, list) and all(
            isinstance(link, dict)
            and set(link) == {"label", "url"}
            and all(isinstance(part, str) and part for part in link.values())
            for link in links
        )
        if not sound or len(links) > MOST_LINKS:
            raise ValidationError(
                'Write a list such as [{"label": "Core", "url": "https://core.example/{subject}"}]'
                f", with at most {MOST_LINKS} links."
            )
        return links

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        schemas = {name: found.get(name) for name in ("output_schema", "context_schema")}
        for name, schema in schemas.items():
            if schema is not None:
                self._tell(name, schema_problems(schema))
        if any(name in self.errors for name in schemas):
            return found
        catalogue = catalogue_from_schemas(schemas["output_schema"], schemas["context_schema"])
        title = found.get("title_template") or ""
        self._tell("title_template", template_problems(title, "", catalogue))
        for index, link in enumerate(found.get("link_templates") or []):
            self._tell("link_templates", link_problems(link["url"], f"/{index}", catalogue))
        return found

    def _tell(self, name: str, problems: list[Any]) -> None:
        for problem in problems:
            at = f"{problem.pointer}: " if problem.pointer else ""
            self.add_error(name, f"{at}{problem.message}")
