"""The closed lists of how a workflow moves between stages, and of what is drilled."""

from django.db import models

from assurance.controls.choices import Stage

# The way up, one step at a time. Suspended is beside it.
LADDER = (Stage.OBSERVE, Stage.PILOT, Stage.LIMITED, Stage.GOVERNED)


class StageWay(models.TextChoices):
    """By which right a workflow changed its stage."""

    PROMOTION = "promotion", "Promoted"
    ATTESTATION = "attestation", "Attested anew"
    DEMOTION = "demotion", "Moved back by a person"
    SYSTEM = "system", "Moved back by Countermark"
    DEMO = "demo", "Set by the demo"


class SnapshotStatus(models.TextChoices):
    OPEN = "open", "Waits for a second person"
    SIGNED = "signed", "Signed"
    REPLACED = "replaced", "Replaced by a newer one"


class DrillKind(models.TextChoices):
    KILL_SWITCH = "kill_switch", "Kill switch: everything stops"
    VERIFIER_OUTAGE = "verifier_outage", "A verifier does not answer"
    ESCALATION = "escalation", "A case reaches who must decide"
    LOAD_TEST = "load_test", "Load test at twice the peak"
    OFFLINE_CHECK = "offline_check", "The record verified offline"


class DrillResult(models.TextChoices):
    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"
