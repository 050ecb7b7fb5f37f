"""No way leads to a private address: encodings, names, redirects, answers that change between two looks."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.errors import FetchError, MonitorError, SourceUnavailable
from monitor.http import AddressGuard, HttpClient, HttpLimits
from monitor.http.addresses import is_forbidden
from monitor.http.guard import AddrInfo
from tests.integration.ssrf_cases import HOSTS, LEGITIMATE, PRIVATE, PUBLIC, platform_urls, spellings


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


@pytest.mark.parametrize("ip", PRIVATE)
async def test_every_spelling_of_a_private_address(ip: str) -> None:
    urls = [f"{scheme}://{host}/" for host in spellings(ip) for scheme in ("http", "https")]
    guard = await _try(urls)
    assert [one for one in guard.granted if is_forbidden(one)] == []


@pytest.mark.parametrize("host", HOSTS)
async def test_hosts_that_lead_inwards(host: str) -> None:
    guard = await _try([f"http://{host}/", f"https://{host}:443/"])
    assert [one for one in guard.granted if is_forbidden(one)] == []


async def test_web_platform_addresses(shared_data: Path) -> None:
    urls = platform_urls(shared_data / "hostile" / "url" / "urltestdata.json")
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
        for host in spellings(ip):
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


def _has_namespaces() -> bool:
    probe = ["unshare", "-rnm", "ip", "link", "set", "lo", "up"]
    return (
        bool(shutil.which("unshare") and shutil.which("ip"))
        and not subprocess.run(probe, capture_output=True, check=False).returncode
    )


@pytest.mark.skipif(not _has_namespaces(), reason="this machine lets nobody make a network namespace")
def test_no_connection_arrives_at_a_private_address(checkout: Path, shared_data: Path) -> None:
    """In a network where every address is this machine: direct, behind redirects, through the browser's proxy."""
    addresses = shared_data / "hostile" / "url" / "urltestdata.json"
    lab = ["unshare", "-rnm", sys.executable, "-m", "tests.integration.ssrf_lab", str(addresses)]
    done = subprocess.run(lab, cwd=checkout, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["cases"] >= 6_266
    assert found["private_connects"] == []
    assert (found["legitimate"], found["refused"]) == (28, [])
    assert found["rebinding_answers"] >= 192
    assert found["public_connects"] > 3_000, "too little was connected at all for this to show something"
    assert found["sees_private"] == ["10.1.2.3"], "the lab would not have seen a private connection"
