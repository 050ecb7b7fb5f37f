"""Look at a channel's address without Apprise, which is loaded only when there is a channel that needs it."""

from __future__ import annotations

import re
from typing import Protocol


class AddressCheck(Protocol):
    """Refuse addresses that must not be contacted."""

    async def __call__(self, host: str, port: int) -> object:
        """Return anything when the address may be contacted; AddressForbidden when not."""
        ...


def scheme_of(url: str) -> str:
    """Give a URL's scheme in lower case, or an empty string."""
    found = re.match(r"\s*([a-z0-9][a-z0-9+.-]*)://", url, re.IGNORECASE)
    return found.group(1).lower() if found else ""
