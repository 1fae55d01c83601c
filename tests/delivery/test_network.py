"""What happens on the wire: nobody turns us against our own network or keeps us waiting."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence

import pytest

from assurance.delivery import network
from assurance.delivery.network import LONGEST_REPLY, Refused, post
from tests.certificates import Authority
from tests.receiver import (
    ENDLESS,
    GARBAGE,
    HANG,
    RESET,
    SLOW_BODY,
    SLOW_HEADERS,
    Answer,
    Receiver,
)


def send(url: str, **more: object) -> network.Reply:
    options = {"body": b"{}", "headers": {"content-type": "application/json"}, "seconds": 5.0}
    return post(url, **(options | more))  # type: ignore[arg-type]


class Names:
    """A resolver with answers of our choice, one after the other; it remembers the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def connections(monkeypatch) -> list[tuple[str, int]]:
    """Every TCP connection that is tried, none of which is made."""
    tried: list[tuple[str, int]] = []

    def refuse(address, *args, **kwargs):
        tried.append(address)
        raise ConnectionRefusedError("refused by the test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fe80::1",
        "fd12::1",
    ],
)
def test_a_name_that_leads_inside_is_never_connected_to(address, connections):
    reply = send("https://hooks.example.com/", resolver=Names([address]))

    assert reply.code == "address_not_public"
    assert connections == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(connections):
    reply = send("https://hooks.example.com/", resolver=Names(["8.8.8.8", "10.0.0.1"]))

    assert reply.code == "address_not_public"
    assert connections == []


def test_a_rebinding_name_is_asked_once_and_its_first_answer_is_what_we_connect_to(connections):
    names = Names(["8.8.8.8"], ["127.0.0.1"])

    reply = send("https://rebind.example.com/", resolver=names)

    assert names.asked == ["rebind.example.com"]
    assert connections == [("8.8.8.8", 443)]
    assert reply.code == "connect_failed"


def test_a_name_that_turned_private_since_it_was_saved_fails_at_delivery(connections):
    names = Names(["8.8.8.8"], ["192.168.1.1"])
    send("https://rebind.example.com/", resolver=names)

    reply = send("https://rebind.example.com/", resolver=names)

    assert reply.code == "address_not_public"
    assert connections == [("8.8.8.8", 443)]


@pytest.mark.parametrize("url", ["https://8.8.8.8:22/", "https://hooks.example.com:6379/"])
def test_a_port_that_is_not_open_is_not_connected_to(url, connections):
    reply = send(url, resolver=Names(["8.8.8.8"]))

    assert reply.code == "address_not_public"
    assert connections == []


def test_the_next_address_is_tried_when_the_first_does_not_answer(connections):
    send("https://hooks.example.com/", resolver=Names(["8.8.8.8", "1.1.1.1"]))

    assert connections == [("8.8.8.8", 443), ("1.1.1.1", 443)]


