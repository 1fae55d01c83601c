"""The cases of an incident: found by ids or by a query, frozen as a list, each with its remedy.

The list only grows. A case that proves fine is said to be cleared, and stays on it. What an
incident says of a case becomes a label, from which replay and monitoring learn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from simple_history.utils import bulk_create_with_history

from assurance.accounts.roles import require_role
from assurance.controls.choices import Disposition, LabelSource, LabelValue
from assurance.controls.control_sets import versions_of_all
from assurance.controls.labels import record_label
from assurance.controls.models import Assessment, ControlSet, ControlVersion
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from incidents.choices import HARMED, CaseKind, Remedy
from incidents.lifecycle import LEADERS, LONGEST_TEXT, locked, require_open, tell
from incidents.models import AffectedCase, Incident
from reviews.models import Case
from reviews.querysets import CaseQuerySet

if TYPE_CHECKING:
    from assurance.accounts.models import User

MOST_AT_ONCE = 5_000


@dataclass(frozen=True)
class CaseQuery:
    """Which cases of the workflow: all that was said must hold. `control` with `version`: the set
    that judged it held this version of it; `control` alone: any version of it."""

    control: str = ""
    version: int | None = None
    model_version: str = ""
    disposition: str = ""
    received_from: datetime | None = None
    received_until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not any(asdict(self).values())

    def as_json(self) -> dict[str, Any]:
        said = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return {
            name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
            for name, value in said.items()
        }


def matching(incident: Incident, query: CaseQuery) -> CaseQuerySet:
    """The cases of the incident's workflow that the query finds, oldest first. 422 where it says
    nothing, or names what there is not."""
    if query.is_empty:
        raise invalid(
            "/query",
            "required",
            "Say which cases: a control and its version, a model version, a disposition or a "
            "period.",
        )
    workflow = incident.workflow
    found = Case.objects.filter(workflow=workflow)
    if query.received_from:
        found = found.filter(received_at__gte=query.received_from)
    if query.received_until:
        found = found.filter(received_at__lt=query.received_until)
    if query.disposition:
        if query.disposition not in Disposition.values:
            known = ", ".join(Disposition.values)
            raise invalid("/query/disposition", "not_a_choice", f"Use one of: {known}.")
        found = found.filter(disposition=query.disposition)
    if query.control:
        found = found.filter(control_set__in=_sets_with(incident, query.control, query.version))
    elif query.version is not None:
        raise invalid("/query/version", "no_control", "A version needs its control: name it.")
    if query.model_version:
        judged = Assessment.objects.filter(
            workflow=workflow, facts__model__version=query.model_version
        )
        found = found.filter(pk__in=judged.values("case_id"))
    return found.order_by("received_at", "id")


def _sets_with(incident: Incident, key: str, version: int | None) -> list[int]:
    """The sets of the workflow that held this control, in this version if one was named."""
    versions = ControlVersion.objects.filter(workflow=incident.workflow, key=key)
    wanted = {one.version for one in versions if version in (None, one.version)}
    if not wanted:
        named = f"version {version} of {key}" if version is not None else key
        raise invalid(
            "/query/control",
            "unknown_control",
            f"{incident.workflow.name} never had {named}. Check the key and the version.",
        )
    sets = list(ControlSet.objects.filter(workflow=incident.workflow))
    held = versions_of_all(sets)
    return [
        one.pk
        for one in sets
        if (found := held.get((one.pk, key))) is not None and found.version in wanted
    ]


@patient
@transaction.atomic
def add_cases(
    incident: Incident,
    *,
    kind: str,
    by: User,
    at: datetime,
    ids: Collection[UUID] | None = None,
    query: CaseQuery | None = None,
) -> list[AffectedCase]:
    """Freeze these cases onto the list, those named or those that the query finds now. Ones that
    are on it stay as they are. Returns the new ones.

    403 `role_missing`; 409 `incident_over`; 422 `unknown_case` for one of another workflow,
    `too_many` beyond 5,000.
    """
    incident = locked(incident)
    require_role(by, LEADERS, incident.workflow.slug, at)
    require_open(incident)
    cases = matching(incident, query) if query is not None else _named(incident, ids or ())
    return _freeze(incident, cases, _kind(kind), query, by=by, actor=Actor.person(by), at=at)


@transaction.atomic
def begin_with(
    incident: Incident, ids: Collection[UUID], *, actor: Actor, by: User | None, at: datetime
) -> list[AffectedCase]:
    """What set a new incident off, as whoever opened it says: its triggers. In the transaction
    that opens it. 422 `unknown_case`."""
    cases = _named(incident, ids)
    return _freeze(incident, cases, CaseKind.TRIGGER, None, by=by, actor=actor, at=at)


def _freeze(
    incident: Incident,
    cases: CaseQuerySet,
    kind: str,
    query: CaseQuery | None,
    *,
    by: User | None,
    actor: Actor,
    at: datetime,
) -> list[AffectedCase]:
    listed = set(incident.cases.values_list("case_id", flat=True))
    new = list(cases.exclude(pk__in=listed).only("pk", "received_at")[: MOST_AT_ONCE + 1])
    if len(new) > MOST_AT_ONCE:
        raise invalid(
            "/query",
            "too_many",
            f"These are more than {MOST_AT_ONCE:,} cases. Take a shorter period at a time.",
        )
    if not new:
        return []
    made = bulk_create_with_history(
        [
            AffectedCase(incident=incident, case=case, kind=kind, added_by=by, added_at=at)
            for case in new
        ],
        AffectedCase,
        default_user=by,
        default_date=at,
    )
    _label(incident, [case.pk for case in new], kind, at)
    spoken = {
        "kind": str(kind),
        "query": query.as_json() if query else None,
        "count": len(new),
        "cases": [str(case.pk) for case in new],
    }
    tell(incident, "cases_added", spoken, actor=actor, at=at)
    return made


@patient
@transaction.atomic
def classify(
    incident: Incident, case_id: UUID, *, kind: str, by: User, at: datetime
) -> AffectedCase:
    """Say what a case on the list is to the incident, after somebody looked at it."""
    incident, one = _one(incident, case_id, by=by, at=at)
    was, one.kind = one.kind, _kind(kind)
    if was != one.kind:
        one.save()
        _label(incident, [one.case_id], one.kind, at)
        payload = {"case": str(case_id), "was": was, "kind": one.kind}
        tell(incident, "case_classified", payload, actor=Actor.person(by), at=at)
    return one


@patient
@transaction.atomic
def set_remedy(
    incident: Incident,
    case_ids: Iterable[UUID],
    *,
    remedy: str,
    by: User,
    at: datetime,
    reason: str = "",
) -> list[AffectedCase]:
    """Say what was done for whom these cases were wrong about. “None needed” needs its reason.

    403 `role_missing`; 409 `incident_over`; 422 for a case that is not on the list.
    """
    incident = locked(incident)
    require_role(by, LEADERS, incident.workflow.slug, at)
    require_open(incident)
    if remedy not in Remedy.values:
        raise invalid("/remedy", "not_a_choice", f"Use one of: {', '.join(Remedy.values)}.")
    reason = reason.strip()
    if remedy == Remedy.NONE_NEEDED and not reason:
        raise invalid("/reason", "required", "Say why no remedy is needed for these cases.")
    if len(reason) > LONGEST_TEXT or "\x00" in reason:
        raise invalid("/reason", "too_long", f"Keep it to {LONGEST_TEXT:,} plain characters.")
    wanted = set(case_ids)
    found = list(incident.cases.select_for_update().filter(case_id__in=wanted))
    if not wanted or len(found) < len(wanted):
        raise invalid(
            "/cases",
            "unknown_case",
            f"Name cases that are on the list of {incident.reference}; add them first.",
        )
    for one in found:
        one.remedy, one.remedy_reason = remedy, reason
        one.remedied_by, one.remedied_at = by, at
        one.save()
    spoken = {
        "cases": sorted(str(one.case_id) for one in found),
        "remedy": remedy,
        "reason": reason,
    }
    tell(incident, "remedy_set", spoken, actor=Actor.person(by), at=at)
    return found


def _one(
    incident: Incident, case_id: UUID, *, by: User, at: datetime
) -> tuple[Incident, AffectedCase]:
    incident = locked(incident)
    require_role(by, LEADERS, incident.workflow.slug, at)
    require_open(incident)
    one = incident.cases.select_for_update().filter(case_id=case_id).first()
    if one is None:
        raise DomainError(
            "unknown_case",
            f"This case is not on the list of {incident.reference}. Add it first.",
            status=422,
        )
    return incident, one


def _named(incident: Incident, ids: Collection[UUID]) -> CaseQuerySet:
    found = Case.objects.filter(workflow=incident.workflow, pk__in=ids)
    missing = set(ids) - set(found.values_list("pk", flat=True))
    if missing or not ids:
        raise invalid(
            "/cases",
            "unknown_case",
            f"{len(missing) or 'No'} case of {incident.workflow.name} by "
            f"{'these ids' if missing else 'no id'}. Name cases of this workflow by their id.",
        )
    return found.order_by("received_at", "id")


def _kind(kind: str) -> str:
    if kind not in CaseKind.values:
        raise invalid("/kind", "not_a_choice", f"Use one of: {', '.join(CaseKind.values)}.")
    return str(CaseKind(kind))


# What an incident makes known of a case; of one that is only similar nothing is known yet.
_KNOWN: Mapping[str, LabelValue] = {
    **dict.fromkeys(HARMED, LabelValue.INCORRECT),
    CaseKind.CLEARED: LabelValue.CORRECT,
}


def _label(incident: Incident, case_ids: Iterable[UUID], kind: str, at: datetime) -> None:
    value = _KNOWN.get(CaseKind(kind))
    if value is None:
        return
    for case_id in case_ids:
        record_label(
            case_id=case_id,
            workflow=incident.workflow,
            value=value,
            source=LabelSource.INCIDENT,
            at=at,
            note=incident.reference,
        )
