"""The story of one control: its versions, and the sets that carried each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assurance.controls.control_sets import content_sha256
from assurance.controls.models import ControlSet, ControlVersion


@dataclass(frozen=True, slots=True)
class Carried:
    """One period in which a set carried a version. `until` is None while it does."""

    control_set: ControlSet
    mode: str
    begin: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One version with the periods that carried it, newest first."""

    version: ControlVersion
    periods: tuple[Carried, ...]

    @property
    def live(self) -> Carried | None:
        """The period that goes on, None where this version is live no more."""
        return next((one for one in self.periods if one.until is None), None)


def story_of(key: str) -> list[Told]:
    """Every version of a control, newest first; empty where no set ever had it."""
    versions = list(ControlVersion.objects.filter(key=key).select_related("workflow"))
    if not versions:
        return []
    by_hash = {version.sha256: version.version for version in versions}
    sets = ControlSet.objects.filter(workflow=versions[0].workflow_id).order_by("-number")
    carried: dict[int, list[Carried]] = {}
    until: datetime | None = None
    for one in sets:
        control = _control(one, key)
        if control is not None:
            version = by_hash[content_sha256(control)]
            carried.setdefault(version, []).append(
                Carried(one, control["mode"], one.effective_from, until)
            )
        until = one.effective_from
    return [Told(version, tuple(carried.get(version.version, ()))) for version in versions]


def _control(control_set: ControlSet, key: str) -> dict[str, Any] | None:
    return next((one for one in control_set.controls() if one["key"] == key), None)
