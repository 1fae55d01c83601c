"""Post to an address that somebody else chose, without being turned against our own network.

A name is resolved once, every address it has is checked, and the connection goes to a checked
one, with the name still proving itself in TLS. No redirects, no proxy from the environment,
15 seconds in all, 64 KB of reply.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore
import httpx
from django.conf import settings

from assurance.delivery.addresses import is_loopback_allowed, may_connect, not_public

# httpx writes every address into the log, and addresses of receivers may carry a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

SECONDS = 15.0
LONGEST_REPLY = 64 * 1024
_RESOLVE_SECONDS = 5.0

Resolver = Callable[[str, int], Sequence[str]]


class Refused(Exception):
    """No connection was made: `code` and a sentence that says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(slots=True)
class Reply:
    """What came of one post. `status` is None when no status line arrived; `code` then says why."""

    status: int | None = None
    code: str = ""
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    address: str = ""
    milliseconds: int = 0


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    certificate: tuple[str, str] = ("", ""),
    resolver: Resolver | None = None,
    seconds: float = SECONDS,
) -> Reply:
    """Send one request and read what comes back, never longer than `seconds`. Never raises."""
    began = time.monotonic()
    target = urlsplit(url)
    backend = CheckedBackend(target.scheme, deadline=began + seconds, resolver=resolver or resolve)
    reply = Reply()
    try:
        if settings.COUNTERMARK_EGRESS_PROXY:
            backend.check_behind_proxy(target.hostname or "", target.port or 443)
        context = _tls(settings.COUNTERMARK_CA_BUNDLE, *certificate)
        transport = _Transport(backend, context)
        with (
            httpx.Client(
                transport=transport, trust_env=False, follow_redirects=False, timeout=seconds
            ) as client,
            client.stream("POST", url, content=body, headers=dict(headers)) as response,
        ):
            reply.status = response.status_code
            reply.headers = {name: value[:300] for name, value in response.headers.items()}
            reply.text = _read(response)
    except Refused as refusal:
        reply.code, reply.error = refusal.code, str(refusal)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        if reply.status is None:
            reply.code, reply.error = _explained(error, seconds)
    reply.address = backend.connected_to
    reply.milliseconds = round((time.monotonic() - began) * 1000)
    return reply


