"""Say of one mention what a message may say: likelihood, evidence, and, only unveiled, others' words; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.domain import Hit, Level, LiveState, Stance
from monitor.notify.safe import one_line, plain_text
from monitor.notify.words import Words

SOURCE_LIMIT = 60
QUOTE_LIMIT = 280
HASH_START = 12
_KEPT = ("complete", "partial")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Hold one labelled fact."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Say how to open a mention: a command, and a link when there is a dashboard address."""

    command: str
    link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opener:
    """Make the ways to open things from the dashboard's address (may be empty) and the command."""

    base_url: str
    command: str

    def mention(self, mention_id: int) -> Place:
        """Say how to open one mention."""
        link = f"{self.base_url}/mention/{mention_id}" if self.base_url else ""
        return Place(command=f"{self.command} {mention_id}", link=link)

    def everything(self) -> Place:
        """Say how to open the list of all mentions."""
        words = self.command.split()
        command = " ".join([*words[:-1], "list"]) if words[-1:] == ["show"] else self.command
        return Place(command=command, link=f"{self.base_url}/" if self.base_url else "")


def zone(name: str) -> tzinfo:
    """Give a time zone by its name, and UTC for a name that is not known: a time is better than no message."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def local(at: datetime, timezone: tzinfo) -> datetime:
    """Turn a moment into local time."""
    return at.astimezone(timezone)


def source_name(name: str) -> str:
    """Give a source's name, clean and short."""
    return one_line(name, SOURCE_LIMIT)


def likelihood(words: Words, hit: Hit) -> str:
    """Say in words and a number how likely the mention repeats a listed statement."""
    level = words.say(f"level.{hit.level}")
    return words.say("score", words=level, score=hit.score) if hit.level is not Level.NONE else level


def why(words: Words, hit: Hit) -> str:
    """Say why, from scores and stance alone: the matcher's own reasons may quote the text."""
    if hit.level is Level.NONE or not hit.statement_id:
        said = [words.say("why.about", about=hit.about_score)]
    else:
        said = [words.say("why.both", score=hit.score, about=hit.about_score)]
        if hit.stance not in (None, Stance.REPEAT, Stance.UNCLEAR):
            said.append(words.say(f"stance.{hit.stance}"))
    if hit.hunted_at is not None:
        said.append(words.say("why.hunted"))
    return " ".join(said)


def is_kept(hit: Hit) -> bool:
    """Tell whether at least a part of the page is kept."""
    return hit.capture_state in _KEPT


def evidence(words: Words, hit: Hit) -> str:
    """Say whether evidence is kept yet, with the start of its manifest's hash once it is, and what happened since."""
    state = hit.capture_state if hit.capture_state in (*_KEPT, "failed", "queued") else "none"
    text = words.say(f"kept.{state}")
    if state not in _KEPT:
        return text
    start = one_line(hit.evidence_sha256, 64)[:HASH_START]
    said = words.say("kept.hash", words=text, start=start) if start else words.say("kept.plain", words=text)
    later = words.say(f"live.{hit.live_state}") if hit.live_state in (LiveState.GONE, LiveState.EDITED) else ""
    return f"{said} {later}".rstrip()


def quoted_rows(words: Words, hit: Hit) -> tuple[Row, ...]:
    """Give the rows with others' words, cleaned and bounded; only for a lifted veil."""
    facts = (
        ("label.statement", one_line(hit.statement, QUOTE_LIMIT)),
        ("label.title", one_line(hit.title, QUOTE_LIMIT)),
        ("label.author", one_line(hit.author, SOURCE_LIMIT)),
        ("label.words", plain_text(hit.excerpt or hit.text, QUOTE_LIMIT).strip()),
    )
    return tuple(Row(label=words.say(label), value=value) for label, value in facts if value)
