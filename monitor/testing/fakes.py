"""Stand in for the clock, the channels and the browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.domain import ArtifactRole, CaptureOutcome, CaptureRequest, Completeness, Message, Observed, Origin
from monitor.errors import DeliveryError, EvidenceError
from monitor.ports import Staging
from monitor.testing.builders import NOW


class FakeClock:
    """Tell a time that moves only when a test says so; both faces move together unless `jump` is used."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """Give the wall-clock time as aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""
        return self._monotonic

    def advance(self, by: timedelta | float) -> None:
        """Let time pass: a timedelta or seconds."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self._now += step
        self._monotonic += step.total_seconds()

    def jump(self, by: timedelta) -> None:
        """Move the wall clock alone, back or forth, as a correction of the system's time does."""
        self._now += by

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass at once, instead of waiting for it."""
        self.advance(seconds)


class FakeNotifier:
    """Keep messages in `sent` as (channel, message); `fail` makes the next sends fail, one error each."""

    def __init__(self, *channels: str) -> None:
        self._channels = channels or ("mail",)
        self.sent: list[tuple[str, Message]] = []
        self._failures: list[DeliveryError] = []

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the channels."""
        return self._channels

    def fail(self, *errors: DeliveryError) -> None:
        """Let the next sends raise these, in order."""
        self._failures.extend(errors)

    async def turn(self, channel: str) -> None:
        """Let every channel be sent to at any time."""

    async def send(self, channel: str, message: Message) -> None:
        """Keep the message, or raise what `fail` was given; an unknown channel is refused for good."""
        if channel not in self._channels:
            raise DeliveryError("There is no such channel.", channel=channel, permanent=True)
        if self._failures:
            raise self._failures.pop(0)
        self.sent.append((channel, message))


class FakeCapturer:
    """Write one small page per request and say it is complete; `fail` makes the next captures fail.

    `requests` holds what was asked for.
    """

    def __init__(self, *, now: datetime = NOW, body: bytes = b"<!doctype html><p>kept</p>") -> None:
        self._now = now
        self._body = body
        self.requests: list[CaptureRequest] = []
        self._failures: list[EvidenceError] = []
        self.is_closed = False

    def fail(self, *errors: EvidenceError) -> None:
        """Let the next captures raise these, in order."""
        self._failures.extend(errors)

    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        """Write the page and describe it."""
        self.requests.append(request)
        if self._failures:
            raise self._failures.pop(0)
        staging.add(ArtifactRole.PAGE, "page.html", "text/html", Origin.WIRE, self._body)
        return Observed(
            requested_url=request.url,
            final_url=request.url,
            http_status=200,
            started_at=self._now,
            captured_at=self._now,
            outcome=CaptureOutcome.COMPLETE,
            completeness=_completeness(request.quotes, self._body),
            software={"capturer": "fake"},
        )

    async def close(self) -> None:
        """Note that the capturer was closed."""
        self.is_closed = True


def _completeness(quotes: Sequence[str], body: bytes) -> Completeness:
    if not quotes:
        return Completeness.UNKNOWN
    return Completeness.FOUND if all(quote.encode() in body for quote in quotes) else Completeness.NOT_FOUND
