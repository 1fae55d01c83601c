"""P17: a case is judged by the set in force when it came, and judging its stored facts again gives
the same judgement: a thousand generated cases and a thousand recorded ones, no difference."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from assurance.controls import stages
from assurance.controls.assess import assess
from assurance.controls.definition_files import read
from assurance.controls.live_set import build, live_set
from assurance.controls.models import Assessment, ControlSet, Workflow
from assurance.identifiers import uuid7
from incidents.demo import letters, people, scorecard
from reviews import intake
from reviews.loading import load
from reviews.models import Case
from reviews.placing import assessment_of
from tests.controls_factories import make_workflow, policy, verification
from tests.reviews.conftest import NOON, SECOND, SYSTEM

pytestmark = pytest.mark.django_db
SEED = 17
RECORDING = Path(__file__).parent / "judgements.json.gz"
DEMO = Path(people.__file__).parent

TEXTS = [
    *("", "Dear customer, we pay 3,930.00.", "guaranteed", "İ\u0131ſ", "\u202eevil"),
    *("4111 1111 1111 1111", "DE89370400440532013000", "x" * 3_000, "“We pay 12,50 EUR”", "٣٤"),
]
ODD: list[Any] = [None, True, False, 0, -1, 1.0, 1e300, 2**53 - 1, "", "12", [], ["a", 1], {},
                  {"amount": 1}]  # fmt: skip


def any_of(random: Random, *good: Any) -> Any:
    """Mostly what belongs here, at times whatever a drifting system may send."""
    return random.choice(ODD) if random.random() < 0.12 else random.choice(good)


def drifting(number: int, random: Random) -> dict[str, Any]:
    """A case of the workflow below, right or wrong in any of its fields."""
    body: dict[str, Any] = {
        "external_id": f"d-{number}",
        "output": {
            "amount": any_of(random, random.randrange(9_000), random.random() * 5_000),
            "text": any_of(random, *TEXTS),
            "decision": any_of(random, "approve", "decline"),
        },
        "context": {
            "channel": any_of(random, "broker", "web", "phone"),
            "opened": any_of(random, "2026-11-01", "2026-11-20T10:00:00+02:00", "2025-01-01"),
            "parts": any_of(random, [1, 2], [100, 50]),
            "sum": any_of(random, 3, 150),
        },
        "signals": {"confidence": any_of(random, round(random.random(), 3))},
        "model": {"name": "m", "version": random.choice(["1", "2", "3"])},
        "evidence": [{"label": "Form", "kind": "text", "content": random.choice(TEXTS)}],
        "subject": f"customer-{random.randrange(25)}",
        "proposed_action": random.choice(["approve", "decline", "pay", "dance"]),
    }
    for name in list(body):
        if name not in ("external_id", "output") and random.random() < 0.15:
            del body[name]
    if random.random() < 0.05:
        body["output"] = random.choice(ODD)
    if random.random() < 0.1:
        body["escalate"] = {"to": random.choice(["review", "specialist", "governance"])}
    return body


def check(key: str, name: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return verification(key, check={"name": name, "params": params}, **more)


def controls() -> list[dict[str, Any]]:
    """Every operator, every kind of effect, and checks with and without a memory."""
    field = "output.amount"
    leaves = [
        {"field": field, "op": ">", "value": 4000},
        {"field": field, "op": "<=", "other": "context.sum"},
        {"field": "context.channel", "op": "in", "value": ["broker", "phone"]},
        {"field": "output.text", "op": "contains", "value": "guaranteed"},
        {"field": "output.text", "op": "starts_with", "value": "Dear"},
        {"field": "signals.confidence", "op": "present"},
        {"not": {"field": "signals.confidence", "op": ">=", "value": 0.3}},
        {"all": [{"field": field, "op": "!=", "value": 0},
                 {"any": [{"field": "subject", "op": "==", "value": "customer-3"},
                          {"field": "proposed_action", "op": "not_in", "value": ["pay"]}]}]},
        {"field": "context.channel", "op": "missing"},
    ]  # fmt: skip
    effects = ["review", "specialist", "governance", "return", "pause", "block", "reroute"]
    modes = ["enforced", "enforced", "shadow", "advise"]
    found = [
        policy(
            f"P-{n:02}", condition=leaf, effect=effects[n % len(effects)], mode=modes[n % 4],
            reroute_to="the branch", instructions="Say why.",
            on_unknown=[None, "fire", "quiet", "governance"][n % 4],
        )
        for n, leaf in enumerate(leaves)
    ]  # fmt: skip
    found += [
        check("C-01", "number_limit", {"field": field, "maximum": 8000}),
        check("C-02", "cumulative_limit",
              {"field": field, "subject_field": "subject", "maximum": 20000, "window": "P30D"}),
        check("C-03", "duplicate", {"same": [field], "window": "P30D"}),
        check("C-04", "banned_wording", {"fields": ["output.text"], "phrases": ["guaranteed"]}),
        check("C-05", "personal_data", {"fields": ["output.text"]}, effects={"fail": "specialist"}),
        check("C-06", "figures_in_sources", {"fields": ["output.text"]},
              condition={"field": "context.channel", "op": "==", "value": "web"}),
        check("C-07", "freshness", {"fields": ["context.opened"], "max_age": "P30D"}),
        check("C-08", "confidence_band", {"fail_at": 0.1, "pass_at": 0.2}),
        check("C-09", "length", {"field": "output.text", "maximum": 2000}),
    ]  # fmt: skip
    return found


@pytest.fixture
def judged(db) -> int:
    return judge_a_thousand()


def judge_a_thousand() -> int:
    """1,000 cases of three workflows, received one after the other."""
    random = Random(SEED)
    people.make(NOON)
    for name in ("credit.yaml", "claims.yaml"):
        document, _ = read((DEMO / name).read_text(encoding="utf-8"))
        load(document, actor=SYSTEM, at=NOON)
    stages.set_by_demo(Workflow.objects.get(slug="credit-decisions"), "limited", at=NOON)
    make_workflow("drifting-system", controls=controls(), stage="limited", tier="medium")
    numbers = {"credit-decisions": 300, "claims-letters": 200, "drifting-system": 500}
    moment = NOON
    for slug, count in numbers.items():
        workflow = Workflow.objects.get(slug=slug)
        for number in range(count):
            moment += SECOND
            if slug == "drifting-system":
                body = drifting(number, random)
            else:
                writer = scorecard if slug == "credit-decisions" else letters
                body = {"external_id": f"x-{number}", **writer.proposal(number, SEED + number)}
            keep({"workflow": slug, **body}, workflow, at=moment)
    return sum(numbers.values())


def keep(body: dict[str, Any], workflow: Workflow, *, at: datetime) -> None:
    """What intake does for a judgement, without what it does for the case around it."""
    judged = intake.judge(body, workflow, at=at)
    case = Case(id=uuid7(at), revision=1, subject=body.get("subject") or "")
    assessment_of(case, judged, purpose=Assessment.Purpose.INTAKE, at=at).save()


NAMES = ("voices", "disposition", "would_be", "decided_by", "contributing", "enforced",
         "ungoverned")  # fmt: skip


def told(judgement: Any) -> dict[str, Any]:
    """All of a judgement but how long it took, as JSON has it."""
    results = [result.as_json() for result in judgement.results if result.outcome != "quiet"]
    voices = [voice.as_json() for voice in judgement.voices]
    return plain({name: getattr(judgement, name) for name in NAMES} | {"voices": voices}, results)


def stored(row: Assessment) -> dict[str, Any]:
    return plain({name: getattr(row, name) for name in NAMES}, row.results)


def plain(said: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    timeless = [{k: v for k, v in one.items() if k != "duration_us"} for one in results]
    return json.loads(json.dumps(said | {"results": timeless}))


def differences_between(one: Any, other: Any, at: str = "") -> list[str]:
    """Each place in which two judgements differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [d for key in one for d in differences_between(one[key], other[key], f"{at}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for n, (a, b) in pairs for d in differences_between(a, b, f"{at}/{n}")]
    return [] if one == other else [f"{at}: {one!r:.120} is not {other!r:.120}"]


def test_p17_a_thousand_cases_judged_again_from_their_facts_differ_in_nothing(judged):
    sets = {one.pk: live_set(one) for one in ControlSet.objects.all()}
    dispositions: Counter[str] = Counter()
    differences = []
    rows = Assessment.objects.order_by("pk")
    for row in rows.iterator():
        dispositions[row.disposition] += 1
        again = told(assess(row.facts, sets[row.control_set_id]))
        differences += differences_between(again, stored(row), f"case {row.pk}")

    assert not differences, "\n".join(differences[:40])
    assert rows.count() == judged == 1_000
    assert len(dispositions) >= 6, f"too much alike to prove anything: {dispositions}"


def test_p17_what_was_recorded_long_ago_is_judged_the_same_by_this_release():
    """Where it is not, either a judgement has changed by mistake, or one is meant to change and
    the recording is made anew on purpose: `python -m tests.reviews.record_judgements`."""
    recorded = json.loads(gzip.decompress(RECORDING.read_bytes()))
    sets = [build(**one) for one in recorded["sets"]]
    differences = []
    for number, case in enumerate(recorded["cases"]):
        again = told(assess(case["facts"], sets[case["set"]]))
        known = as_far_as(case["judgement"], again)
        differences += differences_between(known, case["judgement"], f"case {number}")
    failed = Counter(
        result["outcome"] for case in recorded["cases"] for result in case["judgement"]["results"]
    )

    assert not differences, "\n".join(differences[:40])
    assert len(recorded["cases"]) == 1_000
    assert failed["fail"] > 100, failed
    assert failed["error"] == 0, failed


def recording() -> dict[str, Any]:
    """Every judgement there is, with all that it takes to make it again without a database."""
    stored_sets = {one.pk: one for one in ControlSet.objects.order_by("pk")}
    places = {pk: place for place, pk in enumerate(stored_sets)}
    sets = []
    for one in stored_sets.values():
        live = live_set(one)
        keys = [control["key"] for control in live.controls]
        versions = dict(zip(keys, live.versions, strict=True))
        sets.append({"content": one.content, "versions": versions, "number": one.number,
                     "sha256": one.sha256})  # fmt: skip
    cases = [
        {"set": places[row.control_set_id], "facts": row.facts, "judgement": stored(row)}
        for row in Assessment.objects.order_by("pk")
    ]
    return {"sets": sets, "cases": cases}


def as_far_as(known: Any, value: Any) -> Any:
    """The value without keys that the recording did not know: a later release may say more."""
    if isinstance(known, dict) and isinstance(value, dict):
        return {key: as_far_as(known[key], value[key]) for key in known if key in value}
    if isinstance(known, list) and isinstance(value, list) and len(known) == len(value):
        return [as_far_as(*pair) for pair in zip(known, value, strict=True)]
    return value


def test_the_order_of_the_controls_changes_no_judgement(cast):
    random = Random(SEED)
    workflow = make_workflow("drifting-system", controls=controls(), tier="medium")
    live = live_set(ControlSet.objects.get(workflow=workflow))
    order = list(range(len(live.controls)))
    random.shuffle(order)
    shuffled = replace(
        live,
        controls=tuple(live.controls[n] for n in order),
        versions=tuple(live.versions[n] for n in order),
        verdicts=lambda facts: [live.verdicts(facts)[n] for n in order],
    )
    for number in range(150):
        facts = intake.judge(
            {"workflow": workflow.slug, **drifting(number, random)}, workflow, at=NOON
        ).facts
        one, other = assess(facts, live), assess(facts, shuffled)

        assert (one.disposition, set(one.decided_by)) == (
            other.disposition, set(other.decided_by),
        )  # fmt: skip
