from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.checks.sources import source_parts, source_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)
CELLS = st.none() | st.booleans() | st.integers() | st.text(max_size=6)


def test_a_text_is_itself():
    item = {"label": "Note", "kind": "text", "content": "Pay £5.\nNow."}

    assert source_text(item) == "Pay £5.\nNow."
    assert [(part.start, part.end) for part in source_parts(item)] == [(0, 12)]


def test_json_is_one_line_per_value_with_its_key():
    item = {
        "label": "Record",
        "kind": "json",
        "content": {"claim": {"no": "HM-1", "paid": False}, "lines": [{"amount": 4280.0}, 0.5]},
    }

    assert source_text(item) == (
        "claim.no: HM-1\nclaim.paid: false\nlines.0.amount: 4280\nlines.1: 0.5\n"
    )
    assert [(part.name, part.number) for part in source_parts(item)] == [
        ("claim.no", False),
        ("claim.paid", False),
        ("lines.0.amount", True),
        ("lines.1", True),
    ]


def test_a_table_is_its_cells_row_by_row():
    item = {"kind": "table", "columns": ["Item", "Amount"], "rows": [["Plumber", 350], ["", None]]}

    assert source_text(item) == "Item | Amount\nPlumber | 350\n | \n"


def test_a_table_may_have_rows_that_are_objects_or_lie_in_its_content():
    rows = {"columns": ["Item", "Amount"], "rows": [{"Amount": 350, "Item": "Plumber"}]}

    assert source_text({"kind": "table", **rows}) == "Item | Amount\nPlumber | 350\n"
    assert source_text({"kind": "table", "content": rows}) == "Item | Amount\nPlumber | 350\n"


@pytest.mark.parametrize("kind", ["link", "file", "unheard_of", None])
def test_of_what_is_not_opened_only_the_label_is_read(kind):
    item = {"label": "Policy", "kind": kind, "url": "https://example.org/4820", "content": "4820"}

    assert source_text(item) == "Policy"


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"kind": "text"},
        {"kind": "text", "content": 5},
        {"kind": "json"},
        {"kind": "table"},
        {"kind": "table", "columns": "x", "rows": 3},
        {"kind": "table", "rows": [None, 3, "x", [[1, 2]]]},
        {"kind": "link", "label": None},
    ],
)
def test_a_malformed_item_is_read_without_breaking(item):
    assert isinstance(source_text(item), str)
    assert isinstance(source_parts(item), tuple)


def test_a_number_is_written_without_an_exponent():
    assert source_text({"kind": "json", "content": 1e21}) == "1000000000000000000000\n"
    assert source_text({"kind": "json", "content": 1e-7}) == "0.0000001\n"


@given(JSON)
def test_every_part_of_a_json_source_stands_where_it_says(content):
    item = {"kind": "json", "content": content}
    text = source_text(item)

    for part in source_parts(item):
        assert 0 <= part.start <= part.end <= len(text)
        head = f"{part.name}: " if part.name else ""
        assert text[part.start - len(head) : part.start] == head


@given(st.lists(CELLS, max_size=4), st.lists(st.lists(CELLS, max_size=4), max_size=4))
def test_every_cell_of_a_table_stands_where_it_says(columns, rows):
    item = {"kind": "table", "columns": columns, "rows": rows}
    text = source_text(item)
    grid = [columns, *rows]

    for part in source_parts(item):
        cell = grid[part.row + 1][part.column]
        shown = "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)
        assert text[part.start : part.end] == shown