def resolve(host: str, port: int, *, seconds: float = _RESOLVE_SECONDS) -> Sequence[str]:
    """Every address of a name, asked once. The system's resolver knows no deadline, so it runs
    in a thread that may be left behind."""
    found: list[str] = []
    failure: list[OSError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            failure.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure or not found:
        why = str(failure[0]) if failure else f"no answer within {seconds:.0f} s"
        raise Refused("name_unknown", f"The name {host} was not found ({why}). Check the address.")
    return list(found)


class CheckedBackend(httpcore.NetworkBackend):
    """Opens TCP connections to checked addresses only, and lets none outlive the deadline."""

    def __init__(self, scheme: str, *, deadline: float, resolver: Resolver) -> None:
        self._scheme = scheme
        self._deadline = deadline
        self._resolver = resolver
        self._inner = httpcore.SyncBackend()
        self.connected_to = ""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        # The operator chose the proxy: it may well be private.
        is_proxy = bool(settings.COUNTERMARK_EGRESS_PROXY)
        addresses = self._resolver(host, port) if is_proxy else self._checked(host, port)
        for place, address in enumerate(addresses, 1):
            left = _left(self._deadline, httpcore.ConnectTimeout)
            share = left / (len(addresses) - place + 1)
            try:
                stream = self._inner.connect_tcp(address, port, timeout=share)
            except (httpcore.NetworkError, httpcore.TimeoutException):
                if place == len(addresses):
                    raise
                continue
            self.connected_to = address
            return _TimedStream(stream, self._deadline)
        raise Refused("name_unknown", f"The name {host} has no address. Check it.")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise Refused("address_not_public", not_public("it is a socket of this machine."))

    def check_behind_proxy(self, host: str, port: int) -> None:
        """The proxy resolves and connects. What we can see from here is refused all the same."""
        try:
            self._checked(host, port)
        except Refused as refusal:
            if refusal.code != "name_unknown":
                raise

    def _checked(self, host: str, port: int) -> Sequence[str]:
        if is_loopback_allowed(self._scheme, host):
            return [host]
        try:
            addresses: Sequence[str] = [str(ip_address(host))]
        except ValueError:
            addresses = self._resolver(host, port)
        for address in addresses:
            if not may_connect(ip_address(address), port):
                raise Refused(
                    "address_not_public",
                    not_public(f"{host} leads to {address}, port {port}, which is not open."),
                )
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline, however slowly the other side drips."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # The inner stream would start its clock anew with every byte that is accepted.
        connection: socket.socket = self._inner.get_extra_info("socket")
        view = memoryview(buffer)
        while view:
            connection.settimeout(_left(self._deadline, httpcore.WriteTimeout))
            try:
                view = view[connection.send(view) :]
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _TimedStream(
            self._inner.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def close(self) -> None:
        self._inner.close()


class _Transport(httpx.HTTPTransport):
    """httpx over our own backend. The parent's constructor would build a pool that connects
    anywhere, so it is not called."""

    def __init__(self, backend: CheckedBackend, context: ssl.SSLContext) -> None:
        proxy = settings.COUNTERMARK_EGRESS_PROXY
        self._pool = (
            httpcore.HTTPProxy(proxy, ssl_context=context, network_backend=backend)
            if proxy
            else httpcore.ConnectionPool(ssl_context=context, network_backend=backend)
        )


def _left(deadline: float, timeout: type[Exception]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise timeout("the time for this request is over")
    return left


def _read(response: httpx.Response) -> str:
    """The reply as text, up to the limit; what an endless or broken one sent so far."""
    held = bytearray()
    try:
        for chunk in response.iter_raw():
            held += chunk
            if len(held) >= LONGEST_REPLY:
                break
    except httpx.HTTPError:
        pass  # the status line has come, and it is what counts
    return held[:LONGEST_REPLY].decode("utf-8", "replace").replace("\x00", "\ufffd")


def _tls(bundle: str, certificate: str, key: str) -> ssl.SSLContext:
    stamps = tuple(_stamp(path) for path in (bundle, certificate, key))
    return _tls_of(bundle, certificate, key, stamps)


@lru_cache(maxsize=64)
def _tls_of(bundle: str, certificate: str, key: str, stamps: tuple[int, ...]) -> ssl.SSLContext:
    """Made once for each set of files and their times: building one costs more than a request."""
    context = ssl.create_default_context(cafile=certifi.where())
    if bundle:
        context.load_verify_locations(cafile=bundle)
    if certificate:
        try:
            context.load_cert_chain(certificate, key or None)
        except (OSError, ValueError) as error:
            raise Refused(
                "client_certificate_unreadable",
                f"The client certificate {certificate} cannot be used: {error}. Check both paths.",
            ) from error
    return context


def _stamp(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError:
        return -1


def _explained(error: Exception, seconds: float) -> tuple[str, str]:
    """Code and sentence for a failure of the network or of the other side."""
    tls = _cause(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return "tls_failed", f"The certificate was not accepted: {tls.verify_message}. Renew it."
    if tls is not None:
        return "tls_failed", f"TLS failed: {tls.reason or tls}. Check the server's TLS settings."
    if isinstance(error, httpx.ConnectTimeout):
        return "connect_timeout", f"No connection within {seconds:.0f} s. Is the receiver up?"
    if isinstance(error, httpx.TimeoutException):
        return "timeout", f"No answer within {seconds:.0f} s. Answer first, then work."
    if isinstance(error, httpx.ProxyError):
        return "proxy_failed", f"The egress proxy refused: {error}. Ask the operator."
    if isinstance(error, httpx.ConnectError):
        return "connect_failed", f"No connection: {error}. Is the receiver up?"
    if isinstance(error, httpx.NetworkError):
        return "connection_lost", "The connection was cut before an answer came."
    if isinstance(error, httpx.ProtocolError):
        return "bad_reply", f"The answer was no HTTP: {error}."
    return "failed", f"{type(error).__name__}: {error}"


def _cause(error: BaseException | None, kind: type[ssl.SSLError]) -> ssl.SSLError | None:
    """The exception of this kind behind an error, however deep."""
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None
