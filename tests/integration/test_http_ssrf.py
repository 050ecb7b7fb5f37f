"""No way leads to a private address: encodings, names, redirects, answers that change between two looks."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.errors import FetchError, MonitorError, SourceUnavailable
from monitor.http import AddressGuard, HttpClient, HttpLimits
from monitor.http.addresses import is_forbidden
from monitor.http.guard import AddrInfo

PUBLIC = "93.184.216.34"


class Recorder(AddressGuard):
    """Note every address that a socket was granted for, and connect to none."""

    def __init__(self, lookup: object) -> None:
        super().__init__(lookup=lookup)  # type: ignore[arg-type]
        self.granted: list[str] = []

    def make_socket(self, info: AddrInfo) -> socket.socket:
        super().make_socket(info).close()
        self.granted.append(str(info[4][0]))
        raise ConnectionRefusedError("this test connects to nobody")


async def _system(name: str, port: int) -> Sequence[str]:
    """Read every spelling of a number that the system's resolver reads, and give other names a public address."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return ["127.0.0.1"] if name.rsplit(".", maxsplit=1)[-1] in ("localhost", "localdomain") else [PUBLIC]
    return [str(one[4][0]) for one in found]


def _client(guard: AddressGuard) -> HttpClient:
    return HttpClient(clock=SystemClock(), allow=(), user_agent="goodname/0", guard=guard, limits=HttpLimits())


async def _try(urls: Sequence[str], lookup: object = _system) -> Recorder:
    guard = Recorder(lookup)
    client = _client(guard)
    # One handle per address: the pause between requests to one host is not what is looked at here.
    for url in urls:
        client._rates._hosts.clear()
        with pytest.raises((FetchError, SourceUnavailable)):
            await client.for_source("town", obey_robots=False).get(url)
    await client.close()
    return guard


def _numbers(ip: str) -> list[str]:
    """Write an IPv4 address in the ways that resolvers and browsers have been seen to accept."""
    a, b, c, d = (int(part) for part in ip.split("."))
    whole = int.from_bytes(bytes((a, b, c, d)), "big")
    wide = str.maketrans("0123456789.", "０１２３４５６７８９。")
    return [
        ip,
        f"{ip}.",
        f"{ip}..",
        str(whole),
        hex(whole),
        oct(whole).replace("0o", "0"),
        f"{whole:#X}".replace("0X", "0x"),
        f"{a}.{b}.{(c << 8) + d}",
        f"{a}.{(b << 16) + (c << 8) + d}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"000{a:o}.000{b:o}.000{c:o}.000{d:o}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0x{a:08x}.{b}.{c}.{d}",
        f"{a:#x}.{b}.0{c:o}.{d}",
        ip.translate(wide),
        ip.replace(".", "。"),
        ip.replace(".", "%2e"),
        "".join(f"%{ord(letter):02x}" for letter in ip),
        f"[::{ip}]",
        f"[::ffff:{ip}]",
        f"[::ffff:0:{ip}]",
        f"[64:ff9b::{ip}]",
        f"[64:ff9b:1::{ip}]",
        f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1]",
        f"[::ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]",
        f"[0:0:0:0:0:ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]",
        f"[2001:470::5efe:{ip}]",
        f"[fe80::5efe:{ip}%25lo]",
        f"{ip}%00.a.example",
        f"{ip}\\@a.example",
        f"a.example@{ip}",
        f"a.example:80@{ip}",
        f"{ip}#@a.example",
        f"{ip}?@a.example",
        f"{ip}:80:80",
        f"\t{ip}",
        f"{ip[0]}\n{ip[1:]}",
    ]


PRIVATE = """
0.0.0.0 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1 172.31.255.254 192.0.0.192
192.168.0.1 192.168.255.254 198.18.0.1 168.63.129.16 224.0.0.1 255.255.255.255
""".split()


@pytest.mark.parametrize("ip", PRIVATE)
async def test_every_spelling_of_a_private_address(ip: str) -> None:
    urls = [f"{scheme}://{host}/" for host in _numbers(ip) for scheme in ("http", "https")]
    guard = await _try(urls)
    assert [one for one in guard.granted if is_forbidden(one)] == []


