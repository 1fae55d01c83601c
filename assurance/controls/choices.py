"""The closed lists of what a control, a workflow and a judgement can be."""

from django.db import models


class Tier(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Stage(models.TextChoices):
    OBSERVE = "observe", "Observe"
    PILOT = "pilot", "Pilot"
    LIMITED = "limited", "Limited"
    GOVERNED = "governed", "Governed"
    SUSPENDED = "suspended", "Suspended"


class SafeOutcome(models.TextChoices):
    """What happens to the customer if nobody answers."""

    KEEP_WAITING = "keep_waiting", "Keep waiting, and alarm the owner again and again"
    DO_NOT_PROCEED = "do_not_proceed", "Do not proceed"
    REROUTE = "reroute", "Hand over to the other path"


class OutagePolicy(models.TextChoices):
    """What the AI system does while Countermark cannot be reached."""

    STOP = "stop", "Stop"
    GO_ON_AND_REPORT = "go_on_and_report", "Go on, and report afterwards"


class Mode(models.TextChoices):
    OFF = "off", "Off"
    SHADOW = "shadow", "Shadow"
    ADVISE = "advise", "Advise"
    ENFORCED = "enforced", "Enforced"


class Kind(models.TextChoices):
    POLICY = "policy", "Policy"
    VERIFICATION = "verification", "Verification"


class Disposition(models.TextChoices):
    """What an assessment orders, mildest first. The most restrictive voice wins."""

    CONTINUE = "continue", "Continue"
    RETURN = "return", "Return"
    REVIEW = "review", "Review"
    SPECIALIST = "specialist", "Specialist"
    GOVERNANCE = "governance", "Governance"
    REROUTE = "reroute", "Reroute"
    PAUSE = "pause", "Pause"
    BLOCK = "block", "Block"

    @property
    def rank(self) -> int:
        """0 (continue) to 7 (block)."""
        return list(type(self)).index(self)


# The three dispositions that a queue takes up, and the only ones that routing rules see.
ROUTED = (Disposition.REVIEW, Disposition.SPECIALIST, Disposition.GOVERNANCE)


class FailurePolicy(models.TextChoices):
    """What a check that could not run means."""

    CLOSED_HOLD = "closed_hold", "A person decides"
    CLOSED_BLOCK = "closed_block", "Block"
    OPEN_FLAGGED = "open_flagged", "Let it continue, flagged"


class LabelValue(models.TextChoices):
    CORRECT = "correct", "Correct"
    INCORRECT = "incorrect", "Incorrect"
    HARMFUL = "harmful", "Harmful"


class LabelSource(models.TextChoices):
    DECISION = "decision", "Decision"
    AUDIT = "audit", "Audit"
    OUTCOME = "outcome", "Outcome"
    INCIDENT = "incident", "Incident"
    IMPORT = "import", "Import"
