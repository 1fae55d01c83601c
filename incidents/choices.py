"""The closed lists of incidents: how grave, where they stand, what a case is to them."""

from __future__ import annotations

from django.db import models


class Severity(models.IntegerChoices):
    """Harm, times reach, times how hard it is to reverse. Never which law applies: that is asked
    by criteria of their own, so that a low severity hides no clock."""

    CRITICAL = 1, "1, critical"
    MAJOR = 2, "2, major"
    MINOR = 3, "3, minor"
    SLIGHT = 4, "4, slight"


class IncidentState(models.TextChoices):
    DETECTED = "detected", "Detected"
    TRIAGED = "triaged", "Triaged"
    CONTAINED = "contained", "Contained"
    INVESTIGATING = "investigating", "Investigating"
    CORRECTING = "correcting", "Correcting"
    CLOSED = "closed", "Closed"
    REJECTED = "rejected", "Rejected"
    REOPENED = "reopened", "Reopened"


OVER = (IncidentState.CLOSED, IncidentState.REJECTED)
# From where to where. Containing may come before triage: stop the harm first, sort it later.
STEPS: dict[IncidentState, tuple[IncidentState, ...]] = {
    IncidentState.DETECTED: (
        IncidentState.TRIAGED,
        IncidentState.CONTAINED,
        IncidentState.REJECTED,
    ),
    IncidentState.TRIAGED: (
        IncidentState.CONTAINED,
        IncidentState.INVESTIGATING,
        IncidentState.REJECTED,
    ),
    IncidentState.CONTAINED: (IncidentState.INVESTIGATING, IncidentState.REJECTED),
    IncidentState.INVESTIGATING: (
        IncidentState.CONTAINED,
        IncidentState.CORRECTING,
        IncidentState.REJECTED,
    ),
    IncidentState.CORRECTING: (IncidentState.INVESTIGATING, IncidentState.CLOSED),
    IncidentState.CLOSED: (IncidentState.REOPENED,),
    IncidentState.REJECTED: (IncidentState.REOPENED,),
    IncidentState.REOPENED: (
        IncidentState.CONTAINED,
        IncidentState.INVESTIGATING,
        IncidentState.CORRECTING,
        IncidentState.REJECTED,
    ),
}


class Criterion(models.TextChoices):
    """What sets a legal clock, each a yes or no of its own (AI Act Art. 3(49) and what Art. 73
    and GDPR Art. 33 set apart). The name is the column of the incident."""

    DEATH = "death", "A person died, or may have died of it"
    HEALTH = "health", "Serious harm to a person's health"
    INFRASTRUCTURE = (
        "infrastructure",
        "Serious and irreversible disruption of critical infrastructure",
    )
    RIGHTS = "rights", "Infringement of obligations that protect fundamental rights"
    PROPERTY = "property_or_environment", "Serious harm to property or the environment"
    WIDESPREAD = "widespread", "Widespread infringement"
    PERSONAL_DATA = "personal_data", "Personal data breach"


class CaseKind(models.TextChoices):
    """What a case is to an incident."""

    TRIGGER = "trigger", "Trigger"
    AFFECTED = "affected", "Affected"
    SIMILAR = "similar", "Similar"
    CLEARED = "cleared", "Cleared"


# Those that need a remedy before the incident closes.
HARMED = (CaseKind.TRIGGER, CaseKind.AFFECTED)


class Remedy(models.TextChoices):
    """What was done for whom a case was wrong about."""

    NONE_NEEDED = "none_needed", "None needed"
    CORRECTED = "corrected", "Corrected"
    REVERSED = "reversed", "Reversed"
    COMPENSATED = "compensated", "Compensated"
    INFORMED = "informed", "Informed"


class ContainmentKind(models.TextChoices):
    PAUSE = "pause", "Paused"
    TIGHTEN = "tighten", "Tightened"
    REROUTE = "reroute", "Rerouted"
