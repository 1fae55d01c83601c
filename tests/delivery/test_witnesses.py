"""A checkpoint leaves the house by mail, and what arrives checks the record."""

from __future__ import annotations

import pytest

from assurance.delivery.models import MailDelivery
from assurance.record import checkpoints, verification
from tests.record import forging
from tests.record.conftest import NOON, write

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signing(settings, monkeypatch):
    settings.COUNTERMARK_SIGNING_KEY = "ab" * 32
    settings.COUNTERMARK_WITNESSES = ["a@example.com", "b@example.com"]
    monkeypatch.setattr(verification, "_agreements", [])


def test_every_witness_gets_each_checkpoint_once():
    write(None, "case.received")
    (made,) = checkpoints.make_all(NOON)
    checkpoints.make_all(NOON)
    mails = MailDelivery.objects.order_by("to")

    assert [mail.to for mail in mails] == ["a@example.com", "b@example.com"]
    assert all(made.hash[:16] in mail.subject and made.hash in mail.text for mail in mails)


def test_the_line_of_the_mail_is_a_copy_to_compare_with(tmp_path):
    write(None, "case.received")
    checkpoints.make_all(NOON)
    file = tmp_path / "mail.json"
    file.write_text(MailDelivery.objects.first().text.splitlines()[2])
    assert list(verification.problems(anchor=file)) == []

    forging.drop_checkpoints()

    assert [one.code for one in verification.problems(anchor=file)] == ["checkpoint_dropped"]


def test_without_witnesses_nobody_is_told(settings):
    settings.COUNTERMARK_WITNESSES = []
    write(None, "case.received")
    checkpoints.make_all(NOON)

    assert not MailDelivery.objects.exists()
