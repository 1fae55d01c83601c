"""What the worker does for this room. Every task may run twice, and may be killed halfway.

They are acknowledged when they are taken: a worker that loses Redis cancels what it could not
acknowledge any more, and what such a task was sending would wait for the end of its lease. What
becomes of a killed one is found by the next sweep.
"""

import time

from celery import shared_task

from assurance import clock
from assurance.celery import app
from assurance.delivery import dispatch, doorbell, mail
from assurance.delivery.models import MailDelivery


@shared_task(name="assurance.delivery.tasks.sweep", acks_late=False)
def sweep() -> None:
    """Send what is due. Rung after each promise, and every few seconds for rings that got lost."""
    doorbell.answered()
    if MailDelivery.objects.due(clock.now()).exists():
        app.send_task("assurance.delivery.tasks.send_mail", expires=30)
    dispatch.run(clock.now)


@shared_task(name="assurance.delivery.tasks.send_mail", acks_late=False)
def send_mail() -> None:
    """Send the mail that is due, batch by batch."""
    ends = time.monotonic() + 40
    while mail.send_due(clock.now) and time.monotonic() < ends:
        pass
