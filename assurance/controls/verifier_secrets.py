"""The secret of a verifier: what signs the questions to it."""

from __future__ import annotations

from datetime import datetime

from assurance.controls.models import Verifier
from assurance.delivery import signing


def secrets_of(verifier: Verifier, *, at: datetime) -> list[str]:
    """The secret in force and, while it is being rotated, the one before. Raises
    SecretUnreadable."""
    sealed = [verifier.secret_sealed]
    until = verifier.previous_secret_until
    if verifier.previous_secret_sealed and until is not None and until > at:
        sealed.append(verifier.previous_secret_sealed)
    return [signing.unseal(one) for one in sealed]
