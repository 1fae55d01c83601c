"""How refusals and faults are answered: a problem document, or a page with a reference."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions, serializers

from assurance.api import problems
from assurance.errors import DomainError

FIELDS = ["type", "title", "status", "detail", "code", "errors", "request_id"]


def test_a_refusal_is_a_problem_document_with_its_extras():
    error = DomainError(
        "held_by_other",
        "Ben holds it until 11:20.",
        status=409,
        headers={"Retry-After": "5"},
        holder="ben",
    )

    answer = problems.problem(error)

    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Retry-After"] == "5"
    document = problems.document(error)
    assert list(document) == [*FIELDS, "holder"]
    assert (document["title"], document["holder"]) == ("Conflict", "ben")


def test_a_fault_tells_a_reference_and_nothing_else(api):
    answer = api.get("/api/t/broken/")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert b"secret" not in answer.content
    assert b"record_event" not in answer.content


def test_a_view_without_a_permission_answers_nobody(api):
    answer = api.get("/api/t/closed/")

    assert answer.status_code == 401


def test_29_a_missing_key_is_401_and_says_how_to_send_one(api):
    answer = api.get("/api/v1/events/", headers={"Authorization": ""})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"]


class Form(serializers.Serializer):
    name = serializers.CharField()
    rows = serializers.ListField(child=serializers.IntegerField(), required=False)


def test_a_serializers_errors_get_pointers():
    form = Form(data={"rows": [1, "x"]})
    with pytest.raises(exceptions.ValidationError) as caught:
        form.is_valid(raise_exception=True)

    error = problems.translate(caught.value)

    assert error is not None
    assert error.status == 400
    assert {(one["pointer"], one["code"]) for one in error.errors} == {
        ("/name", "required"),
        ("/rows/1", "invalid"),
    }


@pytest.mark.parametrize(
    ("exception", "status"),
    [
        (Http404(), 404),
        (exceptions.NotFound(), 404),
        (exceptions.PermissionDenied("Only leads."), 403),
        (exceptions.Throttled(wait=3), 429),
        (exceptions.UnsupportedMediaType("text/plain"), 415),
        (OperationalError("could not connect to 10.0.0.1"), 503),
    ],
)
def test_known_exceptions_have_their_status_and_leak_nothing(exception, status):
    error = problems.translate(exception)

    assert error is not None
    assert error.status == status
    assert "10.0.0.1" not in error.sentence


def test_a_fault_of_ours_is_no_refusal():
    assert problems.translate(KeyError("x")) is None


def test_a_page_that_refuses_shows_the_sentence_or_a_page_with_the_reference(api):
    answer = api.get("/pages/refusing/")

    assert answer.status_code == 409
    assert answer["Content-Type"].startswith("text/html")
    assert answer["X-Request-ID"] in answer.content.decode()


def test_the_last_resort_stands_when_its_page_does_not(house, monkeypatch):
    def fail(*_: object) -> str:
        raise ValueError("no manifest entry")

    monkeypatch.setattr(problems.loader, "render_to_string", fail)

    answer = problems.server_error(RequestFactory().get("/queues/"))

    assert answer.status_code == 500
    assert b"Something went wrong on our side" in answer.content
    assert b"manifest" not in answer.content


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (problems.bad_request, 400),
        (problems.forbidden, 403),
        (problems.not_found, 404),
    ],
)
def test_every_handler_answers_the_api_in_json_and_people_in_html(house, handler, status):
    api = handler(RequestFactory().get("/api/v1/x/"), None)
    page = handler(RequestFactory().get("/queues/"), None)

    assert (api.status_code, api["Content-Type"]) == (status, "application/problem+json")
    assert page.status_code == status
    assert page["Content-Type"].startswith("text/html")
