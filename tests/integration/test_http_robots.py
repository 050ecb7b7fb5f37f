"""robots.txt is asked first, its verdict kept for a day, and trouble with it is trouble with the site."""

from __future__ import annotations

import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from protego import Protego

from monitor.contract import Http
from monitor.errors import RateLimited, RobotsDisallowed, SourceUnavailable
from monitor.http import HttpClient, HttpLimits
from monitor.http.robots import _MOST_PAIRS, _cost
from monitor.testing import FakeClock, LoopbackServer, Received, reply

ROBOTS = "User-agent: *\nDisallow: /private\nAllow: /private/open\n\nUser-agent: goodname\nDisallow: /not-us\n"


@asynccontextmanager
async def _site(robots: bytes, clock: FakeClock) -> AsyncIterator[tuple[LoopbackServer, Http]]:
    def script(request: Received) -> bytes:
        if request.target == "/robots.txt":
            return robots
        return reply(status=302, headers={"Location": "/not-us"}) if request.target == "/moves" else reply("page")

    async with LoopbackServer(script) as server:
        client = HttpClient(
            clock=clock,
            allow={server.address},
            user_agent="goodname/0 (+mailto:somebody@example.org)",
            limits=HttpLimits(deadline=timedelta(seconds=2)),
        )
        try:
            yield server, client.for_source("town", obey_robots=True)
        finally:
            await client.close()


def _targets(server: LoopbackServer) -> list[str]:
    return [request.target for request in server.received]


async def test_own_group_counts_and_disallowed_pages_are_never_asked_for() -> None:
    async with _site(reply(ROBOTS), FakeClock()) as (server, http):
        assert (await http.get(server.url("/private"))).body == b"page"
        with pytest.raises(RobotsDisallowed, match="asks robots not to"):
            await http.get(server.url("/not-us/x"))
        with pytest.raises(RobotsDisallowed):
            await http.get(server.url("/moves"))
    assert _targets(server) == ["/robots.txt", "/private", "/moves"]


async def test_a_verdict_is_kept_for_a_day() -> None:
    clock = FakeClock()
    async with _site(reply(ROBOTS), clock) as (server, http):
        for hours in (0, 12, 11, 2):
            clock.advance(timedelta(hours=hours))
            await http.get(server.url("/"))
    assert _targets(server) == ["/robots.txt", "/", "/", "/", "/robots.txt", "/"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_no_file_allows_everything(status: int) -> None:
    async with _site(reply(status=status), FakeClock()) as (server, http):
        assert (await http.get(server.url("/not-us"))).body == b"page"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_site_in_trouble_is_not_read(status: int) -> None:
    async with _site(reply(status=status), FakeClock()) as (server, http):
        with pytest.raises(SourceUnavailable):
            await http.get(server.url("/"))
    assert _targets(server) == ["/robots.txt"]


async def test_nor_one_that_wants_to_be_left_alone() -> None:
    async with _site(reply(status=429, headers={"Retry-After": "60"}), FakeClock()) as (server, http):
        with pytest.raises(RateLimited):
            await http.get(server.url("/"))
    assert _targets(server) == ["/robots.txt"]


async def test_a_huge_file_is_cut_and_a_costly_one_refused() -> None:
    long = "User-agent: *\nDisallow: /private\n" + "# filling\n" * 100_000 + "Disallow: /\n"
    async with _site(reply(long), FakeClock()) as (server, http):
        assert (await http.get(server.url("/"))).body == b"page"
        with pytest.raises(RobotsDisallowed):
            await http.get(server.url("/private"))
    costly = "".join(f"User-agent: a{number}\n" for number in range(5000)) + "Disallow: /x\n" * 5000
    async with _site(reply(costly), FakeClock()) as (server, http):
        with pytest.raises(SourceUnavailable, match=r"robots\.txt"):
            await http.get(server.url("/"))


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"<html>", b"\xef\xbb\xbfUser-agent: *\nDisallow: /x", b"\0" * 999]
)
async def test_odd_files(body: bytes) -> None:
    async with _site(reply(body), FakeClock()) as (server, http):
        assert (await http.get(server.url("/"))).body == b"page"


async def test_verdicts_are_protegos(shared_data: Path) -> None:
    """Every real file of the recordings, read through the client, gives the verdicts that Protego gives."""
    checked = refused = 0
    with tarfile.open(shared_data / "recordings" / "robots" / "robots-1500.tar.xz") as archive:
        bodies = [archive.extractfile(member).read() for member in archive.getmembers() if member.isfile()]  # type: ignore[union-attr]
    for body in bodies:
        text = body.decode("utf-8", "replace").lstrip("\ufeff")
        assert _cost(text) <= _MOST_PAIRS
        rules = Protego.parse(text)
        async with _site(reply(body), FakeClock()) as (server, http):
            for path in ("/", "/search?q=a", "/forum/topic-1.html"):
                checked += 1
                if rules.can_fetch(server.url(path), "goodname"):
                    assert (await http.get(server.url(path))).body == b"page"
                else:
                    refused += 1
                    with pytest.raises(RobotsDisallowed):
                        await http.get(server.url(path))
            asked = [target for target in _targets(server) if target != "/robots.txt"]
        assert all(rules.can_fetch(server.url(target), "goodname") for target in asked)
    assert checked == 4500
    assert refused >= 150


def test_no_real_file_is_too_costly(shared_data: Path) -> None:
    with tarfile.open(shared_data / "recordings" / "robots" / "robots-1500.tar.xz") as archive:
        costs = [
            _cost(archive.extractfile(member).read().decode("utf-8", "replace"))  # type: ignore[union-attr]
            for member in archive.getmembers()
            if member.isfile()
        ]
    assert len(costs) == 1500
    assert max(costs) <= _MOST_PAIRS
