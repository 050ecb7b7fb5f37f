"""Parser processes: few, used again, and one that a hostile body ends takes nothing else with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors import _feed_reader, _mail_reader, _page_reader
from connectors._bounded import parse_bounded
from connectors._entry import Parsed
from connectors._feed_reader import FeedOptions
from connectors._parser_pool import Limits, ParserPool
from monitor.errors import SourceChanged

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked at on Linux")

OPTIONS = FeedOptions(url="https://feeds.example/feed")
SLOW = b"<rss version='2.0'><channel><item><author>" + b"a" * 400_000 + b"</author></item></channel></rss>"
DEEP = b"<rss version='2.0'><channel><item><description>" + b"<a>" * (2 * 1024 * 1024 // 3)
DEEP_JSON = b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * (2 * 1024 * 1024)
MANY = b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"{}," * (4 * 1024 * 1024) + b"{}]}"
HUGE = b"<rss version='2.0'><channel>" + b"<item><title>again</title></item>" * 63_000 + b"</channel></rss>"


def _feed(name: str, items: int = 1) -> bytes:
    body = "".join(f"<item><guid>{name}-{at}</guid><title>{name} {at}</title></item>" for at in range(items))
    return f"<rss version='2.0'><channel>{body}</channel></rss>".encode()


async def _parse(pool: ParserPool, body: bytes) -> Parsed:
    return await parse_bounded(_feed_reader.read, body, OPTIONS, apart=True, pool=pool)


async def _is_well(pool: ParserPool, name: str = "well") -> bool:
    parsed = await _parse(pool, _feed(name))
    return [entry.title for entry in parsed.entries] == [f"{name} 0"]


def _children() -> set[int]:
    """Give the parser processes of this one, zombies too."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == os.getpid() and (state == "Z" or b"connectors._parser" in command):
            found.add(int(stat.parent.name))
    return found


async def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 # other processes set no event
            await asyncio.sleep(0.02)


@pytest.fixture
def start() -> Iterator[Callable[..., ParserPool]]:
    """Give a way to make pools; afterwards none of their processes is left, not even as a zombie."""
    before = _children()
    pools: list[ParserPool] = []

    def make(**limits: float) -> ParserPool:
        pools.append(ParserPool(Limits(**limits)))  # type: ignore[arg-type] # whole numbers where they must be
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()
    assert _children() <= before


async def test_fifty_feeds_in_turn_use_one_process(start: Callable[..., ParserPool]) -> None:
    pool = start()
    for number in range(50):
        assert await _is_well(pool, f"feed{number}")
    assert pool.started == 1


async def test_fifty_feeds_at_once_use_two_processes(start: Callable[..., ParserPool]) -> None:
    pool = start()
    before = _children()
    asked = [asyncio.create_task(_is_well(pool, f"feed{number}")) for number in range(50)]
    most = 0
    while not all(task.done() for task in asked):
        most = max(most, len(_children() - before))
        await asyncio.sleep(0.01)
    assert all(await asyncio.gather(*asked))
    assert pool.started == 2
    assert most <= 2


async def test_a_process_is_replaced_after_so_many_bodies(start: Callable[..., ParserPool]) -> None:
    pool = start(bodies=5)
    for number in range(12):
        assert await _is_well(pool, f"feed{number}")
    assert pool.started == 3


async def test_an_idle_process_goes(start: Callable[..., ParserPool]) -> None:
    pool = start(idle_seconds=0.2)
    assert await _is_well(pool)
    (pid,) = pool.pids()
    await _until(lambda: not Path(f"/proc/{pid}").exists())
    assert pool.pids() == []
    assert await _is_well(pool)


@pytest.mark.parametrize("body", [DEEP, DEEP_JSON, HUGE], ids=["deep", "deep JSON", "huge"])
async def test_those_who_wait_behind_a_bomb_are_parsed(start: Callable[..., ParserPool], body: bytes) -> None:
    """A bomb of 2 MiB is read or refused; either way the feeds before and after it are read."""
    pool = start(processes=1, cpu_seconds=3)
    assert await _is_well(pool, "before")
    bomb = asyncio.create_task(_parse(pool, body))
    waiting = [asyncio.create_task(_is_well(pool, f"behind{number}")) for number in range(5)]
    try:
        parsed = await bomb
        assert parsed.problem or parsed.is_cut or len(parsed.entries) <= 2_000
    except SourceChanged as error:
        assert "too tangled" in error.what  # noqa: PT017 # both ends are right
    assert all(await asyncio.gather(*waiting))


async def test_too_little_memory_ends_only_the_body(start: Callable[..., ParserPool]) -> None:
    pool = start(processes=1, memory_bytes=256 * 1024 * 1024)
    assert await _is_well(pool, "before")
    with pytest.raises(SourceChanged, match="too tangled"):
        await _parse(pool, MANY)
    assert pool.started == 2, "a body that failed in a used process is tried once in a new one"
    assert await _is_well(pool, "after")


