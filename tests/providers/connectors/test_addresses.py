"""Which addresses are called at all: every notation of an inner one is seen through."""

import ipaddress

import pytest

from providers.connectors import addresses

PUBLIC = [
    "https://example.com/hooks?a=1",
    "https://8.8.8.8/",
    "https://例子.测试.cn:8443/",
    "https://[2606:4700::1111]/",
]
FORBIDDEN_URLS = """
https://127.0.0.1/
https://127.1/
https://2130706433/
https://0x7f000001/
https://0x7f.0.0.1/
https://0177.0.0.1/
https://017700000001/
https://127.0.0.1./
https://①②⑦.0.0.1/
https://0.0.0.0/
https://10.1.2.3/
https://172.16.0.1/
https://192.168.1.1/
https://169.254.169.254/latest/meta-data/
https://100.100.100.200/latest/meta-data/
https://168.63.129.16/
https://[::1]/
https://[::]/
https://[::ffff:127.0.0.1]/
https://[::ffff:7f00:1]/
https://[::127.0.0.1]/
https://[64:ff9b::7f00:1]/
https://[64:ff9b:1::a9fe:a9fe]/
https://[2002:7f00:1::]/
https://[2001:0:7f00:1::]/
https://[fe80::1]/
https://[fd00:ec2::254]/
https://[fec0::1]/
https://[ff02::1]/
https://224.0.0.1/
https://255.255.255.255/
https://localhost/
https://LOCALHOST./
https://metadata.google.internal/
https://printer.local/
https://db/
"""
INVALID_URLS = """
http://example.com/
ftp://example.com/
file:///etc/passwd
gopher://example.com:70/
//example.com/
example.com
https://
https:///path
https://user:secret@example.com/
https://example.com@127.0.0.1/
https://example.com/#fragment
https://example.com\\@127.0.0.1/
https://exa mple.com/
https://example.com/\thooks
https://example.com:0/
https://example.com:22/
https://example.com:25/
https://example.com:80/
https://example.com:5432/
https://example.com:6379/
https://example.com:11211/
https://example.com:65536/
https://example.com:-1/
https://example.com:port/
https://-example.com/
https://example..com/
https://exa%6dple.com/
https://[::1/
https://[fe80::1%25eth0]/
https://[example.com]/
https://example.com/路径
"""


@pytest.mark.parametrize("url", PUBLIC)
def test_public_addresses_are_called(url: str) -> None:
    assert addresses.check_url(url=url).scheme == "https"


@pytest.mark.parametrize("url", FORBIDDEN_URLS.split("\n")[1:-1])
def test_inner_addresses_are_refused_in_every_notation(url: str) -> None:
    with pytest.raises(addresses.ForbiddenAddress) as caught:
        addresses.check_url(url=url)
    assert caught.value.field == "url"
    assert "公网" in caught.value.message


@pytest.mark.parametrize("url", [*INVALID_URLS.split("\n")[1:-1], "", f"https://example.com/{'x' * 500}"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises((addresses.InvalidAddress, addresses.ForbiddenAddress)) as caught:
        addresses.check_url(url=url)
    assert caught.value.message


def test_a_target_is_taken_apart_once() -> None:
    target = addresses.check_url(url="https://Hooks.Example.COM:8443/a?b=c")
    assert (target.host, target.port, target.path) == ("hooks.example.com", 8443, "/a?b=c")
    assert target.netloc == "hooks.example.com:8443"
    assert addresses.check_url(url="https://[2606:4700::1111]").netloc == "[2606:4700::1111]"


def test_only_the_port_that_the_settings_name_is_excepted(settings: object) -> None:
    settings.OUTBOUND_EXCEPTIONS = ["127.0.0.1:9000"]  # type: ignore[attr-defined]
    assert addresses.check_url(url="http://127.0.0.1:9000/").scheme == "http"
    for url in ("http://127.0.0.1:9001/", "http://127.0.0.1/", "http://localhost:9000/", "http://2130706433:9000/"):
        with pytest.raises((addresses.InvalidAddress, addresses.ForbiddenAddress)):
            addresses.check_url(url=url)


def test_the_registry_agrees() -> None:
    """Private, shared, reserved and documentation networks; and public ones."""
    inner = "0.1.2.3 100.64.0.1 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 240.0.0.1 2001:db8::1 100::1"
    outer = "1.1.1.1 114.114.114.114 223.5.5.5 2400:3200::1 2620:fe::fe"
    assert not any(addresses.is_public(ipaddress.ip_address(text)) for text in inner.split())
    assert all(addresses.is_public(ipaddress.ip_address(text)) for text in outer.split())
    assert not addresses.is_public(ipaddress.ip_address("2400:3200::1%eth0"))
