"""What the settings of this room must be before anything starts in production."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from assurance.errors import DomainError
from assurance.record import anchors, checkpoint_keys


@register(Tags.security, deploy=True)
def checkpoints_are_signed_and_published(**kwargs: Any) -> list[CheckMessage]:
    """There is a key to sign with, and a place outside the database to publish to. Makes no key."""
    problems: list[CheckMessage] = []
    if not settings.COUNTERMARK_SIGNING_KEY and not settings.COUNTERMARK_DATA:
        problems.append(
            Error(
                "Nothing signs checkpoints, so a rewritten record would not be noticed.",
                hint="Set COUNTERMARK_SIGNING_KEY (openssl rand -hex 32), or COUNTERMARK_DATA.",
                id="record.E001",
            )
        )
    else:
        try:
            checkpoint_keys.trusted_keys()
        except DomainError as error:
            problems.append(Error(error.sentence, id="record.E002"))
    if anchors.path() is None and not settings.COUNTERMARK_WITNESSES:
        problems.append(
            Warning(
                "Checkpoints are published nowhere, so a database rolled back looks whole.",
                hint="Set COUNTERMARK_ANCHOR to a file, or COUNTERMARK_WITNESSES to addresses.",
                id="record.W003",
            )
        )
    return problems
