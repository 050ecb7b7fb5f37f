"""Write days that come due as an iCalendar; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.text import clean_text, is_web_url

if TYPE_CHECKING:
    from icalendar import Event

MEDIA_TYPE = "text/calendar; charset=utf-8"
NEUTRAL = "A day you noted"
_REMIND = timedelta(days=-3)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueDay:
    """Hold one day: `id` stays the same for ever; `set_at` is when it was entered, `link` where it is explained."""

    id: str
    title: str
    due_on: date
    set_at: datetime
    note: str = ""
    link: str = ""
    is_done: bool = False


def calendar_of(days: Sequence[DueDay], *, name: str, veil: bool = True) -> bytes:
    """Write days as whole-day events with a reminder three days before.

    With the veil on, neither title nor note leaves: calendars are shared and shown on locked screens. A day that is
    done stays, marked so and without a reminder, because a calendar that was once read keeps what vanishes.
    """
    from icalendar import Calendar  # noqa: PLC0415 # only when the calendar is read

    made = Calendar()
    made.add("prodid", "-//goodname//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", _flat(name))
    for day in sorted(days, key=lambda one: (one.due_on, one.id)):
        made.add_component(_event(day, veil=veil))
    body: bytes = made.to_ical()
    return body


def _event(day: DueDay, *, veil: bool) -> Event:
    from icalendar import Alarm, Event  # noqa: PLC0415 # only when the calendar is read

    title = NEUTRAL if veil else _flat(day.title)
    event = Event()
    event.add("uid", f"{day.id}@goodname.invalid")
    event.add("dtstamp", day.set_at)
    event.add("dtstart", day.due_on)
    event.add("dtend", day.due_on + timedelta(days=1))
    event.add("summary", f"Done: {title}" if day.is_done else title)
    event.add("transp", "TRANSPARENT")
    if day.note and not veil:
        event.add("description", clean_text(day.note))
    if is_web_url(day.link):
        event.add("url", day.link)
    if not day.is_done:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", _REMIND)
        event.add_component(alarm)
    return event


def _flat(text: str) -> str:
    return " ".join(clean_text(text).split())
