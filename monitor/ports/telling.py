"""What the jobs need to tell people, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from monitor.domain import Alert, Digest, Hit, Message


class Clock(Protocol):
    """Tell the time; the only source of it, so that tests can turn it."""

    def now(self) -> datetime:
        """Give the wall-clock time as aware UTC."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never run backwards, for measuring and watching."""
        ...


class Notifier(Protocol):
    """Send messages to channels."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the configured channels; a name is stable and holds no secret."""
        ...

    async def turn(self, channel: str) -> None:
        """Wait until this channel may be sent to again; the wait says nothing about the channel."""
        ...

    async def send(self, channel: str, message: Message) -> None:
        """Send one message on one channel now; DeliveryError (masked, with `permanent`) when it was not accepted."""
        ...


class Poster(Protocol):
    """Send bytes to a web address under the house rules."""

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str], ok: frozenset[int] = frozenset({200})
    ) -> object:
        """Send a body as it is, so that it can be signed; raises what `contract.Http.post_json` does."""
        ...


class OnceStore(Protocol):
    """Keep what a job needs that tells something once and remembers that it did."""

    def enqueue(self, alert: Alert) -> bool:
        """Put an alert into the outbox; False when its dedupe_key is already there."""
        ...

    def setting(self, key: str) -> str:
        """Give a small kept value, or an empty string."""
        ...

    def set_setting(self, key: str, value: str) -> None:
        """Keep a small value."""
        ...


class Renderer(Protocol):
    """Turn alerts and digests into words; pure."""

    def alert(self, alert: Alert, hit: Hit | None, *, chain_head: str, thumbnails: Mapping[str, bytes]) -> Message:
        """Render one alert: calm, neutral, without names or quotes unless the veil is lifted.

        `thumbnails` are blurred JPEGs by the id of the capture they show; the same for `digest`.
        """
        ...

    def minimal(self, alert: Alert) -> Message:
        """Render the least that must always work, for when `alert` fails."""
        ...

    def digest(self, digest: Digest, *, message_id: str, thumbnails: Mapping[str, bytes]) -> Message:
        """Render one day, also an empty one."""
        ...
