from __future__ import annotations

from assurance.controls.checks.outcomes import (
    MAX_FINDINGS,
    MAX_OPERANDS,
    Finding,
    Mark,
    failed,
    operand,
    passed,
)


def test_a_finding_without_a_place_leaves_the_place_out():
    assert Finding("output.amount", "Wrong.").as_json() == {
        "path": "output.amount",
        "message": "Wrong.",
    }


def test_a_finding_carries_its_place_and_its_source():
    source = {"evidence": 0, "start": 88, "end": 96}
    found = Finding("output.text", "Wrong.", 214, 222, source).as_json()

    assert found == {
        "path": "output.text",
        "message": "Wrong.",
        "start": 214,
        "end": 222,
        "source": source,
    }


def test_a_place_at_the_very_start_is_a_place():
    assert Finding("output.text", "Wrong.", 0, 4).as_json()["start"] == 0


def test_a_mark_always_has_all_its_keys():
    assert Mark("output.text", 1, 2, "pass").as_json() == {
        "path": "output.text",
        "start": 1,
        "end": 2,
        "state": "pass",
        "source": None,
        "message": "",
    }


def test_findings_and_operands_are_cut_to_what_a_page_can_show():
    findings = [Finding("output", str(i)) for i in range(1000)]
    operands = [operand("output", i, "==", 0) for i in range(1000)]
    found = failed("Wrong.", "wrong", findings, operands)

    assert len(found.findings) == MAX_FINDINGS
    assert len(found.operands) == MAX_OPERANDS


def test_the_json_of_an_outcome_has_everything():
    assert passed("Fine.", score=0.5).as_json() == {
        "outcome": "pass",
        "message": "Fine.",
        "reason_code": "",
        "score": 0.5,
        "findings": [],
        "operands": [],
        "suggested_value": None,
        "marks": [],
    }
