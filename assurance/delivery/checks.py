"""What the settings of this room must be before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from assurance.delivery.addresses import allowed_networks


@register()
def networks_are_readable(**kwargs: Any) -> list[CheckMessage]:
    """COUNTERMARK_ALLOWED_NETWORKS holds networks with ports, and COUNTERMARK_CA_BUNDLE a file."""
    problems: list[CheckMessage] = []
    try:
        allowed_networks()
    except ValueError as error:
        problems.append(Error(str(error), id="delivery.E001"))
    bundle = settings.COUNTERMARK_CA_BUNDLE
    if bundle and not Path(bundle).is_file():
        problems.append(
            Error(
                f"COUNTERMARK_CA_BUNDLE: there is no file {bundle}.",
                hint="Name a PEM file with the certificates of your authorities.",
                id="delivery.E002",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def no_loopback_in_production(**kwargs: Any) -> list[CheckMessage]:
    """Receivers on 127.0.0.1 over plain http are for development only."""
    if not settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS:
        return []
    return [
        Error(
            "COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS is on: webhooks may reach this machine.",
            hint="Remove it. For a private network use COUNTERMARK_ALLOWED_NETWORKS.",
            id="delivery.E003",
        )
    ]
