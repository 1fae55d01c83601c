"""What may be saved as an address, and which IP may be connected to."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.delivery.addresses import (
    allowed_networks,
    check_url,
    is_public,
    may_connect,
    shown_host,
)
from assurance.errors import DomainError


def code_of(url: str) -> str:
    """The code with which an address is refused, at the field of the address."""
    with pytest.raises(DomainError) as refusal:
        check_url(url)
    (error,) = refusal.value.errors
    assert error["pointer"] == "/url"
    assert len(error["message"]) > 20
    return refusal.value.code


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com:443/_",
        "ftp://hooks.example.com/",
        "//hooks.example.com/",
        "javascript:alert(1)",
        "hooks.example.com",
        "http://127.0.0.1:9000/",
    ],
)
def test_only_https_is_accepted(url):
    assert code_of(url) == "scheme_not_https"


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@hooks.example.com/",
        "https://user@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com@127.0.0.1/",
    ],
)
def test_credentials_in_an_address_are_refused(url):
    assert code_of(url) == "credentials_in_url"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.88.99.1",
        "100.100.100.200",
        "168.63.129.16",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "017700000001",
        "134744072",
        "8.8.2056",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "localhost",
        "LOCALHOST",
        "x.localhost",
        "hooks.example.com.",
        "127.0.0.1.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::1]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[ff02::1]",
    ],
)
def test_private_odd_and_disguised_hosts_are_refused(host):
    assert code_of(f"https://{host}/hook") == "address_not_public"


@pytest.mark.parametrize("port", [22, 25, 80, 6379, 5432, 8080, 65535])
def test_only_two_ports_are_open(port):
    assert code_of(f"https://hooks.example.com:{port}/") == "port_not_allowed"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///path",
        "https://hooks.example.com/ x",
        "https://hooks.example.com/\r\nX-Evil: 1",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/#frag",
        "https://hooks.example.com:99999/",
        "https://[::1/",
        "https://hooks.example.com/" + "a" * 500,
        "https://-bücher-.example/",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(url):
    assert code_of(url) in {"url_invalid", "scheme_not_https"}


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://Hooks.Example.com:443/a?b=c", "https://hooks.example.com/a?b=c"),
        ("https://hooks.example.com:8443/a", "https://hooks.example.com:8443/a"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443/"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
    ],
)
def test_a_good_address_is_kept_in_its_plain_form(url, plain):
    assert check_url(url).url == plain
    assert check_url(plain).url == plain


def test_punycode_is_shown_decoded_and_raw():
    assert shown_host("xn--pypal-4ve.example") == "pаypal.example (xn--pypal-4ve.example)"
    assert shown_host("hooks.example.com") == "hooks.example.com"
    assert shown_host("xn--.example") == "xn--.example"


def test_loopback_is_allowed_for_development_only_as_127_0_0_1(settings):
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True

    assert check_url("http://127.0.0.1:9000/x").url == "http://127.0.0.1:9000/x"
    assert check_url("https://127.0.0.1:9443/x").port == 9443
    assert code_of("http://localhost:9000/") == "scheme_not_https"
    assert code_of("http://127.0.0.2:9000/") == "scheme_not_https"
    assert code_of("http://[::1]:9000/") == "scheme_not_https"
    assert code_of("http://2130706433:9000/") == "scheme_not_https"


def test_a_private_network_is_open_only_as_listed_and_only_at_its_port(settings):
    settings.COUNTERMARK_ALLOWED_NETWORKS = ["10.20.0.0/16:9443", "[fd00:1::/64]:443"]

    assert check_url("https://10.20.1.1:9443/").port == 9443
    assert check_url("https://[fd00:1::7]/").host == "fd00:1::7"
    assert code_of("https://10.20.1.1/") == "address_not_public"
    assert code_of("https://10.21.1.1:9443/") == "address_not_public"
    assert code_of("https://[fd00:2::7]/") == "address_not_public"
    assert code_of("https://8.8.8.8:9443/") == "address_not_public"


@pytest.mark.parametrize("host", ["169.254.169.254", "100.100.100.200", "fe80::1", "fd00:ec2::254"])
def test_metadata_and_link_local_stay_closed_whatever_is_allowed(settings, host):
    settings.COUNTERMARK_ALLOWED_NETWORKS = ["0.0.0.0/0:443", "[::/0]:443"]

    assert may_connect(ip_address("10.0.0.1"), 443)
    assert not may_connect(ip_address(host), 443)


@pytest.mark.parametrize(
    "entry", ["10.0.0.0/8", "10.0.0.1/8:443", "ten:443", "10.0.0.0/8:0", "169.254.0.0/16:80", ""]
)
def test_a_network_that_cannot_be_read_is_named(settings, entry):
    settings.COUNTERMARK_ALLOWED_NETWORKS = [entry]

    with pytest.raises(ValueError, match="COUNTERMARK_ALLOWED_NETWORKS"):
        allowed_networks()


@given(st.ip_addresses(v=4))
def test_no_wrapped_ipv4_is_ever_public(ip):
    number = int(ip)
    for wrapped in (
        (0xFFFF << 32) | number,
        number,
        (0x64FF9B << 96) | number,
        (0x2002 << 112) | (number << 80),
    ):
        assert not is_public(ip_address(wrapped.to_bytes(16, "big")))


@given(st.text(max_size=80))
def test_any_text_is_either_refused_at_its_field_or_a_plain_https_address(text):
    refusal = target = None
    try:
        target = check_url(f"https://{text}")
    except DomainError as error:
        refusal = error

    if target is None:
        assert refusal.errors[0]["pointer"] == "/url"
    else:
        assert target.url.startswith("https://")
        assert check_url(target.url).url == target.url
