"""Where Countermark may connect to. Decided twice: when an address is saved, for a helpful
refusal, and again for the very IP at each connection, because names change their mind.

Public addresses at ports 443 and 8443; private networks only as COUNTERMARK_ALLOWED_NETWORKS
lists them; link-local and metadata addresses never.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit, urlunsplit

import idna
from django.conf import settings

from assurance.errors import DomainError, invalid

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = (443, 8443)
LONGEST_URL = 500
LOOPBACK = "127.0.0.1"


def _networks(*texts: str) -> list[Network]:
    return [ip_network(text) for text in texts]


# Ways to write one address inside another, and ranges that `is_global` lets through.
_DISGUISES = _networks(
    "::ffff:0:0/96",  # IPv4-mapped
    "::/96",  # IPv4-compatible
    "64:ff9b::/96",  # NAT64
    "64:ff9b:1::/48",
    "2002::/16",  # 6to4
    "192.88.99.0/24",  # its relays
    "2001::/32",  # Teredo
    "fec0::/10",  # site-local
)
# Link-local and the metadata services of clouds: no setting opens these.
_NEVER = _networks(
    "169.254.0.0/16",
    "fe80::/10",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)$")


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: the URL to store, its host as DNS knows it, and the port."""

    url: str
    host: str
    port: int


def is_public(ip: IP) -> bool:
    """Reachable by everyone, and what it seems to be."""
    if ip.is_multicast or ip.is_reserved or not ip.is_global:
        return False
    return not _in(ip, _DISGUISES) and not _in(ip, _NEVER)


def may_connect(ip: IP, port: int) -> bool:
    """Whether this very address may be connected to at this port."""
    if ip.is_multicast or ip.is_unspecified or _in(ip, _NEVER):
        return False
    if any(ip in network and port == opened for network, opened in allowed_networks()):
        return True
    return port in PORTS and is_public(ip)


def is_loopback_allowed(scheme: str, host: str) -> bool:
    """For development: plain http and any port, but only to 127.0.0.1, written like this."""
    allowed = bool(settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS)
    return allowed and scheme in {"http", "https"} and host == LOOPBACK


def allowed_networks() -> list[tuple[Network, int]]:
    """COUNTERMARK_ALLOWED_NETWORKS, read. Raises ValueError with a sentence."""
    return [_allowed_network(entry) for entry in settings.COUNTERMARK_ALLOWED_NETWORKS]


def check_url(url: str, *, pointer: str = "/url") -> Target:
    """The address, checked and in its plain form; what is wrong with it is raised at `pointer`.

    Names are not resolved here: that happens at each connection.
    """
    url = url.strip()
    if not url or len(url) > LONGEST_URL or _UNPRINTABLE.search(url):
        raise invalid(
            pointer,
            "url_invalid",
            f"Write an https address of up to {LONGEST_URL} characters, without spaces,"
            " backslashes or control characters.",
        )
    try:
        parts = urlsplit(url)
        port, raw_host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise invalid(pointer, "url_invalid", f"This is no address: {error}.") from error
    if "@" in parts.netloc:
        raise invalid(
            pointer,
            "credentials_in_url",
            "The address carries a user name or password. Remove them; use a custom header.",
        )
    if parts.scheme not in {"https"} and not is_loopback_allowed(parts.scheme, raw_host):
        sentence = f"“{parts.scheme}:” is not accepted. Use https."
        if parts.scheme == "http" and raw_host == LOOPBACK:
            sentence += (
                " To try a receiver on this machine, start `up` with"
                " COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS=true."
            )
        raise invalid(pointer, "scheme_not_https", sentence)
    if parts.fragment or not raw_host:
        raise invalid(pointer, "url_invalid", "Write a host and a path, without “#”.")
    host = _plain_host(raw_host, pointer)
    usual = 80 if parts.scheme == "http" else 443
    port = port or usual
    if not is_loopback_allowed(parts.scheme, host):
        _check_port(host, port, pointer)
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port == usual else f"{shown}:{port}"
    plain = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
    return Target(plain, host, port)


def shown_host(host: str) -> str:
    """A host for people: punycode is shown decoded and raw, so that no look-alike hides."""
    if "xn--" not in host:
        return host
    try:
        return f"{idna.decode(host)} ({host})"
    except idna.IDNAError:
        return host


def not_public(why: str) -> str:
    """The sentence of a refusal."""
    return (
        f"This address is not public: {why} Use a public https host, or ask the operator to open"
        " your network in COUNTERMARK_ALLOWED_NETWORKS."
    )


def _plain_host(raw: str, pointer: str) -> str:
    """The host as DNS knows it. Refuses an IP in disguise, which some resolvers still accept."""
    if ":" in raw:
        try:
            return str(IPv6Address(raw))
        except ValueError as error:
            raise invalid(pointer, "url_invalid", f"This is no IPv6 address: {error}.") from error
    try:
        host = (raw if raw.isascii() else idna.encode(raw, uts46=True).decode()).lower()
    except idna.IDNAError as error:
        raise invalid(pointer, "url_invalid", f"“{raw}” is no host name: {error}.") from error
    if host.endswith("."):
        raise _refused(pointer, "it ends in a dot.")
    if host == "localhost" or host.endswith(".localhost"):
        raise _refused(pointer, "it is this machine.")
    if not _ENDS_IN_NUMBER.search(host):
        return host
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise _refused(pointer, "it is an IP address in an unusual form.") from None


def _check_port(host: str, port: int, pointer: str) -> None:
    """443 and 8443, and what the operator opened. An IP is judged at once, a name later."""
    opened = [opened for _, opened in allowed_networks()]
    if port not in PORTS and port not in opened:
        raise invalid(pointer, "port_not_allowed", f"Port {port} is not open. Use 443 or 8443.")
    try:
        ip = ip_address(host)
    except ValueError:
        return
    if not may_connect(ip, port):
        raise _refused(pointer, f"{ip} is private, reserved or a tunnel.")


def _refused(pointer: str, why: str) -> DomainError:
    return invalid(pointer, "address_not_public", not_public(why))


def _in(ip: IP, networks: list[Network]) -> bool:
    return any(ip in network for network in networks)


def _allowed_network(entry: str) -> tuple[Network, int]:
    name = "COUNTERMARK_ALLOWED_NETWORKS"
    cidr, _, port = entry.strip().rpartition(":")
    try:
        network, number = ip_network(cidr.strip("[]")), int(port)
    except ValueError as error:
        raise ValueError(
            f"{name}: {entry!r} is no network and port ({error})."
            " Write 10.20.0.0/16:8443 or [fd00:1::/64]:443."
        ) from error
    if not 0 < number < 65536:
        raise ValueError(f"{name}: {entry!r}: choose a port from 1 to 65535.")
    if any(network.network_address in forbidden for forbidden in _NEVER):
        raise ValueError(
            f"{name}: {entry!r} is link-local or a metadata address, which is never opened."
            " Remove it."
        )
    return network, number
