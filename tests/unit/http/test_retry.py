"""When the next request is welcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.domain import LONGEST_ASKED_WAIT
from monitor.errors import (
    AccessForbidden,
    AuthenticationFailed,
    MonitorError,
    RateLimited,
    SourceChanged,
    SourceUnavailable,
)
from monitor.http.answers import error_for
from monitor.http.retry import is_exhausted, retry_at

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Thu, 15 Jan 2026 12:10:00 GMT"}, 600),
        ({"retry-after": "Thursday, 15-Jan-26 12:10:00 GMT"}, 600),
        ({"retry-after": "Thu, 15 Jan 2026 11:00:00 GMT"}, 0),
        ({"x-ratelimit-reset": "1768479000"}, 600),
        ({"x-ratelimit-reset": "1768479000000"}, 600),
        ({"x-ratelimit-reset": "2026-01-15T12:10:00.000Z"}, 600),
        ({"x-rate-limit-reset": "1768479000"}, 600),
        ({"x-ratelimit-reset": "42"}, 42),
        ({"ratelimit-reset": "42"}, 42),
        ({"retry-after": "7", "x-ratelimit-reset": "42"}, 7),
        ({"retry-after": "soon", "x-ratelimit-reset": "42"}, 42),
        ({"retry-after": "99999999"}, LONGEST_ASKED_WAIT.total_seconds()),
    ],
)
def test_reads_every_form(headers: dict[str, str], wait: float) -> None:
    assert retry_at(headers, NOW) == NOW + timedelta(seconds=wait)


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "nan", "inf", "-inf", "1e400", "9" * 100, "\ud800", "0x10", "Thu, 99"]
)
def test_what_cannot_be_read_is_none(text: str) -> None:
    assert retry_at({"retry-after": text}, NOW) is None


def test_exhausted() -> None:
    assert is_exhausted({"x-ratelimit-remaining": "0"})
    assert is_exhausted({"x-ratelimit-remaining": "0.0"})
    assert not is_exhausted({"x-ratelimit-remaining": "10"})
    assert not is_exhausted({})


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, AuthenticationFailed),
        (403, {}, AccessForbidden),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, RateLimited),
        (451, {}, AccessForbidden),
        (404, {}, SourceChanged),
        (410, {}, SourceChanged),
        (400, {}, SourceChanged),
        (418, {}, SourceChanged),
        (204, {}, SourceChanged),
        (300, {}, SourceChanged),
        (304, {}, SourceUnavailable),
        (408, {}, SourceUnavailable),
        (429, {}, RateLimited),
        (500, {}, SourceUnavailable),
        (503, {}, SourceUnavailable),
        (503, {"retry-after": "60"}, RateLimited),
        (599, {}, SourceUnavailable),
    ],
)
def test_each_status_has_its_error(status: int, headers: dict[str, str], kind: type[MonitorError]) -> None:
    error = error_for(status, headers, host="a.example", source="town", now=NOW)
    assert type(error) is kind
    assert error.connector == "town"
    assert str(status) in str(error)
    assert "a.example" in error.what
    if isinstance(error, RateLimited):
        assert error.retry_at == (NOW + timedelta(seconds=60) if headers else None)
