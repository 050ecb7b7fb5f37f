"""Try every address in a network of one's own, where each connection really arrives; prints JSON.

    unshare -rnm python -m tests.integration.ssrf_lab ADDRESSES.json

In a fresh network namespace every address there is, public or private, is this machine (AnyIP), with servers on ports
80, 443 and others, and a name server that also changes its answers. So a connection to a private address cannot go
unseen: the socket that accepts it knows where it was meant to go. Each address is fetched directly, behind a redirect
of a public server, and through the browser's proxy.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from monitor.clock import SystemClock
from monitor.errors import MonitorError
from monitor.http import AddressGuard, HttpClient, HttpLimits
from monitor.http.proxy import GuardedProxy
from tests.integration.ssrf_cases import LEGITIMATE, PUBLIC, own_urls, platform_urls

PORTS = (80, 443, 22, 6379, 8080)
# What the standard library takes for public and is not; a table of its own, so that the product is not its own judge.
NOT_PUBLIC = [
    ip_network(one)
    for one in "192.0.0.0/24 192.88.99.0/24 168.63.129.16/32 224.0.0.0/4 ::/96 ::ffff:0:0/96 64:ff9b::/96 "
    "64:ff9b:1::/48 2002::/16 2001::/32 ff00::/8 fec0::/10 5f00::/16 3fff::/20 100::/64".split()
]
NAMES = {
    "inside.example": ["10.0.0.1"],
    "mixed.example": [PUBLIC, "127.0.0.1"],
    "mixed6.example": [PUBLIC, "::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "link.example": ["169.254.169.254"],
    "meta.example": ["192.0.0.192"],
    "zero.example": ["0.0.0.0"],
}


def is_private(address: str) -> bool:
    """Judge where a connection arrived."""
    ip = ip_address(address.partition("%")[0])
    return not ip.is_global or any(ip in network for network in NOT_PUBLIC if network.version == ip.version)


class NameServer(asyncio.DatagramProtocol):
    """Answer for every name; `rebind` names are public and private by turns."""

    def __init__(self) -> None:
        self.turns: Counter[str] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode("latin-1"))
            at += 1 + data[at]
        kind = struct.unpack(">H", data[at + 1 : at + 3])[0]
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        answers = [one for one in self.answers(".".join(labels).lower(), kind) if (":" in one) == (kind == 28)]
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, 4 if kind == 1 else 16) + socket.inet_pton(family, one)
            for one in answers
            if family is not None
        )
        head = data[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, len(answers) if family else 0, 0, 0)
        self._transport.sendto(head + data[12 : at + 5] + records, sender)  # type: ignore[attr-defined]

    def answers(self, name: str, kind: int) -> list[str]:
        if name.startswith("rebind"):
            self.turns[name] += kind == 1
            return [PUBLIC] if self.turns[name] % 2 else ["127.0.0.1"]
        if name.endswith(".nip.example"):
            return [name.removesuffix(".nip.example")]
        return NAMES.get(name, [PUBLIC])


class Lab:
    """Hold what arrived: the address and port that each connection was meant for."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, int]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note where a connection was meant to go; redirect those who ask for it."""
        address, port = writer.get_extra_info("sockname")[:2]
        if address != "127.0.0.1" or port in PORTS:
            self.arrived.append((address.removeprefix("::ffff:") if "." in address else address, port))
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(0.3):
                line = (await reader.readuntil(b"\r\n")).decode("latin-1")
            target = line.split(" ")[1] if line.startswith("GET ") else "/"
            there = unquote(target.partition("?to=")[2], "utf-8", "surrogateescape")
            head = f"302 Go\r\nLocation: {there}" if there and "\n" not in there and "\r" not in there else "200 OK"
            writer.write(
                f"HTTP/1.1 {head}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode("utf-8", "replace")
            )
            await writer.drain()
        writer.close()


async def _through_proxy(address: str, url: str) -> None:
    """Ask the browser's proxy for an address as a browser does."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    is_tls = parts.scheme == "https"
    ask = f"CONNECT {host if host.rpartition(':')[2].isdigit() else host + ':443'}" if is_tls else f"GET {url}"
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(2):
            writer.write(f"{ask} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("utf-8", "replace"))
            await reader.readline()
    writer.close()


async def _all(urls: list[str], one: object, width: int = 64) -> None:
    """Run a coroutine function over addresses, some side by side; what the product refuses is what it should."""
    waiting = list(urls)

    async def work() -> None:
        while waiting:
            url = waiting.pop()
            with suppress(MonitorError, ValueError):
                await one(url)  # type: ignore[operator]

    await asyncio.gather(*(work() for _ in range(width)))


def _set_up() -> None:
    """Make every address local, and this machine's resolver ask the lab."""
    for command in ("link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)
    folder = Path(tempfile.mkdtemp())
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf"], check=True)


async def run(addresses: Path | None) -> dict[str, object]:
    """Give how many were tried each way, where private connections arrived, and which legitimate ones did."""
    _set_up()
    lab, loop = Lab(), asyncio.get_running_loop()
    names = NameServer()
    await loop.create_datagram_endpoint(lambda: names, local_addr=("127.0.0.1", 53))
    for port in PORTS:
        await asyncio.start_server(lab.serve, "0.0.0.0", port)
        listener = socket.create_server(("::", port), family=socket.AF_INET6)
        await asyncio.start_server(lab.serve, sock=listener)
    client = HttpClient(
        clock=SystemClock(),
        allow=(),
        user_agent="goodname/0",
        limits=HttpLimits(deadline=timedelta(seconds=3), min_interval=timedelta(), per_host=99),
    )
    http = client.for_source("lab", obey_robots=False)
    urls = sorted({*own_urls(), *(platform_urls(addresses) if addresses else ())})
    tried = {}
    ways = {
        "direct": urls,
        "redirected": [f"http://public.example/?to={quote(url, safe='', errors='replace')}" for url in urls],
    }
    for way, some in ways.items():
        await _all(some, http.get)
        tried[way] = len(some)
    async with GuardedProxy(AddressGuard()) as proxy:
        address = await proxy.start()
        await _all(urls, lambda url: _through_proxy(address, url))
        tried["proxied"] = len(urls)
    legitimate = []
    for url in LEGITIMATE:
        before = len(lab.arrived)
        with suppress(MonitorError):
            await http.get(url)
        legitimate += [url] if len(lab.arrived) > before else []
    await client.close()
    private = sorted({f"{where}:{port}" for where, port in lab.arrived if is_private(where)})
    public = sum(not is_private(where) for where, _ in lab.arrived)
    # That the lab sees private connections at all: one without the gate.
    before = len(lab.arrived)
    _, writer = await asyncio.open_connection("10.1.2.3", 80)
    writer.close()
    await asyncio.sleep(0.05)
    return {
        "tried": tried,
        "cases": sum(tried.values()),
        "private_connects": private,
        "public_connects": public,
        "legitimate": len(legitimate),
        "refused": sorted(set(LEGITIMATE) - set(legitimate)),
        "rebinding_answers": sum(names.turns.values()),
        "sees_private": [where for where, _ in lab.arrived[before:]],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Path(sys.argv[1]) if len(sys.argv) > 1 else None))))
