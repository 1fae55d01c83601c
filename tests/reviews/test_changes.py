"""What a correction changed, as the record and a conflict show it."""

from __future__ import annotations

from assurance.controls.fields import catalogue_from_schemas
from reviews.presenting import changes

CATALOGUE = catalogue_from_schemas(
    {
        "properties": {
            "payout": {"type": "number", "title": "Payout"},
            "account": {"type": "string", "sensitive": True},
            "letter": {"type": "string", "title": "Letter"},
        }
    },
    None,
)
LONG = "We will pay 4,820.00 to the account. " + "Nothing else is owed. " * 5


def text_of(segments: list[dict[str, str]], *ops: str) -> str:
    return "".join(one["text"] for one in segments if one["op"] in ops)


def test_short_values_are_rows_and_what_is_the_same_is_left_out():
    before = {"payout": 4820, "decision": "send", "old": 1}
    after = {"payout": 3930, "decision": "send", "new": 2}

    found = changes.present(before, after, CATALOGUE)

    assert found["texts"] == []
    assert found["rows"] == [
        {"label": "Payout", "op": "changed", "was": "4,820", "now": "3,930"},
        {"label": "Old", "op": "removed", "was": "1", "now": "–"},
        {"label": "New", "op": "added", "was": "–", "now": "2"},
    ]


def test_long_texts_are_compared_word_by_word_and_lose_nothing():
    after = LONG.replace("4,820.00", "3,930.00") + "Goodbye."

    (text,) = changes.present({"letter": LONG}, {"letter": after}, CATALOGUE)["texts"]

    assert text["label"] == "Letter"
    assert text_of(text["segments"], "same", "del") == LONG
    assert text_of(text["segments"], "same", "ins") == after
    assert text_of(text["segments"], "del") == "4,820.00"


def test_very_long_texts_count_as_one_change_instead_of_taking_for_ever():
    before, after = "a " * 5_000, "b " * 5_000

    segments = changes.words(before, after)

    assert {one["op"] for one in segments} >= {"del", "ins"}
    assert text_of(segments, "same", "del") == before
    assert text_of(segments, "same", "ins") == after


def test_sensitive_values_stay_covered():
    found = changes.present({"account": "GB29 1"}, {"account": "GB29 2"}, CATALOGUE)

    assert found["rows"] == [
        {"label": "Account", "op": "changed", "was": "(covered)", "now": "(covered)"}
    ]


def test_two_equal_outputs_have_no_changes():
    assert changes.present({"letter": LONG}, {"letter": LONG}, CATALOGUE) == {
        "rows": [],
        "texts": [],
    }
