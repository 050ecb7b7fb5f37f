"""Read the list of helplines: a dated data file, so that numbers can be mended without touching the program."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

GOOD_FOR = timedelta(days=180)
"""So long after somebody looked, a number is shown without a warning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Helpline:
    """Name whom to talk to. `seen` are the pages on which number and hours were read on the day `checked_on`."""

    region: str
    name: str
    purpose: str
    link: str
    hours: str
    checked_on: date
    seen: tuple[str, ...]
    number: str = ""

    def is_old(self, today: date) -> bool:
        """Tell whether nobody has looked at it for long."""
        return today - self.checked_on > GOOD_FOR


@cache
def helplines() -> tuple[Helpline, ...]:
    """Give the list, in the order of the file."""
    text = (files("monitor.web") / "helplines.toml").read_text("utf-8")
    return tuple(_helpline(one) for one in tomllib.loads(text)["helpline"])


def _helpline(given: dict[str, object]) -> Helpline:
    purpose, seen = given.pop("for"), given.pop("seen")
    assert isinstance(seen, list)
    return Helpline(**given, purpose=purpose, seen=tuple(seen))  # type: ignore[arg-type]  # a test checks every entry


def by_region(some: tuple[Helpline, ...]) -> dict[str, list[Helpline]]:
    """Group helplines, the regions in the order of the file."""
    found: dict[str, list[Helpline]] = {}
    for one in some:
        found.setdefault(one.region, []).append(one)
    return found
