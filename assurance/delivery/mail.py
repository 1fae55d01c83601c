"""Promise a mail, and send what was promised: plain text, one address a row.

The Message-ID is fixed with the promise, so a mail that is sent twice, because a worker died
between sending and noting it, is recognised as one by the mailbox.
"""

from __future__ import annotations

import secrets
import smtplib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F

from assurance.delivery import doorbell
from assurance.delivery.choices import MailStatus
from assurance.delivery.models import MailDelivery
from assurance.delivery.retries import pause_before

LEASE = timedelta(seconds=90)
BATCH = 5  # a server that lets each one wait is left before the task is ended


def promise_mail(to: str, subject: str, text: str, *, at: datetime) -> MailDelivery:
    """Promise one mail in the caller's transaction. Line breaks in the subject become spaces."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    mail = MailDelivery.objects.create(
        to=to,
        subject=" ".join(subject.split())[:200],
        text=text,
        message_id=f"<{secrets.token_hex(16)}@{domain}>",
        next_attempt_at=at,
        created_at=at,
    )
    doorbell.ring_after_commit()
    return mail


def send_due(now: Callable[[], datetime]) -> int:
    """Send one batch of what is due over one connection; returns how many left the house."""
    mails = _take(now())
    if not mails:
        return 0
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        for mail in mails:  # a server that is away is asked once, not once for each mail
            _failed(mail, error, at=now())
        return 0
    try:
        return sum(_send(mail, connection, now) for mail in mails)
    finally:
        connection.close()


def _take(at: datetime) -> Sequence[MailDelivery]:
    """Lease due mails. The try is counted now, so a mail that kills its worker is given up too."""
    claim = secrets.randbits(62)
    with transaction.atomic():
        due = MailDelivery.objects.due(at).order_by("next_attempt_at", "pk")
        pks = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
        MailDelivery.objects.filter(pk__in=pks).update(
            claimed_until=at + LEASE, claim=claim, attempts=F("attempts") + 1
        )
    return list(MailDelivery.objects.filter(pk__in=pks, claim=claim).order_by("pk"))


def _send(mail: MailDelivery, connection: Any, now: Callable[[], datetime]) -> bool:
    message = EmailMessage(
        mail.subject,
        mail.text,
        to=[mail.to],
        headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    try:
        message.send()
    except (OSError, ValueError, smtplib.SMTPException) as error:
        _failed(mail, error, at=now())
        return False
    MailDelivery.objects.filter(pk=mail.pk).exclude(status=MailStatus.SENT).update(
        status=MailStatus.SENT, sent_at=now(), claimed_until=None, last_error=""
    )
    return True


def _failed(mail: MailDelivery, error: Exception, *, at: datetime) -> None:
    """Note the failure and when to try again; a refusal of the address itself is final."""
    pause = None if _is_final(error) else pause_before(mail.attempts)
    status = MailStatus.DEAD if pause is None else MailStatus.PENDING
    MailDelivery.objects.filter(pk=mail.pk, claim=mail.claim, status=MailStatus.PENDING).update(
        status=status,
        claimed_until=None,
        next_attempt_at=at + (pause or timedelta(0)),
        last_error=f"{type(error).__name__}: {error}"[:500],
    )


def _is_final(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, ValueError)
