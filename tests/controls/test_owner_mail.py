"""An alert of a workflow reaches its owner."""

from __future__ import annotations

import pytest

from assurance import clock
from assurance.controls.models import Workflow
from assurance.delivery.alerts import raise_alert
from assurance.delivery.models import MailDelivery
from tests.controls_factories import make_person, make_workflow

pytestmark = pytest.mark.django_db


def mailed(workflow: Workflow) -> list[str]:
    raise_alert("x", "Something happened.", workflow=workflow.slug, at=clock.now())
    return list(MailDelivery.objects.values_list("to", flat=True))


def test_the_owner_is_told():
    workflow = make_workflow()

    assert mailed(workflow) == [workflow.owner.email]


def test_the_deputy_is_told_where_the_owner_has_no_address():
    workflow = make_workflow()
    workflow.deputy = make_person("gus")
    workflow.save()
    type(workflow.owner).objects.filter(pk=workflow.owner_id).update(email="")

    assert mailed(workflow) == [workflow.deputy.email]


def test_without_any_address_the_alert_stands_on_the_page_alone():
    workflow = make_workflow()
    type(workflow.owner).objects.update(email="")

    assert mailed(workflow) == []
