"""Bad inputs 1 to 18: what two readers could read differently is refused, with its place."""

from __future__ import annotations

import gzip
import io
import json
import resource
import time
from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from assurance.api import parsing, trees
from assurance.errors import DomainError

ECHO = "/api/t/echo/"


def refused(data: bytes) -> DomainError:
    """The refusal of these bytes as a whole body."""
    with pytest.raises(DomainError) as caught:
        trees.refuse(trees.inspect(parsing.loads(data)))
    return caught.value


def place(data: bytes) -> tuple[str, str]:
    """Code and pointer of the first fault."""
    error = refused(data)
    return error.code, error.errors[0]["pointer"]


def test_1_an_empty_body_is_told_so(api):
    answer = api.send("/api/t/submit/", b"")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "body_empty"
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_2_truncated_json_names_line_and_column():
    error = refused(b'{"a": 1,\n "b": [1, 2')

    assert error.code == "json_invalid"
    assert (error.extra["line"], error.extra["column"]) == (2, 12)
    assert "line 2, column 12" in error.sentence


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (b'{"a": 1, "a": 2}', "/a"),
        (b'{"x": {"b/c": 1, "b/c": 1}}', "/x/b~1c"),
        (b'{"x": [0, {"k": 1, "k": {"k": 1, "k": 2}}]}', "/x/1/k"),
    ],
)
def test_3_a_duplicate_key_is_refused_with_its_place(data, pointer):
    assert place(data) == ("duplicate_key", pointer)


def test_3_every_duplicate_is_listed():
    error = refused(b'{"a": {"x": 1, "x": 2}, "b": {"y": 1, "y": 2}}')

    assert [one["pointer"] for one in error.errors] == ["/a/x", "/b/y"]


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_4_what_is_no_number_is_refused(word):
    assert place(b'{"a": [1, ' + word + b"]}") == ("number_range", "/a/1")


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"9" * 400 + b".5"])
def test_5_a_number_beyond_a_double_is_refused(number):
    assert place(b'{"a": ' + number + b"}") == ("number_range", "/a")


def test_6_an_integer_of_five_thousand_digits_is_refused():
    assert place(b'{"a": ' + b"7" * 5000 + b"}") == ("number_range", "/a")


@pytest.mark.parametrize("number", [2**53, 2**53 + 1, -(2**53)])
def test_7_an_integer_that_readers_round_is_refused(number):
    assert place(json.dumps({"a": number}).encode()) == ("number_range", "/a")


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0, -1])
def test_7_the_largest_exact_integers_are_taken(number):
    assert parsing.loads(json.dumps({"a": number}).encode()) == {"a": number}


def test_8_depth_32_is_taken_and_33_is_too_deep():
    deepest = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"

    assert trees.inspect(parsing.loads(deepest)) == []
    assert refused(b'{"a":' + b"[" * 32 + b"]" * 32 + b"}").code == "too_deep"


def test_8_a_hundred_thousand_levels_are_refused_before_anything_is_built():
    started = time.perf_counter()

    assert refused(b'{"a":' + b"[" * 100_000).code == "too_deep"
    assert time.perf_counter() - started < 1


def test_8_brackets_inside_text_are_no_depth():
    assert parsing.loads(json.dumps({"a": "[" * 100 + '\\"' + "{" * 100}).encode())


@pytest.mark.parametrize(
    ("data", "pointer"),
    [(rb'{"a": "\ud800"}', "/a"), (rb'{"a": {"b": ["x\udfffy"]}}', "/a/b/0")],
)
def test_9_half_a_surrogate_pair_is_refused_with_its_place(data, pointer):
    assert place(data) == ("lone_surrogate", pointer)


def test_9_half_a_surrogate_in_a_key_is_refused_and_can_be_answered(api):
    answer = api.send(ECHO, rb'{"a\ud800": 1}')

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == r"/a\ud800"


def test_9_a_whole_pair_is_a_character():
    assert parsing.loads(rb'{"a": "\ud83d\ude00"}') == {"a": "😀"}


