"""One control change as one vertical record: why, what, what it would have done, who said yes,
what became of it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse

from assurance.accounts.choices import Role
from assurance.accounts.models import Grant
from assurance.controls import approvals, changes, publishing
from assurance.controls.candidates import item_of
from assurance.controls.choices import (
    ChangeKind,
    ChangeStatus,
    InFlight,
    Item,
    Mode,
    ReplayStatus,
    Tier,
    Way,
)
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, ControlSet, Replay
from assurance.controls.presenting import change_preview, change_story, replays, shadow
from assurance.controls.presenting.change_acts import Acts, Offering, Refused
from assurance.controls.presenting.comparing import compared
from assurance.controls.replay import UNFINISHED
from assurance.controls.rooms_above import open_cases
from assurance.controls.shadow_results import IN_SHADOW
from assurance.controls.ways import why_not_tightening

if TYPE_CHECKING:
    from assurance.accounts.models import User

STATUS = {
    ChangeStatus.DRAFT: ("dashed", ""),
    ChangeStatus.IN_REVIEW: ("info", "eye"),
    ChangeStatus.APPROVED: ("ok", "ok"),
    ChangeStatus.PUBLISHED: ("ok", "done"),
    ChangeStatus.DECLINED: ("fail", "x"),
    ChangeStatus.WITHDRAWN: ("", "back"),
    ChangeStatus.LAPSED: ("", "dash"),
}
NUMBERED = re.compile(r"change:([0-9]{1,15})", re.ASCII)
CASE = re.compile(r"CM-([0-9]{1,15})", re.ASCII)
NAMED_AT_MOST = 2
SHORT = 24


def present(
    change: ControlChange,
    user: User,
    at: datetime,
    *,
    refused: Refused | None = None,
    every_released: bool = False,
) -> dict[str, Any]:
    """What `controls/change.html` needs. `every_released`: all known-bad cases, not the first."""
    live = newest_set(change.workflow)
    behind = change.is_open and live.pk != change.base_set_id
    common = publishing.common_items(change, live) if behind else set()
    report = changes.latest_replay(change)
    running = report is not None and report.status in UNFINISHED
    offering = Offering(change, user, at, refused)
    acts = offering.acts(
        common=bool(common), behind=behind, running=running, live=live.change_id == change.pk
    )
    items = compared(change.base_set.content, changes.candidate_of(change))
    return {
        "change": change,
        "workflow": change.workflow,
        "title": what_of(change),
        "tags": tags(change, at),
        "turn": turn(change, at),
        "acts": acts,
        "refusal": refused.error if refused else None,
        "faults": faults(refused, acts),
        "author": name_of(change.author),
        "kind": ChangeKind(change.kind).label,
        "links": [link(one) for one in change.links],
        "in_flight": InFlight(change.in_flight).label,
        "items": items,
        "live_set": live,
        "previewable": change.is_open and bool(change_preview.previewed(change)),
        "behind": _behind(change, live, common) if behind else None,
        "replay": replays.present(report, user, at, every=every_released) if report else None,
        "needs_replay": change.workflow.stage not in changes.EARLY,
        "shadow": _shadow(change, report, at),
        "approver": name_of(change.approver),
        "way": Way(change.way).label if change.way else "",
        "way_alone": change.way in (Way.PILOT, Way.OPERATIONAL, Way.EMERGENCY),
        "made": getattr(change, "published_set", None),
        "ended_by": name_of(change.ended_by) if change.ended_at else "",
        "open_cases": _open_cases(change, at) if change.is_open else None,
        "ratification": _ratification(change, at),
        "entries": change_story.entries(change),
        "states": _states(change, report, behind, bool(common)),
    }


def what_of(change: ControlChange) -> str:
    """What it edits in a few words: "Control LIM-01 and 2 more"."""
    if change.rollback_to_id is not None:
        number = change.rollback_to.number if change.rollback_to else ""
        return f"Return to set {number}"
    names = [together(f"{Item(one['item']).label} {one['key']}".strip()) for one in change.edits]
    if not names:
        return "Nothing yet"
    shown, more = names[:NAMED_AT_MOST], len(names) - NAMED_AT_MOST
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(shown)


def together(words: str) -> str:
    """A short name that no line break takes apart."""
    return words.replace(" ", "\N{NO-BREAK SPACE}") if len(words) <= SHORT else words


def tags(change: ControlChange, at: datetime) -> list[dict[str, str]]:
    """Status, and what else one must see at once."""
    kind, icon = STATUS[ChangeStatus(change.status)]
    found = [{"label": ChangeStatus(change.status).label, "kind": kind, "icon": icon}]
    if change.kind == ChangeKind.EMERGENCY:
        found.append({"label": "Emergency", "kind": "warn", "icon": "warn"})
    if change.status == ChangeStatus.PUBLISHED and change.way in (Way.PILOT, Way.OPERATIONAL):
        found.append({"label": Way(change.way).label, "kind": "", "icon": "user"})
    if change.status == ChangeStatus.PUBLISHED and change.awaits_ratification:
        late = change.ratify_by is not None and change.ratify_by <= at
        label = "Not ratified in time" if late else "Waits for ratification"
        found.append({"label": label, "kind": "fail" if late else "warn", "icon": "ring"})
    return found


def turn(change: ControlChange, at: datetime) -> str:
    """Whom it waits for, in a sentence; empty once it is over."""
    if change.status == ChangeStatus.DRAFT:
        return f"Waits for {name_of(change.author)}, who has not submitted it."
    if change.status == ChangeStatus.IN_REVIEW:
        names = second_persons(change, at)
        if not names:
            return (
                "Waits for a second governance owner, and there is none who neither wrote it nor "
                f"built {change.workflow.name}. Grant the role to one more person."
            )
        return f"Waits for a second person: {_or(names)}."
    if change.status == ChangeStatus.APPROVED:
        if change.start_at is not None:
            return f"Goes live by itself on {change.start_at:%-d %B %Y, %H:%M} UTC."
        return "Goes live within seconds."
    if change.status == ChangeStatus.PUBLISHED and change.awaits_ratification:
        names = second_persons(change, at)
        return f"Is live and waits to be ratified by {_or(names) if names else 'a second person'}."
    return ""


def second_persons(change: ControlChange, at: datetime) -> list[str]:
    """Who could approve it: governance owners who neither wrote it nor built the workflow."""
    grants = (
        Grant.objects.effective(at)
        .of_role(Role.GOVERNANCE)
        .covering(change.workflow.slug)
        .exclude(person_id=change.author_person_id or 0)
        .exclude(person__in=change.editors.all())
        .exclude(person__in=change.workflow.builders.all())
    )
    return sorted(set(grants.values_list("person__name", flat=True)))


def name_of(user: Any) -> str:
    return user.full_name_or_username if user is not None else "Countermark"


def _or(names: list[str]) -> str:
    shown = names[:3] + (["another governance owner"] if len(names) > 3 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def faults(refused: Refused | None, acts: Acts) -> list[dict[str, str]]:
    """What to mend, each with the id of its field where the page has that field."""
    if refused is None:
        return []
    known = {"note", "reason", "kind", "links", "start_at", "in_flight", "shadow_explanation"}
    found = []
    for one in refused.error.errors:
        name = one["pointer"].strip("/")
        fault = {"message": one["message"]}
        if name in known:
            fault["id"] = f"{'edit' if _of_edit(name, refused) else refused.act}-{name}"
        found.append(fault)
    return found


def _of_edit(name: str, refused: Refused) -> bool:
    """Submitting asks for a reason, which stands in the form above."""
    return name not in refused.typed and refused.act in ("submit", "publish")


def link(text: str) -> dict[str, str]:
    """A link of a change: an address, a case, another change, or only words."""
    if text.startswith(("https://", "http://")):
        return {"text": text, "url": text, "outside": "yes"}
    if found := NUMBERED.fullmatch(text):
        return {"text": f"Change {found[1]}", "url": reverse("change", args=[int(found[1])])}
    if found := CASE.fullmatch(text):
        try:
            return {"text": text, "url": reverse("reviews:case", args=[text])}
        except NoReverseMatch:
            return {"text": text, "url": ""}
    return {"text": text, "url": ""}


def _behind(
    change: ControlChange, live: ControlSet, common: set[tuple[str, str]]
) -> dict[str, Any]:
    """What went live since its base, and, of the items that both edit, both differences."""
    base = change.base_set.content
    return {
        "live": live,
        "by": [
            one
            for one in ControlChange.objects.filter(
                workflow=change.workflow_id, published_set__number__gt=change.base_set.number
            ).order_by("number")
            if one.touched() & common
        ],
        "theirs": compared(base, live.content, only=common, of="live") if common else [],
        "ours": compared(base, changes.candidate_of(change), only=common, of="wanted")
        if common
        else [],
    }


def _shadow(change: ControlChange, report: Replay | None, at: datetime) -> dict[str, Any] | None:
    """Whether shadow is asked for first, what stands in its place, and what was seen there. None
    where a change enforces nothing in a high tier and no control of it is in shadow."""
    base = change.base_set.content
    keys = [
        one["key"]
        for one in change.edits
        if one["item"] == Item.CONTROL
        and one["content"] is not None
        and one["content"]["mode"] == Mode.ENFORCED
    ]
    seen = []
    if change.is_open:
        before = {key: item_of(base, Item.CONTROL, key) for key in keys}
        watched = [key for key, one in before.items() if one and one["mode"] in IN_SHADOW]
        seen = [one for key in watched if (one := shadow.present(change.workflow, key, at))]
    wanted = change.workflow.tier == Tier.HIGH and change.workflow.stage not in changes.EARLY
    if not (keys and wanted and change.is_open) and not seen and not change.shadow_explanation:
        return None
    done = report is not None and report.status == ReplayStatus.DONE
    missing = approvals.shadow_missing(change, report) if done and report else None
    tightens = why_not_tightening(base, change.edits) is None
    met = tightens or bool(change.shadow_explanation) or (done and not missing)
    return {
        "state": "done" if met else "bad" if missing else "todo",
        "explanation": change.shadow_explanation,
        "missing": missing,
        "tightens": tightens,
        "known": done,
        "seen": seen,
    }


def _open_cases(change: ControlChange, at: datetime) -> int:
    return sum(sum(count(change.workflow, at).values()) for count in open_cases)


def _ratification(change: ControlChange, at: datetime) -> dict[str, Any] | None:
    if change.way != Way.EMERGENCY:
        return None
    return {
        "by": name_of(change.ratified_by) if change.ratified_at else "",
        "at": change.ratified_at,
        "until": change.ratify_by,
        "late": change.unratified_at,
    }


def _states(
    change: ControlChange, report: Replay | None, behind: bool, common: bool
) -> dict[str, str]:
    """How far each step is: done, now, todo, bad, none."""
    status = change.status
    ended_badly = status in (ChangeStatus.DECLINED, ChangeStatus.WITHDRAWN, ChangeStatus.LAPSED)
    submitted = change.submitted_at is not None
    if report is None:
        replayed = "none" if change.workflow.stage in changes.EARLY else "todo"
    elif report.status == ReplayStatus.DONE:
        replayed = "done"
    else:
        replayed = "now" if report.status in UNFINISHED else "bad"
    approval = {
        ChangeStatus.DRAFT: "todo",
        ChangeStatus.IN_REVIEW: "now",
        ChangeStatus.APPROVED: "done",
        ChangeStatus.PUBLISHED: "done",
    }.get(ChangeStatus(status), "bad")
    return {
        "why": "done" if change.reason.strip() else "now",
        "what": "bad" if common else "done" if submitted else "now",
        "replay": replayed,
        "approval": approval,
        "live": "done" if status == ChangeStatus.PUBLISHED else "none" if ended_badly else "todo",
    }
