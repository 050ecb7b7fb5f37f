"""Whatever breaks off, arrives late or shares a time: a listing walked newest first loses nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from monitor.contract import Gap, GapCursor, Listed, Listing, ListingsCursor, Mark, Page, walk_listings
from monitor.contract.gaps import MAX_GAPS, MAX_HEAD, MAX_SEEN, OVERLAP
from monitor.errors import RateLimited, SourceUnavailable
from monitor.testing import NOW, make_item

STEP = timedelta(minutes=20)
LATEST = timedelta(hours=30)


@dataclass(order=True, frozen=True)
class Post:
    """Hold one post of the town: the time it is sorted by, and when it begins to be shown."""

    at: datetime
    id: str
    shown_at: datetime = field(compare=False)


class Board:
    """Show posts newest first in pages, as a server does, some of them late.

    Ties come in any order: with times as tokens a new one each time, with offsets one that stays, since no client
    can page by numbers through an order that changes between two pages.
    """

    def __init__(self, chance: random.Random, *, tokens: str, late: float = 0.2) -> None:
        self._chance = chance
        self._tokens = tokens
        self._late = late
        self.posts: list[Post] = []
        self.now = NOW

    def live_on(self) -> None:
        self.now += STEP
        for _ in range(self._chance.choice((0, 1, 3, 9, 30))):
            written = self.now - timedelta(seconds=self._chance.randrange(0, 1200, 300))  # many share a time
            is_late = self._chance.random() < self._late
            late = timedelta(seconds=self._chance.uniform(0, LATEST.total_seconds())) if is_late else timedelta()
            self.posts.append(Post(written, f"p{len(self.posts)}", written + late))

    def read(self, token: str, size: int) -> tuple[list[Post], str]:
        """Give a page; tokens are either a time that is included again, or a number of posts to pass over."""
        shown = [post for post in self.posts if post.shown_at <= self.now]
        order = random.Random(1) if self._tokens == "offset" else self._chance
        ranks = [order.random() for _ in self.posts]
        shown.sort(key=lambda post: (post.at, ranks[int(post.id[1:])]), reverse=True)
        if self._tokens == "offset":
            start = int(token or 0)
            page = shown[start : start + size]
            return page, str(start + size) if start + size < len(shown) else ""
        below = [post for post in shown if not token or post.at < datetime.fromisoformat(token)]
        page = below[:size]
        while len(page) < len(below) and page and below[len(page)].at == page[-1].at:
            page.append(below[len(page)])
        return page, page[-1].at.isoformat() if len(page) < len(below) else ""


class Runner:
    """Poll as the product does, dying at page boundaries; what is kept is kept in one step with the position."""

    def __init__(self, board: Board, chance: random.Random, *, overlap: timedelta = OVERLAP) -> None:
        self._board = board
        self._overlap = overlap
        self._chance = chance
        self.cursor = ListingsCursor().model_dump_json()
        self.kept: dict[str, int] = {}
        self.asked = 0

    async def poll(self, *, dies_after: int | None = None, pages: int = 6) -> bool:
        """Read once; `dies_after` so many pages the process is killed, before that page is kept."""
        listing = Listing(key="board", host="town", read=self._read, overlap=self._overlap)
        count = 0
        cursor = ListingsCursor.model_validate_json(self.cursor)
        is_complete = False
        async for page in walk_listings([listing], cursor, now=self._board.now, pages=pages):
            if count == dies_after:
                return False
            count += 1
            for item in page.items:
                self.kept[item.external_id] = self.kept.get(item.external_id, 0) + 1
            self.cursor = page.cursor.model_dump_json()
            is_complete = page.complete
        return is_complete

    async def _read(self, token: str) -> Listed:
        self.asked += 1
        page, following = self._board.read(token, self._chance.choice((5, 10, 20)))
        items = tuple(make_item(external_id=post.id, text=post.id, published_at=post.at) for post in page)
        return Listed(items=items, marks=tuple(Mark(post.id, post.at) for post in page), token=following)


async def test_nothing_is_lost_over_200_lives() -> None:
    """Live five hours of polls, killed at every page boundary in turn, a third of the polls missing altogether."""
    total = 0
    for seed in range(200):
        chance = random.Random(seed)
        board = Board(chance, tokens="offset" if seed % 2 else "time")
        runner = Runner(board, chance)
        for round_ in range(15):
            board.live_on()
            if chance.random() < 0.66:
                dies_after = round_ % 5 if chance.random() < 0.5 else None
                await runner.poll(dies_after=dies_after, pages=chance.choice((1, 3, 6)))
        board.now += LATEST
        await _settle(runner, board)
        lost = {post.id for post in board.posts} - set(runner.kept)
        assert not lost, f"seed {seed} lost {sorted(lost)} of {len(board.posts)}"
        assert max(runner.kept.values()) == 1, "handed over twice unchanged"
        total += len(board.posts)
    assert total > 20_000


async def test_unfinished_walks_are_gone_on_with() -> None:
    """Without any overlap that would read everything again: gaps alone lose nothing, even when polls are rare."""
    for seed in range(40):
        chance = random.Random(seed)
        board = Board(chance, tokens="offset" if seed % 2 else "time", late=0)
        runner = Runner(board, chance, overlap=timedelta())
        for round_ in range(40):
            board.live_on()
            if chance.random() < 0.3:
                dies_after = round_ % 5 if chance.random() < 0.3 else None
                await runner.poll(dies_after=dies_after, pages=chance.choice((1, 2, 3)))
        await _settle(runner, board)
        lost = [post.id for post in board.posts if post.id not in runner.kept and post.shown_at <= board.now]
        assert not lost, f"seed {seed} lost {lost} of {len(board.posts)}"


async def test_a_pause_longer_than_the_overlap_loses_nothing() -> None:
    board = Board(random.Random(5), tokens="time", late=0)
    runner = Runner(board, random.Random(5))
    for _ in range(20):
        board.live_on()
    await runner.poll(pages=100)
    for _ in range(3 * 72):
        board.live_on()
    await runner.poll(pages=1000)
    assert set(runner.kept) == {post.id for post in board.posts}


async def _settle(runner: Runner, board: Board) -> None:
    """Poll until a sweep that began after the last post was shown is finished."""
    quiet_since = board.now
    for _ in range(100):
        board.now += STEP
        is_complete = await runner.poll()
        swept_at = ListingsCursor.model_validate_json(runner.cursor).listings["board"].swept_at
        if is_complete and swept_at is not None and swept_at > quiet_since:
            return
    pytest.fail("the listing is never read to its end")


@pytest.mark.parametrize("boundary", range(8))
async def test_killed_at_every_boundary_of_a_long_walk(boundary: int) -> None:
    board = Board(random.Random(7), tokens="time")
    runner = Runner(board, random.Random(7))
    for _ in range(30):
        board.live_on()
    board.now += LATEST  # all are shown by now
    await runner.poll(dies_after=boundary, pages=100)
    assert await runner.poll(pages=100)
    assert set(runner.kept) == {post.id for post in board.posts}
    assert set(runner.kept.values()) == {1}


async def test_a_quiet_listing_costs_one_page() -> None:
    board = Board(random.Random(3), tokens="time")
    runner = Runner(board, random.Random(3))
    for _ in range(30):
        board.live_on()
    await runner.poll(pages=100)
    before = runner.asked
    board.now += STEP
    await runner.poll(pages=100)
    assert runner.asked == before + 1
    board.now += timedelta(hours=1)
    await runner.poll(pages=100)
    assert runner.asked > before + 3, "once an hour the last two days are read again"


def _marks(*numbers: int) -> tuple[Mark, ...]:
    return tuple(Mark(str(number), NOW + timedelta(minutes=number)) for number in numbers)


def test_a_broken_walk_stays_as_a_gap() -> None:
    first = GapCursor().begin(NOW).after(_marks(9, 8), "8")
    assert first.gaps == (Gap(token="8"),)
    second = first.begin(NOW + STEP)
    assert second.token == ""
    joined = second.after(_marks(11, 10, 9), "9")
    assert joined.gaps == (Gap(token="8"),), "it has met what was known; the old gap is still open"
    assert joined.token == "8"
    assert joined.after(_marks(7, 6), "").token is None


def test_a_time_alone_never_ends_a_walk_early() -> None:
    known = GapCursor().begin(NOW).after(_marks(5, 5), "")
    tied = known.begin(NOW + STEP).after((Mark("new", NOW + timedelta(minutes=5)),), "more")
    assert tied.token == "more"


def test_deleted_heads_do_not_make_a_walk_endless() -> None:
    known = GapCursor().begin(NOW).after(_marks(5), "")
    old = (Mark("old", NOW - timedelta(days=3)),)
    assert known.begin(NOW + STEP).after(old, "more").token is None


def test_the_first_walk_goes_back_as_far_as_asked() -> None:
    begun = GapCursor().begin(NOW, backfill=timedelta(days=1))
    assert begun.after((Mark("a", NOW - timedelta(hours=23)),), "more").token == "more"
    assert begun.after((Mark("a", NOW - timedelta(hours=25)),), "more").token is None
    assert begun.after((Mark("a"),), "more").token == "more", "without times only ids and the end count"


def test_a_server_that_gives_the_same_token_again_ends_the_walk() -> None:
    assert GapCursor().begin(NOW).after(_marks(5), "x").after(_marks(5), "x").token is None


def test_a_clock_set_back_does_not_put_sweeps_off() -> None:
    cursor = GapCursor().begin(NOW).after(_marks(5), "")
    assert cursor.begin(NOW - timedelta(days=300)).gaps[0].is_sweep
    assert not cursor.begin(NOW + timedelta(minutes=5)).gaps[0].is_sweep


def test_everything_is_bounded() -> None:
    cursor = GapCursor()
    for number in range(100):
        ids = range(number * 50, number * 50 + 50)
        cursor = cursor.begin(NOW + number * STEP).after(
            _marks(*reversed(ids)), f"t{number}", [(str(one), "x") for one in ids]
        )
    assert len(cursor.gaps) <= MAX_GAPS
    assert len(cursor.head) == MAX_HEAD
    assert len(cursor.seen) == MAX_SEEN
    assert cursor.gaps[-1].floor is None, "joined gaps keep the deeper end"
    assert len(cursor.model_dump_json()) < 100_000
    assert GapCursor.model_validate_json(cursor.model_dump_json()) == cursor


async def test_an_edit_is_handed_over_again() -> None:
    texts = iter(("one", "one", "two"))

    async def read(_: str) -> Listed:
        return Listed(items=(make_item(text=next(texts)),), marks=(Mark("post-1", NOW),))

    cursor = ListingsCursor()
    given = []
    for round_ in range(3):
        (page,) = await _pages([Listing(key="a", host="h", read=read)], cursor, NOW + round_ * STEP)
        given.append([item.text for item in page.items])
        assert isinstance(page.cursor, ListingsCursor)
        cursor = page.cursor
    assert given == [["one"], [], ["two"]]


async def test_a_failing_host_stops_only_its_own_listings() -> None:
    asked = []

    async def good(_: str) -> Listed:
        asked.append("good")
        return Listed(items=(make_item(),), marks=(Mark("post-1", NOW),))

    async def bad(_: str) -> Listed:
        asked.append("bad")
        raise RateLimited

    listings = [
        Listing(key="1", host="x", read=bad),
        Listing(key="2", host="x", read=bad),
        Listing(key="3", host="y", read=good),
    ]
    pages: list[Page] = []
    with pytest.raises(RateLimited):
        await _pages(listings, ListingsCursor(), NOW, pages)
    assert asked == ["bad", "good"]
    assert [len(page.items) for page in pages] == [1]
    assert isinstance(pages[0].cursor, ListingsCursor)
    assert set(pages[0].cursor.listings["3"].head) == {"post-1"}
    assert not pages[0].complete
    assert pages[0].cursor.listings["1"] == GapCursor()


async def test_who_waits_longest_is_read_first_and_dropped_listings_are_forgotten() -> None:
    order: list[str] = []

    def listing(key: str) -> Listing:
        async def read(_: str) -> Listed:
            order.append(key)
            if key == "b" and len(order) < 3:
                raise SourceUnavailable
            return Listed(items=(), marks=())

        return Listing(key=key, host=key, read=read)

    given: list[Page] = []
    with pytest.raises(SourceUnavailable):
        await _pages([listing("a"), listing("b")], ListingsCursor(), NOW, given)
    pages = await _pages([listing("a"), listing("b")], given[-1].cursor, NOW + STEP)
    assert order == ["a", "b", "b", "a"]
    (last,) = await _pages([listing("b")], pages[-1].cursor, NOW + 2 * STEP)
    assert isinstance(last.cursor, ListingsCursor)
    assert set(last.cursor.listings) == {"b"}


async def test_nothing_to_ask_for_is_one_empty_page() -> None:
    (page,) = await _pages([], ListingsCursor(), NOW)
    assert page.complete
    assert page.items == ()


async def _pages(
    listings: Sequence[Listing], cursor: object, now: datetime, into: list[Page] | None = None
) -> list[Page]:
    assert isinstance(cursor, ListingsCursor)
    pages = [] if into is None else into
    async for page in walk_listings(listings, cursor, now=now):
        pages.append(page)
    return pages
