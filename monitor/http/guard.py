"""Decide which hosts may be contacted: the one gate for connectors, media, web-hooks and the browser's proxy.

It works where connections are made, not where addresses are written: names are refused by what they resolve to, each
connection uses only addresses that were just checked, and every socket is checked once more as it is made. So a name
that changes its answer between two looks gains nothing.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

from monitor.errors import AddressForbidden, ConfigError, SourceUnavailable
from monitor.http.addresses import is_forbidden

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PUBLIC_PORTS", "AddressGuard", "Lookup", "host_key", "is_forbidden", "read_allow"]

PUBLIC_PORTS = frozenset({80, 443})
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
# The types are those that socket.getaddrinfo gives; aiohttp hands them on to its socket factory.
AddrInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]
_LOOKUP_THREADS = 16


def _host_text(host: str) -> str:
    """Write a host in one way: lower case, punycode, no final dot, an IP literal in its shortest form."""
    bare = host.strip().strip("[]").rstrip(".").lower()
    try:
        return str(ip_address(bare.partition("%")[0]))
    except ValueError:
        pass
    try:
        return bare.encode("idna").decode("ascii")
    except UnicodeError:
        return bare


def host_key(host: str, port: int) -> str:
    """Write host and port in one way, for comparing: "name:443", "[::1]:80"."""
    name = _host_text(host)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def read_allow(entries: Iterable[str]) -> frozenset[str]:
    """Read the allow list: "host:port" each, the host a name or an IP literal (IPv6 in brackets).

    Raises ConfigError that names the entry.
    """
    keys = set()
    for entry in entries:
        host, _, port = entry.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ConfigError(
                f"[network] allow has an entry that cannot be read: {entry!r}.",
                why="Each is a host and a port.",
                try_='Write it like "192.168.1.20:8080".',
            )
        keys.add(host_key(host, int(port)))
    return frozenset(keys)


@dataclass(slots=True)
class _Hop:
    """Remember, while one request runs, what its name was resolved to and what was refused."""

    vetted: set[tuple[str, int]] = field(default_factory=set)
    refused: str = ""


_HOP: ContextVar[_Hop | None] = ContextVar("goodname_http_hop", default=None)


class AddressGuard:
    """Check hosts against the address table and the allow list.

    `allow` holds "host:port" entries that may be contacted whatever their address; nothing else but public
    addresses on ports 80 and 443 is. `lookup` turns a name into addresses; by default the system's resolver is
    asked in threads of its own, so that slow names hold up nobody else.
    """

    def __init__(self, allow: Iterable[str] = (), *, lookup: Lookup | None = None) -> None:
        self.allow = read_allow(allow)
        self._lookup = lookup or self._ask_system
        self._threads: ThreadPoolExecutor | None = None

    def is_listed(self, host: str, port: int) -> bool:
        """Tell whether the allow list names this host and port."""
        return host_key(host, port) in self.allow

    def check_port(self, host: str, port: int) -> None:
        """Refuse ports other than 80 and 443 unless listed; raises AddressForbidden."""
        if port not in PUBLIC_PORTS and not self.is_listed(host, port):
            raise AddressForbidden(
                f"{host_key(host, port)} is not contacted.", why="Only ports 80 and 443 are used on public hosts."
            )

    def check_literal(self, host: str, port: int) -> None:
        """Refuse an address that is written out and not allowed, before anybody waits for a turn at it."""
        name = _host_text(host)
        try:
            ip_address(name)
        except ValueError:
            return
        if is_forbidden(name) and not self.is_listed(host, port):
            raise AddressForbidden(f"{host_key(host, port)} is not contacted.", why="It is not a public address.")

    async def check_host(self, host: str, port: int) -> tuple[str, ...]:
        """Give the addresses that may be contacted for a host, in the resolver's order.

        Raises AddressForbidden when the port or any one of its addresses is not allowed, SourceUnavailable when
        the name has no address. Connect to what is given here, never to the name again.
        """
        self.check_port(host, port)
        addresses = await self._addresses(host, port)
        if not self.is_listed(host, port):
            for address in addresses:
                if is_forbidden(address) and not self.is_listed(address, port):
                    raise AddressForbidden(
                        f"{host_key(host, port)} is not contacted.", why=f"It leads to {address}, not a public address."
                    )
        return addresses

    async def vet_host(self, host: str, port: int) -> tuple[str, ...]:
        """Do as `check_host`, and let the request that runs make sockets for what is given."""
        addresses = await self.check_host(host, port)
        hop = _HOP.get()
        if hop is not None:
            hop.vetted.update((address, port) for address in addresses)
        return addresses

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        name = _host_text(host)
        try:
            return (str(ip_address(name)),)
        except ValueError:
            pass
        try:
            found = await self._lookup(name, port)
        except (OSError, ValueError) as error:  # UnicodeError is a ValueError
            raise SourceUnavailable(f"The name {name!r} was not found.", why=str(error)) from error
        if not found:
            raise SourceUnavailable(f"The name {name!r} has no address.")
        return tuple(dict.fromkeys(found))

    async def _ask_system(self, name: str, port: int) -> Sequence[str]:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="goodname-dns")
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        )
        return [str(answer[4][0]) for answer in answers]

    def make_socket(self, info: AddrInfo) -> socket.socket:
        """Make a socket for a literal address, after checking it; raises PermissionError.

        The second look: literal addresses in URLs never reach the resolver.
        """
        family, kind, protocol, _, target = info
        address, port = str(target[0]), int(target[1])
        hop = _HOP.get()
        known = hop is not None and (address, port) in hop.vetted
        if not known and not self.is_listed(address, port) and (is_forbidden(address) or port not in PUBLIC_PORTS):
            if hop is not None:
                hop.refused = address
            raise PermissionError(errno.EACCES, f"{address} is not a public address")
        return socket.socket(family=family, type=kind, proto=protocol)

    @contextmanager
    def hop(self) -> Iterator[_Hop]:
        """Tie the sockets of one request to what its own name was resolved to."""
        hop = _Hop()
        token = _HOP.set(hop)
        try:
            yield hop
        finally:
            _HOP.reset(token)

    def close(self) -> None:
        """Let the lookup threads end; idempotent."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
