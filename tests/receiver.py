"""A real receiver of webhooks on 127.0.0.1: scriptable, rude on request, with its own journal.

    with Receiver() as receiver:
        receiver.script = [Answer(500), HANG]      # then 200 for ever
        ...
        assert receiver.ids() == ["msg_1"]

`receiver.behave = lambda request: Answer(410)` decides for each request instead of the script.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Answer:
    """A plain answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Rude:
    """Something that no good receiver does."""

    kind: str


HANG = Rude("hang")  # takes the request, never answers
RESET = Rude("reset")  # cuts the connection instead of answering
SLOW_HEADERS = Rude("slow headers")  # drips one header byte after the other, for ever
SLOW_BODY = Rude("slow body")  # answers 200, then drips a body for ever
ENDLESS = Rude("endless")  # answers 200, then pours for ever
GARBAGE = Rude("garbage")  # answers something that is no HTTP

Behaviour = Answer | Rude


@dataclass(frozen=True)
class Request:
    """One request as it arrived. `at` is the receiver's own clock."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes
    behaviour: Behaviour

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def accepted(self) -> bool:
        return isinstance(self.behaviour, Answer) and 200 <= self.behaviour.status < 300


class Receiver:
    """A threaded HTTP server; `tls` is a certificate file and its key."""

    def __init__(self, *, tls: tuple[str, str] | None = None, port: int = 0) -> None:
        self.journal: list[Request] = []
        self.script: list[Behaviour] = []
        self.behave: Callable[[Request], Behaviour] | None = None
        self.released = threading.Event()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", port), handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.context = context
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hooks"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def ids(self) -> list[str]:
        """Ids in the order of arrival, repetitions included."""
        return [request.id for request in self.journal]

    def accepted(self) -> list[Request]:
        """What was answered with 2xx, in the order of arrival."""
        return [request for request in self.journal if request.accepted]

    def verified(self, secret: str) -> list[Any]:
        """Every body that arrived, checked by the library as a receiver would; raises else."""
        return [Webhook(secret).verify(request.body, request.headers) for request in self.journal]

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Request]:
        """Wait until so many requests were accepted, or fail saying how many were."""
        ends = time.monotonic() + seconds
        while len(self.accepted()) < count:
            if time.monotonic() > ends:
                raise AssertionError(f"{len(self.accepted())} of {count} webhooks in {seconds} s.")
            time.sleep(0.02)
        return self.accepted()

    def note(self, handler: BaseHTTPRequestHandler, body: bytes) -> Behaviour:
        """Decide about a request and write it into the journal."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            seen = Request(time.time(), handler.path, headers, body, Answer())
            behaviour = (
                self.behave(seen)
                if self.behave
                else self.script.pop(0)
                if self.script
                else Answer()
            )
            self.journal.append(Request(seen.at, seen.path, headers, body, behaviour))
        return behaviour


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is not None:  # here, in the request's own thread: a handshake may hang
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        behaviour = self.receiver.note(self, body)
        self.close_connection = True
        if isinstance(behaviour, Answer):
            self._answer(behaviour)
        else:
            getattr(self, "_" + behaviour.kind.replace(" ", "_"))()

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _hang(self) -> None:
        self.receiver.released.wait(60)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def _slow_headers(self) -> None:
        self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")

    def _slow_body(self) -> None:
        self._drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")

    def _endless(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not self.receiver.released.is_set():
            self.wfile.write(b"x" * 65536)

    def _garbage(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    def _drip(self, start: bytes) -> None:
        self.wfile.write(start)
        while not self.receiver.released.wait(0.05):
            self.wfile.write(b"a")
            self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Quiet."""
