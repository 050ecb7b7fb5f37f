"""Answers that Google Maps gave to somebody else."""

from __future__ import annotations

import json
from pathlib import Path

from connectors.google_places import GooglePlacesConnector, GooglePlacesSettings
from monitor.contract import Response
from monitor.testing import FakeHttp, answer, collect, context


async def test_reviews(shared_data: Path) -> None:
    body = (shared_data / "recordings" / "google_places" / "PlaceDetailsResponse.json").read_bytes()

    class Replay(FakeHttp):
        def _next(self, full: str) -> Response:
            return answer(body, media_type="application/json; charset=UTF-8")

    settings = GooglePlacesSettings.model_validate({"api_key": "k", "place_id": "ChIJN1t_tDeuEmsRUsoyG83frY4"})
    (page,) = await collect(GooglePlacesConnector(settings), context(Replay()))
    told = json.loads(body)["result"]
    assert len(page.items) == len(told["reviews"]) == len({item.external_id for item in page.items})
    assert page.items
    for item, review in zip(page.items, told["reviews"], strict=True):
        assert item.text == review["text"].strip()
        assert item.rating == review["rating"]
        assert item.author is not None
        assert item.author.name == review["author_name"]
        assert item.author.profile_url == review["author_url"]
        assert item.published_at is not None
        assert item.published_at.timestamp() == review["time"]
        assert item.url == told["url"]
