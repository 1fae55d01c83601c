from __future__ import annotations

import pytest

from assurance.controls.checks.written_dates import written_dates


def found(text):
    return [(text[one.start : one.end], one.wants) for one in written_dates(text)]


@pytest.mark.parametrize(
    ("text", "shown", "wants"),
    [
        ("on 2026-11-22.", "2026-11-22", ("d:2026-11-22",)),
        ("on 2026/11/22,", "2026/11/22", ("d:2026-11-22",)),
        ("by 22 November 2026", "22 November 2026", ("d:2026-11-22",)),
        ("by the 22nd of November 2026", "22nd of November 2026", ("d:2026-11-22",)),
        ("by November 22, 2026.", "November 22, 2026", ("d:2026-11-22",)),
        ("by Nov. 22nd", "Nov. 22nd", ("m:11-22",)),
        ("am 22. November 2026", "22. November 2026", ("d:2026-11-22",)),
        ("le 1 août 2026", "1 août 2026", ("d:2026-08-01",)),
        ("el 22 de noviembre de 2026", "22 de noviembre de 2026", ("d:2026-11-22",)),
        ("in November 2026", "November 2026", ("y:2026-11",)),
        ("on 22-Nov-2026", "22-Nov-2026", ("d:2026-11-22",)),
        ("on 22.11.2026", "22.11.2026", ("d:2026-11-22",)),
        ("on 22/11/26", "22/11/26", ("d:2026-11-22",)),
        ("on 03/04/2026", "03/04/2026", ("d:2026-04-03", "d:2026-03-04")),
        ("on 03.04.2026", "03.04.2026", ("d:2026-04-03",)),
        ("on May 5", "May 5", ("m:05-05",)),
        ("29 February", "29 February", ("m:02-29",)),
        ("at 10:31 sharp", "10:31", ("t:10:31",)),
        ("at 2:05 pm", "2:05 pm", ("t:14:05",)),
        ("at 12:05 a.m.", "12:05 a.m.", ("t:00:05",)),
    ],
)
def test_dates_and_times_are_read_in_many_writings(text, shown, wants):
    assert found(text) == [(shown, wants)]


def test_a_moment_is_a_date_and_a_time():
    assert found("at 2026-11-22T10:31:00Z") == [
        ("2026-11-22", ("d:2026-11-22",)),
        ("T10:31:00Z", ("t:10:31",)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "you may 5 times",
        "31 February",
        "2026-13-01",
        "12-34-56",
        "12-10-26",
        "99:99",
        "1.2.3",
        "5 apples 2026",
        "version 2026.11.22.1-3",
        "a 10:31:x9:5",
        "march 3 miles",
    ],
)
def test_what_is_no_date_is_none(text):
    assert [one for one in found(text) if one[1][0][0] != "t"] == []


def test_a_whole_date_offers_its_parts_but_a_part_does_not_offer_the_whole():
    (whole,) = written_dates("22 November 2026")
    (part,) = written_dates("22 November")

    assert {"d:2026-11-22", "m:11-22", "y:2026-11", "n:2026"} == set(whole.offers)
    assert part.offers == ("m:11-22",)


def test_a_day_that_no_month_has_leaves_the_month_and_a_figure():
    assert found("31 February 2026") == [("February 2026", ("y:2026-02",))]


def test_dates_in_a_row_do_not_overlap():
    text = "from 1 May 2026 to 3 May 2026, 2026-05-04"

    assert [shown for shown, _ in found(text)] == ["1 May 2026", "3 May 2026", "2026-05-04"]
