"""The fixed lists of this room, each word as it is stored."""

from django.db import models


class Role(models.TextChoices):
    """What a grant lets a person do. Queue membership decides which cases a reviewer sees."""

    REVIEWER = "reviewer", "Reviewer"
    LEAD = "lead", "Lead"
    GOVERNANCE = "governance", "Governance owner"
    INCIDENT_LEAD = "incident_lead", "Incident lead"
    AUDITOR = "auditor", "Auditor"
    INTEGRATOR = "integrator", "Integrator"


class Confirmation(models.TextChoices):
    """Whether a grant needed a second person, and whether that person has spoken."""

    NOT_NEEDED = "not_needed", "Not needed"
    WAITING = "waiting", "Waiting for a second person"
    CONFIRMED = "confirmed", "Confirmed by a second person"
    ALONE = "alone", "Granted alone, before two persons held it"


class Scope(models.TextChoices):
    """What an API key may be used for."""

    CASES_READ = "cases:read", "Read cases"
    CASES_WRITE = "cases:write", "Submit cases"
    OUTCOMES_WRITE = "outcomes:write", "Report outcomes"
    EVENTS_READ = "events:read", "Read events"
    INCIDENTS_WRITE = "incidents:write", "Open incidents"


class Theme(models.TextChoices):
    """Colours of the pages; auto follows the machine."""

    AUTO = "auto", "Like the machine"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Density(models.TextChoices):
    """How much air the lists have."""

    COMFORTABLE = "comfortable", "Comfortable"
    COMPACT = "compact", "Compact"
