"""The helplines: each with its source and its day; old ones are called old."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, date, datetime, timedelta

from monitor.text import is_web_url
from monitor.web.helplines import GOOD_FOR, helplines


def test_every_helpline_is_complete_and_says_where_it_was_read():
    listed = helplines()
    assert len({one.region for one in listed}) >= 5
    assert len({(one.region, one.name) for one in listed}) == len(listed)
    for one in listed:
        assert all((one.region, one.name, one.purpose, one.hours)), one
        assert one.link.startswith("https://")
        assert one.seen
        assert all(is_web_url(each) for each in one.seen), one
        assert re.fullmatch(r"[0-9][0-9 ]{2,14}|", one.number), one
        assert isinstance(one.checked_on, date)
        assert not one.purpose.endswith(".")


def test_old_entries_are_named_when_the_tests_run():
    today = datetime.now(tz=UTC).date()
    assert all(one.checked_on <= today for one in helplines())
    old = [f"{one.name} ({one.region})" for one in helplines() if one.is_old(today)]
    if old:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"look at these helplines again: {', '.join(old)}", stacklevel=1)


def test_the_page_lists_them_for_everybody_and_says_when_they_are_old(town):
    for name in ("owner", "helper", "viewer", "south"):
        text = town.client(name).get("/support").text
        assert all(one.name in text and one.number in text for one in helplines())
    assert "older than half a year" not in text
    last = max(one.checked_on for one in helplines())
    town.clock.advance(datetime(last.year, last.month, last.day, tzinfo=UTC) + GOOD_FOR - town.clock.now())
    town.clock.advance(timedelta(days=2))
    assert "older than half a year" in town.client().get("/support").text
