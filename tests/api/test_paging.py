"""Bad input 34, and lists that neither skip nor repeat while rows come and go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from assurance.api.models import CspReport
from tests.api.conftest import Caller

LIST = "/api/t/reports/"
START = datetime(2026, 11, 22, tzinfo=UTC)


def make(count: int, directive: str = "a") -> list[int]:
    """Rows in threes of the same time, so that the second key decides."""
    rows = [
        CspReport(
            received_at=START + timedelta(seconds=n // 3),
            directive=directive,
            blocked="",
            document="",
        )
        for n in range(count)
    ]
    return [row.pk for row in CspReport.objects.bulk_create(rows)]


def walk(api: Caller, address: str, direction: str = "next") -> list[list[int]]:
    """The results of every page, following one link."""
    pages = []
    while address:
        answer = api.get(address)
        assert answer.status_code == 200, answer.content
        pages.append(answer.json()["results"])
        address = answer.json()[direction]
    return pages


def rows_of(pages: Iterable[list[int]]) -> list[int]:
    return [row for page in pages for row in page]


def test_every_row_is_on_exactly_one_page(api):
    made = make(23)

    pages = walk(api, f"{LIST}?limit=5")

    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert rows_of(pages) == made


def test_descending_lists_show_the_newest_first(api):
    made = make(11)

    assert rows_of(walk(api, f"{LIST}newest/?limit=4")) == made[::-1]


def test_previous_leads_back_the_way_one_came(api):
    made = make(12)
    last = f"{LIST}?limit=5"
    while forward := api.get(last).json()["next"]:
        last = forward

    pages = walk(api, last, "previous")

    assert rows_of(reversed(pages)) == made


def test_rows_that_come_and_go_shift_nothing(api):
    made = make(10)
    first = api.get(f"{LIST}?limit=5").json()

    CspReport.objects.filter(pk__in=made[:3]).delete()
    make(1)

    second = api.get(first["next"]).json()
    assert first["results"] == made[:5]
    assert second["results"][:5] == made[5:]


def test_the_first_page_has_no_previous_and_the_last_no_next(api):
    make(3)

    answer = api.get(LIST).json()

    assert (answer["previous"], answer["next"]) == (None, None)


@pytest.mark.parametrize("limit", ["0", "-1", "1000000000", "1e2", "", "５", " 5", "5.0", "201"])
def test_34_a_limit_that_is_no_plain_number_in_bounds_is_refused(api, limit):
    answer = api.get(LIST, {"limit": limit})

    assert (answer.status_code, answer.json()["code"]) == (400, "out_of_range")
    assert answer.json()["errors"][0]["pointer"] == "?limit"


def cursor_of(api: Caller, address: str) -> str:
    return parse_qs(urlsplit(api.get(address).json()["next"]).query)["cursor"][0]


@pytest.mark.parametrize("bend", [lambda c: c[:-2], lambda c: "x" + c, lambda c: "", lambda c: "1"])
def test_34_a_tampered_cursor_is_refused(api, bend):
    make(4)
    cursor = cursor_of(api, f"{LIST}?limit=2")

    answer = api.get(LIST, {"limit": 2, "cursor": bend(cursor)})

    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


def test_34_a_cursor_of_another_caller_list_or_filter_is_foreign(api):
    make(4)
    cursor = cursor_of(api, f"{LIST}?limit=2")

    own = api.get(LIST, {"limit": 3, "cursor": cursor})
    others = Caller("2").get(LIST, {"cursor": cursor})
    elsewhere = api.get(f"{LIST}newest/", {"cursor": cursor})
    filtered = api.get(LIST, {"directive": "a", "cursor": cursor})

    assert own.status_code == 200
    assert {one.status_code for one in (others, elsewhere, filtered)} == {400}


def test_an_unknown_parameter_is_refused_with_the_nearest(api):
    answer = api.get(f"{LIST}?directiv=a")

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert "Did you mean `directive`?" in answer.json()["detail"]


def test_any_page_is_one_query_with_one_row_comparison(api, django_assert_num_queries):
    make(20)
    deep = api.get(api.get(f"{LIST}?limit=5").json()["next"]).json()["next"]

    with django_assert_num_queries(1) as captured:
        api.get(deep)

    sql = captured[0]["sql"]
    assert '("api_cspreport"."received_at", "api_cspreport"."id") > (' in sql
    assert "OFFSET" not in sql