HOSTS = """
localhost LOCALHOST localhost. a.localhost localhost.localdomain [::] [::1] [0:0:0:0:0:0:0:1] [::1%25lo] [fe80::1]
[fe80::1%25eth0] [fc00::1] [fd00:ec2::254] [ff02::1] [2001:db8::1] [::ffff:7f00:1] [2002:7f00:1::] [fec0::1] [5f00::1]
127.0.0.1.nip.io.localhost 0 00 0x0 0x 127.1 127.0.1 0177.1 ①②⑦.⓪.⓪.① ⑯⑨。②⑤④。⑯⑨｡②⑤④
ｌｏｃａｌｈｏｓｔ ℓocalhost loc\u00adalhost local\u200dhost
""".split()


@pytest.mark.parametrize("host", HOSTS)
async def test_hosts_that_lead_inwards(host: str) -> None:
    guard = await _try([f"http://{host}/", f"https://{host}:443/"])
    assert [one for one in guard.granted if is_forbidden(one)] == []


async def test_web_platform_addresses(shared_data: Path) -> None:
    cases = json.loads((shared_data / "hostile" / "url" / "urltestdata.json").read_text("utf-8"))
    urls = {case[key] for case in cases if isinstance(case, dict) for key in ("input", "href") if case.get(key)}
    assert len(urls) > 700
    guard = await _try(sorted(urls))
    assert [one for one in guard.granted if is_forbidden(one)] == []
    assert PUBLIC in guard.granted, "nothing was granted at all, so this shows nothing"


async def test_a_name_that_changes_its_answer() -> None:
    answers = {"public": 0, "private": 0}

    async def rebinding(name: str, port: int) -> Sequence[str]:
        is_first = answers["public"] == answers["private"]
        answers["public" if is_first else "private"] += 1
        return [PUBLIC] if is_first else ["127.0.0.1"]

    guard = await _try([f"http://rebind{number}.example/" for number in range(40)], rebinding)
    assert set(guard.granted) == {PUBLIC}
    assert answers["private"] >= 15


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["::1", PUBLIC], ["fe80::1%eth0"], ["not an address"], ["0.0.0.0"]],
)
async def test_names_are_judged_by_their_answers(answers: list[str]) -> None:
    async def lookup(name: str, port: int) -> Sequence[str]:
        return answers

    guard = await _try(["http://a.example/", "https://a.example/"], lookup)
    assert guard.granted == []


LEGITIMATE = """
http://a.example/ https://a.example https://A.EXAMPLE:443/x https://a.example./ http://a.example:80?x=http://127.0.0.1/
https://bücher.example/ https://xn--bcher-kva.example/ https://faß.example/ https://例え.テスト/ https://παράδειγμα.δοκιμή/
https://пример.испытание/ https://مثال.إختبار/ https://דוגמה.טעסט/ https://उदाहरण.परीक्षा/ https://실례.테스트/
https://☕.example/ https://a-b.c-d.example/ https://1.example/ https://127.0.0.1.example/ https://localhost.example/
https://sub.sub.sub.sub.sub.example/ https://a.example/%E4%BD%A0 https://a.example/ä?ö=ü#ß https://a_b.example/
http://93.184.216.34/ https://[2606:4700:4700::1111]/ http://1.1.1.1:80/ https://a.example/?next=file:///etc/passwd
""".split()


@pytest.mark.parametrize("url", LEGITIMATE)
async def test_legitimate_addresses_pass(url: str) -> None:
    guard = await _try([url])
    assert len(guard.granted) == 1
    assert guard.granted[0] in (PUBLIC, "1.1.1.1", "2606:4700:4700::1111")


async def test_redirects_are_checked_like_first_addresses() -> None:
    """Real servers redirect in test_http_client; here every spelling goes through the reader of redirects."""
    from yarl import URL

    from monitor.contract import Response
    from monitor.http.urls import redirect_target

    asked = URL("https://a.example/")
    targets = []
    for ip in PRIVATE:
        for host in _numbers(ip):
            head = {"location": f"http://{host}/"}
            try:
                target = redirect_target(Response(url=str(asked), status=302, headers=head, body=b""), asked)
            except MonitorError:
                continue
            assert target is not None
            targets.append(str(target))
    assert len(targets) > 200
    guard = await _try(targets)
    assert [one for one in guard.granted if is_forbidden(one)] == []
