"""What becomes of a judged case beside its queue: who is written to, how long a go-ahead holds,
what was reported afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls.choices import OutagePolicy
from assurance.delivery.mail import send_due
from assurance.delivery.models import MailDelivery
from reviews.answers import case_answer
from tests.controls_factories import make_workflow, policy
from tests.delivery.test_mail import Mailbox, mailbox  # noqa: F401
from tests.reviews.conftest import NOON, SECOND
from tests.reviews.test_intake import submit

pytestmark = pytest.mark.django_db


def test_each_member_who_wants_it_gets_one_plain_mail_that_a_case_waits(
    cast,
    credit,
    post,
    mailbox,  # noqa: F811
):
    cast.ada.wants_case_email = True
    cast.ada.save()
    case = post(title="Loan of 4,820 to A. Secret", subject="customer-7781")

    assert MailDelivery.objects.count() == 1
    assert send_due(lambda: NOON + SECOND) == 1
    (message,) = mailbox.messages
    assert message["To"] == cast.ada.email
    assert message["Subject"] == "A case waits in Credit review"
    assert message.get_content_type() == "text/plain"
    text = message.get_content()
    assert case.reference in text
    assert case.get_absolute_url() in text
    assert "Secret" not in text
    assert "7781" not in text


def test_nobody_is_written_to_about_what_went_on_by_itself(cast):
    workflow = make_workflow(
        controls=[policy(condition={"field": "output.amount", "op": ">", "value": 10**6})],
        members=[cast.ada],
    )
    cast.ada.wants_case_email = True
    cast.ada.save()

    assert submit(workflow).case.state == "continued"
    assert not MailDelivery.objects.exists()


def test_a_go_ahead_holds_as_long_as_the_workflow_says(cast):
    workflow = make_workflow(
        controls=[policy(condition={"field": "output.amount", "op": ">", "value": 10**6})],
        proceed_validity=timedelta(hours=2),
    )
    answer = case_answer(submit(workflow).case, at=NOON)

    assert answer["proceed"] is True
    assert answer["proceed_until"] == "2031-01-06T14:00:00Z"


def test_a_go_ahead_without_a_validity_holds_for_good(credit):
    answer = case_answer(submit(credit, output={"amount": 1}).case, at=NOON)

    assert (answer["proceed"], answer["proceed_until"]) == (True, None)


@pytest.mark.parametrize(
    ("outage_policy", "minutes", "late"),
    [
        (OutagePolicy.GO_ON_AND_REPORT, 16, True),
        (OutagePolicy.GO_ON_AND_REPORT, 5, False),
        (OutagePolicy.STOP, 600, False),
    ],
)
def test_what_is_posted_after_an_outage_is_judged_and_marked_late(
    cast, outage_policy, minutes, late
):
    workflow = make_workflow(controls=[policy()], outage_policy=outage_policy)
    happened = (NOON - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    case = submit(workflow, occurred_at=happened).case

    assert case.late is late
    assert case.state == "open"
