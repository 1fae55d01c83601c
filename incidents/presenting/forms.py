"""What a person may do with an incident now, as forms of `controls/_act.html`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role
from assurance.controls.choices import Disposition
from assurance.errors import DomainError
from incidents.choices import STEPS, CaseKind, IncidentState, Remedy, Severity
from incidents.containment import STOPPERS
from incidents.lifecycle import LEADERS, OPENERS
from incidents.models import Incident

if TYPE_CHECKING:
    from assurance.accounts.models import User

Form = dict[str, Any]
MOMENT = "%Y-%m-%dT%H:%M"
CHANGES = [("tighten", "Tightens"), ("reroute", "Reroutes")]


@dataclass(frozen=True)
class Refused:
    """An act that was refused: which, what was typed, and why."""

    act: str
    typed: Mapping[str, str]
    error: DomainError


class Offering:
    """The acts on one incident for one person at one moment."""

    def __init__(
        self, incident: Incident, user: User, at: datetime, refused: Refused | None = None
    ) -> None:
        slug = incident.workflow.slug
        self.incident, self.refused = incident, refused
        self.leads = has_role(user, LEADERS, slug, at)
        self.notes = has_role(user, OPENERS, slug, at)
        self.stops = has_role(user, STOPPERS, slug, at)
        self.governs = has_role(user, Role.GOVERNANCE, slug, at)

    def acts(self) -> dict[str, list[Form]]:
        """By the section of the page in which they stand."""
        is_open = not self.incident.is_over
        return {
            "state": [self.step(), self.describe()]
            if self.leads and is_open
            else [self.step()]
            if self.leads
            else [],
            "containment": [*self.containing()] if is_open else [],
            "cases": [self.by_name(), self.by_query(), self.remedy()]
            if self.leads and is_open
            else [],
            "timeline": [self.note()] if self.notes else [],
        }

    def containing(self) -> Iterable[Form]:
        if self.stops and not self.incident.workflow.is_paused:
            why = f"Why is {self.incident.workflow.name} paused?"
            yield self.form(
                "pause",
                "Pause the workflow",
                [self.area("pause", "reason", why)],
                say="At once: each new case is held and nothing leaves. A governance owner resumes "
                "it.",
            )
        if self.governs:
            yield self.form(
                "draft",
                "Draft a change",
                [
                    self.choice("draft", "kind", "It", CHANGES),
                    self.area("draft", "reason", "What shall it stop?"),
                ],
                say="Begins a control change that names this incident. It contains nothing until "
                "it is live.",
            )
        if self.leads:
            yield self.form(
                "link",
                "Tie to a change",
                [
                    self.field("link", "change", "Number of the change", kind="number"),
                    self.choice("link", "kind", "It", CHANGES),
                    self.area("link", "reason", "What does it stop?"),
                ],
            )

    def step(self) -> Form:
        steps = STEPS[IncidentState(self.incident.state)]
        return self.form(
            "transition",
            "Move it on",
            [
                self.choice("transition", "to", "Next", [(str(s), s.label) for s in steps]),
                self.area("transition", "reason", "Why?"),
            ],
        )

    def describe(self) -> Form:
        one = self.incident
        form = self.form(
            "describe",
            "Save",
            [
                self.field("describe", "title", "Title", value=one.title),
                self.area("describe", "summary", "What is known", one.summary, required=False),
                self.area(
                    "describe",
                    "finding",
                    "What failed in the runtime path",
                    one.finding,
                    required=False,
                ),
                self.choice(
                    "describe",
                    "severity",
                    "Severity",
                    [(str(value), label) for value, label in Severity.choices],
                    str(one.severity),
                ),
                self.when("describe", "occurred_at", "When it began", one.occurred_at),
                self.when("describe", "aware_at", "When we became aware of it", one.aware_at),
            ],
            title="Describe it",
        )
        return form

    def by_name(self) -> Form:
        return self.form(
            "cases",
            "Add them",
            [
                self.area("cases", "cases", "Cases", hint="References, such as CM-48213."),
                self.choice("cases", "kind", "They are", CaseKind.choices),
            ],
            title="Add cases",
        )

    def by_query(self) -> Form:
        optional: Any = {"optional": True}
        dispositions = [("", "Any"), *Disposition.choices]
        return self.form(
            "query",
            "Find and add them",
            [
                self.field("query", "control", "Control", hint="Its key: LIM-01.", **optional),
                self.field("query", "version", "Version of it", kind="number", **optional),
                self.field("query", "model_version", "Model version", **optional),
                self.choice("query", "disposition", "Disposition", dispositions),
                self.when("query", "received_from", "Received from"),
                self.when("query", "received_until", "Received before"),
                self.choice("query", "kind", "They are", CaseKind.choices, "affected"),
            ],
            say="All that you fill in must hold. What is found now is frozen onto the list.",
            title="Add cases by query",
        )

    def remedy(self) -> Form:
        hint = "References, such as CM-48213. Empty: every harmed case without a remedy."
        return self.form(
            "remedy",
            "Set the remedy",
            [
                self.area("remedy", "cases", "Cases", hint=hint, required=False),
                self.choice("remedy", "remedy", "What was done", Remedy.choices),
                self.area("remedy", "reason", "How, or why none is needed", required=False),
            ],
        )

    def note(self) -> Form:
        return self.form(
            "note",
            "Add the note",
            [
                self.area("note", "text", "What happened?"),
                self.when("note", "about_at", "When, in UTC"),
                self.field(
                    "note",
                    "corrects",
                    "Puts right the note",
                    kind="number",
                    optional=True,
                    hint="Its number. Nothing is edited: both stay.",
                ),
            ],
            title="Add a note",
        )

    # -- pieces of a form ----------------------------------------------------------------------

    def form(
        self, act: str, button: str, fields: list[Form], *, say: str = "", title: str = ""
    ) -> Form:
        return {
            "act": act,
            "url": reverse("incidents:act", args=[self.incident.number, act]),
            "title": title or button,
            "button": button,
            "fields": fields,
            "hidden": {},
            "say": say,
            "open": self.refused is not None and self.refused.act == act,
        }

    def field(
        self, act: str, name: str, label: str, *, kind: str = "text", value: str = "", **more: Any
    ) -> Form:
        error = ""
        if self.refused is not None and self.refused.act == act:
            value = self.refused.typed.get(name, value)
            error = next(
                (
                    one["message"]
                    for one in self.refused.error.errors
                    if one["pointer"].rpartition("/")[2] == name
                ),
                "",
            )
        return {
            "name": name,
            "id": f"{act}-{name}".replace("_", "-"),
            "label": label,
            "kind": kind,
            "value": value,
            "error": error,
            **more,
        }

    def area(
        self,
        act: str,
        name: str,
        label: str,
        value: str = "",
        *,
        required: bool = True,
        hint: str = "",
    ) -> Form:
        return self.field(
            act,
            name,
            label,
            kind="area",
            value=value,
            limit=10_000,
            required=required,
            optional=not required,
            hint=hint,
        )

    def when(self, act: str, name: str, label: str, value: datetime | None = None) -> Form:
        written = value.astimezone(UTC).strftime(MOMENT) if value else ""
        return self.field(
            act, name, label, kind="datetime-local", value=written, hint="UTC.", optional=True
        )

    def choice(
        self, act: str, name: str, label: str, options: Iterable[tuple[str, Any]], value: str = ""
    ) -> Form:
        listed = [{"value": key, "label": str(text)} for key, text in options]
        return self.field(act, name, label, kind="choice", value=value, options=listed)
