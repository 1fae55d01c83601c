"""P15: a verification that fails, is too slow or answers nonsense never lets a case continue.
Through the real intake, for every check that there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from assurance.controls.checks import registry
from assurance.controls.checks.registry import CHECKS
from assurance.controls.models import Workflow
from reviews import intake
from reviews.models import Case
from tests.controls_factories import make_workflow, verification
from tests.reviews.conftest import NOON, SYSTEM

pytestmark = pytest.mark.django_db

# What asks somebody outside has its own deadline, and proofs of its own.
OURS = {name: check for name, check in CHECKS.items() if name != "external_verifier"}
STATEFUL = sorted(name for name, check in OURS.items() if check.stateful)


class LooksLikeAPass:
    outcome = "pass"
    message = ""
    findings = operands = marks = ()
    reason_code = score = suggested_value = None


def raises(kind: type[Exception]) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        raise kind("in the middle of it")

    return run


def is_slow(*args: Any) -> Any:
    """Uses more of the processor than it may, then says that all is well. One that never came back
    would keep its request until the server ends the worker: that answers nothing and stores
    nothing, so nothing is approved, but no person sees the case either. The built-in checks have
    no loop without an end, and what others run (external verifiers) has a deadline of its own."""
    until = time.thread_time() + 0.02
    while time.thread_time() < until:
        pass
    return registry.Outcome("pass")


WAYS: dict[str, Callable[..., Any]] = {
    "raises": raises(RuntimeError),
    "runs out of depth": raises(RecursionError),
    "runs out of memory": raises(MemoryError),
    "stumbles over a key": raises(KeyError),
    "is too slow": is_slow,
    "says nothing": lambda *args: None,
    "says true": lambda *args: True,
    "says pass in a word": lambda *args: "pass",
    "says pass in an object": lambda *args: {"outcome": "pass"},
    "says pass in something like an answer": lambda *args: LooksLikeAPass(),
}


@pytest.fixture
def workflow(cast) -> Workflow:
    """One control for each check, which applies where the case names it."""
    controls = [
        verification(
            f"V-{name}",
            check={"name": name, "params": {}},
            condition={"field": "context.which", "op": "==", "value": name},
        )
        for name in OURS
    ]
    return make_workflow(controls=controls, owner=cast.grace)


def submitted(workflow: Workflow, which: str, **more: Any) -> Case:
    body = {
        "workflow": workflow.slug,
        "external_id": f"{which}-{Case.objects.count()}",
        "output": {"amount": 1, "text": "Dear customer"},
        "context": {"which": which},
        **more,
    }
    return intake.submit(body, workflow=workflow, client=None, actor=SYSTEM, at=NOON).case


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_check_does_instead_of_answering_a_person_sees_the_case(
    workflow, monkeypatch, way
):
    monkeypatch.setitem(registry.run_safely.__kwdefaults__, "budget", 0.01)
    for name, check in OURS.items():
        monkeypatch.setattr(check, "run", WAYS[way], raising=True)
        monkeypatch.setattr(check, "gather", lambda *args: {}, raising=True)
        case = submitted(workflow, name)

        assert case.proceed is None, f"{name} {way}: {case.disposition}"
        assert (case.state, case.disposition) == ("open", "review"), name
        assert case.decided_by == [f"V-{name}"], name
        (result,) = [r for r in case.assessment.results if r["key"] == f"V-{name}"]
        assert result["outcome"] in ("error", "timeout"), name
    assert Case.objects.count() == len(OURS)


@pytest.mark.parametrize(
    "gathered", [raises(RuntimeError), lambda *args: None, lambda *args: "junk",
                 lambda *args: {"sum": "NaN", "earlier": 7}],
    ids=["raises", "nothing", "a word", "nonsense"],
)  # fmt: skip
@pytest.mark.parametrize("name", STATEFUL)
def test_what_could_not_be_gathered_is_never_taken_for_nothing_found(
    workflow, monkeypatch, name, gathered
):
    monkeypatch.setattr(CHECKS[name], "gather", gathered)
    case = submitted(workflow, name, subject="customer-1")

    assert case.proceed is None, f"{name}: {case.assessment.results}"


def test_a_check_that_is_no_longer_there_holds_the_case(workflow, monkeypatch):
    name = next(iter(OURS))
    monkeypatch.delitem(CHECKS, name)
    case = submitted(workflow, name)

    assert (case.proceed, case.disposition) == (None, "review")


@pytest.mark.parametrize(
    ("policy", "on_error", "disposition", "proceed"),
    [
        ("closed_hold", "governance", "governance", None),
        ("closed_block", None, "block", False),
    ],
)
def test_a_check_that_cannot_run_does_what_its_owner_wrote_down(
    cast, monkeypatch, policy, on_error, disposition, proceed
):
    fields = {"failure_policy": policy} | ({"on_error": on_error} if on_error else {})
    workflow = make_workflow(controls=[verification(**fields)], owner=cast.grace)
    monkeypatch.setattr(CHECKS["number_limit"], "run", raises(RuntimeError))
    case = submitted(workflow, "number_limit")

    assert (case.disposition, case.proceed) == (disposition, proceed)


def test_a_fault_inside_judging_itself_stores_and_answers_nothing(workflow, monkeypatch):
    monkeypatch.setattr(intake, "assess", raises(RuntimeError))
    with pytest.raises(RuntimeError):
        submitted(workflow, "length")

    assert not Case.objects.exists()
