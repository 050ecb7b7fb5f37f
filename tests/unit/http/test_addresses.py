"""The table of addresses that are never contacted, and the gate's own rules."""

from __future__ import annotations

import socket

import pytest

from monitor.errors import AddressForbidden, ConfigError, SourceUnavailable
from monitor.http.guard import AddressGuard, host_key, is_forbidden

FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16
169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378::1
2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 2002:c0a8:101::1 2620:4f:8000::1 3fff::1
3fff:fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1 1::1 4000::1
2001:470:1:1:0:5efe:10.0.0.1 2001:470:1:1:200:5efe:127.0.0.1 fe80::5efe:10.0.0.1
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 9.9.9.9 11.0.0.1 93.184.216.34 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 172.15.255.255
172.32.0.1 192.0.1.1 192.0.3.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255 168.63.129.15
2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450:4001:810::200e 2400:cb00:2048:1::6810 ::ffff:8.8.8.8
64:ff9b::8.8.8.8 2620:fe::fe
""".split()


@pytest.mark.parametrize("ip", FORBIDDEN)
def test_is_forbidden(ip: str) -> None:
    assert is_forbidden(ip)


@pytest.mark.parametrize("ip", PUBLIC)
def test_is_public(ip: str) -> None:
    assert not is_forbidden(ip)


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "1.2.3.4.5", "0x7f.1", "::g", "8.8.8.8/32", "８.8.8.8 "])
def test_what_is_no_address_is_forbidden(text: str) -> None:
    assert is_forbidden(text)


def _guard(*answers: str, allow: tuple[str, ...] = ()) -> AddressGuard:
    async def lookup(name: str, port: int) -> list[str]:
        return list(answers)

    return AddressGuard(allow, lookup=lookup)


async def test_vetted_addresses_are_given_in_order_and_once() -> None:
    assert await _guard("8.8.8.8", "1.1.1.1", "8.8.8.8").check_host("a.example", 443) == ("8.8.8.8", "1.1.1.1")


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254", "fd00::1"])
async def test_one_private_answer_spoils_all(private: str) -> None:
    with pytest.raises(AddressForbidden, match="not contacted"):
        await _guard("8.8.8.8", private).check_host("a.example", 443)


@pytest.mark.parametrize("port", [0, 22, 25, 81, 8080, 6379, 65535])
async def test_other_ports_are_refused(port: int) -> None:
    with pytest.raises(AddressForbidden):
        await _guard("8.8.8.8").check_host("a.example", port)


async def test_allow_list_opens_exactly_one_door() -> None:
    guard = _guard("10.0.0.5", allow=("wiki.lan:8080",))
    assert await guard.check_host("WIKI.lan.", 8080) == ("10.0.0.5",)
    for host, port in (("wiki.lan", 80), ("wiki.lan", 8081), ("other.lan", 8080)):
        with pytest.raises(AddressForbidden):
            await guard.check_host(host, port)


async def test_allow_list_knows_literals() -> None:
    guard = _guard(allow=("127.0.0.1:8080", "[::1]:8081"))
    assert await guard.check_host("127.0.0.1", 8080) == ("127.0.0.1",)
    assert await guard.check_host("::1", 8081) == ("::1",)
    assert await guard.check_host("[0:0:0:0:0:0:0:1]", 8081) == ("::1",)
    with pytest.raises(AddressForbidden):
        await guard.check_host("127.0.0.2", 8080)


async def test_a_name_without_address_is_a_passing_fault() -> None:
    with pytest.raises(SourceUnavailable):
        await _guard().check_host("a.example", 443)


async def test_a_name_that_cannot_be_written_is_one_too() -> None:
    async def lookup(name: str, port: int) -> list[str]:
        return [name.encode("idna").decode()]

    with pytest.raises(SourceUnavailable):
        await AddressGuard(lookup=lookup).check_host("a" * 70 + ".example", 443)


@pytest.mark.parametrize("entry", ["", "host", "host:", ":80", "host:0", "host:65536", "host:http", "host:8_0"])
def test_unreadable_allow_entries_are_named(entry: str) -> None:
    with pytest.raises(ConfigError, match="allow"):
        AddressGuard([entry])


def test_host_keys_have_one_spelling() -> None:
    assert host_key("Bücher.Example.", 80) == host_key("xn--bcher-kva.example", 80)
    assert host_key("[::1]", 80) == host_key("0:0::1", 80) == "[::1]:80"


@pytest.mark.parametrize("ip", [ip for ip in FORBIDDEN if "%" not in ip])
def test_no_socket_is_made_for_a_forbidden_address(ip: str) -> None:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with pytest.raises(PermissionError):
        AddressGuard().make_socket((family, socket.SOCK_STREAM, 0, "", (ip, 443)))


def test_nor_for_another_port() -> None:
    with pytest.raises(PermissionError):
        AddressGuard().make_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 22)))
    AddressGuard().make_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 443))).close()
