"""Nobody goes faster than the installation allows, with Redis and without it."""

from __future__ import annotations

import pytest

from assurance.api import throttling
from assurance.api.cache import ForgivingRedisCache
from tests.api.conftest import Caller

LIMITED = "/api/t/limited/"


@pytest.fixture(params=["with Redis", "without Redis"])
def still(request, api, settings, monkeypatch) -> Caller:
    """A house that allows 3 requests a second, in a second that does not end."""
    settings.COUNTERMARK_RATE = 3
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_000.5)
    monkeypatch.setattr(throttling, "_here", throttling.Windows())
    if request.param == "without Redis":
        monkeypatch.setattr(ForgivingRedisCache, "_silent_until", float("inf"))
    return api


def test_who_goes_too_fast_is_told_when_to_come_back(still):
    answers = [still.get(LIMITED) for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3]["Retry-After"] == "1"
    assert answers[3].json()["code"] == "too_many_requests"


def test_an_ordinary_pace_asks_redis_nothing_and_the_limit_holds_all_the_same(still, settings):
    settings.COUNTERMARK_RATE = 32
    asked = []
    hits = ForgivingRedisCache.hits

    def spy(self, key, seconds):
        asked.append(key)
        return hits(self, key, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ForgivingRedisCache, "hits", spy)
        slow = [still.get(LIMITED).status_code for _ in range(2)]
        assert asked == []
        fast = [still.get(LIMITED).status_code for _ in range(31)]

    assert slow + fast == [200] * 32 + [429]


def test_one_callers_haste_is_not_anothers_wait(still):
    for _ in range(4):
        still.get(LIMITED)

    assert Caller("2").get(LIMITED).status_code == 200


def test_the_next_second_is_a_new_one(still, monkeypatch):
    for _ in range(4):
        still.get(LIMITED)
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_001.5)

    assert still.get(LIMITED).status_code == 200


def test_guessing_keys_is_slowed_down_by_address(still):
    guesser = Caller("wrong")

    answers = [guesser.get(LIMITED) for _ in range(throttling.GUESSES_PER_MINUTE + 1)]

    assert {one.status_code for one in answers[:-1]} == {401}
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) <= 60
    assert still.get(LIMITED).status_code == 200, "a right key is let in whatever others try"


def test_requests_without_a_key_are_no_guesses(still):
    stranger = Caller("")
    stranger.defaults.pop("HTTP_AUTHORIZATION")

    answers = [stranger.get("/api/t/closed/") for _ in range(throttling.GUESSES_PER_MINUTE + 2)]

    assert {one.status_code for one in answers} == {401}


def test_zero_means_no_limit(still, settings):
    settings.COUNTERMARK_RATE = 0

    assert {still.get(LIMITED).status_code for _ in range(10)} == {200}


def test_old_windows_are_forgotten():
    windows = throttling.Windows()
    for second in range(200):
        windows.hit("a", 1, 1000.0 + second)

    assert len(windows._counts) < 100
