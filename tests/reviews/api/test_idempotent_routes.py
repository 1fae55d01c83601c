"""P2, P3, P4: a request may be sent twice and is done once, over the real routes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from assurance import clock
from assurance.api import idempotency
from assurance.api.models import IdempotencyKey
from assurance.record.models import Event
from reviews.models import Case, Decision, ExecutionReport
from tests.racing import race
from tests.reviews.api.conftest import (
    a_case,
    approval,
    assert_problem,
    claimed,
    decided,
    release_all,
    signed_in,
    system_of,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def replayed(answer) -> bool:
    return answer.headers.get("Idempotency-Replayed") == "true"


def test_the_same_key_and_body_bring_the_same_bytes(scorecard):
    body = a_case()
    first = scorecard.post("cases/", body, idempotency_key="k-1")
    events = Event.objects.count()
    again = scorecard.post("cases/", body, idempotency_key="k-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (replayed(first), replayed(again)) == (False, True)
    assert again["Content-Type"] == first["Content-Type"]
    assert (Case.objects.count(), Event.objects.count()) == (1, events)


def test_the_key_is_judged_before_the_external_id(scorecard, people):
    """The stored bytes are what was answered then; without a key the case is told as it is now."""
    body = a_case()
    first = scorecard.post("cases/", body, idempotency_key="k-1").json()
    claimed(people.ada, first)

    assert scorecard.post("cases/", body, idempotency_key="k-1").json()["status"] == "waiting"
    assert scorecard.post("cases/", body).json()["status"] == "in_review"
    assert scorecard.post("cases/", body, idempotency_key="k-2").json()["status"] == "in_review"


def test_a_refusal_is_an_answer_too_and_stays_the_same(scorecard):
    body = a_case(colour="red")
    first = scorecard.post("cases/", body, idempotency_key="k-1")
    again = scorecard.post("cases/", body, idempotency_key="k-1")

    assert_problem(first, 400, "unknown_field", "/colour")
    assert (again.status_code, again.content, replayed(again)) == (400, first.content, True)


def test_the_same_key_for_another_body_or_place_is_refused(scorecard):
    case = scorecard.post("cases/", a_case(), idempotency_key="k-1").json()
    other_body = scorecard.post("cases/", a_case(), idempotency_key="k-1")
    other_place = scorecard.post(f"cases/{case['id']}/withdraw/", idempotency_key="k-1")

    assert_problem(other_body, 422, "idempotency_key_reused")
    assert_problem(other_place, 422, "idempotency_key_reused")
    assert Case.objects.get().state == "open"


def test_keys_of_others_never_collide(scorecard, writer, people):
    scorecard.post("cases/", a_case(), idempotency_key="k")
    letter = writer.post("cases/", a_case(workflow="claims-letters"), idempotency_key="k")
    second = system_of("credit-decisions").post("cases/", a_case(), idempotency_key="k")
    next_ = people.ada.post("queues/credit-review/next/", idempotency_key="k")

    assert [one.status_code for one in (letter, second, next_)] == [201, 201, 200]
    assert not any(map(replayed, (letter, second, next_)))
    assert IdempotencyKey.objects.filter(key="k").count() == 4


def test_a_fault_of_ours_is_not_kept(scorecard, monkeypatch):
    body = a_case()
    with monkeypatch.context() as broken:
        broken.setattr("reviews.placing.tell", lambda *args, **more: 1 / 0)
        failed = scorecard.post("cases/", body, idempotency_key="k-1")
    again = scorecard.post("cases/", body, idempotency_key="k-1")

    assert_problem(failed, 500, "internal_error")
    assert (again.status_code, replayed(again)) == (201, False)
    assert Case.objects.count() == 1


def test_a_refused_rate_is_not_kept(scorecard, settings):
    body = a_case()
    settings.COUNTERMARK_RATE = 1
    answers = [scorecard.post("cases/", body, idempotency_key="k-1") for _ in range(12)]
    settings.COUNTERMARK_RATE = 0

    slowed = [one for one in answers if one.status_code == 429]
    assert slowed
    assert all(one["Retry-After"] for one in slowed)
    assert scorecard.post("cases/", body, idempotency_key="k-1").status_code == 201


def test_a_dry_run_keeps_no_key(scorecard):
    for amount in (1, 5000):
        assert scorecard.post(
            "assessments/", a_case(amount), idempotency_key="k-1"
        ).status_code == 200  # fmt: skip
    assert not IdempotencyKey.objects.exists()


def test_a_batch_is_replayed_whole_by_its_key_and_item_by_item_by_external_id(scorecard):
    good, wrong = a_case(100), a_case(100, status="x")
    first = scorecard.post("cases/batch/", {"cases": [good, wrong]}, idempotency_key="b")
    whole = scorecard.post("cases/batch/", {"cases": [good, wrong]}, idempotency_key="b")
    mended = scorecard.post("cases/batch/", {"cases": [good, a_case(5)]}, idempotency_key="b-2")

    assert (whole.content, replayed(whole)) == (first.content, True)
    results = mended.json()["results"]
    assert [one["status"] for one in results] == [201, 201]
    assert [one.get("replayed") for one in results] == [True, None]
    assert results[0]["body"]["id"] == first.json()["results"][0]["body"]["id"]
    assert Case.objects.count() == 2


def test_every_act_of_a_person_or_a_system_is_done_once_under_its_key(scorecard, people, submit):
    case = submit()
    address = f"cases/{case['id']}"
    acts = [
        (people.ada, f"{address}/claim/", None, 200),
        (people.ada, f"{address}/heartbeat/", {"lease": 1}, 200),
        (people.ada, f"{address}/skip/", {"lease": 1, "reason": "language"}, 200),
        (people.ben, "queues/credit-review/next/", None, 200),
        (people.ben, f"{address}/release/", {"lease": 2}, 200),
        (people.ben, f"{address}/claim/", None, 200),
        (people.ben, f"{address}/decisions/", approval(3), 201),
        (scorecard, f"{address}/outcomes/", {"label": "correct"}, 201),
        (scorecard, f"{address}/execution/", {"executed": False}, 201),
        (scorecard, f"{address}/withdraw/", None, 200),
        (scorecard, "workflows/credit-decisions/executed/",
         {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "count": 0}, 201),
    ]  # fmt: skip
    for number, (caller, path, body, status) in enumerate(acts):
        first = caller.post(path, body, idempotency_key=f"act-{number}")
        events = Event.objects.count()
        again = caller.post(path, body, idempotency_key=f"act-{number}")

        assert first.status_code == status, (path, first.content)
        assert (again.status_code, again.content) == (status, first.content), path
        assert (replayed(first), replayed(again)) == (False, True), path
        assert Event.objects.count() == events, path
    assert Decision.objects.count() == ExecutionReport.objects.count() == 1


def test_p4_a_key_lives_seven_days_and_for_a_case_seven_beyond_its_end(scorecard, cast):
    body = a_case()
    first = scorecard.post("cases/", body, idempotency_key="k-1")
    with clock.shifted(30 * DAY):
        idempotency.prune(at=clock.now())
        assert replayed(scorecard.post("cases/", body, idempotency_key="k-1")), "still open"
        decided(signed_in(cast.ada), first.json())
        release_all()
    with clock.shifted(36 * DAY):
        idempotency.prune(at=clock.now())
        assert replayed(scorecard.post("cases/", body, idempotency_key="k-1")), "ended 6 days ago"
    with clock.shifted(45 * DAY):
        idempotency.prune(at=clock.now())
        assert not IdempotencyKey.objects.filter(key="k-1").exists()
        after = scorecard.post("cases/", body, idempotency_key="k-1")

    assert (after.status_code, after.json()["id"]) == (201, first.json()["id"])
    assert after.json()["end"] == "approved"
    assert Case.objects.count() == 1


def test_p4_after_pruning_another_body_is_refused_with_the_case(scorecard):
    """It continued at once, so its key goes seven days later; its external id stays for ever."""
    body = a_case(100)
    first = scorecard.post("cases/", body, idempotency_key="k-1").json()
    with clock.shifted(8 * DAY):
        before = scorecard.post("cases/", body | {"subject": "x"}, idempotency_key="k-1")
        idempotency.prune(at=clock.now())
        assert not IdempotencyKey.objects.exists()
        after = scorecard.post("cases/", body | {"subject": "x"}, idempotency_key="k-1")

    assert_problem(before, 422, "idempotency_key_reused")
    refused = assert_problem(after, 409, "external_id_used")
    assert refused["case"].endswith(f"{first['id']}/")
    assert Case.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_p3_a_storm_under_one_key_makes_one_case_and_tells_the_others_to_wait_or_the_same(
    scorecard,
):
    body = a_case()
    answers = race([lambda: scorecard.post("cases/", body, idempotency_key="storm")] * 50)

    statuses = Counter(one.status_code for one in answers)
    assert statuses[201] >= 1
    assert statuses[201] + statuses[409] == 50
    assert Case.objects.count() == 1
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    for one in answers:
        if one.status_code == 409:
            assert_problem(one, 409, "idempotency_in_flight")
            assert one["Retry-After"] == "1"
    assert scorecard.post("cases/", body, idempotency_key="storm").status_code == 201
