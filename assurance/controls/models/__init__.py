"""Workflows and what governs them. A control set is complete, immutable and hashed; an assessment
names the set that made it; only a control change replaces a set."""

from assurance.controls.models.changes import ControlChange
from assurance.controls.models.judgements import Assessment, ExecutedReport, Label
from assurance.controls.models.replays import Replay
from assurance.controls.models.sets import ControlSet, ControlVersion
from assurance.controls.models.stages import Drill, GateSnapshot, StageMove
from assurance.controls.models.verifiers import CheckRun, Verifier
from assurance.controls.models.workflows import Workflow

__all__ = [
    "Assessment",
    "CheckRun",
    "ControlChange",
    "ControlSet",
    "ControlVersion",
    "Drill",
    "ExecutedReport",
    "GateSnapshot",
    "Label",
    "Replay",
    "StageMove",
    "Verifier",
    "Workflow",
]
