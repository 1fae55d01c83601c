"""What a workflow calls sensitive: in no list and no sentence, covered on the page of its case."""

from __future__ import annotations

import re

import pytest

from assurance import clock
from tests.controls_factories import make_workflow, policy, verification
from tests.reviews.test_correcting_pages import plain, signed_in, words  # noqa: F401
from tests.reviews.test_intake import submit

pytestmark = pytest.mark.django_db

SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "x-sensitive": True},
        "account": {"type": "string", "x-sensitive": True, "x-label": "Account"},
    },
}
SECRET = re.compile(r"48,?277|DE02-4711")
UNCOVERABLE = re.compile(r"<span data-covered-value>[^<]*</span>")


@pytest.fixture
def case(cast):
    limit = {"name": "number_limit", "params": {"field": "output.amount", "maximum": 1000}}
    workflow = make_workflow(
        controls=[
            verification(check=limit),
            policy(condition={"field": "output.account", "op": "starts_with", "value": "DE02"}),
        ],
        owner=cast.grace,
        members=[cast.ada],
        specialists=[cast.ada],
        output_schema=SCHEMA,
        title_template="Loan of {output.amount} to {output.account}",
    )
    output = {"amount": 48277, "account": "DE02-4711"}
    return submit(workflow, at=clock.now(), output=output).case


def test_no_list_shows_a_sensitive_value_whatever_a_check_says_of_it(cast, case):
    client = signed_in(cast.ada)

    for address in ("/queues/", case.queue.get_absolute_url(), "/cases/", "/cases/?q=Loan"):
        page = words(client.get(address))
        assert not SECRET.search(page), address
    assert case.title in page


def test_on_its_case_a_sensitive_value_stands_covered_in_its_field_alone(cast, case):
    client = signed_in(cast.ada)

    for address in (case.get_absolute_url(), f"{case.get_absolute_url()}record/"):
        page = words(client.get(address))
        assert len(UNCOVERABLE.findall(page)) == 2, address
        assert not SECRET.search(UNCOVERABLE.sub("", page)), address
        assert "(covered)" in page
