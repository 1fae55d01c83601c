"""Enforced, advise and shadow controls that all fire on one case: the first decides, the second is
read, the third is kept for its owner and reaches nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from assurance.controls.models import Assessment
from assurance.delivery.models import Delivery
from reviews.models import Case
from tests.accounts_factories import ClientFactory, KeyFactory, bearer
from tests.controls_factories import make_workflow, policy, verification
from tests.delivery_factories import EndpointFactory
from tests.reviews.api.conftest import Caller, a_case, decided, release_all

pytestmark = pytest.mark.django_db

TEXT = "We guarantee the loan."
UNSAID = "For the eyes of its owner"
SHADOWS = ("SHADE-01", "SHADE-02")
SPEAK = {"ENF-01": "enforced", "ADV-01": "advise"}


@pytest.fixture
def system(cast) -> Caller:
    """A workflow whose advise and shadow controls would do worse than its enforced one."""
    words = {"fields": ["output.text"], "phrases": ["guarantee"]}
    make_workflow(
        controls=[
            policy("ENF-01"),
            policy("ADV-01", mode="advise", effect="block", message="It had better be blocked."),
            policy("SHADE-01", mode="shadow", effect="block", message=UNSAID),
            verification(
                "SHADE-02", mode="shadow",
                check={"name": "banned_wording", "params": words}, effects={"fail": "governance"},
                message=UNSAID, name=UNSAID,
            ),
        ],
        owner=cast.grace,
        members=[cast.ada],
    )  # fmt: skip
    client = ClientFactory()
    EndpointFactory(client=client)
    return Caller(**bearer(KeyFactory(client=client)))


@pytest.fixture
def told(system) -> dict[str, Any]:
    answer = system.post("cases/", a_case(output={"amount": 4820, "text": TEXT}))
    assert answer.status_code == 201, answer.content
    return answer.json()


def assert_no_shadow(text: str, where: str) -> None:
    for word in (*SHADOWS, UNSAID, "shadow"):
        assert word not in text, f"{where} tells of {word}"


def modes(answer: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["mode"] for one in answer["controls"]}


def test_all_are_judged_and_kept_and_only_the_enforced_one_has_an_effect(told):
    case = Case.objects.get()
    kept = {one["key"]: one["outcome"] for one in Assessment.objects.get().results}

    assert kept == {
        "ENF-01": "fired", "ADV-01": "fired", "SHADE-01": "fired", "SHADE-02": "fail",
    }  # fmt: skip
    assert (told["disposition"], told["decided_by"]) == ("review", ["ENF-01"])
    assert (case.queue.slug, case.state, told["proceed"]) == ("credit-review", "open", None)


def test_no_answer_of_the_api_tells_of_a_shadow(system, told):
    dry = system.post("assessments/", a_case(output={"amount": 4820, "text": TEXT}))
    address = f"cases/{told['id']}/"
    read, listed = system.get(address), system.get("cases/")

    for answer in (told, dry.json(), read.json(), listed.json()["results"][0]):
        assert modes(answer) == SPEAK
    for where in (dry, read, listed, system.get(address + "events/"), system.get("events/")):
        assert where.status_code == 200
        assert_no_shadow(where.content.decode(), where.request["PATH_INFO"])


def test_a_list_by_control_finds_what_advised_and_not_what_was_in_shadow(system, told):
    found = {
        key: [one["id"] for one in system.get("cases/", control=key).json()["results"]]
        for key in (*SPEAK, *SHADOWS)
    }

    assert found == {
        "ENF-01": [told["id"]], "ADV-01": [told["id"]], "SHADE-01": [], "SHADE-02": [],
    }  # fmt: skip


def test_no_webhook_carries_a_shadow_whatever_becomes_of_the_case(told, people):
    decided(people.ada, told)
    release_all()
    bodies = {one.event_type: bytes(one.body).decode() for one in Delivery.objects.all()}

    assert set(bodies) == {"case.routed", "case.closed"}
    for type, body in bodies.items():
        assert "ADV-01" in body
        assert_no_shadow(body, type)


@pytest.mark.parametrize("part", ["", "record/"])
def test_no_page_of_the_case_tells_of_a_shadow(told, people, part):
    """Neither the one who reads nor the one who holds the case is led by it."""
    address = f"/cases/{told['reference']}/{part}"
    reading = people.ada.client.get(address)
    people.ada.post(f"cases/{told['id']}/claim/")
    holding = people.ada.client.get(address)

    for answer in (reading, holding):
        assert answer.status_code == 200
        text = answer.content.decode()
        assert_no_shadow(text.replace("box-shadow", ""), address)
        assert "ADV-01" in text
