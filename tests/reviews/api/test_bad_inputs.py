"""The catalogue of bad inputs, REST part (1 to 40, 44 to 46, 50 to 52), over the real routes: each
is refused with its place in a second, and nothing of it is stored."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from typing import Any

import pytest

from assurance import clock
from assurance.api.models import IdempotencyKey
from assurance.controls.models import Assessment
from assurance.record.models import Event
from reviews.models import Case, Decision, Submission
from tests.controls_factories import make_workflow, policy
from tests.reviews.api.conftest import (
    NOBODY,
    Caller,
    a_case,
    approval,
    assert_problem,
    claimed,
    dumped,
    system_of,
)
from tests.reviews.conftest import MINUTE

pytestmark = pytest.mark.django_db


def body(inner: bytes = b"", *, output: bytes = b'{"amount": 1}') -> bytes:
    """A submission with something wrong in it."""
    start = b'{"workflow": "credit-decisions", "external_id": "bad-1", "output": ' + output
    return start + (b", " + inner if inner else b"") + b"}"


def stored() -> list[int]:
    kinds = (Case, Submission, Assessment, Event, Decision, IdempotencyKey)
    return [kind.objects.count() for kind in kinds]


def refused(act: Callable[[], Any], status: int, code: str, pointer: str | None = None) -> dict:
    """Refused in a second, and nothing stored. The second is the machine's too: one more try."""
    before = stored()
    for last in (False, True):
        started = time.perf_counter()
        answer = act()
        took = time.perf_counter() - started
        document = assert_problem(answer, status, code, pointer)
        if took <= 1:
            break
        assert not last, f"took {took:.1f} s"
    assert stored() == before
    return document


DEEP = b"[" * 33 + b"]" * 33
SENT: dict[str, tuple[bytes, int, str, str | None]] = {
    "1 an empty body": (b"", 400, "body_empty", ""),
    "2 JSON that was cut off": (body()[:-9], 400, "json_invalid", ""),
    "3 a key twice": (body(b'"output": 2'), 400, "duplicate_key", "/output"),
    "3 a key twice inside": (body(output=b'{"a": 1, "a": 1}'), 400, "duplicate_key", "/output/a"),
    "4 NaN": (body(output=b"NaN"), 400, "number_range", "/output"),
    "4 -Infinity": (body(output=b"-Infinity"), 400, "number_range", "/output"),
    "5 1e400": (body(output=b"[1e400]"), 400, "number_range", "/output/0"),
    "6 a number of 5,000 digits": (body(output=b"7" * 5000), 400, "number_range", "/output"),
    "7 2^53 + 1": (body(output=b"9007199254740993"), 400, "number_range", "/output"),
    "8 33 levels": (body(output=DEEP), 400, "too_deep", ""),
    "8 100,000 levels": (body(output=b"[" * 100_000), 400, "too_deep", ""),
    "9 half a surrogate pair": (body(output=rb'"\ud800"'), 400, "lone_surrogate", "/output"),
    "9 half a pair in a key": (body(rb'"\ud800": 1'), 400, "lone_surrogate", r"/\ud800"),
    "10 U+0000": (body(output=rb'{"a": "\u0000"}'), 400, "nul", "/output/a"),
    "11 bytes that are no UTF-8": (body(output=b'"\xff"'), 400, "not_utf8", ""),
    "12 UTF-16": (body().decode().encode("utf-16"), 415, "charset", None),
    "13 a byte order mark": (b"\xef\xbb\xbf" + body(), 400, "bom", ""),
    "16 more than 1 MiB": (body(output=b'"' + b"x" * 2**20 + b'"'), 413, "body_too_large", None),
    "16 64 KB of text": (body(output=b'"' + b"x" * 65_537 + b'"'), 400, "too_long", "/output"),
    "17 10,001 values": (body(output=b"[" + b"1," * 10_000 + b"1]"), 400, "too_many_values", ""),
    "18 a list at the top": (b"[" + body() + b"]", 400, "not_an_object", ""),
    "18 a word at the top": (b'"hello"', 400, "not_an_object", ""),
    "19 an unknown field": (body(b'"colour": 1'), 400, "unknown_field", "/colour"),
    "19 an unknown field inside": (body(b'"model": {"size": 7}'), 400, "unknown_field",
                                   "/model/size"),
    "20 status": (body(b'"status": "closed"'), 400, "unknown_field", "/status"),
    "20 queue": (body(b'"queue": "credit-review"'), 400, "unknown_field", "/queue"),
    "20 priority": (body(b'"priority": "low"'), 400, "unknown_field", "/priority"),
    "20 disposition": (body(b'"disposition": "continue"'), 400, "unknown_field", "/disposition"),
    "21 text for an object": (body(b'"context": "{}"'), 400, "wrong_type", "/context"),
    "22 true for text": (body(b'"subject": true'), 400, "wrong_type", "/subject"),
    "22 a number for text": (body(b'"subject": 7781'), 400, "wrong_type", "/subject"),
    "23 a time without its zone": (body(b'"occurred_at": "2026-11-22T10:31:00"'), 400,
                                   "timezone_required", "/occurred_at"),
    "24 the year 0": (body(b'"occurred_at": "0000-01-01T00:00:00Z"'), 400, "not_a_time",
                      "/occurred_at"),
    "24 the year 10000": (body(b'"occurred_at": "10000-01-01T00:00:00Z"'), 400, "not_a_time",
                          "/occurred_at"),
    "24 30 February": (body(b'"occurred_at": "2026-02-30T00:00:00Z"'), 400, "not_a_time",
                       "/occurred_at"),
    "24 second 60": (body(b'"occurred_at": "2026-11-22T10:31:60Z"'), 400, "not_a_time",
                     "/occurred_at"),
    "24 a zone that leads out of the calendar": (
        body(b'"occurred_at": "0001-01-01T00:00:00+14:00"'), 400, "out_of_range", "/occurred_at"),
    "25 tomorrow's tomorrow": (body(b'"occurred_at": "2199-01-01T00:00:00Z"'), 422,
                               "in_the_future", "/occurred_at"),
    "26 an unknown choice": (body(b'"escalate": {"to": "boss"}'), 400, "not_a_choice",
                             "/escalate/to"),
    "26 evidence of a kind that comes later": (
        body(b'"evidence": [{"label": "Scan", "kind": "file", "content": "7"}]'), 400,
        "not_a_choice", "/evidence/0/kind"),
    "28 a workflow of others": (body().replace(b"credit-decisions", b"claims-letters"), 422,
                                "unknown_workflow", "/workflow"),
    "33 no external_id": (b'{"workflow": "credit-decisions", "output": 1}', 400, "required",
                          "/external_id"),
    "33 an empty external_id": (body().replace(b"bad-1", b""), 400, "too_short", "/external_id"),
    "33 a long external_id": (body().replace(b"bad-1", b"x" * 201), 400, "too_long",
                              "/external_id"),
    "evidence: a table whose rows are ragged": (
        body(b'"evidence": [{"label": "T", "kind": "table", "columns": ["a"], "rows": [[1, 2]]}]'),
        400, "ragged", "/evidence/0/rows/0"),
    "evidence: a link that runs script": (
        body(b'"evidence": [{"label": "L", "kind": "link", "url": "javascript:alert(1)"}]'),
        400, "invalid", "/evidence/0/url"),
}  # fmt: skip


