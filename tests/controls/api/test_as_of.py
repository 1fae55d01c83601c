"""The first moments of the calendar, asked for over REST."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.controls_factories import make_workflow, policy

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "0001-01-20T00:00:00Z", "1969-12-31T23:59:59Z"]
)
def test_a_moment_before_anything_could_be_in_force_is_refused(cast, at):
    make_workflow("credit-decisions", controls=[policy()])
    client = Client()
    client.force_login(cast.otto)

    answer = client.get("/api/v1/as-of/", {"workflow": "credit-decisions", "at": at})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?at")
