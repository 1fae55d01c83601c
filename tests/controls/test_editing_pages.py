"""Who may open the admin's editing pages, and what its start page shows."""

from __future__ import annotations

import pytest
from django.urls import reverse

from assurance import clock
from assurance.accounts.choices import Role
from assurance.controls import changes
from assurance.controls.models import ControlChange
from tests.accounts_factories import UserFactory, grant_to
from tests.controls_factories import make_workflow, policy

pytestmark = pytest.mark.django_db

FIELDS = {"name": "Taken over", "do": "save"}
URGENT = {"field": "output.urgent", "op": "==", "value": True}


@pytest.fixture
def credit(cast):
    rule = {"name": "Urgent", "queue": "credit-review", "condition": URGENT}
    return make_workflow(controls=[policy()], rules=[rule])


@pytest.fixture
def grace(client, cast, credit):
    client.force_login(cast.grace)
    return client


EVERY_PAGE = [
    ("controls_controls", []),
    ("controls_rules", []),
    ("controls_waivers", []),
    ("controls_policies", []),
    ("controls_specifications", []),
    ("controls_edit_control", ["LIM-01"]),
    ("controls_edit_rule", ["credit-decisions", "Urgent"]),
    ("controls_edit_policy", ["credit-decisions", "credit-review"]),
    ("controls_edit_specification", ["credit-decisions"]),
    ("controls_add_control", ["credit-decisions"]),
    ("controls_add_rule", ["credit-decisions"]),
    ("controls_add_waiver", ["credit-decisions"]),
]
OWN = [one for one in EVERY_PAGE if one[1]]


@pytest.mark.parametrize(("name", "args"), EVERY_PAGE)
def test_each_page_opens_for_a_governance_owner_of_the_workflow(grace, name, args):
    assert grace.get(reverse(f"admin:{name}", args=args)).status_code == 200


@pytest.mark.parametrize(("name", "args"), OWN)
def test_a_governance_owner_of_another_workflow_finds_nothing(client, cast, credit, name, args):
    stranger = UserFactory(username="stranger", is_staff=True)
    grant_to(stranger, Role.GOVERNANCE, "claims-letters")
    client.force_login(stranger)
    assert client.get(reverse(f"admin:{name}", args=args)).status_code == 404
    assert client.post(reverse(f"admin:{name}", args=args), FIELDS).status_code == 404


@pytest.mark.parametrize(("name", "args"), OWN)
def test_an_auditor_may_read_the_lists_and_edit_nothing(client, cast, credit, name, args):
    cast.otto.is_staff = True
    cast.otto.save()
    client.force_login(cast.otto)

    assert client.get(reverse("admin:controls_controls")).status_code == 200
    assert client.get(reverse(f"admin:{name}", args=args)).status_code == 403
    assert client.post(reverse(f"admin:{name}", args=args), FIELDS).status_code == 403
    assert not ControlChange.objects.exists()


@pytest.mark.parametrize(("name", "args"), EVERY_PAGE)
def test_who_is_not_staff_is_sent_to_sign_in(client, cast, credit, name, args):
    client.force_login(cast.ada)
    answer = client.get(reverse(f"admin:{name}", args=args))
    assert answer.status_code == 302
    assert "login" in answer.url


def test_the_start_page_has_at_most_twelve_entries_in_four_groups(grace, credit):
    text = grace.get("/admin/").content.decode()

    assert 8 <= text.count("data-entry") <= 12
    for group in ("What AI may do", "Where cases go", "Who decides", "Who connects"):
        assert group in text
    for library in ("Sites", "Social", "Email addresses", "Sessions", "Periodic"):
        assert library not in text


def test_the_start_page_tells_whose_draft_waits(grace, credit, cast):
    draft = changes.put(credit, "rule", "Urgent", None, by=cast.gus, at=clock.now())
    text = grace.get("/admin/").content.decode()
    assert f"Gus Lind: change {draft.number}, draft" in text


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("controls_new_control_beside", ["credit-decisions"]),
        ("controls_new_rule_beside", ["credit-decisions"]),
        ("controls_new_waiver_beside", ["credit-decisions"]),
        ("controls_control_beside", ["LIM-01"]),
        ("controls_rule_beside", ["credit-decisions", "Urgent"]),
        ("controls_policy_beside", ["credit-decisions", "credit-review"]),
        ("controls_specification_beside", ["credit-decisions"]),
    ],
)
@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"c.0.field": "output.amount", "c.0.code": "nonsense", "c.99999.field": "x"},
        {"c.joint": "x", "c.0.joint": "any", "c.0.0.joint": "any", "c.0.0.0.joint": "any"},
        {"boundaries.0.number": "x", "check_name": "none such", "expires_at": "soon"},
        {"reasons.0.code": "A b", "rationale_min_approve_low": "-1", "position": "1e9"},
    ],
)
@pytest.mark.parametrize("kind", ["policy", "verification"])
def test_whatever_is_typed_so_far_has_an_answer_beside_it(grace, name, args, typed, kind):
    address = reverse(f"admin:{name}", args=args)
    answer = grace.post(f"{address}?preview=1&kind={kind}", typed)
    assert answer.status_code == 200
    assert not ControlChange.objects.exists()
