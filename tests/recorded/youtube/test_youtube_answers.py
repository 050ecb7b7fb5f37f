"""Answers that YouTube gave to somebody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.youtube import YouTubeConnector, YouTubeSettings
from monitor.contract import Query, Response
from monitor.domain import HealthState, Item
from monitor.errors import AccessForbidden
from monitor.testing import FakeHttp, answer, collect, context


class Replay(FakeHttp):
    """Give recorded bodies by path and page token."""

    def __init__(self, folder: Path, **files: tuple[str, ...]) -> None:
        super().__init__()
        self._bodies = {what: [(folder / name).read_bytes() for name in names] for what, names in files.items()}

    def _next(self, full: str) -> Response:
        parts = urlsplit(full)
        bodies = self._bodies[parts.path.rpartition("/")[2]]
        token = parse_qs(parts.query).get("pageToken", [""])[0]
        tokens = ["", *(json.loads(body).get("nextPageToken", "") for body in bodies)]
        return answer(bodies[tokens.index(token)], media_type="application/json; charset=UTF-8")


async def _items(http: FakeHttp, terms: tuple[str, ...] = (), **settings: Any) -> dict[str, Item]:
    connector = YouTubeConnector(YouTubeSettings.model_validate({"api_key": "k", **settings}))
    pages = await collect(connector, context(http), query=Query(terms=terms))
    return {item.external_id: item for page in pages for item in page.items}


async def test_search_pages(shared_data: Path) -> None:
    folder = shared_data / "recordings" / "youtube"
    names = ("search_by_keywords_p1.json", "search_by_keywords_p2.json")
    found = await _items(Replay(folder, search=names), ("surfing",))
    told = [one for name in names for one in json.loads((folder / name).read_bytes())["items"]]
    videos = [one for one in told if "videoId" in one["id"]]
    assert set(found) == {f"video:{one['id']['videoId']}" for one in videos}
    assert len(found) > 40
    for item in found.values():
        assert item.title
        assert "&amp;" not in item.title
        assert item.published_at is not None
        assert item.author is not None
        assert item.author.name


async def test_comment_threads_with_all_their_replies(shared_data: Path) -> None:
    folder = shared_data / "recordings" / "youtube"
    threads = ("comment_threads_by_video_paged_1.json", "comment_threads_by_video_paged_2.json")
    replies = ("comments_by_parent_paged_1.json", "comments_by_parent_paged_2.json")
    found = await _items(Replay(folder, commentThreads=threads, comments=replies), videos=["F1UP7wRCPH8"])
    told = [one for name in threads for one in json.loads((folder / name).read_bytes())["items"]]
    assert {f"comment:{one['id']}" for one in told} <= set(found)
    for thread in told:
        comment = thread["snippet"]["topLevelComment"]["snippet"]
        item = found[f"comment:{thread['id']}"]
        assert item.text == comment["textOriginal"].strip()
        assert item.author is not None
        assert item.author.name == comment["authorDisplayName"]
        assert bool(item.edited_at) == (comment["publishedAt"] != comment["updatedAt"])
        assert item.url.endswith(f"&lc={thread['id']}")


async def test_one_thread(shared_data: Path) -> None:
    folder = shared_data / "recordings" / "youtube"
    replay = Replay(folder, commentThreads=("comment_threads_with_search.json",))
    (item,) = (await _items(replay, videos=["F1UP7wRCPH8"])).values()
    assert item.text == "Hello"


async def test_refusal(shared_data: Path) -> None:
    body = (shared_data / "recordings" / "youtube" / "error_permission_resp.json").read_bytes()

    class Refuse(FakeHttp):
        def _next(self, full: str) -> Response:
            return answer(body, status=403, media_type="application/json")

    connector = YouTubeConnector(YouTubeSettings.model_validate({"api_key": "k"}))
    health = await connector.check(context(Refuse()))
    assert health.state is HealthState.BLOCKED
    assert "permission" in health.why
    with pytest.raises(AccessForbidden):
        await collect(connector, context(Refuse()), query=Query(terms=("FIRST LAST",)))
