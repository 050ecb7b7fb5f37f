"""The few words that pages make from values; pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta

from monitor.domain import HealthState, Level, LiveState, ReviewVerdict, Stance

LEVELS = {
    Level.LIKELY: "likely repeat of a statement you listed",
    Level.POSSIBLE: "possible repeat of a statement you listed",
    Level.NONE: "mention",
}
STANCES = {
    Stance.REPEAT: "says it",
    Stance.DENIAL: "says it is not so",
    Stance.QUESTION: "asks about it",
    Stance.REBUTTAL: "argues against it",
    Stance.REVERSED: "turns the roles around",
    Stance.UNCLEAR: "it is not clear what it says of it",
}
VERDICTS = {
    ReviewVerdict.CONFIRMED: "It is a repeat",
    ReviewVerdict.NOT_ABOUT_SUBJECT: "Not about me",
    ReviewVerdict.NOT_HARMFUL: "About me, no harm",
    ReviewVerdict.LATER: "Later",
    ReviewVerdict.WITHDRAWN: "Taken back",
}
LIVE = {
    LiveState.LIVE: "still there",
    LiveState.EDITED: "changed since",
    LiveState.GONE: "gone; your copy is kept",
    LiveState.LOGIN_WALL: "now behind a sign-in",
    LiveState.BOT_WALL: "the site asked for a proof of being human",
    LiveState.NETWORK: "could not be reached",
    LiveState.UNKNOWN: "not clear",
}
STATES = {
    HealthState.OK: "fine",
    HealthState.DEGRADED: "troubled",
    HealthState.AUTH: "wants other credentials",
    HealthState.BLOCKED: "turns us away",
    HealthState.BUDGET: "budget used up",
    HealthState.QUIET: "quiet",
    HealthState.CHANGED: "changed its form",
    HealthState.UNCHECKED: "not checked yet",
}
_QUOTED = re.compile("“([^”]*)”")
_COUNTED = re.compile("(words that counted: ).*", re.DOTALL)


def count(number: int, one: str, other: str = "") -> str:
    """Say how many of something: "1 mention", "2 mentions"."""
    return f"{number:,} {one if number == 1 else other or one + 's'}"


def ago(span: timedelta) -> str:
    """Say how long ago something was, in one unit."""
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{count(minutes, 'minute')} ago"
    return f"{count(minutes // 60, 'hour')} ago" if minutes < 48 * 60 else f"{count(minutes // 1440, 'day')} ago"


def size(bytes_: int) -> str:
    """Say how large a file is."""
    if bytes_ < 1024:
        return count(bytes_, "byte")
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20)):
        if bytes_ >= factor:
            return f"{bytes_ / factor:.1f} {unit}"
    return f"{bytes_ / 1024:.0f} KB"


def veiled(reason: str, own: Collection[str]) -> str:
    """Give a reason without the words it quotes; `own` words (a name, a statement's id) stay."""
    quoted = _QUOTED.sub(lambda found: found[0] if found[1] in own else "“…”", reason)
    return _COUNTED.sub(r"\1…", quoted)
