"""Sensitive fields: whole for the system that sent them and for who works on the case, covered for
everybody else, and in no list, title or refusal."""

from __future__ import annotations

import json

import pytest

from tests.controls_factories import make_workflow, policy, verification
from tests.reviews.api.conftest import (
    a_case,
    approval,
    assert_problem,
    claimed,
    release_all,
    system_of,
)

pytestmark = pytest.mark.django_db

INCOME, AGE, PAYOUT = "48213.75", "73", "31415.5"
OUTPUT = {
    "type": "object",
    "properties": {
        "amount": {"type": "number"},
        "payout": {"type": "number", "x-sensitive": True},
    },
}
CONTEXT = {
    "type": "object",
    "properties": {
        "age": {"type": "number", "x-sensitive": True},
        "home": {"type": "object", "properties": {"income": {"type": "number",
                                                             "x-sensitive": True}}},
    },
}  # fmt: skip


@pytest.fixture
def system(cast):
    make_workflow(
        controls=[
            policy(condition={"field": "context.home.income", "op": ">", "value": 40_000},
                   message="The income is {context.home.income}."),
            policy("LIM-02", message="", condition={"field": "context.age", "op": ">=",
                                                    "value": 70}),
            verification(check={"name": "number_limit",
                                "params": {"field": "output.payout", "maximum": 30_000}}),
        ],
        owner=cast.grace, members=[cast.ada, cast.ben], specialists=[cast.cleo],
        output_schema=OUTPUT, context_schema=CONTEXT,
        title_template="Loan at {context.age} with {context.home.income}",
    )  # fmt: skip
    return system_of("credit-decisions")


@pytest.fixture
def case(system):
    body = a_case(
        output={"amount": 4820, "payout": float(PAYOUT)},
        context={"age": int(AGE), "home": {"income": float(INCOME)}},
        evidence=[
            {"label": "Payslip", "kind": "text", "content": f"Income {INCOME}", "sensitive": True}
        ],
    )
    answer = system.post("cases/", body)
    assert answer.status_code == 201, answer.content
    assert len(answer.json()["controls"]) == 3
    return answer.json()


def shows(answer) -> set[str]:
    """Which of the covered values stand in an answer, however they are written."""
    text = answer.content.decode().replace(answer["X-Request-ID"], "").replace(",", "")
    written = {value: (value, value.removesuffix(".5")) for value in (INCOME, PAYOUT)}
    found = {value for value, forms in written.items() if any(form in text for form in forms)}
    aged = {AGE} if f'"value": {AGE}' in text or f'"age": {AGE}' in text else set()
    aged |= {AGE} if f'"value":{AGE}' in text or f'"age":{AGE}' in text else set()
    return found | aged


def test_a_system_sees_its_own_unmasked(system, case):
    for answer in (system.get(f"cases/{case['id']}/"), system.get("cases/")):
        assert shows(answer) == {INCOME, AGE, PAYOUT}


@pytest.mark.parametrize("who", ["ada", "dev", "grace", "otto"])
def test_people_see_them_covered_on_the_case_and_in_lists(people, case, who):
    person = getattr(people, who)
    for path in (f"cases/{case['id']}/", "cases/", f"cases/{case['id']}/events/", "events/"):
        answer = person.get(path)
        if answer.status_code == 200:
            assert shows(answer) == set(), path
    read = person.get(f"cases/{case['id']}/").json()["submission"]
    assert read["context"] == {"age": "(covered)", "home": {"income": "(covered)"}}
    assert read["output"] == {"amount": 4820, "payout": "(covered)"}
    assert "Payslip" in json.dumps(read["evidence"])


def test_who_works_on_a_case_sees_it_whole_and_only_while_working_on_it(people, case):
    held = claimed(people.ada, case)
    assert shows(people.ada.get(f"cases/{case['id']}/")) == {INCOME, AGE, PAYOUT}
    assert shows(people.ada.get("cases/")) == set()
    assert shows(people.ben.get(f"cases/{case['id']}/")) == set()
    released = people.ada.post(f"cases/{case['id']}/release/", {"lease": held})
    assert shows(released) == set()
    assert shows(people.ada.get(f"cases/{case['id']}/")) == set()


def test_a_corrected_output_is_covered_for_people_and_whole_for_the_system(people, case, system):
    held = claimed(people.ada, case)
    body = approval(held, outcome="correct", reasons=["figure-wrong"],
                    output={"amount": 4820, "payout": 27182.5})  # fmt: skip
    answer = people.ada.post(f"cases/{case['id']}/decisions/", body)
    assert answer.status_code == 201, answer.content
    slower = people.ben.post(f"cases/{case['id']}/decisions/", body)
    release_all()
    told = system.get(f"cases/{case['id']}/").json()["decision"]["output"]

    assert told["payout"] == 27182.5
    refused = assert_problem(slower, 409, "already_decided")
    assert refused["decision"]["output"] == {"amount": 4820, "payout": "(covered)"}
    for path in (f"cases/{case['id']}/", "cases/"):
        assert "27182" not in people.dev.get(path).content.decode()


@pytest.mark.parametrize("page", ["/cases/", "/queues/credit-review/", "/cases/?q=loan"])
def test_no_page_with_a_list_shows_them_nor_a_title_that_would(people, case, page):
    answer = people.ada.client.get(page)

    assert case["reference"] in answer.content.decode()
    assert shows(answer) == set()
    assert "(covered)" in answer.content.decode(), "the title names the field without its value"
