"""Every signal there is: what it asks, of which count, by which method, and which way is good.

What there is no data of yet has its signal already; it reads "cannot say (n=0)" by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assurance.monitoring.choices import Good, Measure

# What a rate is judged by. `any`: one is too many. `extremes`: never or always.
Method = Literal["band", "band and cusum", "any", "extremes", "agreement", "time"]
Each = Literal["control", "queue", "model_version"]

SENTENCES: dict[Method, str] = {
    "band": "Beyond the band chance alone brings it, per side, in fewer than 1 in 700 periods; "
    "the limits are exact binomial ones around the frozen baseline.",
    "band and cusum": "Beyond the band chance alone brings it, per side, in fewer than 1 in 700 "
    "periods. Beside it a CUSUM watches case by case for a rate that slowly doubled.",
    "any": "One is too many: each is shown, whatever its share.",
    "extremes": "A control that never fires, or always, decides nothing.",
    "agreement": "Agreement, Cohen's κ and Gwet's AC1, always with the table. Nobody acts on "
    "fewer than 50 pairs.",
    "time": "The middle of the times, within the width of a bucket. Shown only of five people "
    "or more.",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One question that is asked of every workflow. `each`: what it is also asked of singly."""

    code: str
    title: str
    question: str
    measure: str
    method: Method = "band"
    good: str = Good.LOW
    each: tuple[Each, ...] = ()
    whole: bool = True  # whether it is asked of the workflow too
    bucket: str = ""  # of the measure, only what lies under this name
    what: str = ""  # what n counts, in words

    @property
    def explained(self) -> str:
        """The sentence beside its chart."""
        return SENTENCES[self.method]


SIGNALS: tuple[Signal, ...] = (
    Signal("ungoverned", "Ungoverned", "Does an enforced control cover every case?",
           Measure.ASSESSED, "any", each=("model_version",), what="judgements"),
    Signal("coverage", "Done without a case", "Did all that was executed come through here?",
           Measure.REPORTED, "any", what="reported executions"),
    Signal("executed_otherwise", "Done otherwise than released",
           "Did the system do what was released, and nothing else?",
           Measure.EXECUTED, "any", what="reported executions"),
    Signal("fire_rate", "Fire rate", "Does each control fire about as often as it used to?",
           Measure.FIRED, good=Good.BAND, each=("control",), whole=False, what="judgements"),
    Signal("dead_control", "Never or always fires", "Does each control still tell cases apart?",
           Measure.FIRED, "extremes", Good.BAND, ("control",), whole=False, what="judgements"),
    Signal("inconclusive", "Inconclusive", "Do checks come to a result?",
           Measure.RAN, each=("control",), what="checks due"),
    Signal("error", "Errors", "Do checks run?",
           Measure.ERROR, each=("control",), what="checks due"),
    Signal("timeout", "Timeouts", "Do checks answer in time?",
           Measure.TIMEOUT, each=("control",), what="checks due"),
    Signal("fail_open", "Let go unchecked", "Did a case go on because a check could not run?",
           Measure.FAIL_OPEN, "any", each=("control",), what="checks due"),
    Signal("unapproved", "Unapproved model", "Is every model and prompt at work an approved one?",
           Measure.UNAPPROVED, "any", each=("control",), what="checked models"),
    Signal("shadow", "Shadow differs", "Would a control in shadow decide otherwise?",
           Measure.SHADOW, good=Good.BAND, each=("control",), what="judgements in shadow"),
    Signal("wrong", "Wrong outputs", "Is the AI wrong about as often as it used to be?",
           Measure.KNOWN, "band and cusum", each=("model_version",), what="known cases"),
    Signal("precision", "Rightly held", "Was what a control held really wrong?",
           Measure.FIRED_KNOWN, good=Good.HIGH, each=("control",), whole=False,
           what="known cases it fired on"),
    Signal("missed", "Missed", "Was what a control let pass wrong after all?",
           Measure.QUIET_KNOWN, each=("control",), whole=False, what="known cases it let pass"),
    Signal("control_wrong", "Said to be wrong", "Do reviewers say that a control was wrong?",
           Measure.RIGHT, each=("control",), whole=False, what="answers of reviewers"),
    Signal("override", "Overridden", "How often is what a control held approved all the same?",
           Measure.OVERRIDE, "band and cusum", Good.BAND, ("control", "queue"),
           what="decisions on held cases"),
    Signal("escalation", "Escalated by hand", "How many cases did people pass on?",
           Measure.ROUTED, good=Good.BAND, each=("queue",), what="arrivals"),
    Signal("overdue", "Decided late", "Are cases decided before they are due?",
           Measure.DECIDED, each=("queue",), what="decisions"),
    Signal("reassigned", "Claimed three times or more", "Do cases find somebody who decides?",
           Measure.CLAIMS, each=("queue",), what="final decisions"),
    Signal("queue_age", "Time in the queue", "How long does a case wait for its decision?",
           Measure.WAITED, "time", each=("queue",), whole=False, what="decisions"),
    Signal("review_time", "Time of review", "How long is a case looked at?",
           Measure.HANDLED, "time", Good.BAND, ("queue",), whole=False, what="decisions"),
    Signal("agreement", "Agreement", "Do two people say the same of one case?",
           Measure.AGREED, "agreement", Good.HIGH, what="pairs"),
    Signal("audit", "Audit errors", "How much of what was released was wrong?",
           Measure.AUDITED, what="audits"),
    Signal("seeded", "Seeded cases missed", "Do reviewers see what was planted?",
           Measure.SEEDED, what="seeded cases"),
    Signal("appeals", "Appeals upheld", "How often was a challenge right?",
           Measure.APPEALED, what="appeals answered"),
    Signal("record_broken", "Record broken", "Does the record verify?",
           Measure.ALERTS, "any", bucket="record_broken", what="alerts"),
    Signal("heartbeat_missing", "Heartbeats missing", "Are callers and verifiers still there?",
           Measure.ALERTS, "any", bucket="heartbeat_missing", what="alerts"),
)  # fmt: skip

BY_CODE = {signal.code: signal for signal in SIGNALS}
# One of these is for action wherever it happens; of the others only in a high tier.
ALWAYS_ACTION = ("record_broken",)
