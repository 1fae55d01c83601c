"""Bad inputs 32, 34 and 36: what is refused at the gate, whatever the request wants."""

from __future__ import annotations

import pytest

from assurance.api import leaks

ECHO = "/api/t/echo/"
KEY = "cm_live_0123456789abcdef_" + "0f" * 32


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def flagged(monkeypatch):
    """The keys that were flagged as leaked."""
    found: list[str] = []
    monkeypatch.setattr(leaks, "_flag", found.append)
    return found


@pytest.mark.parametrize(
    "address", [f"{ECHO}?key={KEY}", f"/api/v1/{KEY}/", f"{ECHO}?key=cm%5Flive{KEY[7:]}"]
)
def test_32_a_key_in_the_address_is_refused_and_flagged(api, flagged, address):
    assert code(api.get(address)) == (400, "key_in_url")
    assert flagged == [KEY]


def test_32_a_flag_that_fails_does_not_let_the_key_through(api, monkeypatch):
    def fail(key: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(leaks, "_flag", fail)

    assert code(api.get(f"{ECHO}?key={KEY}")) == (400, "key_in_url")


def test_34_a_repeated_parameter_is_refused(api):
    assert code(api.get("/api/t/reports/?limit=1&limit=2")) == (400, "repeated_parameter")


def test_a_nul_in_the_query_is_refused_on_pages_too(api):
    assert code(api.get("/api/t/reports/?directive=%00")) == (400, "nul")
    assert api.get("/pages/refusing/?q=a%00b").status_code == 400


@pytest.mark.parametrize("form", [{"why": "a\0b"}, {"a\0b": "why"}])
def test_a_nul_in_a_form_is_refused_in_a_sentence(api, form):
    answer = api.post("/pages/refusing/", form)

    assert answer.status_code == 400
    assert "U+0000" in answer.content.decode()


def test_a_nul_in_the_path_leads_nowhere(api):
    assert api.get("/api/t/%00/").status_code == 404


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
def test_36_methods_that_nobody_offers_are_405_everywhere(api, method):
    for address in (ECHO, "/pages/refusing/"):
        answer = api.generic(method, address)

        assert answer.status_code == 405
        assert "GET" in answer["Allow"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "GET"])
def test_36_a_method_without_a_handler_is_405_with_allow(api, method):
    answer = api.generic(method, ECHO)

    assert code(answer) == (405, "method_not_allowed")
    assert set(answer["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_36_an_unknown_address_is_a_json_404(api):
    answer = api.get("/api/v1/nothing/at/all")

    assert code(answer) == (404, "not_found")
    assert answer["Content-Type"] == "application/problem+json"


def test_36_a_forgotten_slash_loses_no_body_but_says_so(api):
    answer = api.send("/api/t/echo", {"a": 1})

    assert code(answer) == (404, "not_found")
    assert "/api/t/echo/" in answer.json()["detail"]


@pytest.mark.parametrize("accept", ["text/html", "text/html, image/png", "application/json;q=0"])
def test_36_who_accepts_no_json_is_406(api, accept):
    assert code(api.send(ECHO, {}, Accept=accept)) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html, */*;q=0.1", "application/*", ""]
)
def test_36_who_accepts_json_among_others_gets_it(api, accept):
    assert api.send(ECHO, {"a": 1}, Accept=accept).status_code == 200


def test_27_a_malformed_id_is_404_and_case_does_not_matter(api):
    known = "0193F0A0-0000-7000-8000-00000000ABCD"

    for id in (known, known.lower()):
        assert api.send(f"/api/t/things/{id}/", {}).json() == {"id": known.lower()}
    assert api.send("/api/t/things/not-an-id/", {}).status_code == 404


def test_nothing_dynamic_is_kept_by_a_cache_on_the_way(api):
    for address in ("/healthz", "/api/t/reports/", "/api/nothing", "/pages/refusing/", "/nothing"):
        assert api.get(address)["Cache-Control"] == "no-store", address


def test_plain_http_is_refused_in_production(api, settings):
    settings.PLAIN_HTTP = False

    assert code(api.get("/api/t/reports/")) == (403, "https_required")
    assert api.get("/api/t/reports/", secure=True).status_code == 200


def test_the_reference_is_ours_whatever_the_caller_sends(api):
    answer = api.get("/api/nothing", headers={"X-Request-ID": "<script>"})

    assert answer["X-Request-ID"] == answer.json()["request_id"]
    assert len(answer["X-Request-ID"]) == 36


def test_a_length_that_is_no_number_is_no_fault(api):
    answer = api.generic("POST", ECHO, b"", "application/json", CONTENT_LENGTH="²")

    assert answer.status_code < 500
