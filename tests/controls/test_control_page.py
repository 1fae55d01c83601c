"""The page of one control: in words, read only, and only for those whom it concerns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls.control_sets import newest_set, whole_content
from assurance.record.actors import Actor
from tests.accounts_factories import UserFactory
from tests.controls_factories import (
    LONG_AGO,
    catch_alls,
    make_workflow,
    policy,
    publish_next,
    verification,
)


@pytest.fixture
def credit(cast):
    return make_workflow(
        controls=[
            policy("LIM-01", purpose="Keep large loans in sight.", message="{output.amount} EUR."),
            verification(
                "VER-01",
                check={"name": "banned_wording", "params": {"phrases": ["<script>", "guaranteed"]}},
                effects={"fail": "specialist"},
                failure_policy="closed_block",
            ),
        ],
        members=[cast.ada],
    )


def replace(workflow, *controls):
    source = {
        "specification": newest_set(workflow).content["specification"],
        "controls": list(controls),
        "rules": catch_alls("credit"),
    }
    return publish_next(
        workflow,
        whole_content(source, workflow),
        number=2,
        by=None,
        actor=Actor.system("test"),
        at=LONG_AGO + timedelta(days=1),
    )


def page(client, key, query="") -> str:
    answer = client.get(f"/controls/{key}/{query}")
    assert answer.status_code == 200, answer.content[:500]
    return answer.content.decode()


def test_a_policy_control_is_told_in_words_and_as_an_expression(client, cast, credit):
    client.force_login(cast.grace)

    text = page(client, "LIM-01")

    assert "Keep large loans in sight." in text
    assert "A large amount goes out unseen." in text
    assert "1. Nothing above the limit goes out unseen." in text
    assert 'Holds when <code class="mono">output.amount</code> is more than 2,500.' in text
    assert "output.amount &gt; 2500" in text
    assert "When it fires</dt><dd>Review" in text
    assert "When it cannot be known</dt><dd>Review" in text
    assert "{output.amount} EUR." in text
    assert "Enforced" in text


def test_a_verification_control_tells_its_check_and_its_parameters_inertly(client, cast, credit):
    client.force_login(cast.grace)

    text = page(client, "VER-01")

    assert "When the check fails</dt><dd>Specialist" in text
    assert "When it is unsure</dt><dd>Review" in text
    assert "When the check could not run</dt><dd>Block" in text
    assert "&lt;script&gt;, guaranteed" in text
    assert "<script>" not in text.split("<main", 1)[1].split("</main>", 1)[0]


@pytest.mark.parametrize("name", ["grace", "gus", "dev", "ivy", "otto", "ada"])
def test_people_with_a_role_or_a_queue_of_the_workflow_may_read_it(client, cast, credit, name):
    client.force_login(getattr(cast, name))

    assert "LIM-01" in page(client, "LIM-01")


@pytest.mark.parametrize("name", ["mallory", "ben"])
def test_for_everybody_else_it_is_not_there(client, cast, credit, name):
    client.force_login(getattr(cast, name))

    hidden, missing = client.get("/controls/LIM-01/"), client.get("/controls/NO-SUCH/")

    assert hidden.status_code == missing.status_code == 404


def test_a_superuser_without_a_role_does_not_see_it(client, credit):
    client.force_login(UserFactory(superuser=True))

    assert client.get("/controls/LIM-01/").status_code == 404


def test_a_stranger_is_asked_to_sign_in(client, credit):
    answer = client.get("/controls/LIM-01/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/controls/LIM-01/")


def test_nothing_can_be_changed_here(client, cast, credit):
    client.force_login(cast.grace)

    assert client.post("/controls/LIM-01/").status_code == 405


def test_every_version_has_its_address_and_says_when_it_was_live(client, cast, credit):
    replace(credit, policy("LIM-01", effect="block", mode="shadow"))
    client.force_login(cast.grace)

    live, first = page(client, "LIM-01"), page(client, "LIM-01", "?version=1")

    assert "When it fires</dt><dd>Block" in live
    assert "It is judged and recorded, and has no effect." in live
    assert "is not live" not in live
    assert "When it fires</dt><dd>Review" in first
    assert "This version is not live" in first
    assert "What it orders happens." in first
    for text in (live, first):
        assert 'href="?version=1"' in text
        assert 'href="?version=2"' in text
        assert "Set 1" in text
        assert "Set 2" in text


def test_a_control_that_left_the_live_set_keeps_its_page(client, cast, credit):
    replace(credit, policy("LIM-02"))
    client.force_login(cast.grace)

    assert "This version is not live" in page(client, "LIM-01")


@pytest.mark.parametrize("asked", ["2", "0", "-1", "one", "1.0", "%F0%9F%98%80"])
def test_a_version_that_never_was_is_not_there(client, cast, credit, asked):
    client.force_login(cast.grace)

    assert client.get(f"/controls/LIM-01/?version={asked}").status_code == 404


def test_a_control_without_a_condition_and_with_every_other_word_has_a_page_too(client, cast):
    make_workflow(
        controls=[
            policy("A-1", condition=None, effect="reroute", reroute_to="the branch"),
            policy("A-2", effect="return", instructions="Say less.", on_unknown="fire"),
            policy("A-3", effect="block", on_unknown="quiet", mode="off"),
            policy("A-4", effect="block", on_unknown="governance", mode="advise", boundary=None),
        ]
    )
    client.force_login(cast.grace)

    assert "On every case." in page(client, "A-1")
    assert "the branch" in page(client, "A-1")
    assert "Return, as when it fires" in page(client, "A-2")
    assert "Say less." in page(client, "A-2")
    assert "When it cannot be known</dt><dd>Nothing" in page(client, "A-3")
    assert "It is not judged." in page(client, "A-3")
    assert "When it cannot be known</dt><dd>Governance" in page(client, "A-4")
