"""A control set made ready to judge: every condition in one compiled function, every check found.

Built once per set (a set never changes) and kept; building costs about a tenth of a second for
a thousand controls, judging with it microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from assurance.controls.checks.external_verifier import is_external
from assurance.controls.choices import Kind, Mode
from assurance.controls.conditions import compile_conditions
from assurance.controls.fields import Catalogue
from assurance.controls.judgement import ControlResult
from assurance.controls.models import ControlSet, ControlVersion

Verdicts = Callable[[Mapping[str, Any]], list[bool | None]]


@dataclass(frozen=True)
class LiveSet:
    """What `assess` and `first_match` need of one control set. Holds no database object."""

    workflow: str
    number: int
    sha256: str
    controls: tuple[dict[str, Any], ...]
    versions: tuple[int, ...]
    verdicts: Verdicts
    rules: tuple[dict[str, Any], ...]
    rule_verdicts: Verdicts
    waivers: tuple[dict[str, Any], ...]
    waiver_verdicts: Verdicts
    actions: dict[str, dict[str, Any]]
    catalogue: Catalogue

    @cached_property
    def verifications(self) -> tuple[dict[str, Any], ...]:
        return tuple(c for c in self.controls if c["kind"] == Kind.VERIFICATION)

    @cached_property
    def _checks(self) -> tuple[bool, ...]:
        """Of each control, whether it is a verification."""
        return tuple(control["kind"] == Kind.VERIFICATION for control in self.controls)

    @cached_property
    def _has_enforced_policy(self) -> bool:
        return any(
            control["kind"] == Kind.POLICY and control["mode"] == Mode.ENFORCED
            for control in self.controls
        )

    def speaking(self, verdicts: Sequence[bool | None]) -> list[int]:
        """The places of the controls that say something: a policy control whose condition is not
        false, and every verification."""
        return [
            index
            for index, (verdict, checks) in enumerate(zip(verdicts, self._checks, strict=True))
            if verdict is not False or checks
        ]

    def is_ungoverned(self, enforced: Iterable[ControlResult]) -> bool:
        """Whether no enforced control was applicable, given what the enforced ones said. A policy
        control that was judged and stayed quiet governs too."""
        return not self._has_enforced_policy and all(
            result.outcome == "not_applicable" for result in enforced
        )

    @cached_property
    def by_key(self) -> dict[str, dict[str, Any]]:
        return {control["key"]: control for control in self.controls}

    @cached_property
    def external(self) -> tuple[tuple[dict[str, Any], int], ...]:
        """The controls that ask an external verifier, with their versions."""
        pairs = zip(self.controls, self.versions, strict=True)
        return tuple((control, version) for control, version in pairs if is_external(control))


def build(
    content: Mapping[str, Any], versions: Mapping[str, int], *, number: int, sha256: str
) -> LiveSet:
    """Make a set's content ready. `versions` gives each control's version by key."""
    catalogue = Catalogue.from_json(content["fields"])
    controls = tuple(c for c in content["controls"] if c["mode"] != Mode.OFF)
    rules = tuple(sorted(content["rules"], key=lambda rule: rule["position"]))
    waivers = tuple(content.get("waivers", ()))
    return LiveSet(
        workflow=content["workflow"],
        number=number,
        sha256=sha256,
        controls=controls,
        versions=tuple(versions[control["key"]] for control in controls),
        verdicts=compile_conditions([c["condition"] for c in controls], catalogue),
        rules=rules,
        rule_verdicts=compile_conditions(
            [rule["condition"] for rule in rules], catalogue.for_routing()
        ),
        waivers=waivers,
        waiver_verdicts=compile_conditions([w["condition"] for w in waivers], catalogue),
        actions={action["name"]: action for action in content["specification"]["actions"]},
        catalogue=catalogue,
    )


def live_set(control_set: ControlSet) -> LiveSet:
    """The compiled form of a stored set, from a small cache."""
    return _live_set(control_set.pk, control_set.sha256)


@lru_cache(maxsize=64)
def _live_set(pk: int, sha256: str) -> LiveSet:
    # By its hash too: a restored database gives the same key to another content.
    control_set = ControlSet.objects.get(pk=pk, sha256=sha256)
    from assurance.controls.control_sets import content_sha256

    hashes = {control["key"]: content_sha256(control) for control in control_set.controls()}
    versions = {
        version.key: version.version
        for version in ControlVersion.objects.filter(
            workflow=control_set.workflow_id, sha256__in=hashes.values()
        )
        if hashes.get(version.key) == version.sha256
    }
    return build(
        control_set.content, versions, number=control_set.number, sha256=control_set.sha256
    )
