"""Requests made from the description itself, right ones and wrong ones, in this process: no answer
is a fault of ours, and none strays from what the description promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from assurance.wsgi import application
from reviews.models import Case
from tests.accounts_factories import grant_to
from tests.reviews.api.conftest import a_case, claimed, decided, release_all

pytestmark = pytest.mark.django_db

EXAMPLES = 4  # right ones and as many wrong ones, of every operation and every kind of caller
EXCLUDED = {
    # What is well-formed may still be refused: an unknown workflow, a case that nobody claimed.
    "positive_data_acceptance",
    # They follow a story of several requests, which a single request is not.
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",
    # It asks for 401 where an address comes first: what is not offered at all is 404 or 405.
    "ignored_auth",
}
CHECKED = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in EXCLUDED]
QUIETLY = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def one_connection() -> Iterator[None]:
    """A real server closes a connection that has lost its way; here the test holds it. Entered
    last, since Django's own test client puts the receivers back after each of its requests."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def operations() -> list[Any]:
    description = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(description)
    schema.app = application
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def things(scorecard, people, credit, cast) -> dict[str, Any]:
    """Something for every place of an address, so that requests get further than 404."""
    for role in ("integrator", "lead"):
        grant_to(cast.ada, role, "credit-decisions")
    closed = scorecard.post("cases/", a_case()).json()
    made = decided(people.ada, closed)
    release_all()
    waiting = scorecard.post("cases/", a_case()).json()
    claimed(people.ada, waiting)
    return {
        "cases": [closed["id"], waiting["id"]],
        "decision": made["id"],
        "sha256": closed["control_set"]["sha256"],
    }


def places(operation: Any, things: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What stands in the address: the schema's own guesses, then things that are there."""
    yield {}
    names = {parameter.name for parameter in operation.path_parameters}
    if not names:
        return
    slug = "credit-review" if "/queues/" in operation.path else "credit-decisions"
    known = {"slug": slug, "decision": things["decision"], "sha256": things["sha256"],
             "number": 1, "drill": 1, "check_run_id": things["cases"][0]}  # fmt: skip
    for case in things["cases"] if "id" in names else things["cases"][:1]:
        yield {name: {**known, "id": case}[name] for name in names}


def has_words(operation: Any) -> bool:
    return bool(list(operation.body) or list(operation.query))


def who(caller: str, scorecard, people) -> dict[str, str]:
    if caller == "a system":
        return {"Authorization": scorecard.client.defaults["HTTP_AUTHORIZATION"]}
    session = people.ada.client.cookies[django_settings.SESSION_COOKIE_NAME].value
    token = "a" * 32
    return {
        "Cookie": f"{django_settings.SESSION_COOKIE_NAME}={session};"
        f" {django_settings.CSRF_COOKIE_NAME}={token}",
        "X-CSRFToken": token,
    }


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("caller", ["a system", "a person"])
def test_every_operation_answers_as_it_is_described(
    operations, things, scorecard, people, caller, mode
):
    sent, headers = [0], who(caller, scorecard, people)

    with one_connection():
        for operation in operations:
            found = list(places(operation, things))
            for place in found if mode is GenerationMode.POSITIVE else found[-1:]:
                if mode is GenerationMode.NEGATIVE and not has_words(operation):
                    continue  # nothing is said, and its place is given: nothing to get wrong

                @QUIETLY
                @given(operation.as_strategy(generation_mode=mode, path_parameters=place or None))
                def try_it(case: Any) -> None:
                    sent[0] += 1
                    case.call_and_validate(headers=headers, checks=CHECKED)

                try_it()

    assert sent[0] > len(operations)
    assert Case.objects.count() >= 2
