"""Reckon when a period ends. Pure: days in, days out; nothing here is advice."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from monitor.cases.registry import ClockRule
from monitor.errors import InputError

_LENGTH = re.compile(r"(\d+) (hour|day|week|month|year)s?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Say when a period that started on a day ends, and what is uncertain about it.

    `is_earliest` is true where days that do not count (weekends, a place's holidays) may make it later: the day given
    is then the first on which it can end.
    """

    due_on: date
    is_earliest: bool = False


def ends(rule: ClockRule, starts_on: date) -> Period:
    """Say when a period ends that starts on this day; the starting day itself does not count.

    A month or year ends on the day with the same number, or on the month's last day where there is none.
    """
    amount, unit = _length(rule.length)
    if rule.counted == "end_of_year":
        return Period(due_on=_later(date(starts_on.year, 12, 31), amount, unit))
    if rule.counted == "working_hours":
        return Period(due_on=_working_days_later(starts_on, _days_of(amount, unit)), is_earliest=True)
    return Period(due_on=_later(starts_on, amount, unit))


def require_past(day: date, today: date, what: str) -> date:
    """Give the day back when it is not in the future; InputError otherwise, with what it was to be."""
    if day > today:
        raise InputError(
            f"{what} cannot lie in the future: {day.isoformat()}.",
            why=f"Today is {today.isoformat()}.",
            try_="Check the year, and write it as YYYY-MM-DD.",
        )
    return day


def _length(text: str) -> tuple[int, str]:
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"not a length: {text!r}")
    return int(found.group(1)), found.group(2)


def _days_of(amount: int, unit: str) -> int:
    return -(-amount // 24) if unit == "hour" else amount


def _later(day: date, amount: int, unit: str) -> date:
    if unit in ("month", "year"):
        return _months_later(day, amount * (12 if unit == "year" else 1))
    return day + timedelta(days=_days_of(amount, unit) * (7 if unit == "week" else 1))


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _working_days_later(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        if day.weekday() < 5:
            count -= 1
    return day
