"""Read from an answer's headers when the next request is welcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.domain import LONGEST_ASKED_WAIT, to_utc

_RESET_NAMES = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_REMAINING_NAMES = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_EPOCH_SECONDS = 1_000_000_000  # larger numbers are points in time, smaller ones are waits
_EPOCH_MILLISECONDS = 100_000_000_000


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Give the moment (aware UTC, never before `now`) that Retry-After or a rate-limit reset header names.

    Retry-After (RFC 9110: seconds or a date) wins; reset headers hold seconds to wait, Unix time, or a date,
    depending on the platform. None when there is none that can be read. `headers` have lower-case names.
    """
    for name in ("retry-after", *_RESET_NAMES):
        moment = _moment(headers.get(name, "").strip(), now)
        if moment is not None:
            return min(max(moment, now), now + LONGEST_ASKED_WAIT)
    return None


def is_exhausted(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says that no request is left in the present window."""
    return any(headers.get(name, "").partition(".")[0].strip() == "0" for name in _REMAINING_NAMES)


def _moment(text: str, now: datetime) -> datetime | None:
    if not text or len(text) > 60:
        return None
    try:
        number = float(text)
    except ValueError:
        return _date(text)
    if not 0 <= number < 1e15:  # also false for nan
        return None
    if number >= _EPOCH_MILLISECONDS:
        return datetime.fromtimestamp(number / 1000, UTC)
    if number >= _EPOCH_SECONDS:
        return datetime.fromtimestamp(number, UTC)
    return now + timedelta(seconds=number)


def _date(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return to_utc(read(text))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