@pytest.mark.parametrize("what", SENT)
def test_a_bad_body_is_refused_with_its_place(scorecard, letters, what):
    data, status, code, pointer = SENT[what]

    for path in ("cases/", "assessments/"):
        refused(lambda p=path: scorecard.post(p, data), status, code, pointer)


def test_every_bad_body_is_refused_as_an_item_of_a_batch_too(scorecard, letters):
    for what, (data, _, code, _) in SENT.items():
        answer = scorecard.post("cases/batch/", b'{"cases": [' + data + b"]}")
        if answer.status_code == 207:
            (result,) = answer.json()["results"]
            assert 400 <= result["status"] < 500, what
            if not what.startswith(("8 ", "16 ", "17 ")):
                assert result["body"]["code"] == code, what
        else:
            assert 400 <= answer.status_code < 500, what
    assert Case.objects.count() == 0


def test_2_the_place_of_the_fault_is_told_by_line_and_column(scorecard):
    told = refused(lambda: scorecard.post("cases/", b'{\n "a" 1}'), 400, "json_invalid", "")

    assert (told["line"], told["column"]) == (2, 6)


def test_26_an_unknown_choice_is_answered_with_those_there_are(scorecard):
    sent = a_case(escalate={"to": "boss"})
    told = refused(lambda: scorecard.post("cases/", sent), 400, "not_a_choice")

    assert "governance" in told["detail"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"content_type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        ({"content_type": "application/json; charset=utf-16"}, 415, "charset"),
        ({"content_type": "application/json; charset=latin-1"}, 415, "charset"),
        ({"content_encoding": "gzip"}, 415, "content_encoding"),
        ({"accept": "text/html"}, 406, "not_acceptable"),
        ({"idempotency_key": ""}, 400, "idempotency_key_invalid"),
        ({"idempotency_key": "k" * 256}, 400, "idempotency_key_invalid"),
        ({"idempotency_key": "a\tb"}, 400, "idempotency_key_invalid"),
        ({"idempotency_key": "schl\u00fcssel"}, 400, "idempotency_key_invalid"),
    ],
    ids=["14 text", "14 a form", "12 utf-16", "12 latin-1", "15 gzip", "36 wants HTML",
         "33 an empty key", "33 a long key", "33 a control character", "33 no ASCII"],
)  # fmt: skip
def test_a_bad_header_is_refused(scorecard, headers, status, code):
    data = gzip.compress(dumped(a_case())) if "content_encoding" in headers else dumped(a_case())

    refused(lambda: scorecard.post("cases/", data, **headers), status, code)


@pytest.mark.parametrize("wrong", ["7", "not-an-id", NOBODY[:-1], NOBODY + "0"])
def test_27_a_malformed_id_is_nothing(scorecard, wrong):
    refused(lambda: scorecard.get(f"cases/{wrong}/"), 404, "not_found")


