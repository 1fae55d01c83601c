"""What a person may do with a change now, as forms; and what not, in a sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role
from assurance.controls import alone, approvals, changes
from assurance.controls.choices import ChangeKind, ChangeStatus, InFlight, Tier, Way
from assurance.controls.models import ControlChange
from assurance.controls.ways import why_not_tightening
from assurance.errors import DomainError

if TYPE_CHECKING:
    from assurance.accounts.models import User

Form = dict[str, Any]

RIGHTS = {
    Way.PILOT: "In observe and pilot one governance owner may publish alone. It is marked so.",
    Way.OPERATIONAL: "It is operational: it edits only texts, owners or stricter routing, and its "
    "replay came to the same outcome in every case. The next review lists it.",
    Way.EMERGENCY: "It is an emergency that only tightens. A second person has 24 hours to ratify "
    "it; else a person reviews every case until somebody does.",
}
START = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Refused:
    """An act that was refused: which, what was typed, and why."""

    act: str
    typed: Mapping[str, str]
    error: DomainError

    def messages(self) -> dict[str, str]:
        """The message of each field of the form that the error points at."""
        return {one["pointer"].strip("/"): one["message"] for one in self.error.errors}


@dataclass
class Acts:
    """Forms by the section of the page in which they stand, and what is said beside them."""

    approval: list[Form] = field(default_factory=list)
    later: list[Form] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    edit: Form | None = None
    rebase: Form | None = None
    replay: Form | None = None
    live: list[Form] = field(default_factory=list)


class Offering:
    """The acts of one change for one person at one moment."""

    def __init__(
        self, change: ControlChange, user: User, at: datetime, refused: Refused | None = None
    ) -> None:
        self.change = change
        self.user = user
        self.at = at
        self.refused = refused
        self.governs = has_role(user, Role.GOVERNANCE, change.workflow.slug, at)
        self.why_not_second = approvals.why_not_second(change, user) if self.governs else None

    def acts(self, *, common: bool, behind: bool, running: bool, live: bool) -> Acts:
        """`behind`: another set went live since its base; `common`: and edited the same items;
        `live`: the set that it made is the one in force."""
        acts = Acts()
        change = self.change
        if not self.governs:
            acts.said.append(
                f"A governance owner of {change.workflow.name} writes, approves and publishes its "
                "changes. You may read them."
            )
            return acts
        if change.is_open:
            acts.edit = self.edit()
            acts.replay = self.replay(running)
            if behind and change.status == ChangeStatus.DRAFT:
                acts.rebase = self.rebase()
        if change.status == ChangeStatus.DRAFT:
            self._of_draft(acts, common)
        elif change.status == ChangeStatus.IN_REVIEW:
            self._of_review(acts)
        elif change.status == ChangeStatus.APPROVED:
            acts.later.append(self.withdraw())
        elif change.status == ChangeStatus.PUBLISHED:
            self._of_published(acts, live)
        return acts

    def _of_draft(self, acts: Acts, common: bool) -> None:
        if common:
            acts.said.append(
                "Another set edits the same since. Compare the two above and rebase; then it can "
                "be submitted."
            )
        elif not self.change.reason.strip():
            acts.said.append("Say above why the change is made. Then it can be submitted.")
        else:
            acts.approval.append(self.submit())
            self._alone(acts)
        acts.later.append(self.withdraw())

    def _of_review(self, acts: Acts) -> None:
        if self.why_not_second is not None:
            acts.said.append(self.why_not_second[1])
            self._alone(acts)
        else:
            unproved = self._unproved()
            if unproved is None:
                acts.approval.append(self.approve())
            else:
                acts.said.append(unproved)
            acts.later.append(self.decline())
        acts.later.append(self.withdraw())

    def _of_published(self, acts: Acts, live: bool) -> None:
        if self.change.awaits_ratification:
            if self.why_not_second is None:
                acts.approval.append(self.ratify())
            else:
                acts.said.append(self.why_not_second[1])
        if self.change.way == Way.OPERATIONAL and live:
            acts.live.append(self.form("undo", "Undo at once", plain=True))
        acts.live.append(self.rollback())

    def _alone(self, acts: Acts) -> None:
        """The right to publish alone where there is one; else, for who could, why not."""
        change = self.change
        try:
            way = alone.way_alone(change, self.user, self.at)
        except DomainError as refusal:
            acts.said.append(refusal.sentence)
            if change.kind != ChangeKind.EMERGENCY and self._tightens():
                acts.said.append(
                    "It only tightens. If it cannot wait, make its kind Emergency above: then one "
                    "owner may publish it, and a second person ratifies within 24 hours."
                )
        else:
            acts.later.append(self.publish(way))

    def _tightens(self) -> bool:
        return (
            why_not_tightening(self.change.base_set.content, self.change.edits) is None
            and self.change.workflow.stage not in changes.EARLY
        )

    def _unproved(self) -> str | None:
        try:
            approvals.require_proof(self.change, self.at)
        except DomainError as refusal:
            return refusal.sentence
        return None

    # -- the forms -----------------------------------------------------------------------------

    def submit(self) -> Form:
        return self.form(
            "submit",
            "Submit for approval",
            say="What you see above is frozen and replayed over past cases. Another governance "
            "owner approves exactly that, within seven days.",
            main=True,
        )

    def approve(self) -> Form:
        start = self.change.start_at
        goes = (
            f"It goes live on {start:%-d %B %Y, %H:%M} UTC."
            if start and start > self.at
            else "It goes live at once."
        )
        return self.form(
            "approve",
            "Approve exactly this",
            fields=[
                self.area("approve", "note", "What convinced you?", hint="Kept with the approval.")
            ],
            hidden={"content_sha256": self.change.content_sha256},
            say=goes,
            main=True,
        )

    def decline(self) -> Form:
        return self.form(
            "decline",
            "Decline",
            fields=[self.area("decline", "note", "Why not? Its author reads this.", required=True)],
        )

    def withdraw(self) -> Form:
        return self.form(
            "withdraw",
            "Withdraw",
            fields=[self.area("withdraw", "note", "Why is it taken back?", optional=True)],
            say="Nothing of it goes live. The record of it stays.",
        )

    def publish(self, way: Way) -> Form:
        return self.form("publish", "Publish without a second person", say=RIGHTS[way])

    def ratify(self) -> Form:
        says = "You are its second person."
        if self.change.workflow.all_review:
            says += " The review of every case, which began for want of one, ends with it."
        return self.form(
            "ratify",
            "Ratify",
            say=says,
            main=True,
        )

    def rebase(self) -> Form:
        return self.form(
            "rebase",
            "Rebase onto the live set",
            say="Its edits then stand on the live set. Read it once more, and submit it.",
            main=True,
        )

    def rollback(self) -> Form:
        return self.form(
            "rollback",
            "Roll back",
            fields=[
                self.area("rollback", "reason", "Why does the older set return?", required=True)
            ],
            say="Drafts the return to the set that this change replaced. It is approved like any "
            "other change.",
        )

    def replay(self, running: bool) -> Form:
        if running:
            return self.form("cancel", "Cancel the replay", plain=True)
        return self.form("replay", "Replay it now", plain=True)

    def edit(self) -> Form:
        change = self.change
        start = change.start_at.astimezone(UTC).strftime(START) if change.start_at else ""
        fields = [
            self.area("edit", "reason", "Why is it made?", value=change.reason, limit=5000),
            self.choice("edit", "kind", "Kind", ChangeKind.choices, change.kind),
            self.area(
                "edit",
                "links",
                "Links",
                value="\n".join(change.links),
                hint="One a line: an address, or CM-48213, or change:12.",
                optional=True,
            ),
            self.field(
                "edit",
                "start_at",
                "Goes live, in UTC",
                kind="datetime-local",
                value=start,
                hint="Empty: as soon as it is approved.",
                optional=True,
            ),
            self.choice(
                "edit", "in_flight", "Cases that are open then", InFlight.choices, change.in_flight
            ),
        ]
        if change.workflow.tier == Tier.HIGH or change.shadow_explanation:
            fields.append(
                self.area(
                    "edit",
                    "shadow_explanation",
                    "Why not in shadow first?",
                    value=change.shadow_explanation,
                    hint="Stands in place of 7 days and 200 assessments in shadow. Its approver "
                    "reads it.",
                    limit=5000,
                    optional=True,
                )
            )
        back = change.status in (ChangeStatus.IN_REVIEW, ChangeStatus.APPROVED)
        form = self.form(
            "edit",
            "Save",
            fields=fields,
            title="Edit this",
            say="It is back to a draft then, and is submitted again." if back else "",
        )
        form["open"] = form["open"] or not change.reason.strip()
        return form

    # -- pieces of a form ----------------------------------------------------------------------

    def form(
        self,
        act: str,
        button: str,
        *,
        fields: list[Form] | None = None,
        hidden: dict[str, str] | None = None,
        say: str = "",
        title: str = "",
        main: bool = False,
        plain: bool = False,
    ) -> Form:
        """`main` stands open; `plain` is a button alone; the others unfold under their title."""
        return {
            "act": act,
            "url": reverse("change_act", args=[self.change.number, act]),
            "title": title or button,
            "button": button,
            "fields": fields or [],
            "hidden": hidden or {},
            "say": say,
            "main": main,
            "plain": plain,
            "open": self.refused is not None and self.refused.act == act,
        }

    def field(
        self, act: str, name: str, label: str, *, kind: str = "text", value: str = "", **more: Any
    ) -> Form:
        error = ""
        if self.refused is not None and self.refused.act == act:
            value = self.refused.typed.get(name, value)
            error = self.refused.messages().get(name, "")
        return {
            "name": name,
            "id": f"{act}-{name}",
            "label": label,
            "kind": kind,
            "value": value,
            "error": error,
            "limit": 2000,
            **more,
        }

    def area(self, act: str, name: str, label: str, **more: Any) -> Form:
        return self.field(act, name, label, kind="area", **more)

    def choice(
        self, act: str, name: str, label: str, options: Any, value: str, **more: Any
    ) -> Form:
        listed = [{"value": key, "label": text} for key, text in options]
        return self.field(act, name, label, kind="choice", value=value, options=listed, **more)
