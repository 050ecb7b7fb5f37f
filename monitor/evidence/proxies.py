"""What stands between the network and everything here that fetches others' pages by its own program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable


class BrowserProxy(Protocol):
    """Stand between a browser and the network, under the same rules as the HTTP client."""

    @property
    def blocked(self) -> tuple[str, ...]:
        """Name the destinations that were refused, as "host:port"."""
        ...

    async def start(self) -> str:
        """Listen on a loopback port and give the proxy's address."""
        ...

    async def close(self) -> None:
        """Stop listening and cut every connection; idempotent."""
        ...


@runtime_checkable
class KnowsAddresses(Protocol):
    """Mark a proxy that remembers to which IP address each "host:port" was connected."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Give the address used for each "host:port"."""
        ...


ProxyFactory = Callable[[], BrowserProxy]
"""Make a new proxy; each capture has its own, so that what it refused can be told apart."""