def test_28_what_belongs_to_others_is_not_there(scorecard, writer, submit):
    case = submit()
    for act in ("withdraw/", "events/", ""):
        method = "POST" if act == "withdraw/" else "GET"
        refused(lambda a=act, m=method: writer.send(m, f"cases/{case['id']}/{a}"), 404, "not_found")


def test_29_without_a_key_everyone_is_asked_for_one(credit):
    answer = Caller().post("cases/", a_case())

    refused(lambda: answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Api-Key"


def test_32_a_key_in_the_address_is_refused_and_told_to_be_replaced(scorecard):
    key = scorecard.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Api-Key ")
    told = assert_problem(scorecard.get(f"cases/?api_key={key}"), 400, "key_in_url")

    assert "Replace" in told["detail"]
    assert key not in str(told)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "cases/", "GET, POST"),
        ("DELETE", f"cases/{NOBODY}/", "GET"),
        ("PATCH", f"cases/{NOBODY}/draft/", "GET, PUT"),
        ("GET", "assessments/", "POST"),
        ("TRACE", "cases/", "GET"),
        ("BREW", "cases/", "GET"),
    ],
)
def test_36_a_method_that_is_not_offered_is_told_which_are(scorecard, method, path, allowed):
    answer = scorecard.send(method, path)

    assert_problem(answer, 405, "method_not_allowed")
    assert set(allowed.split(", ")) <= set(answer["Allow"].split(", "))
    assert method not in answer["Allow"].split(", ")


@pytest.mark.parametrize("path", ["case/", "cases", "cases/batch", "../admin/", "v2/cases/"])
def test_36_an_address_that_nobody_has_is_answered_in_json(scorecard, path):
    refused(lambda: scorecard.get(path), 404, "not_found")


def decide(person, case, lease=1, **more):
    return person.post(f"cases/{case['id']}/decisions/", approval(lease, **more))


def test_37_what_nobody_claimed_is_not_decided(people, submit):
    case = submit()

    refused(lambda: decide(people.ada, case), 409, "not_claimed")


def test_38_what_another_holds_is_not_decided_and_the_holder_is_named(people, submit):
    case = submit()
    claimed(people.ben, case)
    told = refused(lambda: decide(people.ada, case), 409, "held_by_other")

    assert told["holder"] == "ben"
    assert "Ben Osei" in told["detail"]


def test_39_after_its_lease_nobody_decides_and_the_draft_stays(people, submit):
    case = submit()
    held = claimed(people.ada, case)
    people.ada.put(f"cases/{case['id']}/draft/", {"rationale": "half a sen"})
    with clock.shifted(21 * MINUTE):
        refused(lambda: decide(people.ada, case, held), 409, "lease_lost")
        draft = people.ada.get(f"cases/{case['id']}/draft/").json()["draft"]

    assert draft == {"rationale": "half a sen"}


def test_40_what_was_decided_is_not_decided_again_and_the_winner_is_shown(people, submit):
    case = submit()
    assert decide(people.ada, case, claimed(people.ada, case)).status_code == 201
    told = refused(lambda: decide(people.ben, case), 409, "already_decided")

    assert told["decision"]["decided_by"] == "ada"


def test_44_what_the_queue_does_not_offer_is_refused(people, cast):
    make_workflow(
        controls=[policy()], owner=cast.grace, members=[cast.ada],
        queue_policies=[{"queue": "credit-review", "outcomes": ["approve", "reject"]}],
    )  # fmt: skip
    case = system_of("credit-decisions").post("cases/", a_case()).json()
    held = claimed(people.ada, case)
    told = refused(
        lambda: decide(people.ada, case, held, outcome="return"),
        422, "outcome_not_offered", "/outcome",
    )  # fmt: skip

    assert "approve, reject" in told["errors"][0]["message"]


def test_46_the_same_decision_twice_under_one_key_is_one(people, submit):
    case = submit()
    held = claimed(people.ada, case)
    address = f"cases/{case['id']}/decisions/"
    first = people.ada.post(address, approval(held), idempotency_key="click")
    second = people.ada.post(address, approval(held), idempotency_key="click")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert Decision.objects.count() == 1


def test_51_nobody_reviews_their_own_case(people, submit):
    case = submit(requested_by="ada")

    refused(lambda: people.ada.post(f"cases/{case['id']}/claim/"), 403, "conflict_of_interest")


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)",
    "<svg onload=alert(1)>", "{{7*7}}${7*7}", "\u001b[31mred\u001b[0m", "\u202eevil\u202c",
    "e" + "\u0301" * 10_000, "' OR 1=1; --", "../../etc/passwd", "\r\nSet-Cookie: a=b",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_52_hostile_text_is_kept_and_given_back_as_the_text_it_is(scorecard, text):
    short = text[:200]
    sent = a_case(output={"amount": 4820, "text": text}, subject=short, title=short)
    said = scorecard.post("cases/", sent).json()
    answer = scorecard.get(f"cases/{said['id']}/")

    assert answer["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.json()["submission"] == sent
    found = scorecard.get("cases/", subject=short).json()["results"]
    assert [one["id"] for one in found] == [said["id"]]
