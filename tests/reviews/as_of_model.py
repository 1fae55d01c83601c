"""A plain model of what governs a workflow over time: lists of what began when, and no database.
What `as_of` says of a moment is compared with what this says."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
# From when on, the workflow's state, its queues, and who was away.
Known = tuple[datetime, Json, dict[str, Json], frozenset[str]]

MODELS_SEEN = timedelta(days=30)
AROUND = timedelta(hours=1)


@dataclass(frozen=True)
class Content:
    """What the acts of a history change of a set: each control as (above, effect, mode)."""

    controls: tuple[tuple[str, tuple[int, str, str]], ...]
    purpose: str = "Decide on loans."
    queue: str = "credit-review"
    waivers: tuple[tuple[str, datetime], ...] = ()

    def having(self, key: str, control: tuple[int, str, str] | None) -> Content:
        others = {one: said for one, said in self.controls if one != key}
        now = others if control is None else {**others, key: control}
        return replace(self, controls=tuple(sorted(now.items())))

    def waiving(self, key: str, until: datetime) -> Content:
        return replace(self, waivers=tuple(sorted({**dict(self.waivers), key: until}.items())))


@dataclass
class Held:
    """A grant: from when to when, `since` None while it waits for a second person."""

    person: str
    role: str
    workflow: str
    since: datetime | None
    expires_at: datetime | None = None
    ended_at: datetime | None = None

    def at(self, moment: datetime) -> bool:
        if self.since is None or self.since > moment:
            return False
        return not any(end and end <= moment for end in (self.expires_at, self.ended_at))


@dataclass
class Model:
    """What is true now, and what was true from when on."""

    sets: list[tuple[datetime, Content]]
    state: Json
    queues: dict[str, Json]
    grants: list[Held]
    known: list[tuple[datetime, Json, dict[str, Json], frozenset[str]]] = field(
        default_factory=list
    )
    away: set[str] = field(default_factory=set)
    seen: list[tuple[datetime, tuple[str, str]]] = field(default_factory=list)
    # Emergencies: until when somebody is to ratify each, when the time was over, when it was done.
    emergencies: list[dict[str, datetime | None]] = field(default_factory=list)
    by_two: list[datetime] = field(default_factory=list)

    @property
    def content(self) -> Content:
        return self.sets[-1][1]

    def keep(self, at: datetime) -> None:
        """What is true now has been since this moment."""
        now = (at, deepcopy(self.state), deepcopy(self.queues), frozenset(self.away))
        self.known.append(now)

    def publish(self, content: Content, at: datetime, *, by_two: bool) -> None:
        self.sets.append((at, content))
        if by_two:
            self.by_two.append(at)
            self._may_end_all_review()

    def sweep(self, at: datetime) -> None:
        """What time brings to emergencies that nobody ratified."""
        for one in self.emergencies:
            if not (one["done"] or one["over"]) and one["until"] <= at:  # type: ignore[operator]
                one["over"] = at
                self.state["all_review"] = True

    def ratify(self, number: int, at: datetime) -> None:
        self.emergencies[number]["done"] = at
        self._may_end_all_review()

    def _may_end_all_review(self) -> None:
        lapsed = [one["over"] for one in self.emergencies if one["over"] and not one["done"]]
        if not lapsed or any(said > max(lapsed) for said in self.by_two):
            self.state["all_review"] = False

    # What is asked of it.

    def at(self, moment: datetime, *, now: datetime) -> Json:
        """All that `read` takes out of an as-of, as it has to be."""
        number = sum(begun <= moment for begun, _ in self.sets)
        content = self.sets[number - 1][1]
        _, state, queues, away = [one for one in self.known if one[0] <= moment][-1]
        return {
            "number": number,
            "from": _moment(self.sets[number - 1][0]),
            "until": _moment(self._ends(number)),
            "controls": {
                key: {"above": said[0], "effect": said[1], "mode": said[2],
                      "version": self._version(number, key)}
                for key, said in content.controls
            },
            "purpose": content.purpose,
            "queue": content.queue,
            "waivers": sorted(key for key, until in content.waivers if until > moment),
            "state": state,
            "queues": queues,
            "grants": sorted(
                (one.person, one.role, one.workflow, _moment(one.since), _moment(one.expires_at))
                for one in self.grants
                if one.at(moment) and one.person not in away
            ),
            "models": self._models(moment),
            "around": [
                n for n, (begun, _) in enumerate(self.sets, 1)
                if begun <= moment + AROUND
                and ((ends := self._ends(n)) is None or ends > moment - AROUND)
            ],
            "differs": self._differs(moment, now),
        }  # fmt: skip

    def _ends(self, number: int) -> datetime | None:
        return self.sets[number][0] if number < len(self.sets) else None

    def _version(self, number: int, key: str) -> int:
        """Contents counted as they came, the mode left out; an old content has its old number."""
        contents: list[tuple[int, str]] = []
        for _, content in self.sets[:number]:
            said = dict(content.controls).get(key)
            if said is not None and said[:2] not in contents:
                contents.append(said[:2])
        said = dict(self.sets[number - 1][1].controls)[key]
        return contents.index(said[:2]) + 1

    def _models(self, moment: datetime) -> dict[tuple[str, str], tuple[int, str | None]]:
        lately = [(at, one) for at, one in self.seen if moment - MODELS_SEEN < at <= moment]
        last = {one: at for at, one in lately}
        many = Counter(one for _, one in lately)
        return {one: (many[one], _moment(last[one])) for one in last}

    def _differs(self, moment: datetime, now: datetime) -> bool:
        """Whether anything but the models at work is another now."""

        def whole(at: datetime) -> Any:
            _, state, queues, away = [one for one in self.known if one[0] <= at][-1]
            held = {(g.person, g.role, g.workflow) for g in self.grants if g.at(at)}
            held = {one for one in held if one[0] not in away}
            content = [c for begun, c in self.sets if begun <= at][-1]
            state = {name: said for name, said in state.items() if name != "paused_at"}
            return content, state, queues, held

        return whole(moment) != whole(now)


def read(told: Json) -> Json:
    """The same out of what `as_of` says."""
    found, rules = told["control_set"], {one["name"]: one for one in told["rules"]}
    return {
        "number": found["number"],
        "from": found["effective_from"],
        "until": found["until"],
        "controls": {
            one["key"]: {"above": one["condition"]["value"], "effect": one["effect"],
                         "mode": one["mode"], "version": one["version"]}
            for one in told["controls"]
        },
        "purpose": told["specification"]["purpose"],
        "queue": rules["Everything else"]["queue"],
        "waivers": sorted(one["key"] for one in told["waivers"]),
        "state": told["state"],
        "queues": {one["slug"]: one for one in told["queues"]},
        "grants": sorted(
            (one["person"], one["role"], one["workflow"] or "", one["since"], one["expires_at"])
            for one in told["grants"]
        ),
        "models": {
            (one["name"], one["version"]): (one["cases"], one["last_at"]) for one in told["models"]
        },
        "around": [one["number"] for one in told["sets_around"]],
        "differs": bool(told["differs_now"]),
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
