"""Send one signed webhook and say what its answer means. Knows no database, so that many can be
on their way at once, each in a thread without a connection of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from assurance.delivery import network, signing
from assurance.delivery.models import Delivery, Endpoint
from assurance.delivery.retries import wish_of
from assurance.errors import invalid

USER_AGENT = "Countermark/1 (webhooks)"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]{0,998}[\x21-\x7e])?")
# Ours to set, or those that steer the connection itself.
_RESERVED = frozenset(
    [
        *("host", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"),
        *("content-length", "content-type", "content-encoding", "transfer-encoding"),
        *("proxy-authorization", "proxy-connection", "accept-encoding", "user-agent"),
    ]
)
_MOST_HEADERS = 20


class Meaning(Enum):
    """What an answer means for the delivery."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"  # the endpoint wants nothing any more


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that a try needs: address, headers as signed, body, client certificate and its key."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    certificate: tuple[str, str]


def envelope(delivery: Delivery, *, at: datetime) -> Envelope:
    """Sign anew for this try. Raises SecretUnreadable."""
    endpoint, body = delivery.endpoint, bytes(delivery.body)
    signed = signing.signed_headers(
        delivery.webhook_id, body, secrets=secrets_of(endpoint, at=at), at=at
    )
    headers = {
        **endpoint.headers,
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",  # a small reply that unpacks into a large one is no use
        **signed,
    }
    return Envelope(endpoint.url, headers, body, (endpoint.client_certificate, endpoint.client_key))


def send(message: Envelope) -> network.Reply:
    """One try. Never raises."""
    return network.post(
        message.url, body=message.body, headers=message.headers, certificate=message.certificate
    )


def secrets_of(endpoint: Endpoint, *, at: datetime) -> list[str]:
    """The secret in force and, while it is being rotated, the one before."""
    sealed = [endpoint.secret_sealed]
    until = endpoint.previous_secret_until
    if endpoint.previous_secret_sealed and until is not None and until > at:
        sealed.append(endpoint.previous_secret_sealed)
    return [signing.unseal(one) for one in sealed]


def meaning_of(reply: network.Reply) -> Meaning:
    """2xx is a delivery, 410 an end, everything else a reason to try again: redirects too, since
    following one would lead past every check of the address."""
    if reply.status is not None and 200 <= reply.status < 300:
        return Meaning.DELIVERED
    return Meaning.GONE if reply.status == 410 else Meaning.RETRY


def wish_for_rest(reply: network.Reply, *, at: datetime) -> timedelta | None:
    """How long a receiver under load asks to be left alone."""
    if reply.status not in {429, 503}:
        return None
    return wish_of(reply.headers.get("retry-after", ""), at=at)


def sentence_of(reply: network.Reply) -> str:
    """Why a try failed, for the log and the page."""
    if reply.status is None:
        return reply.error
    if 300 <= reply.status < 400:
        return f"Answered {reply.status}: redirects are not followed. Give the final address."
    if reply.status == 410:
        return "Answered 410: the receiver wants nothing any more. The endpoint is switched off."
    return f"Answered {reply.status}. Anything but 2xx is tried again."


def check_headers(headers: Mapping[str, str], *, pointer: str = "/headers") -> dict[str, str]:
    """Custom headers, refused where they could forge a line or one of ours."""
    if len(headers) > _MOST_HEADERS:
        raise invalid(pointer, "too_many", f"Use {_MOST_HEADERS} custom headers at most.")
    for name, value in headers.items():
        place = f"{pointer}/{name if _TOKEN.fullmatch(str(name)) else ''}"
        if not _TOKEN.fullmatch(str(name)):
            raise invalid(
                place, "header_invalid", f"{str(name)!r} is no header name: letters, digits, “-”."
            )
        if name.lower() in _RESERVED or name.lower().startswith("webhook-"):
            raise invalid(place, "header_reserved", f"{name} is set by Countermark. Remove it.")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise invalid(
                place,
                "header_invalid",
                f"The value of {name} must be 1 to 1,000 visible ASCII characters, without line"
                " breaks.",
            )
    return dict(headers)
