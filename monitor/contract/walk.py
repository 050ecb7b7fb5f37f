"""Read listings that show the newest first, each to where it was known before, one page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from monitor.contract.gaps import OVERLAP, SWEEP_EVERY, Gap, GapCursor, Mark
from monitor.contract.source import Page
from monitor.domain import Gone, Item
from monitor.errors import AccessForbidden, ConnectorError, FetchError, SourceChanged
from monitor.text import content_sha256

PAGES_PER_POLL = 10

Fault = ConnectorError | FetchError


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """Hold one page of a listing: its items, the marks of its entries in the server's order, the next page's token.

    `token` is empty on the last page. There may be marks without items (entries that are not handed over).
    `is_lost` says that the server no longer knows the token it was asked with: that stretch is walked anew from the
    newest page.
    """

    items: tuple[Item, ...]
    marks: tuple[Mark, ...]
    token: str = ""
    gone: tuple[Gone, ...] = ()
    is_lost: bool = False


LOST = Listed(items=(), marks=(), is_lost=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Name a listing and how a page of it is read, by its token ("" is the newest page).

    When one listing of a `host` fails, the others of that host are left alone until the next poll; where `is_apart`,
    a refusal of this one says nothing about them. `overlap` is how far back it is read again for late arrivals, every
    `sweep_every`; shorter than the usual only for streams that are too thick for it, or where reading costs money.
    Give `read`, or `read_down_to` for a server that is told how far back a listing goes: it gets the time at which the
    walk ends (None: the listing's end), too.
    """

    key: str
    host: str
    read: Callable[[str], Awaitable[Listed]] | None = None
    read_down_to: Callable[[str, datetime | None], Awaitable[Listed]] | None = None
    overlap: timedelta = OVERLAP
    sweep_every: timedelta = SWEEP_EVERY
    is_apart: bool = False

    def begin(self, position: GapCursor, now: datetime, backfill: timedelta | None) -> GapCursor:
        """Start a walk of this listing."""
        return position.begin(now, backfill=backfill, overlap=self.overlap, sweep_every=self.sweep_every)

    def page_of(self, gap: Gap) -> Awaitable[Listed]:
        """Read the page that an unfinished walk has come to."""
        if self.read_down_to is not None:
            return self.read_down_to(gap.token, gap.floor)
        if self.read is None:
            raise TypeError("a listing needs `read` or `read_down_to`")
        return self.read(gap.token)


class ListingsCursor(BaseModel):
    """Hold the position in each listing, by its key."""

    model_config = ConfigDict(frozen=True)

    listings: dict[str, GapCursor] = {}


def _first(failed: Mapping[str, Fault]) -> Fault:
    return next(iter(failed.values()))


async def walk_listings(
    listings: Sequence[Listing],
    cursor: ListingsCursor,
    *,
    now: datetime,
    backfill: timedelta | None = None,
    pages: int = PAGES_PER_POLL,
    told: Callable[[Mapping[str, Fault]], Fault] = _first,
) -> AsyncIterator[Page]:
    """Read up to `pages` pages of each listing, the one that has waited longest first; what is left is read next time.

    `now` is aware UTC; `backfill` is how far back a new listing is read (None: to its end). Positions of listings
    that are no longer asked for are dropped. A failing host stops none of the others: at the end the error is raised
    that `told` makes of the errors by listing. Without listings it gives one empty page.
    """
    kept = {one.key: cursor.listings.get(one.key, GapCursor()) for one in listings}
    if not kept:
        yield Page(items=(), cursor=cursor)
        return
    failed: dict[str, Fault] = {}
    closed: set[str] = set()
    waiting = _longest_waiting_first(listings, kept)
    for number, listing in enumerate(waiting, 1):
        position = listing.begin(kept[listing.key], now, backfill)
        for _ in range(pages):
            if not position.gaps or listing.host in closed:
                break
            try:
                listed = await listing.page_of(position.gaps[0])
            except (ConnectorError, FetchError) as error:
                failed[listing.key] = error
                if not (listing.is_apart and isinstance(error, (AccessForbidden, SourceChanged))):
                    closed.add(listing.host)
                break
            items, position = _take(position, listed)
            kept[listing.key] = position
            is_end = number == len(waiting) and not failed and not any(one.gaps for one in kept.values())
            yield Page(items=items, cursor=ListingsCursor(listings=dict(kept)), complete=is_end, gone=listed.gone)
    if failed:
        raise told(failed)


def _longest_waiting_first(listings: Sequence[Listing], kept: dict[str, GapCursor]) -> list[Listing]:
    begun = {key: position.begun_at.isoformat() if position.begun_at else "" for key, position in kept.items()}
    return sorted(listings, key=lambda one: begun[one.key])


def _take(position: GapCursor, listed: Listed) -> tuple[tuple[Item, ...], GapCursor]:
    """Choose the items that are not known in this form, and step over the page."""
    if listed.is_lost and position.token:
        return (), position.begun_anew()
    prints = [(item.external_id, _print(item)) for item in listed.items]
    items = tuple(
        item
        for item, (_, content) in zip(listed.items, prints, strict=True)
        if position.is_new(item.external_id, content)
    )
    return items, position.after(listed.marks, listed.token, prints)


def _print(item: Item) -> str:
    """Shorten what a change of shows: the words, the stars, the time of an edit."""
    edited = item.edited_at.isoformat() if item.edited_at else ""
    return content_sha256(item.title, f"{item.text}\x1f{edited}", item.rating)[:12]
