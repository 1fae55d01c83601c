"""The closed lists of watching: what is counted, and how loud a signal speaks."""

from __future__ import annotations

from django.db import models


class Measure(models.TextChoices):
    """What a row of `DailyCount` counts: `hits` of `n`."""

    ASSESSED = "assessed", "Judged at intake; ungoverned"
    DISPOSED = "disposed", "Judged at intake, by disposition"
    FIRED = "fired", "Judged by an enforced control; it fired"
    RAN = "ran", "A check was due; inconclusive"
    ERROR = "error", "A check was due; error or not run"
    TIMEOUT = "timeout", "A check was due; timeout"
    FAIL_OPEN = "fail_open", "A check was due; it could not run and the case went on"
    SHADOW = "shadow", "Judged in shadow; it differs from the live set"
    UNAPPROVED = "unapproved", "Model checked against the approved list; not on it"
    KNOWN = "known", "Truth known; the output was wrong"
    FIRED_KNOWN = "fired_known", "Fired and truth known; the output was wrong"
    QUIET_KNOWN = "quiet_known", "Stayed quiet and truth known; the output was wrong"
    AUDITED = "audited", "Audited; found wrong"
    AGREED = "agreed", "Judged by two; they agree"
    RECEIVED = "received", "Received; late"
    ROUTED = "routed", "Arrived in a queue; escalated there by a person"
    DECIDED = "decided", "Left a queue by a decision; after it was due"
    OVERRIDE = "override", "Fired and decided; approved all the same"
    RIGHT = "right", "A reviewer said whether the control was right; it was not"
    HANDLED = "handled", "Claim to decision, seconds"
    WAITED = "waited", "Arrival to decision, seconds"
    CLAIMS = "claims", "Decided; claimed three times or more"
    EXECUTED = "executed", "Executions reported of a case; not as released"
    REPORTED = "reported", "Executions reported in total; of no case here"
    APPEALED = "appealed", "Appeals answered; upheld"
    SEEDED = "seeded", "Seeded cases answered; missed"
    ALERTS = "alerts", "Alerts raised, by code"


class Level(models.TextChoices):
    """How loud a signal speaks, mildest first."""

    QUIET = "quiet", "Quiet"
    CANNOT_SAY = "cannot say", "Cannot say"
    NOTICE = "notice", "Notice"
    WARNING = "warning", "Warning"
    ACTION = "action", "Action"


class Good(models.TextChoices):
    """Where a rate should lie."""

    LOW = "low", "Low"
    HIGH = "high", "High"
    BAND = "band", "Where it used to"
