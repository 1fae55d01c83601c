"""Control changes over REST: the same verbs and refusals as everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from assurance import clock
from assurance.controls import changes, replay
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange
from assurance.record.actors import Actor
from reviews import intake
from tests.controls.changing import limit
from tests.controls_factories import make_workflow, policy

pytestmark = pytest.mark.django_db
URL = "/api/v1/control-changes/"


@pytest.fixture
def credit(cast):
    return make_workflow("credit-decisions", tier="medium", controls=[policy()], members=[cast.ada])


@pytest.fixture
def as_(cast):
    def _as(name: str) -> Client:
        client = Client()
        client.force_login(getattr(cast, name))
        return client

    return _as


def send(client: Client, url: str, body: Any = None, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(
        url,
        json.dumps({} if body is None else body),
        content_type="application/json",
        headers=headers,
    )


@pytest.fixture
def made(credit, as_) -> dict[str, Any]:
    answer = send(
        as_("grace"),
        URL,
        {
            "workflow": credit.slug,
            "reason": "Too many wait.",
            "kind": "routine",
            "links": ["https://example.com/review/7"],
            "edits": [limit(credit, 9000)],
        },
    )
    assert answer.status_code == 201, answer.content
    return answer.json()


def act(client: Client, number: int, verb: str, **body: Any) -> Any:
    return send(client, f"{URL}{number}/{verb}/", body)


def finish_replay(number: int) -> None:
    found = changes.latest_replay(ControlChange.objects.get(number=number))
    while replay.run_slice(found.pk, at=clock.now()):
        pass


def test_a_change_goes_its_whole_way_over_rest(credit, made, as_):
    assert (made["status"], made["base_set"]["number"], made["replay"]) == ("draft", 1, None)
    assert made["author"] == {"username": "grace", "name": "Grace Holm"}
    (difference,) = made["diff"]
    assert (difference["item"], difference["key"], difference["change"]) == (
        "control",
        "LIM-01",
        "changed",
    )
    assert difference["words"] == ["“`output.amount` is more than …” was 2,500, now 9,000."]

    submitted = act(as_("grace"), made["number"], "submit").json()
    assert (submitted["status"], submitted["replay"]["status"]) == ("in_review", "queued")
    finish_replay(made["number"])
    seen = as_("gus").get(f"{URL}{made['number']}/").json()
    assert (seen["replay"]["status"], seen["replay"]["direction"]) == ("done", "same")
    answer = act(
        as_("gus"), made["number"], "approve", content_sha256=seen["content_sha256"], note="Yes."
    )

    assert answer.status_code == 200, answer.content
    live = answer.json()
    assert (live["status"], live["way"], live["approver"]["username"], live["note"]) == (
        "published",
        "second_person",
        "gus",
        "Yes.",
    )
    assert live["published_set"] == {
        "number": 2,
        "sha256": newest_set(credit).sha256,
    }
    back = act(as_("gus"), made["number"], "rollback", reason="Too lax.")
    assert back.status_code == 201
    assert back.json()["number"] != made["number"]


def test_55_to_57_are_refused_with_their_codes(credit, made, as_):
    number = made["number"]
    act(as_("grace"), number, "submit")
    finish_replay(number)
    sha256 = made["content_sha256"]

    own = act(as_("grace"), number, "approve", content_sha256=sha256)
    assert (own.status_code, own.json()["code"]) == (403, "own_change")
    other = act(as_("gus"), number, "approve", content_sha256="0" * 64)
    assert (other.status_code, other.json()["code"]) == (409, "content_changed")
    assert other.json()["content_sha256"] == sha256
    alone = act(as_("grace"), number, "publish")
    assert (alone.status_code, alone.json()["code"]) == (403, "second_person_needed")
    assert act(as_("grace"), number, "withdraw", note="Later.").status_code == 200
    late = act(as_("gus"), number, "approve", content_sha256=sha256)
    assert (late.status_code, late.json()["code"]) == (409, "not_in_review")


def test_a_draft_is_edited_by_patch_and_only_what_is_sent_changes(credit, made, as_):
    url = f"{URL}{made['number']}/"

    answer = send(as_("grace"), url, {"start_at": "2031-02-01T00:00:00Z"}, "patch")
    assert answer.status_code == 200, answer.content
    patched = answer.json()

    assert patched["start_at"] == "2031-02-01T00:00:00Z"
    assert patched["edits"] == made["edits"]
    answer = send(as_("grace"), url, {"edits": [limit(credit, 3000)], "start_at": None}, "patch")
    assert answer.json()["start_at"] is None
    assert answer.json()["content_sha256"] != made["content_sha256"]
    assert send(as_("grace"), url, {"status": "approved"}, "patch").status_code == 400
    assert send(as_("grace"), url, {"reason": None}, "patch").status_code == 422


@pytest.mark.parametrize(
    ("edit", "pointer", "says"),
    [
        ({"item": "control", "key": "LIM-01", "content": {"owner": "nobody"}},
         "/edits/0/content/owner", "no account"),
        ({"item": "control", "key": "LIM-01", "content": {"condition": {"field": "output.amount",
          "op": "gt", "value": 1}}}, "/edits/0/content/condition", "not an operator"),
        ({"item": "rule", "key": "Governance", "content": None}, "/edits", "governance"),
        ({"item": "rule", "key": "Nothing", "content": None}, "/edits/0/key", "to remove"),
    ],
)  # fmt: skip
def test_a_wrong_edit_is_told_with_its_place(credit, as_, edit, pointer, says):
    if edit["item"] == "control":
        edit = {**edit, "content": {**limit(credit, 1)["content"], **edit["content"]}}

    answer = send(as_("grace"), URL, {"workflow": credit.slug, "reason": "x", "edits": [edit]})

    assert answer.status_code == 422
    assert any(
        one["pointer"].startswith(pointer) and says in one["message"]
        for one in answer.json()["errors"]
    ), answer.json()["errors"]
    assert not ControlChange.objects.exists()


def test_a_foreign_change_is_as_if_it_were_not_there(made, as_):
    number = made["number"]
    for name in ("mallory",):
        found = as_(name).get(f"{URL}{number}/")
        missing = as_(name).get(f"{URL}999999/")
        assert found.status_code == missing.status_code == 404
        assert act(as_(name), number, "submit").status_code == 404
        assert as_(name).get(URL).json()["results"] == []
    answer = send(as_("mallory"), URL, {"workflow": "credit-decisions", "reason": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/workflow")


def test_who_may_read_but_not_govern_is_refused_by_role(made, as_):
    for name in ("otto", "dev"):
        assert as_(name).get(f"{URL}{made['number']}/").status_code == 200
        answer = act(as_(name), made["number"], "submit")
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


def test_the_list_is_newest_first_and_filtered(credit, made, as_):
    second = send(as_("gus"), URL, {"workflow": credit.slug, "reason": "Another."}).json()
    act(as_("gus"), second["number"], "withdraw")

    everything = as_("otto").get(URL).json()["results"]
    drafts = as_("otto").get(f"{URL}?status=draft&workflow={credit.slug}").json()["results"]

    assert [one["number"] for one in everything] == [second["number"], made["number"]]
    assert [one["number"] for one in drafts] == [made["number"]]
    assert as_("otto").get(f"{URL}?status=nothing").status_code == 400


def test_the_same_key_makes_one_change(credit, as_):
    body = {"workflow": credit.slug, "reason": "Once."}
    client = as_("grace")

    first = send(client, URL, body, **{"Idempotency-Key": "change-1"})
    again = send(client, URL, body, **{"Idempotency-Key": "change-1"})

    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert ControlChange.objects.count() == 1


def test_the_next_post_is_routed_by_a_new_rule_and_by_the_old_ones_after_its_rollback(credit, as_):
    rule = {
        "name": "Brokers",
        "queue": "credit-specialists",
        "priority": "high",
        "condition": {
            "all": [
                {"field": "context.channel", "op": "==", "value": "broker"},
                {"field": "output.amount", "op": ">", "value": 3000},
                {"not": {"field": "signals.confidence", "op": ">=", "value": 0.9}},
            ]
        },
    }

    def posted(external_id: str) -> tuple[str, str]:
        body = {
            "workflow": credit.slug,
            "external_id": external_id,
            "output": {"amount": 4820},
            "context": {"channel": "broker"},
            "signals": {"confidence": 0.5},
        }
        case = intake.submit(
            body, workflow=credit, client=None, actor=Actor.system("t"), at=clock.now()
        ).case
        return case.queue.slug, case.priority

    def live(number: int, author: str, approver: str) -> None:
        act(as_(author), number, "submit")
        finish_replay(number)
        seen = as_(approver).get(f"{URL}{number}/").json()["content_sha256"]
        answer = act(as_(approver), number, "approve", content_sha256=seen)
        assert answer.json()["status"] == "published", answer.content

    assert posted("before") == ("credit-review", "medium")
    body = {
        "workflow": credit.slug,
        "reason": "Brokers need an expert.",
        "edits": [{"item": "rule", "key": "Brokers", "content": rule}],
    }
    number = send(as_("grace"), URL, body).json()["number"]
    live(number, "grace", "gus")
    assert posted("after") == ("credit-specialists", "high")

    back = act(as_("gus"), number, "rollback", reason="Too many for the experts.").json()
    live(back["number"], "gus", "grace")

    assert posted("rolled-back") == ("credit-review", "medium")
    assert newest_set(credit).number == 3


@pytest.mark.parametrize("name", ["edits", "reason", "links"])
def test_null_is_no_edit(made, as_, name):
    answer = send(as_("grace"), f"{URL}{made['number']}/", {name: None}, "patch")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{name}")
