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


class Item(models.TextChoices):
    """What an edit of a control change is about. Its key: the control's or waiver's key, the rule's
    name, the queue's slug; a specification has none."""

    CONTROL = "control", "Control"
    RULE = "rule", "Routing rule"
    QUEUE_POLICY = "queue_policy", "Decision policy"
    SPECIFICATION = "specification", "Specification"
    WAIVER = "waiver", "Waiver"


class ChangeStatus(models.TextChoices):
    """`draft → in_review → approved → published`, or one of the three other ends."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    PUBLISHED = "published", "Published"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


# A change in one of these states is over: nobody edits it again.
ENDED = (
    ChangeStatus.PUBLISHED,
    ChangeStatus.DECLINED,
    ChangeStatus.WITHDRAWN,
    ChangeStatus.LAPSED,
)


class ChangeKind(models.TextChoices):
    """Why a change is made, as its author says."""

    ROUTINE = "routine", "Routine"
    INCIDENT = "incident", "Incident"
    MONITORING_REVIEW = "monitoring_review", "Monitoring review"
    MODEL_UPDATE = "model_update", "Model update"
    EMERGENCY = "emergency", "Emergency"


class Way(models.TextChoices):
    """By which right a change went live. Computed, never declared."""

    SECOND_PERSON = "second_person", "A second person approved it"
    PILOT = "pilot", "One owner, in a pilot"
    OPERATIONAL = "operational", "One owner, operational"
    EMERGENCY = "emergency", "One owner, emergency"


class InFlight(models.TextChoices):
    """What becomes of open cases when a change goes live."""

    LEAVE = "leave", "Leave them under the set that judged them"
    REASSESS = "reassess", "Judge them again"


class Direction(models.TextChoices):
    """What a change does to cases, computed by replay."""

    TIGHTENS = "tightens", "Tightens"
    LOOSENS = "loosens", "Loosens"
    MIXED = "mixed", "Mixed"
    SAME = "same", "Changes no outcome"


class ReplayStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
