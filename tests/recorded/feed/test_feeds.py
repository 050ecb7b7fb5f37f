"""Real and deliberately odd feeds that nobody here wrote."""

from __future__ import annotations

import gzip
import tarfile
import time
from pathlib import Path

import pytest

from connectors._feed_reader import FeedOptions, is_harmless, read
from connectors.feed import FeedConnector, FeedSettings
from monitor.domain import MentionKind
from monitor.testing import FakeHttp, answer, collect, context

MOST_SECONDS = 10.0
"""Of processor time for the whole corpus, twice: some four times what it takes, so that only a hang goes beyond it."""

OPTIONS = FeedOptions(url="https://feeds.example/feed")


def test_whole_corpus_twice(shared_data: Path) -> None:
    """Every file of feedparser's own corpus is read without a crash, and gives the same ids the second time."""
    count = items = 0
    begun = time.process_time()
    with tarfile.open(shared_data / "recordings" / "feeds" / "feedparser-corpus.tar.xz") as archive:
        for member in archive:
            if not member.name.endswith((".xml", ".json")):
                continue
            file = archive.extractfile(member)
            assert file is not None
            body = file.read()
            first, second = read(body, OPTIONS), read(body, OPTIONS)
            assert [entry.id for entry in first.entries] == [entry.id for entry in second.entries], member.name
            assert all(first.entries) or first.problem
            count += 1
            items += len(first.entries)
    assert count == 2107
    assert items > 1200
    assert time.process_time() - begun < MOST_SECONDS


EXPECTED = {
    "cdata_rss.atom.gz": 10,
    "encoding_WINDOWS-1251.xml.gz": 50,
    "github_rss.atom.gz": 20,
    "no_encoding_ISO-8859-1.xml.gz": 10,
    "onethingwell.rss.gz": 20,
    "podcast.rss.gz": 4,
    "rdf_UTF8.xml.gz": 60,
    "slickdeals.atom.gz": 79,
    "small_atom.xml.gz": 20,
    "urdu_UTF8.xml.gz": 26,
}


@pytest.mark.parametrize("name", EXPECTED)
async def test_real_feeds(shared_data: Path, name: str) -> None:
    body = gzip.decompress((shared_data / "recordings" / "feeds" / name).read_bytes())
    assert is_harmless(body), "an honest feed should not need a process of its own"
    http = FakeHttp({OPTIONS.url: answer(body, media_type="text/xml")})
    (page,) = await collect(FeedConnector(FeedSettings(url=OPTIONS.url)), context(http))
    assert len(page.items) == EXPECTED[name]
    assert len({item.external_id for item in page.items}) == EXPECTED[name]
    assert sum(bool(item.title or item.text) for item in page.items) >= EXPECTED[name] - 1
    for item in page.items:
        assert item.url.startswith("http")
        assert "\ufffd" not in item.title + item.text
        assert "</" not in item.text


async def test_youtube_channel(shared_data: Path) -> None:
    body = (shared_data / "recordings" / "youtube" / "youtube.xml").read_bytes()
    settings = FeedSettings(preset="youtube_channel", value="UCabcdefghijklmnopqrstuv")
    url = "https://www.youtube.com/feeds/videos.xml?channel_id=UCabcdefghijklmnopqrstuv"
    (page,) = await collect(FeedConnector(settings), context(FakeHttp({url: answer(body)})))
    assert len(page.items) == 15
    for item in page.items:
        assert item.kind is MentionKind.VIDEO
        assert item.external_id.startswith("yt:video:")
        assert item.url.startswith("https://www.youtube.com/watch?v=")
        assert item.author is not None
        assert item.published_at is not None
        assert item.media