def test_loopback_stays_closed_without_the_setting(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = False
    with Receiver() as receiver:
        reply = send(receiver.url)

    assert reply.code == "address_not_public"
    assert receiver.journal == []


def test_a_name_for_loopback_stays_closed_even_with_the_setting(loopback, connections):
    reply = send("http://intern.example.com:9000/", resolver=Names(["127.0.0.1"]))

    assert reply.code == "address_not_public"
    assert connections == []


def test_the_environment_does_not_choose_our_proxy(receiver, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert send(receiver.url).status == 200


def test_a_redirect_to_metadata_is_not_followed(receiver):
    receiver.script = [Answer(302, {"Location": "http://169.254.169.254/"})]

    reply = send(receiver.url)

    assert reply.status == 302
    assert len(receiver.journal) == 1


@pytest.mark.parametrize("behaviour", [HANG, SLOW_HEADERS])
def test_a_receiver_that_keeps_us_waiting_is_left_at_the_deadline(receiver, behaviour):
    receiver.script = [behaviour]
    began = time.monotonic()

    reply = send(receiver.url, seconds=0.6)

    assert time.monotonic() - began < 1.5
    assert (reply.status, reply.code) == (None, "timeout")


def test_a_body_that_drips_for_ever_is_cut_at_the_deadline(receiver):
    receiver.script = [SLOW_BODY]
    began = time.monotonic()

    reply = send(receiver.url, seconds=0.6)

    assert time.monotonic() - began < 1.5
    assert reply.status == 200, "the answer has come; the rest of the body does not matter"


def test_an_endless_body_is_cut_at_the_limit(receiver):
    receiver.script = [ENDLESS]

    reply = send(receiver.url)

    assert reply.status == 200
    assert len(reply.text) == LONGEST_REPLY
    assert reply.milliseconds < 3000


def test_a_receiver_that_does_not_read_is_left_at_the_deadline(loopback):
    server = socket.create_server(("127.0.0.1", 0))
    began = time.monotonic()

    reply = send(
        f"http://127.0.0.1:{server.getsockname()[1]}/", body=b"x" * 20_000_000, seconds=0.6
    )

    server.close()
    assert time.monotonic() - began < 2
    assert reply.code == "timeout"


@pytest.mark.parametrize(
    ("behaviour", "code"), [(RESET, "connection_lost"), (GARBAGE, "bad_reply")]
)
def test_a_rude_end_has_its_own_code(receiver, behaviour, code):
    receiver.script = [behaviour]

    reply = send(receiver.url)

    assert (reply.status, reply.code) == (None, code)
    assert reply.error


def test_nul_and_invalid_utf8_in_a_reply_can_be_stored(receiver):
    receiver.script = [Answer(200, body=b"a\x00b\xff<script>")]

    assert send(receiver.url).text == "a\ufffdb\ufffd<script>"


def test_a_resolver_that_hangs_is_left(monkeypatch):
    forever = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: forever.wait(30) and [])
    monkeypatch.setattr(network, "_RESOLVE_SECONDS", 0.1)

    with pytest.raises(Refused, match="no answer within"):
        network.resolve("slow.example.com", 443)
    forever.set()


def test_an_unknown_name_says_so(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    reply = send("https://nowhere.example.com/")

    assert reply.code == "name_unknown"
    assert "nowhere.example.com" in reply.error


class TestTLS:
    """The connection goes to a checked IP, the name still proves itself."""

    @pytest.fixture
    def authority(self, tmp_path, settings) -> Authority:
        authority = Authority(tmp_path)
        settings.COUNTERMARK_CA_BUNDLE = authority.bundle
        return authority

    @pytest.fixture
    def to_receiver(self, monkeypatch):
        """A public address whose connections end at a receiver on this machine."""

        def reach(receiver: Receiver) -> None:
            real = socket.create_connection
            monkeypatch.setattr(
                socket,
                "create_connection",
                lambda address, *rest, **more: real(("127.0.0.1", receiver.port), *rest, **more),
            )

        return reach

    def test_the_name_is_what_the_certificate_must_prove(self, authority, to_receiver):
        with Receiver(tls=authority.issue("hooks.example.com")) as receiver:
            to_receiver(receiver)
            good = send("https://hooks.example.com/", resolver=Names(["8.8.8.8"]))
            other = send("https://other.example.com/", resolver=Names(["8.8.8.8"]))

        assert (good.status, good.address) == (200, "8.8.8.8")
        assert other.code == "tls_failed"
        assert "other.example.com" in other.error
        assert len(receiver.journal) == 1
        assert receiver.journal[0].headers["host"] == "hooks.example.com"

    def test_an_expired_certificate_fails_with_the_reason(self, authority, loopback):
        with Receiver(tls=authority.issue("127.0.0.1", days=-1)) as receiver:
            reply = send(receiver.url)

        assert reply.code == "tls_failed"
        assert "expired" in reply.error
        assert receiver.journal == []

    def test_a_certificate_of_an_unknown_authority_fails(self, tmp_path, loopback):
        with Receiver(tls=Authority(tmp_path).issue("127.0.0.1")) as receiver:
            reply = send(receiver.url)

        assert reply.code == "tls_failed"
        assert receiver.journal == []

    def test_a_server_that_speaks_no_tls_fails(self, receiver):
        reply = send(receiver.url.replace("http:", "https:"))

        assert reply.code == "tls_failed"

    def test_a_client_certificate_is_presented(self, authority, loopback):
        with Receiver(tls=authority.issue("127.0.0.1")) as receiver:
            context = receiver._server.context
            context.load_verify_locations(authority.bundle)
            context.verify_mode = 2  # CERT_REQUIRED
            without = send(receiver.url)
            mutual = send(receiver.url, certificate=authority.issue("client.example.com"))

        assert without.status is None
        assert mutual.status == 200

    def test_a_client_certificate_that_is_not_there_says_so(self, loopback):
        reply = send("https://127.0.0.1:1/", certificate=("/nowhere/c.pem", "/nowhere/k.pem"))

        assert reply.code == "client_certificate_unreadable"
        assert "/nowhere/c.pem" in reply.error


class TestEgressProxy:
    """Behind a proxy the proxy connects; what we can see from here is refused all the same."""

    @pytest.fixture
    def proxy(self, settings):
        asked: list[str] = []
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(65536).decode().splitlines()[0])
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        settings.COUNTERMARK_EGRESS_PROXY = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield asked
        server.close()

    def test_the_proxy_is_asked_and_its_refusal_is_said(self, proxy, monkeypatch):
        monkeypatch.setattr(
            network, "resolve", lambda h, p: ["127.0.0.1" if h == "127.0.0.1" else "8.8.8.8"]
        )

        reply = send("https://hooks.example.com/")

        assert proxy == ["CONNECT hooks.example.com:443 HTTP/1.1"]
        assert reply.code == "proxy_failed"

    @pytest.mark.parametrize("url", ["https://169.254.169.254/", "https://10.0.0.1/"])
    def test_a_private_address_does_not_reach_the_proxy(self, proxy, url):
        assert send(url).code == "address_not_public"
        assert proxy == []
