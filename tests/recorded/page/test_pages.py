"""Real pages: reviews and comments counted against another extractor, articles against their known text."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import _json_ld, _microdata
from connectors._html import decode, parse
from connectors._page_reader import PageOptions, read
from connectors.page import PageConnector, PageSettings
from monitor.testing import FakeHttp, answer, collect, context


@pytest.fixture(scope="module")
def pages(shared_data: Path) -> list[tuple[dict[str, Any], bytes]]:
    folder = shared_data / "recordings" / "pages"
    manifest = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
    return [(entry, gzip.decompress((folder / entry["file"]).read_bytes())) for entry in manifest]


def test_counts_are_extructs(pages: list[tuple[dict[str, Any], bytes]]) -> None:
    linked = micro = 0
    for entry, body in pages:
        tree = parse(decode(body))
        assert tree is not None
        found = (len(_json_ld.posts_of(_json_ld.scripts_of(tree))), len(_microdata.posts_of(tree)))
        assert found == (entry.get("extruct_jsonld", 0), entry.get("extruct_microdata", 0)), entry["file"]
        linked += found[0]
        micro += found[1]
    assert linked >= 100
    assert micro >= 40


async def test_every_page_gives_items_with_stable_ids(pages: list[tuple[dict[str, Any], bytes]]) -> None:
    url = "https://pages.example/page"
    anchored = total = 0
    for entry, body in pages:
        connector = PageConnector(PageSettings(url=url, max_pages=1))
        first, second = [(await collect(connector, context(FakeHttp({url: answer(body)}))))[0].items for _ in range(2)]
        ids = [item.external_id for item in first]
        assert ids, entry["file"]
        assert len(set(ids)) == len(ids), entry["file"]
        assert ids == [item.external_id for item in second]
        tree = parse(decode(body))
        assert tree is not None
        for item in first:
            assert item.url.startswith("http")
            total += 1
            if item.anchor:
                anchored += 1
                assert tree.cssselect(item.anchor), (entry["file"], item.anchor)
    assert anchored >= 0.75 * total


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3)))


def _articles(
    pages: list[tuple[dict[str, Any], bytes]], known: dict[str, Any], **options: Any
) -> Iterator[tuple[str, str]]:
    for entry, body in pages:
        key = entry["source"].rpartition("/")[2].partition(".")[0]
        if entry["kind"] == "article" and key in known:
            parsed = read(body, PageOptions(url=known[key]["url"], whole=True, **options))
            yield parsed.entries[-1].text, known[key]["articleBody"]


@pytest.mark.parametrize(("library", "least"), [(False, 0.90), (True, 0.95)])
def test_article_text(
    pages: list[tuple[dict[str, Any], bytes]], shared_data: Path, library: bool, least: float
) -> None:
    if library:
        pytest.importorskip("trafilatura", reason="the extra `articles` is not installed")
    known = json.loads((shared_data / "recordings" / "pages" / "article-ground-truth.json").read_text("utf-8"))
    precision, recall = [], []
    for found, wanted in _articles(pages, known, library=library):
        left, right = _shingles(found), _shingles(wanted)
        both = sum((left & right).values())
        precision.append(both / max(1, sum(left.values())))
        recall.append(both / max(1, sum(right.values())))
    assert len(precision) == 25
    mean_precision, mean_recall = sum(precision) / 25, sum(recall) / 25
    assert 2 * mean_precision * mean_recall / (mean_precision + mean_recall) >= least


def test_cut_anywhere(pages: list[tuple[dict[str, Any], bytes]]) -> None:
    """A page that ends in the middle is read without a crash."""
    for entry, body in pages[::4]:
        for part in range(1, 8):
            read(body[: len(body) * part // 8], PageOptions(url="https://pages.example/page")), entry["file"]