@pytest.mark.parametrize(
    ("data", "pointer"),
    [(rb'{"a": "x\u0000y"}', "/a"), (rb'{"a\u0000": 1}', r"/a\u0000")],
)
def test_10_nul_is_refused_with_its_place(data, pointer):
    assert place(data) == ("nul", pointer)


def test_11_bad_utf8_names_the_byte():
    error = refused(b'{"a": "\xff"}')

    assert (error.code, error.extra["offset"]) == ("not_utf8", 7)


def test_11_a_surrogate_written_as_utf8_is_bad_utf8():
    assert refused(b'{"a": "\xed\xa0\x80"}').code == "not_utf8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_12_a_utf16_body_is_415(api, encoding):
    answer = api.send(ECHO, '{"a": 1}'.encode(encoding))

    assert (answer.status_code, answer.json()["code"]) == (415, "charset")


def test_12_another_charset_is_415_and_utf8_is_not(api):
    latin = api.send(ECHO, b"{}", content_type="application/json; charset=latin-1")
    utf8 = api.send(ECHO, b'{"a": 1}', content_type='application/json; charset="UTF-8"')

    assert (latin.status_code, latin.json()["code"]) == (415, "charset")
    assert (utf8.status_code, utf8.json()) == (200, {"a": 1})


def test_13_a_byte_order_mark_is_refused():
    assert refused(b"\xef\xbb\xbf{}").code == "bom"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""]
)
def test_14_another_media_type_is_415(api, kind):
    answer = api.send(ECHO, b'{"a": 1}', content_type=kind)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_15_a_compressed_body_is_415(api):
    answer = api.send(ECHO, gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")

    assert (answer.status_code, answer.json()["code"]) == (415, "content_encoding")


def test_16_more_than_a_mebibyte_is_413(api):
    answer = api.send(ECHO, b'{"a": "' + b"x" * 1024 * 1024 + b'"}')

    assert answer.status_code == 413
    assert answer.json()["max_bytes"] == 1024 * 1024


def test_16_the_announced_length_is_enough_to_refuse():
    class Untouchable(io.RawIOBase):
        def read(self, *_: int) -> bytes:
            raise AssertionError("the body was read")

    request = RequestFactory().post("/", b"", content_type="application/json")
    request.META["CONTENT_LENGTH"] = "99999999"
    request._stream = Untouchable()

    with pytest.raises(DomainError) as caught:
        parsing.read_body(request)
    assert caught.value.status == 413


def test_16_a_false_length_does_not_help():
    request = SimpleNamespace(
        META={"CONTENT_LENGTH": "5"}, read=lambda n: b"x" * n, method="POST", path_info="/"
    )

    with pytest.raises(DomainError) as caught:
        parsing.read_body(request, max_bytes=100)  # type: ignore[arg-type]
    assert caught.value.status == 413


def test_16_a_view_may_take_less(api):
    answer = api.send("/api/t/small/", {"a": "x" * 100})

    assert (answer.status_code, answer.json()["max_bytes"]) == (413, 100)


def test_16_a_body_without_a_length_is_read_to_the_mark_of_the_server(api):
    chunked = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "",
        "CONTENT_TYPE": "application/json",
    }
    small = api.generic("POST", ECHO, **chunked, **{"wsgi.input": io.BytesIO(b'{"a": 1}')})
    large = api.generic("POST", ECHO, **chunked, **{"wsgi.input": io.BytesIO(b" " * 1_100_000)})

    assert (small.status_code, small.json()) == (200, {"a": 1})
    assert large.status_code == 413


def test_17_more_than_ten_thousand_values_are_refused():
    most = json.dumps({"a": [0] * 9_998}).encode()

    assert trees.inspect(parsing.loads(most)) == []
    assert refused(json.dumps({"a": [0] * 9_999}).encode()).code == "too_many_values"


def test_17_empty_containers_count_once():
    parsing.loads(json.dumps({"a": [[]] * 9_998}).encode())


@pytest.mark.parametrize("data", [b"[]", b'[{"a": 1}]', b'"text"', b"1", b"null", b"NaN"])
def test_18_something_else_than_an_object_at_the_top_is_refused(data):
    assert refused(data).code == "not_an_object"


