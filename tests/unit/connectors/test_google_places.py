"""The google_places connector: reviews, ids that survive edits, the month's limit, and refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.google_places import GooglePlacesConnector, GooglePlacesSettings
from monitor.contract import MemoryLedger, Response
from monitor.domain import HealthState, MentionKind
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    BudgetSpent,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.testing import NOW, FakeHttp, answer, collect, context

PLACE = "ChIJplace-0001"


class Always(FakeHttp):
    """Give the scripted answers in order, whatever is asked."""

    def __init__(self, *answers: Response) -> None:
        super().__init__()
        self.answers = list(answers)

    def _next(self, full: str) -> Response:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def place(*reviews: dict[str, Any], status: str = "OK", **more: Any) -> Response:
    result = {"name": "A Practice", "url": "https://maps.google.com/?cid=1", "reviews": list(reviews)}
    return answer(json.dumps({"status": status, "result": result, **more}), media_type="application/json")


def review(account: int | None = 100001, **told: Any) -> dict[str, Any]:
    url = f"https://www.google.com/maps/contrib/{account}/reviews" if account else ""
    return {
        "author_name": "Somebody",
        "author_url": url,
        "rating": 1,
        "text": "bad",
        "time": 1_700_000_000,
        "language": "en",
        **told,
    }


def connector(**settings: Any) -> GooglePlacesConnector:
    given = {"api_key": "k-1", "place_id": PLACE, **settings}
    return GooglePlacesConnector(GooglePlacesSettings.model_validate(given))


async def test_reviews() -> None:
    http = Always(place(review(), review(None, author_name="A Google User", text="")))
    (page,) = await collect(connector(language="de"), context(http))
    first, second = page.items
    assert (first.external_id, first.kind, first.rating) == (f"{PLACE}:100001", MentionKind.REVIEW, 1.0)
    assert (first.title, first.text, first.url) == ("A Practice", "bad", "https://maps.google.com/?cid=1")
    assert first.author is not None
    assert first.author.profile_url.endswith("/100001/reviews")
    assert first.published_at is not None
    assert first.published_at.timestamp() == 1_700_000_000
    assert second.author is not None
    assert second.author.name == "A Google User"
    assert page.complete
    assert "reviews_sort=newest" in http.asked[0].url
    assert "language=de" in http.asked[0].url


async def test_an_edit_keeps_its_id_and_same_names_are_told_apart() -> None:
    edited = review(text="worse", time=1_700_009_999)
    http = Always(place(review(), review(100002)), place(edited))
    (page,) = await collect(connector(), context(http))
    (again,) = await collect(connector(), context(http), page.cursor)
    assert len({item.external_id for item in page.items}) == 2
    assert again.items[0].external_id == page.items[0].external_id
    assert again.items[0].text == "worse"
    nameless = review(None, author_name="")
    (page,) = await collect(connector(), context(Always(place(nameless, {**nameless, "time": 1}))))
    assert len({item.external_id for item in page.items}) == 2
    assert page.items[0].author is not None
    assert page.items[0].author.name == "[deleted]"


async def test_no_reviews() -> None:
    (page,) = await collect(connector(), context(Always(answer('{"status": "OK", "result": {}}'))))
    assert (page.items, page.complete) == ((), True)


async def test_the_month_has_an_end() -> None:
    http = Always(place())
    ledger = MemoryLedger()
    await collect(connector(free_requests=1), context(http, ledger=ledger))
    with pytest.raises(BudgetSpent):
        await collect(connector(free_requests=1), context(http, ledger=ledger))
    assert (await connector(free_requests=1).check(context(http, ledger=ledger))).state is HealthState.BUDGET
    assert len(http.asked) == 1, "a look at the health costs a request, too"
    await collect(connector(free_requests=1, monthly_budget="0.05"), context(http, ledger=ledger))
    later = context(http, now=NOW.replace(year=NOW.year + 1), ledger=ledger)
    await collect(connector(free_requests=1), later)
    other = connector(free_requests=1, api_key="another")
    await collect(other, context(http, ledger=ledger))


@pytest.mark.parametrize(
    ("given", "error", "state"),
    [
        (answer(status=401), AuthenticationFailed, HealthState.AUTH),
        (answer(status=403), AccessForbidden, HealthState.BLOCKED),
        (answer(status=429), RateLimited, HealthState.DEGRADED),
        (answer(status=500), SourceUnavailable, HealthState.DEGRADED),
        (place(status="REQUEST_DENIED", error_message="The key k-1 is wrong."), AuthenticationFailed, HealthState.AUTH),
        (place(status="OVER_QUERY_LIMIT"), RateLimited, HealthState.DEGRADED),
        (place(status="UNKNOWN_ERROR"), SourceUnavailable, HealthState.DEGRADED),
        (place(status="NOT_FOUND"), SourceChanged, HealthState.CHANGED),
        (place(status="INVALID_REQUEST"), SourceChanged, HealthState.CHANGED),
        (place(status="SOMETHING"), SourceChanged, HealthState.CHANGED),
        (answer("<html>log in</html>"), SourceChanged, HealthState.CHANGED),
        (answer('{"status": "OK", "res'), SourceChanged, HealthState.CHANGED),
        (answer(""), SourceChanged, HealthState.CHANGED),
    ],
)
async def test_what_can_go_wrong(given: Response, error: type[Exception], state: HealthState) -> None:
    with pytest.raises(error) as caught:
        await collect(connector(), context(Always(given)))
    assert "k-1" not in f"{caught.value} {vars(caught.value)}"
    assert (await connector().check(context(Always(given)))).state is state


async def test_health() -> None:
    http = Always(place())
    health = await connector().check(context(http))
    assert (health.state, "A Practice" in health.what) == (HealthState.OK, True)
    assert "reviews" not in http.asked[0].url, "a check must not cost what reviews cost"
    missing = await connector(api_key="").check(context(http))
    assert (missing.state, bool(missing.what and missing.why and missing.try_)) == (HealthState.AUTH, True)


@pytest.mark.parametrize("settings", [{"place_id": "a b"}, {"sort": "x"}, {"base_url": "file:///"}, {"x": 1}])
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GooglePlacesSettings.model_validate({"place_id": PLACE, **settings})


def test_the_key_is_not_shown() -> None:
    assert "k-1" not in repr(GooglePlacesSettings.model_validate({"api_key": "k-1", "place_id": PLACE}))