async def test_too_much_processor_time_ends_only_the_body(start: Callable[..., ParserPool]) -> None:
    pool = start(processes=1, cpu_seconds=1)
    assert await _is_well(pool, "before")
    slow = asyncio.create_task(_parse(pool, SLOW))
    after = asyncio.create_task(_is_well(pool, "after"))
    with pytest.raises(SourceChanged, match="1 seconds"):
        await slow
    assert await after
    assert pool.started == 2, "running out of time is not tried again"


async def test_each_body_has_its_own_time(start: Callable[..., ParserPool]) -> None:
    """One process uses far more time than one body may, as long as no body does."""
    pool = start(processes=1, cpu_seconds=1)
    used = 0.0
    while used < 2.5 and pool.started < 2:
        await _parse(pool, _feed("large", 400))
        used = _seconds_used(pool.pids()[0])
    assert pool.started == 1


def _seconds_used(pid: int) -> float:
    """Give the seconds of processor time that a process has taken."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


async def test_too_much_time_on_the_clock_ends_only_the_body(start: Callable[..., ParserPool]) -> None:
    pool = start(processes=1, wall_seconds=3)
    assert await _is_well(pool, "before")
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(SourceChanged):
        await _parse(pool, _feed("stopped"))
    assert time.monotonic() - began >= 3
    assert await _is_well(pool, "after")


async def test_a_process_killed_while_idle_is_replaced(start: Callable[..., ParserPool]) -> None:
    pool = start(processes=1)
    assert await _is_well(pool, "before")
    os.kill(pool.pids()[0], signal.SIGKILL)
    assert await _is_well(pool, "after")
    assert pool.started == 2


async def test_a_body_whose_process_is_killed_in_the_middle_is_parsed_again(start: Callable[..., ParserPool]) -> None:
    pool = start(processes=1)
    assert await _is_well(pool, "before")
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGSTOP)  # so that the middle lasts
    asked = asyncio.create_task(_is_well(pool, "middle"))
    await _until(lambda: not pool.pids())
    await asyncio.sleep(0.1)
    assert not asked.done()
    os.kill(pid, signal.SIGKILL)
    assert await asked
    assert pool.started == 2


async def test_cancelling_kills_the_process_at_the_body(start: Callable[..., ParserPool]) -> None:
    pool = start(processes=1)
    assert await _is_well(pool, "before")
    (pid,) = pool.pids()
    slow = asyncio.create_task(_parse(pool, SLOW))
    await _until(lambda: not pool.pids())
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    await _until(lambda: not Path(f"/proc/{pid}").exists(), seconds=5)
    assert await _is_well(pool, "after")


PROGRAM = """
import asyncio, sys, time
from connectors import _feed_reader
from connectors._bounded import _shared_pool, parse_bounded
from connectors._feed_reader import FeedOptions

async def main():
    body = b"<rss version='2.0'><channel><item><guid>1</guid></item></channel></rss>"
    await parse_bounded(_feed_reader.read, body, FeedOptions(url="https://feeds.example/"), apart=True)
    print(*_shared_pool().pids(), flush=True)
    if "wait" in sys.argv:
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["return", "SIGKILL"])
async def test_no_process_outlives_the_program(end: str) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, "wait" if end == "SIGKILL" else "", stdout=asyncio.subprocess.PIPE
    )
    assert program.stdout is not None
    pid = int(await program.stdout.readline())
    if end == "SIGKILL":
        assert not _is_gone(pid)
        program.kill()
    assert await program.wait() == (-signal.SIGKILL if end == "SIGKILL" else 0)
    await _until(lambda: _is_gone(pid), seconds=5)


def _is_gone(pid: int) -> bool:
    """Tell whether it has ended; in a container nobody may come to fetch an orphan's exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def test_every_reader_is_known(start: Callable[..., ParserPool]) -> None:
    pool = start()
    page, mail = _page_reader.PageOptions(url="https://a.example/", selectors={"item": "p"}), _mail_reader.MailOptions()
    html, letter = b"<p>one</p><p>two</p>", b"From: a@b.example\r\nSubject: s\r\n\r\nbody\r\n"
    for _ in range(2):
        apart = await parse_bounded(_page_reader.read, html, page, apart=True, pool=pool)
        assert apart == _page_reader.read(html, page)
        assert apart.entries
        assert await parse_bounded(_mail_reader.read, letter, mail, apart=True, pool=pool) == _mail_reader.read(
            letter, mail
        )
    assert pool.started == 1


async def test_the_whole_corpus_reads_as_it_does_in_this_process(
    shared_data: Path, start: Callable[..., ParserPool]
) -> None:
    """Every file of feedparser's corpus, through processes that have read hundreds of others before."""
    pool = start(bodies=1_000)
    count = entries = 0
    with tarfile.open(shared_data / "recordings" / "feeds" / "feedparser-corpus.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith((".xml", ".json")) else None
            if file is None:
                continue
            body = file.read()
            here = Parsed.model_validate_json(_feed_reader.read(body, OPTIONS).model_dump_json().encode())
            assert await _parse(pool, body) == here, member.name
            count += 1
            entries += len(here.entries)
    assert count == 2107
    assert entries > 1200
    assert pool.started == 3
