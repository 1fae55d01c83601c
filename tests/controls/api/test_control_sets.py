"""GET control-sets/ and controls/: what governed, what governs, and to whom it is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls.control_sets import newest_set, whole_content
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from tests.accounts_factories import ClientFactory, KeyFactory, UserFactory, bearer
from tests.controls_factories import LONG_AGO, catch_alls, make_workflow, policy, publish_next

SETS, CONTROLS = "/api/v1/control-sets/", "/api/v1/controls/"
LATER = LONG_AGO + timedelta(days=10)


@pytest.fixture
def credit(cast):
    return make_workflow(
        controls=[policy("LIM-01"), policy("LIM-02", mode="off"), policy("LIM-03", mode="shadow")],
        members=[cast.ada],
    )


@pytest.fixture
def claims(cast):
    return make_workflow("claims-letters", controls=[policy("CLA-01")])


@pytest.fixture
def headers(db):
    """A key bound to credit-decisions with every scope."""
    return bearer(KeyFactory())


def replace(workflow, *controls, at=LATER):
    first = newest_set(workflow)
    source = {
        "specification": first.content["specification"],
        "controls": list(controls),
        "rules": catch_alls("credit"),
    }
    return publish_next(
        workflow,
        whole_content(source, workflow),
        number=first.number + 1,
        by=None,
        actor=Actor.system("test"),
        at=at,
    )


def results(client, url, **more):
    answer = client.get(url, **more)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_every_period_is_listed_newest_first(client, credit, headers):
    second = replace(credit, policy("LIM-01"))

    found = results(client, SETS, **headers)

    assert [(one["number"], one["effective_from"], one["until"]) for one in found] == [
        (2, "2026-01-11T00:00:00Z", None),
        (1, "2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z"),
    ]
    assert found[0]["sha256"] == second.sha256
    assert found[0]["url"].endswith(f"{SETS}{second.sha256}/")


@pytest.mark.parametrize(
    ("at", "numbers"),
    [
        ("2025-12-31T23:59:59Z", []),
        ("2026-01-01T00:00:00Z", [1]),
        ("2026-01-10T23:59:59.999999Z", [1]),
        ("2026-01-11T00:00:00Z", [2]),
        ("2026-01-11T01:00:00%2B02:00", [1]),
        ("2027-01-01T00:00:00Z", [2]),
    ],
)
def test_exactly_one_set_was_in_force_at_a_moment(client, credit, headers, at, numbers):
    replace(credit, policy("LIM-01"))

    found = results(client, f"{SETS}?workflow=credit-decisions&at={at}", **headers)

    assert [one["number"] for one in found] == numbers


def test_one_set_is_given_whole_and_its_hash_can_be_checked(client, credit, headers):
    first = newest_set(credit)

    answer = client.get(f"{SETS}{first.sha256}/", **headers).json()

    assert answer.pop("in_force") == [{"number": 1, "from": "2026-01-01T00:00:00Z", "until": None}]
    assert answer.pop("sha256") == sha256_of(answer) == first.sha256
    assert [control["key"] for control in answer["controls"]] == ["LIM-01", "LIM-02", "LIM-03"]


def test_the_live_controls_are_listed_by_key_with_version_mode_and_workflow(
    client, credit, headers
):
    replace(credit, policy("LIM-01", effect="block"), policy("LIM-02", mode="off"))

    found = results(client, CONTROLS, **headers)

    assert [(c["key"], c["version"], c["mode"], c["workflow"], c["kind"]) for c in found] == [
        ("LIM-01", 2, "enforced", "credit-decisions", "policy"),
        ("LIM-02", 1, "off", "credit-decisions", "policy"),
    ]
    assert found[0]["effect"] == "block"
    assert found[0]["control_set"]["number"] == 2
    assert found[0]["web_url"].endswith("/controls/LIM-01/")


def test_lists_are_paged(client, credit, headers):
    first = client.get(f"{CONTROLS}?limit=2", **headers).json()
    second = client.get(first["next"], **headers).json()

    assert [c["key"] for c in first["results"]] == ["LIM-01", "LIM-02"]
    assert [c["key"] for c in second["results"]] == ["LIM-03"]
    assert second["next"] is None


@pytest.mark.parametrize(
    "url",
    [
        f"{SETS}?at=yesterday",
        f"{SETS}?at=2026-01-01T00:00:00",
        f"{SETS}?number=1",
        f"{SETS}?limit=0",
        f"{SETS}?cursor=forged",
        f"{CONTROLS}?mode=off",
        f"{CONTROLS}?workflow=a&workflow=b",
    ],
)
def test_a_parameter_that_is_wrong_or_unknown_is_refused(client, credit, headers, url):
    answer = client.get(url, **headers)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


# --- who may see it ---------------------------------------------------------------------------


def test_a_system_sees_the_workflows_it_is_bound_to_and_no_other(client, credit, claims, headers):
    foreign = newest_set(claims).sha256

    assert {one["workflow"] for one in results(client, SETS, **headers)} == {"credit-decisions"}
    assert {one["workflow"] for one in results(client, CONTROLS, **headers)} == {"credit-decisions"}
    assert results(client, f"{SETS}?workflow=claims-letters", **headers) == []
    missing = client.get(f"{SETS}{'0' * 64}/", **headers)
    hidden = client.get(f"{SETS}{foreign}/", **headers)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["detail"] == missing.json()["detail"]


@pytest.mark.parametrize("url", [SETS, CONTROLS])
def test_a_key_without_the_scope_is_refused_by_name(client, credit, url):
    key = KeyFactory(client=ClientFactory(scopes=["cases:write"]))

    answer = client.get(url, **bearer(key))

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("url", [SETS, CONTROLS, f"{SETS}{'0' * 64}/"])
def test_nobody_is_told_anything_without_a_key_or_a_session(client, credit, url):
    assert client.get(url).status_code == 401


@pytest.mark.parametrize("name", ["grace", "gus", "dev", "ivy", "otto", "ada"])
def test_people_with_a_role_or_a_queue_of_the_workflow_see_it(client, cast, credit, name):
    client.force_login(getattr(cast, name))

    assert [one["workflow"] for one in results(client, SETS)] == ["credit-decisions"]
    assert client.get(f"{SETS}{newest_set(credit).sha256}/").status_code == 200
    assert len(results(client, CONTROLS)) == 3


def test_a_member_of_a_queue_sees_only_the_workflow_whose_rules_name_it(
    client, cast, credit, claims
):
    client.force_login(cast.ada)

    assert {one["workflow"] for one in results(client, CONTROLS)} == {"credit-decisions"}


@pytest.mark.parametrize("name", ["mallory", "ben"])
def test_people_without_either_see_nothing(client, cast, credit, name):
    client.force_login(getattr(cast, name))

    assert results(client, SETS) == []
    assert results(client, CONTROLS) == []
    assert client.get(f"{SETS}{newest_set(credit).sha256}/").status_code == 404


def test_a_superuser_without_a_role_sees_nothing_here(client, credit):
    client.force_login(UserFactory(superuser=True))

    assert results(client, SETS) == []


# --- cost and description ---------------------------------------------------------------------


@pytest.mark.parametrize("url", [SETS, CONTROLS])
def test_a_list_costs_the_same_whatever_its_length(client, cast, credit, url):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(cast.otto)
    client.get(url)

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url).status_code == 200
        return len(seen)

    before = cost()
    for day in range(1, 6):
        controls = [policy(f"LIM-0{n}", effect="block") for n in range(day + 3)]
        replace(credit, *controls, at=LATER + timedelta(days=day))
        make_workflow(f"other{day}-letters", controls=[policy(f"OTHER-{day}")])

    assert cost() == before


def test_the_description_of_these_endpoints_is_made_without_a_warning(capsys):
    from drf_spectacular.generators import SchemaGenerator

    from assurance.controls.api import urls

    schema = SchemaGenerator(patterns=urls.urlpatterns).get_schema(request=None, public=True)

    assert set(schema["paths"]) >= {
        "/control-sets/",
        "/control-sets/{sha256}/",
        "/controls/",
    }
    said = capsys.readouterr()
    assert "Warning" not in said.err + said.out
    whole = schema["components"]["schemas"]["WholeControlSetSchema"]["properties"]
    assert {"sha256", "workflow", "controls", "rules", "fields", "in_force"} <= set(whole)
    assert "from" in schema["components"]["schemas"]["InForceSchema"]["properties"]
