"""Workflows in the admin: what may be changed, by whom; and what only can be read."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib import admin

from assurance.accounts.choices import Role
from assurance.controls.control_sets import newest_set
from assurance.controls.models import (
    Assessment,
    ControlSet,
    ControlVersion,
    ExecutedReport,
    Label,
    Workflow,
)
from assurance.record.ledger import Stream, types
from tests.accounts_factories import UserFactory, grant_to
from tests.controls_factories import LONG_AGO, make_workflow, policy
from tests.database import past_the_guards

SCHEMA = {
    "type": "object",
    "properties": {"amount": {"type": "number"}, "iban": {"type": "string", "sensitive": True}},
}
EVIDENCE = [ControlSet, ControlVersion, Assessment, Label, ExecutedReport]


@pytest.fixture
def credit(cast):
    return make_workflow(
        controls=[policy("LIM-01")], output_schema=SCHEMA, deputy=cast.gus, builders=[cast.ben]
    )


@pytest.fixture
def claims(cast):
    return make_workflow("claims-letters")


def address(obj) -> str:
    return f"/admin/controls/{obj._meta.model_name}/{obj.pk}/change/"


def fields_of(workflow, **changed):
    """What the form would post."""
    return {
        "name": workflow.name,
        "owner": workflow.owner_id,
        "deputy": workflow.deputy_id or "",
        "builders": [person.pk for person in workflow.builders.all()],
        "tier": workflow.tier,
        "safe_outcome": workflow.safe_outcome,
        "safe_reroute_to": "",
        "outage_policy": workflow.outage_policy,
        "proceed_validity": "",
        "title_template": "",
        "link_templates": "[]",
        "initial-link_templates": "[]",
        "output_schema": json.dumps(workflow.output_schema),
        "context_schema": "null",
        **changed,
    }


def post(client, workflow, **changed):
    return client.post(address(workflow), fields_of(workflow, **changed))


def test_a_governance_owner_changes_a_workflow_and_it_is_on_its_chain(client, cast, credit):
    client.force_login(cast.grace)

    answer = post(client, credit, name="Loans", proceed_validity="PT20M")

    assert answer.status_code == 302, answer.context["errors"]
    credit.refresh_from_db()
    assert (credit.name, credit.proceed_validity) == ("Loans", timedelta(minutes=20))
    assert types(Stream.workflow("credit-decisions"))[-1] == "workflow.changed"
    assert credit.history.first().history_user == cast.grace


def test_saving_without_a_change_records_nothing(client, cast, credit):
    client.force_login(cast.grace)
    before = types(Stream.workflow("credit-decisions"))

    assert post(client, credit).status_code == 302

    assert types(Stream.workflow("credit-decisions")) == before


def test_slug_stage_and_pause_cannot_be_changed_here(client, cast, credit):
    client.force_login(cast.grace)

    post(client, credit, slug="other", stage="governed", all_review="on", paused_at_0="2026-01-01")

    credit.refresh_from_db()
    assert (credit.slug, credit.stage, credit.all_review, credit.paused_at) == (
        "credit-decisions",
        "limited",
        False,
        None,
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("name", "", "required"),
        ("proceed_validity", "P1000Y", "too long"),
        ("proceed_validity", "-PT2H", "negative"),
        ("proceed_validity", "PT0S", "no time at all"),
        ("title_template", "For {output.amuont}", "{output.amount}"),
        ("title_template", "For {output.iban}", "sensitive"),
        ("link_templates", '["https://core.example"]', "Write a list such as"),
        ("link_templates", '[{"label": "X", "url": "javascript:alert(1)"}]', "https://"),
        ("output_schema", '{"type": "text"}', "no valid schema"),
        ("output_schema", '{"properties": {"a": {"pattern": "(a+)+"}}}', "/properties/a/pattern"),
        ("safe_outcome", "reroute", "name it"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(client, cast, credit, name, value, said):
    client.force_login(cast.grace)

    answer = post(client, credit, **{name: value})

    assert answer.status_code == 200
    assert said in str(answer.context["errors"])


@pytest.mark.parametrize(("before", "after"), [((), ("grace",)), (("grace",), ())])
def test_nobody_says_of_themselves_whether_they_built_it(client, cast, credit, before, after):
    credit.builders.set([getattr(cast, name).person for name in before])
    client.force_login(cast.grace)

    builders = [getattr(cast, name).person.pk for name in after]
    answer = post(client, credit, builders=builders)

    assert "another governance owner" in str(answer.context["errors"])
    assert set(credit.builders.all()) == {getattr(cast, name).person for name in before}


@pytest.mark.parametrize(
    ("stage", "tier", "stays"),
    [("limited", "low", True), ("governed", "medium", True), ("suspended", "low", True),
     ("pilot", "low", False)],
)  # fmt: skip
def test_beyond_the_pilot_one_owner_lowers_no_tier(client, cast, credit, stage, tier, stays):
    past_the_guards(Workflow.objects.update, stage=stage)
    client.force_login(cast.grace)

    answer = post(client, credit, tier=tier)

    credit.refresh_from_db()
    assert credit.tier == ("high" if stays else tier)
    assert ("the tier is not lowered" in answer.content.decode()) == stays


def test_another_governance_owner_may_say_it(client, cast, credit):
    client.force_login(cast.gus)

    assert post(client, credit, builders=[cast.grace.person.pk]).status_code == 302

    assert set(credit.builders.all()) == {cast.grace.person}


@pytest.mark.parametrize("name", ["otto", "dev", "ivy", "superuser"])
def test_others_read_a_workflow_and_change_nothing(client, cast, credit, name):
    user = UserFactory(superuser=True) if name == "superuser" else getattr(cast, name)
    user.is_staff = True
    user.save()
    client.force_login(user)

    assert client.get(address(credit)).status_code == 200
    assert post(client, credit, name="Mine").status_code == 403
    credit.refresh_from_db()
    assert credit.name == "Credit decisions"


def test_governance_of_one_workflow_is_not_governance_of_another(client, cast, credit, claims):
    ada = cast.ada
    ada.is_staff = True
    ada.save()
    grant_to(ada, Role.GOVERNANCE, "claims-letters")
    client.force_login(ada)

    assert client.get(address(claims)).status_code == 200
    assert client.get(address(credit)).status_code == 302  # not among hers: back to the start
    assert post(client, credit, name="Mine").status_code == 302
    credit.refresh_from_db()
    assert credit.name == "Credit decisions"
    listed = client.get("/admin/controls/workflow/").context["cl"].result_list
    assert [workflow.slug for workflow in listed] == ["claims-letters"]


@pytest.mark.parametrize("name", ["grace", "otto", "superuser"])
@pytest.mark.parametrize("model", [Workflow, *EVIDENCE])
def test_nobody_makes_or_deletes_any_of_it_here(client, cast, credit, model, name):
    user = UserFactory(superuser=True) if name == "superuser" else getattr(cast, name)
    user.is_staff = True
    user.save()
    client.force_login(user)
    base = f"/admin/controls/{model._meta.model_name}"
    row = one_of(model, credit)

    assert client.get(f"{base}/").status_code == 200
    assert client.get(f"{base}/add/").status_code == 403
    assert client.post(f"{base}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    actions = client.get(f"{base}/").context["cl"].model_admin.get_actions
    assert "delete_selected" not in actions(client.get(f"{base}/").wsgi_request)


@pytest.mark.parametrize("model", EVIDENCE)
def test_evidence_is_shown_and_cannot_be_changed(client, cast, credit, model):
    row = one_of(model, credit)
    client.force_login(cast.grace)

    assert client.get(address(row)).status_code == 200
    assert client.post(address(row), {"number": 7}).status_code == 403
    assert not admin.site._registry[model].has_change_permission(
        client.get(address(row)).wsgi_request
    )


def test_a_judgement_is_shown_with_its_sensitive_values_covered(client, cast, credit):
    row = one_of(Assessment, credit)
    client.force_login(cast.grace)

    text = client.get(address(row)).content.decode()

    assert "4820" in text
    assert "DE02-SECRET" not in text
    assert "(covered)" in text


def test_a_control_set_is_shown_whole(client, cast, credit):
    client.force_login(cast.grace)

    text = client.get(address(newest_set(credit))).content.decode()

    assert "A large amount goes out unseen." in text
    assert newest_set(credit).sha256 in text


def test_the_history_of_a_workflow_names_who_changed_what(client, cast, credit):
    client.force_login(cast.grace)
    credit.stage = "pilot"
    past_the_guards(credit.save)
    post(client, credit, name="Loans", tier="low")

    text = client.get(address(credit)).content.decode()

    assert "grace: name, tier" in text


def one_of(model, workflow):
    """A row of the model."""
    control_set = newest_set(workflow)
    if model is Workflow:
        return workflow
    if model is ControlSet:
        return control_set
    if model is ControlVersion:
        return ControlVersion.objects.get()
    if model is Label:
        return Label.objects.create(
            case_id=uuid4(), workflow=workflow, value="correct", source="outcome", at=LONG_AGO
        )
    if model is ExecutedReport:
        return ExecutedReport.objects.create(
            workflow=workflow,
            start=LONG_AGO,
            end=LONG_AGO + timedelta(days=1),
            count=3,
            reported_by="client",
            at=LONG_AGO,
        )
    iban = {"field": "output.iban", "op": "==", "value": "DE02-SECRET", "other": "DE02-SECRET"}
    return Assessment.objects.create(
        case_id=uuid4(),
        revision=1,
        purpose="intake",
        workflow=workflow,
        control_set=control_set,
        facts={
            "output": {"amount": 4820, "iban": "DE02-SECRET"},
            "evidence": [
                {"label": "A", "kind": "text", "content": "DE02-SECRET", "sensitive": True}
            ],
        },
        results=[{"key": "LIM-01", "operands": [iban]}],
        disposition="review",
        would_be="review",
        enforced=True,
        ungoverned=False,
        duration_us=1,
        at=LONG_AGO,
    )
