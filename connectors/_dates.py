"""Read the dates that sites write, with how far they can be trusted."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import struct_time

from monitor.domain import Precision, to_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{9,14}")
_HAS_TIME = re.compile(r"\d:\d\d|T\d\d")
_HAS_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d|GMT|UTC|[ECMP][SD]T)\s*$", re.IGNORECASE)
_FORMATS = (
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%d %b %Y, %H:%M",
    "%B %d, %Y %H:%M",
    "%B %d, %Y at %I:%M %p",
)

Dated = tuple[datetime | None, Precision]


def read_date(text: str) -> Dated:
    """Read ISO 8601, RFC 822, Unix time and some written forms as aware UTC.

    Without a time of day the precision is DAY; without a zone the time is taken as UTC and ESTIMATED, since it may
    be off by hours. Forms whose day and month could be mixed up are not read.
    """
    text = " ".join(text.split())[:80]
    if not text:
        return None, Precision.UNKNOWN
    if _NUMBER.fullmatch(text):
        number = int(text)
        since = timedelta(milliseconds=number) if number >= 10**11 else timedelta(seconds=number)
        return _EPOCH + since, Precision.EXACT
    moment = _iso(text) or _rfc822(text) or _written(text)
    if moment is None:
        return None, Precision.UNKNOWN
    return moment, precision_of(text)


def precision_of(text: str) -> Precision:
    """Say how exact a written date is, from its form alone."""
    if not _HAS_TIME.search(text):
        return Precision.DAY
    return Precision.EXACT if _HAS_ZONE.search(text) else Precision.ESTIMATED


def from_struct(parsed: object) -> datetime | None:
    """Turn a parsed UTC time tuple into a datetime; None when it names no real day."""
    if not isinstance(parsed, (struct_time, Sequence)) or len(parsed) < 6:
        return None
    try:
        return _EPOCH + timedelta(seconds=timegm(tuple(parsed)))
    except (ValueError, OverflowError, TypeError):
        return None


def _iso(text: str) -> datetime | None:
    try:
        return to_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _rfc822(text: str) -> datetime | None:
    try:
        return to_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _written(text: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
