"""Queues in the admin: members, times, guideline change; slug and kind stay; none is deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import RequestFactory

from assurance.accounts.choices import Role
from assurance.record.ledger import INSTALLATION, types
from assurance.record.models import Event
from reviews.models import Case, Decision, Queue
from tests.accounts_factories import UserFactory, grant_to
from tests.controls_factories import make_queue, make_workflow


@pytest.fixture
def queue(cast):
    make_workflow(members=[cast.ada])
    return Queue.objects.get(slug="credit-review")


def address(queue) -> str:
    return f"/admin/reviews/queue/{queue.pk}/change/"


def post(client, queue, **changed):
    fields = {
        "name": queue.name,
        "members": [member.pk for member in queue.members.all()],
        "service_level": "",
        "lease": "PT20M",
        "undo_window": "PT10S",
        "skip_for": "PT8H",
        "guideline": queue.guideline,
    }
    return client.post(address(queue), {**fields, **changed})


def test_a_governance_owner_changes_members_and_times_and_it_is_recorded(client, cast, queue):
    client.force_login(cast.grace)

    answer = post(client, queue, members=[cast.ben.pk], lease="PT15M", service_level="PT4H")

    assert answer.status_code == 302, answer.context["errors"]
    queue.refresh_from_db()
    assert (queue.lease, queue.service_level) == (timedelta(minutes=15), timedelta(hours=4))
    assert list(queue.members.all()) == [cast.ben]
    assert types(INSTALLATION)[-1] == "queue.changed"
    payload = bytes(Event.objects.filter(type="queue.changed").get().payload.body).decode()
    assert '"members_added":["ben"]' in payload
    assert '"members_removed":["ada"]' in payload
    assert queue.history.first().history_user == cast.grace


def test_a_new_guideline_counts_its_version_up_and_the_same_one_does_not(client, cast, queue):
    client.force_login(cast.grace)

    post(client, queue, guideline="Look at the income first.")
    queue.refresh_from_db()
    assert queue.guideline_version == 2

    post(client, queue, name="Loans")
    queue.refresh_from_db()
    assert (queue.name, queue.guideline_version) == ("Loans", 2)


def test_saving_without_a_change_records_nothing(client, cast, queue):
    client.force_login(cast.grace)
    before = types(INSTALLATION)

    assert post(client, queue).status_code == 302

    assert types(INSTALLATION) == before


def test_slug_and_kind_stay(client, cast, queue):
    client.force_login(cast.grace)

    post(client, queue, slug="other", kind="governance")

    queue.refresh_from_db()
    assert (queue.slug, queue.kind) == ("credit-review", "general")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("lease", "PT1S", "helps nobody"),
        ("lease", "PT9H", "8 hours at most"),
        ("lease", "", "required"),
        ("undo_window", "PT31S", "30 seconds at most"),
        ("service_level", "P1000Y", "too long"),
        ("service_level", "-PT1H", "negative"),
        ("service_level", "PT0S", "no time at all"),
        ("skip_for", "soon", "not a length of time"),
    ],
)
def test_a_wrong_length_of_time_is_told_beside_its_field(client, cast, queue, name, value, said):
    client.force_login(cast.grace)

    answer = post(client, queue, **{name: value})

    assert answer.status_code == 200
    assert said in str(answer.context["errors"])


def test_a_queue_may_do_without_an_undo_window(client, cast, queue):
    client.force_login(cast.grace)

    assert post(client, queue, undo_window="PT0S").status_code == 302

    queue.refresh_from_db()
    assert queue.undo_window == timedelta(0)


def test_a_new_queue_is_made_here_and_recorded(client, cast, queue):
    client.force_login(cast.grace)
    fields = {"slug": "loan-experts", "name": "Experts", "kind": "specialist", "lease": "PT20M"}

    answer = client.post(
        "/admin/reviews/queue/add/",
        {**fields, "undo_window": "PT10S", "skip_for": "PT8H", "members": [cast.cleo.pk]},
    )

    assert answer.status_code == 302, answer.context["errors"]
    assert list(Queue.objects.get(slug="loan-experts").members.all()) == [cast.cleo]
    assert types(INSTALLATION)[-1] == "queue.created"


def test_a_queue_of_another_s_workflow_is_only_read(client, cast, queue):
    cast.ben.is_staff = True
    cast.ben.save()
    grant_to(cast.ben, Role.GOVERNANCE, "claims-letters")
    client.force_login(cast.ben)
    unused = make_queue("nobody-s")

    assert client.get(address(queue)).status_code == 200
    assert post(client, queue, name="Mine").status_code == 403
    assert post(client, unused, name="Mine").status_code == 302


def test_a_queue_where_cases_of_another_workflow_wait_is_only_read(client, cast, waiting):
    case = waiting
    case.queue = make_queue("experts-of-all", "specialist")
    case.save()
    cast.ben.is_staff = True
    cast.ben.save()
    grant_to(cast.ben, Role.GOVERNANCE, "claims-letters")
    client.force_login(cast.ben)

    assert post(client, case.queue, members=[cast.mallory.pk]).status_code == 403


def test_nobody_adds_themselves_to_a_queue_from_whichever_account(client, cast, queue):
    second = UserFactory(username="grace-2", person=cast.grace.person)
    client.force_login(cast.grace)

    for account in (cast.grace, second):
        answer = post(client, queue, members=[cast.ada.pk, account.pk])
        assert answer.status_code == 200
        assert "Nobody adds themselves" in str(answer.context["errors"])
    assert list(queue.members.all()) == [cast.ada]


def test_who_was_added_by_another_may_save_and_may_leave(client, cast, queue):
    queue.members.add(cast.grace)
    client.force_login(cast.grace)

    assert post(client, queue, guideline="Mind the excess.").status_code == 302
    assert post(client, queue, members=[cast.ada.pk]).status_code == 302
    assert list(queue.members.all()) == [cast.ada]


@pytest.mark.parametrize("name", ["otto", "dev"])
def test_others_read_and_change_nothing(client, cast, queue, name):
    user = getattr(cast, name)
    user.is_staff = True
    user.save()
    client.force_login(user)

    assert client.get(address(queue)).status_code == 200
    assert post(client, queue, name="Mine").status_code == 403


def test_no_queue_is_deleted(client, cast, queue):
    client.force_login(cast.grace)

    answer = client.post(f"/admin/reviews/queue/{queue.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 409
    assert "none is ever deleted" in answer.content.decode()
    assert Queue.objects.filter(pk=queue.pk).exists()


def test_60_a_queue_with_open_cases_is_not_deleted_and_they_are_counted(client, cast, waiting):
    client.force_login(cast.grace)

    answer = client.post(f"/admin/reviews/queue/{waiting.queue.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 409
    assert "1 open case waits in it" in answer.content.decode()
    assert Queue.objects.filter(pk=waiting.queue.pk).exists()


@pytest.mark.parametrize("model", [Case, Decision])
def test_cases_and_decisions_are_only_shown(client, cast, queue, model):
    client.force_login(cast.grace)
    request = RequestFactory().get("/")
    request.user = cast.grace
    shown = admin.site._registry[model]

    assert client.get(f"/admin/reviews/{model._meta.model_name}/").status_code == 200
    assert client.get(f"/admin/reviews/{model._meta.model_name}/add/").status_code == 403
    assert shown.has_view_permission(request)
    assert not shown.has_change_permission(request)
    assert not shown.has_delete_permission(request)
    assert not shown.has_add_permission(request)