def test_a_long_text_is_refused_except_in_evidence():
    long = "x" * (64 * 1024 + 1)
    evidence = {"evidence": [{"content": "x" * 512 * 1024}]}

    assert place(json.dumps({"a": long}).encode()) == ("too_long", "/a")
    assert trees.inspect(parsing.loads(json.dumps(evidence).encode())) == []
    evidence["evidence"][0]["content"] += "x"
    assert place(json.dumps(evidence).encode()) == ("too_long", "/evidence/0/content")


def test_the_length_of_a_text_is_its_bytes():
    assert place(json.dumps({"a": "ü" * 33_000}).encode()) == ("too_long", "/a")


def test_a_quote_that_never_closes_costs_no_time():
    started = time.perf_counter()

    assert refused(b'{"a": "' + rb"\"" * 500_000).code == "json_invalid"
    assert time.perf_counter() - started < 1


def test_all_faults_are_listed_with_their_places():
    error = refused(rb'{"a": NaN, "b": "\ud800", "c": [1e999]}')

    assert {one["pointer"]: one["code"] for one in error.errors} == {
        "/a": "number_range",
        "/b": "lone_surrogate",
        "/c/0": "number_range",
    }


def test_a_batch_refuses_only_the_item_that_is_spoiled():
    data = rb'{"cases": [{"a": 1}, {"a": 1, "a": 2}, {"b": "\u0000"}]}'

    items = parsing.loads(data, trees.BATCH)["cases"]

    assert trees.inspect(items[0]) == []
    assert [one["pointer"] for one in trees.inspect(items[1], at="/cases/1")] == ["/cases/1/a"]
    assert [one["code"] for one in trees.inspect(items[2])] == ["nul"]


def test_a_batch_whose_own_keys_stand_twice_is_refused_whole():
    with pytest.raises(DomainError) as caught:
        parsing.loads(b'{"cases": [], "cases": [{}]}', trees.BATCH)
    assert caught.value.errors[0]["pointer"] == "/cases"


@pytest.mark.parametrize("bomb", [b"[],", b"0,", b'"",', b"{},", b"[]"])
def test_a_batch_of_millions_of_values_is_refused_before_it_is_built(bomb):
    data = b'{"cases": [[' + bomb * (15 * trees.KIB * trees.KIB // len(bomb)) + b"0]]}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.thread_time()

    with pytest.raises(DomainError) as caught:
        parsing.loads(data, trees.BATCH)

    assert caught.value.code == "too_many_values"
    assert time.thread_time() - started < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * trees.KIB  # KiB


def test_plain_views_parse_as_strictly(api):
    good, bad = api.send("/api/t/plain/", {"a": 1}), api.send("/api/t/plain/", b'{"a": NaN}')

    assert good.json() == {"a": 1}
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (400, "/a")


def refusal_of(data: bytes) -> DomainError | None:
    """How these bytes are refused, None where they are taken. Anything else rises."""
    try:
        trees.refuse(trees.inspect(parsing.loads(data)))
    except DomainError as refusal:
        return refusal
    return None


SIGNS = [*'{}[]",:0123456789eE+-. \\utrfnlasdN\n\0', "é", "😀"]
JSONISH = st.text(alphabet=st.sampled_from(SIGNS), max_size=80).map(str.encode)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=60) | JSONISH | JSONISH.map(lambda data: b'{"a":' + data))
def test_no_bytes_make_it_fail_otherwise_than_by_a_refusal(data):
    refusal = refusal_of(data)

    if refusal is None:
        assert json.loads(data) == parsing.loads(data)
    else:
        assert refusal.status in (400, 415)
        assert json.dumps(refusal.errors).encode()


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=3))
def test_whatever_json_can_carry_exactly_comes_back_equal(value):
    data = json.dumps(value).encode()
    refusal = refusal_of(data)

    if refusal is None:
        assert parsing.loads(data) == value
    else:
        assert refusal.code in {"number_range", "nul", "lone_surrogate"}
