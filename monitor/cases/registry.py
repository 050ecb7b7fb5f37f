"""Read the registry: platforms, notices, clocks and the facts they ask for.

Every row says where it comes from and when it was last compared with that. A row that nobody has checked says so too,
and whatever is printed from it repeats it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from monitor.domain import Owner, Step
from monitor.errors import InputError

EVERYWHERE = "*"
"""The jurisdiction of rows that hold anywhere."""

JURISDICTIONS = {
    "US": "United States, federal",
    "US-CA": "United States, California",
    "US-TX": "United States, Texas",
    "US-NY": "United States, New York",
    "US-FL": "United States, Florida",
    "GB-EAW": "England and Wales",
    "EU": "European Union",
    "DE": "Germany",
    "CA-ON": "Canada, Ontario",
    "AU-NSW": "Australia, New South Wales",
}
"""The codes that a case may name, with their names."""

_IMPLIED = {"US-CA": "US", "US-TX": "US", "US-NY": "US", "US-FL": "US", "DE": "EU"}


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sourced(_Row):
    """Say where a row comes from, the day it was last compared, and whether that was possible at all."""

    source: str
    checked_on: date
    unverified: bool = False


class Fact(_Row):
    """Name one thing that a notice may ask for, and how a person is asked for it."""

    label: str
    ask: str
    origin: Literal["case", "person"] = Field(alias="from")


class ClockRule(_Sourced):
    """Describe a period: how long it is, what starts it and how it is counted."""

    id: str
    jurisdiction: str
    kind: Literal["limitation", "retraction", "reply", "preservation"]
    title: str
    starts: Literal["published", "known", "sent", "received", "decided"]
    length: str
    counted: Literal["calendar", "working_hours", "end_of_year"]
    reference: str
    note: str = ""


class NoticePart(_Row):
    """Name one part that a notice must hold, and the rule that says so."""

    fact: str
    reference: str


class NoticeKind(_Sourced):
    """Describe a kind of notice and every part that makes it complete."""

    id: str
    title: str
    jurisdictions: tuple[str, ...]
    addressee: Literal["platform", "operator", "publisher"]
    clocks: tuple[str, ...]
    after: str
    parts: tuple[NoticePart, ...]


class Platform(_Sourced):
    """Describe where a platform takes reports and what it asks for."""

    id: str
    title: str
    domains: tuple[str, ...]
    sources: tuple[str, ...]
    route: str
    asks: tuple[str, ...]
    may_ask: tuple[str, ...]
    notices: tuple[str, ...]
    note: str = ""


class ChecklistLine(_Row):
    """Describe one line of the checklist; `after_days` counts from the day a case was opened."""

    id: str
    step: Step
    title: str
    why: str
    owner: Owner
    after_days: int | None = None


_RowT = TypeVar("_RowT", ClockRule, NoticeKind, Platform)


class Registry(_Row):
    """Hold the whole registry; look things up by id."""

    facts: dict[str, Fact]
    clocks: tuple[ClockRule, ...]
    notices: tuple[NoticeKind, ...]
    platforms: tuple[Platform, ...]
    checklist: tuple[ChecklistLine, ...]

    def notice(self, notice_id: str) -> NoticeKind:
        """Give one kind of notice; InputError names the known ones."""
        return _one(self.notices, notice_id, "kind of notice")

    def clock(self, rule_id: str) -> ClockRule:
        """Give one rule for a period; InputError names the known ones."""
        return _one(self.clocks, rule_id, "clock rule")

    def platform(self, platform_id: str) -> Platform:
        """Give one platform; InputError names the known ones."""
        return _one(self.platforms, platform_id, "platform")

    def platform_of(self, url: str) -> Platform:
        """Say which platform an address belongs to: the longest domain that fits, else the site's own host."""
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
        address = host + parts.path
        found = [
            (len(domain), platform)
            for platform in self.platforms
            for domain in platform.domains
            if _belongs(host, address, domain)
        ]
        return max(found, key=lambda one: one[0])[1] if found else self.platform("host")

    def clocks_for(self, jurisdictions: Iterable[str]) -> tuple[ClockRule, ...]:
        """Give the rules that may matter in these places, and those that hold anywhere."""
        wanted = widened(jurisdictions) | {EVERYWHERE}
        return tuple(rule for rule in self.clocks if rule.jurisdiction in wanted)

    def notices_for(self, jurisdictions: Iterable[str], platform: Platform | None = None) -> tuple[NoticeKind, ...]:
        """Give the kinds of notice that may matter in these places, and on this platform when one is named."""
        wanted = widened(jurisdictions) | {EVERYWHERE}
        kinds = (kind for kind in self.notices if wanted.intersection(kind.jurisdictions))
        return tuple(kind for kind in kinds if platform is None or kind.id in platform.notices)


def require_jurisdiction(code: str) -> str:
    """Give the code as the registry writes it; InputError names the known ones."""
    known = code.strip().upper()
    if known not in JURISDICTIONS:
        raise InputError(
            f"The place {code!r} is not in the registry.",
            why="Its rules are not known here. Known: " + ", ".join(JURISDICTIONS) + ".",
            try_="Leave it out and enter counsel's dates by hand: `goodname case clock ID --due DATE`.",
        )
    return known


def widened(jurisdictions: Iterable[str]) -> set[str]:
    """Add what each place lies in: a state its federation, a member state the Union."""
    given = set(jurisdictions)
    return given | {_IMPLIED[code] for code in given if code in _IMPLIED}


@cache
def registry() -> Registry:
    """Read the registry that comes with the program; the files are read once."""
    folder = files("monitor.cases") / "registry"

    def table(name: str) -> dict[str, object]:
        return tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))

    return Registry.model_validate(
        {
            "facts": table("facts")["facts"],
            "clocks": table("clocks")["clock"],
            "notices": table("notices")["notice"],
            "platforms": table("platforms")["platform"],
            "checklist": table("checklist")["item"],
        }
    )


def _one(rows: tuple[_RowT, ...], wanted: str, what: str) -> _RowT:
    for row in rows:
        if row.id == wanted:
            return row
    raise InputError(
        f"There is no {what} {wanted!r}.",
        why="Known: " + ", ".join(row.id for row in rows) + ".",
        try_="Choose one of these.",
    )


def _belongs(host: str, address: str, domain: str) -> bool:
    if "/" in domain:
        return address == domain or address.startswith(domain + "/")
    return host == domain or host.endswith("." + domain)
