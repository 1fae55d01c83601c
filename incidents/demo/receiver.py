"""The other end of the demo's webhooks: a small receiver on loopback that verifies each signature.

It answers only while the history is made. What `/integrate/` shows of it was really sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.conf import settings
from standardwebhooks import Webhook

from assurance import clock
from assurance.accounts.models import Client
from assurance.delivery import dispatch, endpoints

Tell = Callable[[datetime], None]
GONE = "The demo's own receiver listened only while its history was made."


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(204 if self._is_genuine(body) else 401)
        self.end_headers()

    def _is_genuine(self, body: bytes) -> bool:
        """The signature alone: a receiver of yours also refuses what was sent minutes ago, and
        the demo's history was."""
        sent_at = datetime.fromtimestamp(int(self.headers.get("webhook-timestamp") or 0), UTC)
        name = self.headers.get("webhook-id") or ""
        wanted = Webhook(self.server.secret).sign(name, sent_at, body.decode())
        return wanted in (self.headers.get("webhook-signature") or "").split()

    def log_message(self, format: str, *args: object) -> None:
        """The delivery log says it already."""


class Receiver(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1; knows the secret once there is one."""

    daemon_threads = True
    secret = ""


@contextmanager
def listening(client: Client, *, since: timedelta) -> Iterator[Tell]:
    """While inside, this system has an endpoint, made at `since`, a shift of the clock; what comes
    sends all that is due at a moment.

    At the end the endpoint is switched off and says why. Where loopback receivers are not allowed
    there is none, and calling does nothing. Meanwhile no worker sends: it would be refused.
    """
    if not settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS:
        yield lambda at: None
        return
    with Receiver(("127.0.0.1", 0), _Handler) as server, _nobody_else_sends():
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint, server.secret = endpoints.create_endpoint(
            client,
            f"http://127.0.0.1:{server.server_port}/countermark",
            by=None,
            at=clock.now() + since,
            description="The demo's own receiver",
        )
        try:
            yield send
        finally:
            endpoints.switch_off(endpoint, by=None, at=clock.now(), reason=GONE)
            server.shutdown()


def send(at: datetime) -> None:
    """Send what is due at this moment."""
    began = time.monotonic()
    dispatch.run(lambda: at + timedelta(seconds=time.monotonic() - began))


@contextmanager
def _nobody_else_sends() -> Iterator[None]:
    while True:
        with dispatch.alone() as alone:
            if alone:
                yield
                return
        time.sleep(0.1)
