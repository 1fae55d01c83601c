"""The nouns of judging: one control's result, one voice, the whole. Plain data, no database."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from assurance.controls.choices import Disposition, Kind, Mode

# Outcomes after which nothing stands against going on.
CALM = ("pass", "not_applicable")


@dataclass(frozen=True, slots=True)
class ControlResult:
    """What one control said of one case.

    `outcome` is `fired` or `unknown` for a policy control, one of the seven verification outcomes
    otherwise. `effect` is what that outcome orders, None where it orders nothing.
    """

    key: str
    version: int
    mode: str
    kind: str
    outcome: str
    effect: str | None = None
    message: str = ""
    findings: tuple[dict[str, Any], ...] = ()
    marks: tuple[dict[str, Any], ...] = ()
    operands: tuple[dict[str, Any], ...] = ()
    reason_code: str = ""
    score: float | None = None
    priority: int = 100
    duration_us: int = 0
    waived_by: str = ""  # the waiver that takes its effect away; it is judged and kept all the same

    @property
    def is_enforced(self) -> bool:
        return self.mode == Mode.ENFORCED

    @property
    def is_calm(self) -> bool:
        return self.outcome in CALM

    @property
    def is_verification(self) -> bool:
        return self.kind == Kind.VERIFICATION

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Voice:
    """Something beside the controls that raises the disposition: caller, stage, paused, …"""

    key: str
    disposition: str
    message: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The whole answer. `disposition` is what happens, `would_be` what every voice together
    would order; they differ where nothing is held (observe). A policy control that is not among
    the `results` was judged and stayed quiet."""

    disposition: Disposition
    would_be: Disposition
    enforced: bool
    decided_by: tuple[str, ...]
    contributing: tuple[str, ...]
    results: tuple[ControlResult, ...]
    voices: tuple[Voice, ...]
    ungoverned: bool
    reroute_to: str = ""
    instructions: str = ""
    duration_us: int = field(default=0, compare=False)

    def reported(self) -> list[ControlResult]:
        """What fired, failed, was unknown or could not run. One not listed stayed quiet."""
        return [result for result in self.results if not result.is_calm]
