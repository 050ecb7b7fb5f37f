"""Read listings that show the newest first, each to where it was known before, one page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from monitor.contract.gaps import OVERLAP, GapCursor, Mark
from monitor.contract.source import Page
from monitor.domain import Gone, Item
from monitor.errors import ConnectorError, FetchError
from monitor.text import content_sha256

PAGES_PER_POLL = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """Hold one page of a listing: its items, the marks of its entries in the server's order, the next page's token.

    `token` is empty on the last page. There may be marks without items (entries that are not handed over).
    """

    items: tuple[Item, ...]
    marks: tuple[Mark, ...]
    token: str = ""
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Name a listing and how a page of it is read, by its token ("" is the newest page).

    When one listing of a `host` fails, the others of that host are left alone until the next poll. `overlap` is how
    far back it is read again for late arrivals; shorter than the usual only for streams that are too thick for it.
    """

    key: str
    host: str
    read: Callable[[str], Awaitable[Listed]]
    overlap: timedelta = OVERLAP


class ListingsCursor(BaseModel):
    """Hold the position in each listing, by its key."""

    model_config = ConfigDict(frozen=True)

    listings: dict[str, GapCursor] = {}


async def walk_listings(
    listings: Sequence[Listing],
    cursor: ListingsCursor,
    *,
    now: datetime,
    backfill: timedelta | None = None,
    pages: int = PAGES_PER_POLL,
) -> AsyncIterator[Page]:
    """Read up to `pages` pages of each listing, the one that has waited longest first; what is left is read next time.

    `now` is aware UTC; `backfill` is how far back a new listing is read (None: to its end). Positions of listings
    that are no longer asked for are dropped. A failing host stops none of the others: its error is raised at the end.
    Without listings it gives one empty page.
    """
    kept = {one.key: cursor.listings.get(one.key, GapCursor()) for one in listings}
    if not kept:
        yield Page(items=(), cursor=cursor)
        return
    failed: dict[str, ConnectorError | FetchError] = {}
    waiting = _longest_waiting_first(listings, kept)
    for number, listing in enumerate(waiting, 1):
        position = kept[listing.key].begin(now, backfill=backfill, overlap=listing.overlap)
        for _ in range(pages):
            if position.token is None or listing.host in failed:
                break
            try:
                listed = await listing.read(position.token)
            except (ConnectorError, FetchError) as error:
                failed[listing.host] = error
                break
            items, position = _take(position, listed)
            kept[listing.key] = position
            is_end = number == len(waiting) and not failed and not any(one.gaps for one in kept.values())
            yield Page(items=items, cursor=ListingsCursor(listings=dict(kept)), complete=is_end, gone=listed.gone)
    if failed:
        raise next(iter(failed.values()))


def _longest_waiting_first(listings: Sequence[Listing], kept: dict[str, GapCursor]) -> list[Listing]:
    begun = {key: position.begun_at.isoformat() if position.begun_at else "" for key, position in kept.items()}
    return sorted(listings, key=lambda one: begun[one.key])


def _take(position: GapCursor, listed: Listed) -> tuple[tuple[Item, ...], GapCursor]:
    """Choose the items that are not known in this form, and step over the page."""
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
