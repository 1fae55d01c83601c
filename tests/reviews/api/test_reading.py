"""Read cases, lists and records: filters, paging, ETag, control sets, events."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from assurance import clock
from assurance.controls.choices import Disposition
from assurance.record.canonical import sha256_of
from reviews.choices import End, Status
from reviews.models import Case
from tests.accounts_factories import ClientFactory, KeyFactory, bearer
from tests.reviews.api.conftest import (
    NOBODY,
    Caller,
    assert_case,
    assert_instants,
    assert_problem,
    claimed,
    decided,
    release_all,
    signed_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(submit, people):
    """One that went on, one that waits, one that ada approved."""
    went = submit(100, subject="customer-1")
    waits = submit(3000, subject="customer-2")
    ended = submit(4000, subject="customer-1")
    decided(people.ada, ended)
    release_all()
    return {"went": went, "waits": waits, "ended": ended}


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [case["id"] for case in answer.json()["results"]]


def test_a_list_has_the_contracts_envelope_newest_first(scorecard, three):
    answer = scorecard.get("cases/")

    assert set(answer.json()) == {"next", "previous", "results"}
    assert ids(answer) == [three[name]["id"] for name in ("ended", "waits", "went")]
    for case in answer.json()["results"]:
        assert_case(case)
    assert answer.json()["results"][0]["decision"]["outcome"] == "approve"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": "waiting"}, ["waits"]),
        ({"status": "continued"}, ["went"]),
        ({"status": "closed"}, ["ended"]),
        ({"status": "verifying"}, []),
        ({"end": "approved"}, ["ended"]),
        ({"disposition": "continue"}, ["went"]),
        ({"disposition": "review"}, ["ended", "waits"]),
        ({"queue": "credit-review", "status": "waiting"}, ["waits"]),
        ({"queue": "no-such"}, []),
        ({"workflow": "credit-decisions"}, ["ended", "waits", "went"]),
        ({"workflow": "claims-letters"}, []),
        ({"control": "LIM-01"}, ["ended", "waits"]),
        ({"control": "VER-01"}, []),
        ({"subject": "customer-1"}, ["ended", "went"]),
        ({"subject": "customer-1", "status": "closed"}, ["ended"]),
        ({"subject": "%"}, []),
        ({"received_after": "2026-01-01T00:00:00Z"}, ["ended", "waits", "went"]),
        ({"received_before": "2026-01-01T00:00:00Z"}, []),
        ({"closed_after": "2026-01-01T00:00:00+01:00"}, ["ended"]),
        ({"closed_before": "2026-01-01T00:00:00Z"}, []),
    ],
    ids=str,
)
def test_every_filter_finds_what_it_says(scorecard, three, filters, found):
    assert ids(scorecard.get("cases/", **filters)) == [three[name]["id"] for name in found]


def test_an_external_id_finds_its_case(scorecard, three):
    waits = three["waits"]

    assert ids(scorecard.get("cases/", external_id=waits["external_id"])) == [waits["id"]]


def test_received_times_are_from_and_until(scorecard, three):
    when = Case.objects.get(pk=three["waits"]["id"]).received_at
    exactly, after = when.isoformat(), (when + timedelta(microseconds=1)).isoformat()

    assert three["waits"]["id"] in ids(scorecard.get("cases/", received_after=exactly))
    assert three["waits"]["id"] not in ids(scorecard.get("cases/", received_before=exactly))
    assert three["waits"]["id"] not in ids(scorecard.get("cases/", received_after=after))


@pytest.mark.parametrize("status", Status.values)
def test_the_status_that_is_asked_for_is_the_one_that_is_told(
    scorecard, three, submit, people, status
):
    claimed(people.ada, submit())
    decided(people.ben, submit())

    found = scorecard.get("cases/", status=status).json()["results"]
    every = scorecard.get("cases/").json()["results"]

    assert [c["id"] for c in found] == [c["id"] for c in every if c["status"] == status]


@pytest.mark.parametrize("end", End.values)
def test_every_end_can_be_asked_for(scorecard, end):
    assert scorecard.get("cases/", end=end).status_code == 200


@pytest.mark.parametrize("disposition", Disposition.values)
def test_every_disposition_can_be_asked_for(scorecard, disposition):
    assert scorecard.get("cases/", disposition=disposition).status_code == 200


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("status=open", "not_a_choice", "?status"),
        ("end=done", "not_a_choice", "?end"),
        ("disposition=Review", "not_a_choice", "?disposition"),
        ("received_after=2026-11-22T10:00:00", "timezone_required", "?received_after"),
        ("closed_before=yesterday", "not_a_time", "?closed_before"),
        ("closed_after=2026-02-30T10:00:00Z", "not_a_time", "?closed_after"),
        ("received_before=0001-01-01T00:00:00%2B14:00", "not_a_time", "?received_before"),
        ("state=open", "unknown_parameter", "?state"),
        ("wait=30", "unknown_parameter", "?wait"),
        ("limit=0", "out_of_range", "?limit"),
        ("limit=-1", "out_of_range", "?limit"),
        ("limit=201", "out_of_range", "?limit"),
        ("limit=1000000000", "out_of_range", "?limit"),
        ("limit=1e2", "out_of_range", "?limit"),
        ("limit=%D9%A1", "out_of_range", "?limit"),
        ("cursor=abc", "cursor_invalid", "?cursor"),
        ("external_id=" + "x" * 5000, "too_long", "?external_id"),
        ("workflow=a&workflow=b", "repeated_parameter", None),
        ("subject=a%00b", "nul", None),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_its_place(scorecard, query, code, pointer):
    assert_problem(scorecard.get(f"cases/?{query}"), 400, code, pointer)


def test_pages_hold_every_case_once_forwards_and_back(scorecard, submit):
    every = {submit(100)["id"] for _ in range(7)}
    seen, page = [], scorecard.get("cases/", limit=3)
    pages = [page]
    while page.json()["next"]:
        seen += ids(page)
        page = scorecard.get(page.json()["next"])
        pages.append(page)
    seen += ids(page)
    back = scorecard.get(page.json()["previous"])

    assert (len(pages), len(seen), set(seen)) == (3, 7, every)
    assert ids(back) == ids(pages[1])
    assert (pages[0].json()["previous"], pages[-1].json()["next"]) == (None, None)


def test_a_cursor_is_good_for_its_list_its_filters_and_its_caller_only(scorecard, submit, people):
    for _ in range(3):
        submit()
    following = scorecard.get("cases/", limit=1).json()["next"]
    cursor = parse_qs(urlsplit(following).query)["cursor"][0]

    assert_problem(people.ada.get("cases/", cursor=cursor), 400, "cursor_invalid", "?cursor")
    assert_problem(scorecard.get("events/", cursor=cursor), 400, "cursor_invalid", "?cursor")
    assert_problem(
        scorecard.get("cases/", cursor=cursor, status="waiting"), 400, "cursor_invalid", "?cursor"
    )
    assert_problem(
        scorecard.get("cases/", cursor=cursor[:-2] + "xx"), 400, "cursor_invalid", "?cursor"
    )
    assert scorecard.get("cases/", cursor=cursor, limit=2).status_code == 200


def test_the_etag_changes_with_every_act_and_with_nothing_else(scorecard, submit, people):
    case = submit()
    address = f"cases/{case['id']}/"
    first = scorecard.get(address)["ETag"]
    assert scorecard.get(address)["ETag"] == first
    assert people.ada.get(address)["ETag"] == first
    held = claimed(people.ada, case)
    second = scorecard.get(address)["ETag"]
    people.ada.post(f"{address}heartbeat/", {"lease": held})
    assert scorecard.get(address)["ETag"] == second
    people.ada.post(f"{address}release/", {"lease": held})
    third = scorecard.get(address)["ETag"]
    decided(people.ben, case)
    fourth = scorecard.get(address)["ETag"]
    release_all()

    assert len({first, second, third, fourth, scorecard.get(address)["ETag"]}) == 5


def test_an_act_on_an_older_state_is_refused_and_on_this_one_it_is_done(scorecard, submit, people):
    case = submit()
    address = f"cases/{case['id']}/"
    seen = scorecard.get(address)["ETag"]
    claimed(people.ada, case)

    assert_problem(scorecard.post(f"{address}withdraw/", if_match=seen), 412, "stale")
    assert Case.objects.get().state == "open"
    now = scorecard.get(address)["ETag"]
    assert scorecard.post(f"{address}withdraw/", if_match=f'"other", {now}').status_code == 200


def test_an_id_in_capitals_is_the_same_and_a_malformed_one_is_nothing(scorecard, submit):
    case = submit()

    assert scorecard.get(f"cases/{case['id'].upper()}/").json()["id"] == case["id"]
    for wrong in ("7", "x", NOBODY, NOBODY[:-1], "%7B" + NOBODY + "%7D", "CM-1"):
        assert_problem(scorecard.get(f"cases/{wrong}/"), 404, "not_found")


def test_the_record_of_a_case_is_its_chain(scorecard, submit, people):
    case = submit()
    decided(people.ada, case)
    release_all()
    page = scorecard.get(f"cases/{case['id']}/events/").json()
    read = scorecard.get(f"cases/{case['id']}/").json()

    events = page["results"]
    assert [event["type"] for event in events] == [
        "case.received", "case.assessed", "case.routed", "case.claimed", "case.decided",
        "case.closed",
    ]  # fmt: skip
    assert [event["seq"] for event in events] == list(range(1, 7))
    assert [event["prev"] for event in events[1:]] == [event["hash"] for event in events[:-1]]
    assert read["head_hash"] == events[-1]["hash"] != case["head_hash"] == events[2]["hash"]
    assert_instants(page)


def test_the_feed_has_every_event_once_and_goes_on_from_its_last_page(scorecard, submit):
    first = submit(100)
    page = scorecard.get("events/", limit=2).json()
    seen = list(page["results"])
    while page["results"]:
        page = scorecard.get(page["next"]).json() if page["next"] else {"results": []}
        seen += page["results"]
    case = [event for event in seen if event["stream"]["id"] == first["id"]]

    assert [event["type"] for event in case] == ["case.received", "case.assessed", "case.continued"]
    assert len({event["position"] for event in seen}) == len(seen)
    assert {event["workflow"] for event in seen} == {"credit-decisions"}


def test_what_was_live_is_found_by_moment_and_by_hash(scorecard, credit, submit):
    case = submit()
    page = scorecard.get("control-sets/", workflow="credit-decisions")
    (period,) = page.json()["results"]
    whole = scorecard.get(f"control-sets/{period['sha256']}/").json()

    assert set(period) == {"workflow", "number", "sha256", "effective_from", "until", "url"}
    assert_instants(page.json())
    assert period["sha256"] == case["control_set"]["sha256"]
    assert {"specification", "controls", "rules", "queue_policies"} <= set(whole)
    assert [one["key"] for one in whole["controls"]] == ["LIM-01", "VER-01"]
    before = scorecard.get("control-sets/", at="2020-01-01T00:00:00Z").json()
    assert before["results"] == []
    assert_problem(scorecard.get("control-sets/" + "f" * 64 + "/"), 404, "not_found")
    assert_problem(scorecard.get("control-sets/", at="2020-01-01"), 400, "timezone_required", "?at")


def test_the_content_of_a_set_has_the_hash_it_goes_by(scorecard, credit):
    (period,) = scorecard.get("control-sets/").json()["results"]
    whole = scorecard.get(f"control-sets/{period['sha256']}/").json()
    content = {k: v for k, v in whole.items() if k not in ("sha256", "in_force")}

    assert sha256_of(content) == period["sha256"]


def test_the_live_controls_are_listed_by_key(scorecard, credit):
    page = scorecard.get("controls/").json()

    assert [one["key"] for one in page["results"]] == ["LIM-01", "VER-01"]
    assert {one["workflow"] for one in page["results"]} == {"credit-decisions"}


def test_p20_a_revoked_or_expired_key_fails_on_the_next_request_with_one_text(scorecard, credit):
    client = ClientFactory()
    revoked, expired = KeyFactory(client=client), KeyFactory(client=client, slot=2)
    callers = [Caller(**bearer(one)) for one in (revoked, expired)]
    assert [one.get("cases/").status_code for one in callers] == [200, 200]
    revoked.revoked_at = clock.now()
    revoked.save()
    expired.expires_at = clock.now() - timedelta(seconds=1)
    expired.save()

    refused = [assert_problem(one.get("cases/"), 401, "not_authenticated") for one in callers]
    refused.append(
        assert_problem(
            Caller(HTTP_AUTHORIZATION="Api-Key cm_live_nosuch_key").get("cases/"),
            401, "not_authenticated",
        )
    )  # fmt: skip
    assert len({one["detail"] for one in refused}) == 1


def test_p20_a_role_taken_away_counts_on_the_next_request(cast, submit):
    case = submit()
    dev = signed_in(cast.dev)
    assert dev.get(f"cases/{case['id']}/").status_code == 200
    cast.dev.person.grants.update(revoked_at=clock.now())
    for queue in cast.dev.queues.all():
        queue.members.remove(cast.dev)

    assert_problem(dev.get(f"cases/{case['id']}/"), 404, "not_found")
    assert dev.get("cases/").json()["results"] == []
