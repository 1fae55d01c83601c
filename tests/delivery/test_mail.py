"""Mail leaves through a real SMTP server, one message for each promise."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from assurance import clock
from assurance.delivery import mail
from assurance.delivery.choices import MailStatus
from assurance.delivery.mail import promise_mail, send_due
from assurance.delivery.models import MailDelivery
from assurance.delivery.retries import TRIES

pytestmark = pytest.mark.django_db


class Mailbox:
    """What an SMTP server took, and what it refuses: address to reply."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refuses: dict[str, str] = {}

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        return "250 OK"


@pytest.fixture
def mailbox(settings) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_TIMEOUT = 2
    yield box
    controller.stop()


def promised(to: str = "ada@example.com", subject: str = "A case waits") -> MailDelivery:
    return promise_mail(to, subject, "CM-1 waits for you.\n", at=clock.now())


def test_a_promised_mail_arrives_once_with_subject_text_and_a_lasting_id(mailbox):
    promise = promised(subject="A case waits: Größe\r\nBcc: evil@example.com")

    assert send_due(clock.now) == 1
    assert send_due(clock.now) == 0

    (message,) = mailbox.messages
    assert message["Subject"].strip() == "A case waits: Größe Bcc: evil@example.com"
    assert message["Bcc"] is None
    assert message["Message-ID"] == promise.message_id
    assert message.get_content().strip() == "CM-1 waits for you."
    promise.refresh_from_db()
    assert promise.status == MailStatus.SENT
    assert promise.sent_at is not None


def test_a_server_that_is_away_is_asked_once_and_every_mail_waits(mailbox, settings):
    settings.EMAIL_PORT = 9
    for n in range(3):
        promised(f"p{n}@example.com")

    assert send_due(clock.now) == 0

    waiting = MailDelivery.objects.filter(status=MailStatus.PENDING)
    assert waiting.count() == 3
    assert all(one.next_attempt_at > clock.now() and one.last_error for one in waiting)


def test_a_mail_is_tried_again_after_its_pause(mailbox):
    mailbox.refuses["ada@example.com"] = "451 later"
    promise = promised()
    send_due(clock.now)
    mailbox.refuses.clear()

    assert send_due(clock.now) == 0, "not before its pause is over"
    with clock.shifted(timedelta(seconds=10)):
        assert send_due(clock.now) == 1

    promise.refresh_from_db()
    assert promise.attempts == 2
    assert mailbox.messages[0]["Message-ID"] == promise.message_id


def test_an_address_that_does_not_exist_is_given_up_and_the_others_get_theirs(mailbox):
    mailbox.refuses["gone@example.com"] = "550 no such user"
    gone, ada = promised("gone@example.com"), promised()

    assert send_due(clock.now) == 1

    gone.refresh_from_db()
    ada.refresh_from_db()
    assert (gone.status, ada.status) == (MailStatus.DEAD, MailStatus.SENT)
    assert "no such user" in gone.last_error


def test_after_the_last_try_a_mail_is_given_up(mailbox):
    mailbox.refuses["ada@example.com"] = "451 later"
    promise = promised()
    MailDelivery.objects.update(attempts=TRIES - 1)

    send_due(clock.now)

    promise.refresh_from_db()
    assert promise.status == MailStatus.DEAD


def test_a_worker_that_dies_halfway_leads_to_the_same_message_again(mailbox, monkeypatch):
    promise = promised()

    class Killed(BaseException):
        pass

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(mail, "_send", die)
        with pytest.raises(Killed):
            send_due(clock.now)
    assert send_due(clock.now) == 0, "the lease of the dead worker still holds"

    with clock.shifted(mail.LEASE + timedelta(seconds=1)):
        assert send_due(clock.now) == 1

    assert [message["Message-ID"] for message in mailbox.messages] == [promise.message_id]


def test_no_more_than_a_batch_is_taken_at_a_time(mailbox):
    for n in range(mail.BATCH + 2):
        promised(f"p{n}@example.com")

    assert send_due(clock.now) == mail.BATCH
    assert send_due(clock.now) == 2
