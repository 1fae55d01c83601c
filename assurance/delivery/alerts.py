"""Alerts: what a person must look at, told in four places at once.

An event on the workflow's chain, a mail to its owner, a webhook, and a line on the page
`/integrate/` until somebody closes it. While it is open, the same alert again only counts; after
a day without an answer it is told anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max

from assurance.accounts.clients import require_keeper
from assurance.delivery.choices import EventType
from assurance.delivery.mail import promise_mail
from assurance.delivery.models import Alert, Endpoint
from assurance.delivery.outbox import promise
from assurance.record.actors import Actor
from assurance.record.ledger import INSTALLATION, Stream, record
from assurance.record.models import StreamHead

if TYPE_CHECKING:
    from assurance.accounts.models import User

TELL_AGAIN_AFTER = timedelta(hours=24)

Owners = Callable[[str], Iterable[str]]


def _nobody(workflow: str) -> Iterable[str]:
    """Until a room says who owns workflows."""
    return ()


_owners: Owners = _nobody


def ask_for_owners(lookup: Owners) -> None:
    """The room that owns workflows says here, when it is loaded, where mail about one goes:
    a function from the slug to mail addresses."""
    global _owners
    _owners = lookup


@transaction.atomic
def raise_alert(
    code: str,
    sentence: str,
    *,
    workflow: str,
    at: datetime,
    mail_to: Iterable[str] = (),
    stream: Stream | None = None,
    data: dict[str, Any] | None = None,
    subject: str = "",
    about: Endpoint | None = None,
) -> Alert:
    """Raise an alert, or count it on the open one about the same thing.

    The same thing is code, workflow and `subject` (default: the stream it is about). `mail_to`
    defaults to the owners of the workflow. `about` names an endpoint that shall not hear of it.
    """
    subject = subject or (str(stream) if stream else "")
    chain = Stream.workflow(workflow) if workflow else INSTALLATION
    # The chain before the alert, always: whoever holds the chain may be about to raise one too.
    StreamHead.objects.select_for_update().filter(
        stream_type=chain.type, stream_id=chain.id
    ).first()
    key = {"code": code, "workflow": workflow, "subject": subject[:200]}
    news = {"sentence": sentence, "data": data or {}, "last_at": at}
    alert, is_new = _open(key, {**news, "opened_at": at, "told_at": at})
    if not is_new:
        alert.sentence, alert.data, alert.last_at = sentence, data or {}, at
        alert.count += 1
        tell = at - alert.told_at >= TELL_AGAIN_AFTER
        alert.told_at = at if tell else alert.told_at
        alert.save()
        if not tell:
            return alert

    noun = as_json(alert)
    record(chain, "alert.raised", noun, actor=Actor.system("alerts"), at=at, workflow=workflow)
    for address in dict.fromkeys(filter(None, mail_to or _owners(workflow))):
        promise_mail(address, _mail_subject(alert), _mail_text(alert), at=at)
    promise(EventType.ALERT_RAISED, noun, workflow=workflow, stream=chain, at=at, skip=about)
    return alert


def is_due_again(code: str, *, workflow: str, at: datetime) -> bool:
    """Whether nobody has been told of this for a day, or ever; a closed alert was told too."""
    told = Alert.objects.filter(code=code, workflow=workflow).aggregate(last=Max("told_at"))["last"]
    return told is None or at - told >= TELL_AGAIN_AFTER


@transaction.atomic
def close_alert(alert: Alert, *, by: User, at: datetime) -> Alert:
    """Say that it has been dealt with. Closing a closed one changes nothing."""
    require_keeper([alert.workflow], by, at)
    alert = Alert.objects.select_for_update().get(pk=alert.pk)
    if alert.closed_at is None:
        alert.closed_at, alert.closed_by = at, by
        alert.save(update_fields=["closed_at", "closed_by"])
        chain = Stream.workflow(alert.workflow) if alert.workflow else INSTALLATION
        payload = {"id": alert.pk, "code": alert.code, "subject": alert.subject}
        record(
            chain, "alert.closed", payload, actor=Actor.person(by), at=at, workflow=alert.workflow
        )
    return alert


def as_json(alert: Alert) -> dict[str, Any]:
    """The alert as events and webhooks carry it."""
    return {
        "id": alert.pk,
        "code": alert.code,
        "sentence": alert.sentence,
        "workflow": alert.workflow or None,
        "subject": alert.subject,
        "data": alert.data,
        "count": alert.count,
        "opened_at": alert.opened_at.isoformat().replace("+00:00", "Z"),
        "web_url": f"{settings.COUNTERMARK_URL}/integrate/",
    }


def _open(key: dict[str, str], fresh: dict[str, Any]) -> tuple[Alert, bool]:
    """The open alert under its lock, or a new one. Two at once: one makes it, the other counts."""
    for _ in range(3):
        alert = Alert.objects.select_for_update().open().filter(**key).first()
        if alert is not None:
            return alert, False
        try:
            with transaction.atomic():
                return Alert.objects.create(**key, **fresh), True
        except IntegrityError:
            continue
    raise RuntimeError(f"The alert {key} was opened and closed three times at once.")


def _mail_subject(alert: Alert) -> str:
    about = alert.workflow or "Countermark"
    return f"{about}: {alert.sentence}"[:160]


def _mail_text(alert: Alert) -> str:
    again = f"\nIt has happened {alert.count} times so far.\n" if alert.count > 1 else ""
    return (
        f"{alert.sentence}\n{again}\n"
        f"Open alerts and deliveries: {settings.COUNTERMARK_URL}/integrate/\n"
    )
