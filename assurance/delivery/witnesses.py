"""Each checkpoint by mail to whoever COUNTERMARK_WITNESSES names: a copy in a mailbox that nobody
here can reach. The mail holds what `verify_record --anchor` reads."""

from __future__ import annotations

import json

from django.conf import settings

from assurance.delivery.mail import promise_mail
from assurance.record import checkpoints
from assurance.record.models import Checkpoint


def tell(checkpoint: Checkpoint) -> None:
    """Promise the mails in the transaction that signs it."""
    content = json.dumps(checkpoints.as_json(checkpoint), separators=(",", ":"))
    for address in settings.COUNTERMARK_WITNESSES:
        promise_mail(
            address,
            f"Countermark checkpoint {checkpoint.number} {checkpoint.hash[:16]}",
            f"Keep this mail. The line below, saved as a file, is what verify_record --anchor"
            f" compares the record of {settings.COUNTERMARK_URL} with.\n\n{content}\n",
            at=checkpoint.at,
        )
