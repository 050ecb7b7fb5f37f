"""Listen to every public post on Bluesky as it is written, through Jetstream; needs no account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors._asking import BaseUrl
from connectors._bluesky_posts import COLLECTION
from connectors._health import health_of
from connectors._jetstream_events import Event, JetstreamCursor, Position, read_event
from monitor.contract import MAX_MESSAGE, Access, Capability, ConnectorSpec, Context, Health, Page, Query, Tested
from monitor.domain import Gone, HealthState, Item
from monitor.errors import MonitorError, SourceChanged

_MOST_ODD = 20
_CAUGHT_UP = timedelta(seconds=5)


def _as_http(value: object) -> object:
    """Write ws and wss as what they stand for, so that both forms of an address are taken."""
    if not isinstance(value, str):
        return value
    scheme, separator, rest = value.partition("://")
    return {"wss": "https", "ws": "http"}.get(scheme.lower(), scheme) + separator + rest


class JetstreamSettings(BaseModel):
    """Say which server to listen to, and how far back to begin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Annotated[BaseUrl, BeforeValidator(_as_http)] = Field(
        "https://jetstream2.us-east.bsky.network", description="The Jetstream server; https:// stands for wss:// here."
    )
    backfill_hours: int = Field(
        0, ge=0, le=72, description="How far back to begin the first time; servers keep a day or more."
    )
    rewind_seconds: int = Field(
        5, ge=1, le=600, description="How far back a broken stream is taken up; more when servers are changed."
    )


class JetstreamConnector:
    """Hand over every post, edit and deletion; what names nobody is dropped by the runner before it is kept.

    The position is the server's own count in microseconds. A stream is taken up some seconds earlier, and what was
    handed over in those is known by its commit and left out.
    """

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="jetstream",
        title="Bluesky: all posts, live (Jetstream)",
        settings=JetstreamSettings,
        cursor=JetstreamCursor,
        capabilities=frozenset({Capability.STREAM, Capability.EDITS, Capability.DELETES, Capability.MEDIA}),
        access=Access.API,
        cost="free",
        needs_credentials=False,
        terms_url="https://bsky.social/about/support/tos",
        tested=Tested.SCHEMA,
    )

    def __init__(self, settings: JetstreamSettings) -> None:
        self._settings = settings

    async def stream(self, ctx: Context, query: Query, cursor: JetstreamCursor) -> AsyncGenerator[Page, None]:
        """Give what is published from the position on, for as long as the server sends."""
        position = Position(cursor, rewind_us=self._settings.rewind_seconds * 1_000_000)
        odd = 0
        async with ctx.http.stream(
            f"{self._settings.base_url}/subscribe", params=self._params(ctx, cursor), max_message=MAX_MESSAGE
        ) as batches:
            async for batch in batches:
                events = [read_event(frame) for frame in batch]
                good = [event for event in events if event is not None]
                odd = 0 if good else odd + len(events)
                self._refuse_odd(odd, is_known=bool(position.time_us or good))
                for page in _pages(good, position, ctx.now):
                    yield page

    async def poll(self, ctx: Context, query: Query, cursor: JetstreamCursor) -> AsyncIterator[Page]:
        """Give what was published from the position up to now."""
        now_us = _us(ctx.now - _CAUGHT_UP)
        async with aclosing(self.stream(ctx, query, cursor)) as pages:
            async for page in pages:
                yield page
                if not isinstance(page.cursor, JetstreamCursor) or page.cursor.time_us >= now_us:
                    return

    async def check(self, ctx: Context) -> Health:
        """Listen until something comes."""
        try:
            async with aclosing(self.stream(ctx, Query(), JetstreamCursor())) as pages:
                async for page in pages:
                    if isinstance(page.cursor, JetstreamCursor) and page.cursor.time_us:
                        return Health(state=HealthState.OK, what="The stream is open, and posts come in.")
        except MonitorError as error:
            return health_of(error)
        return Health(
            state=HealthState.DEGRADED,
            what="The stream ended before anything came.",
            why="The server closed it.",
            try_="Try again, or set `base_url` to another Jetstream server.",
        )

    def _params(self, ctx: Context, cursor: JetstreamCursor) -> dict[str, str]:
        params = {"wantedCollections": COLLECTION, "maxMessageSizeBytes": str(MAX_MESSAGE)}
        if cursor.time_us:
            params["cursor"] = str(cursor.time_us - self._settings.rewind_seconds * 1_000_000)
        elif self._settings.backfill_hours:
            params["cursor"] = str(_us(ctx.now - timedelta(hours=self._settings.backfill_hours)))
        return params

    def _refuse_odd(self, odd: int, *, is_known: bool) -> None:
        """Take a few frames that are not understood for accidents; nothing else, for another kind of server."""
        if odd > (_MOST_ODD if is_known else 0):
            raise SourceChanged(
                "What the stream sends is not understood.",
                connector=self.spec.name,
                why="It is no Jetstream event.",
                try_="Check `base_url`: it must be a Jetstream server.",
            )


def _pages(events: list[Event], position: Position, opened_at: datetime) -> Iterator[Page]:
    """Make a page of a batch; cut it where one thing would stand on it twice, so that each version is kept."""
    items: list[Item] = []
    gone: list[Gone] = []
    touched: set[str] = set()
    for event in events:
        if event.uri and event.uri in touched:
            yield Page(items=tuple(items), gone=tuple(gone), cursor=position.cursor(), complete=False)
            items, gone, touched = [], [], set()
        if not position.take(event) or not event.uri:
            continue
        touched.add(event.uri)
        if event.is_removal:
            gone.append(Gone(external_id=event.uri, signal="its author deleted it"))
        elif item := event.item(opened_at):
            items.append(item)
    yield Page(items=tuple(items), gone=tuple(gone), cursor=position.cursor())


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
