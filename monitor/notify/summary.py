"""Say what a digest says, as a view that becomes text and HTML; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from monitor.domain import CaseClock, Change, Digest, Hit, StillUp, by_weight, statement_key
from monitor.notify import coverage, hits
from monitor.notify.coverage import Looked
from monitor.notify.hits import Opener, Place, Row
from monitor.notify.safe import one_line
from monitor.notify.words import Words

CARDS = 12
"""Most mentions shown one by one; a longer list would be a burden, and the rest is one step away."""

LINES = 12
"""Most changes, and most unchecked sources, listed one by one."""

_A_DAY = (timedelta(hours=20), timedelta(hours=28))
_A_WEEK = (timedelta(days=6.5), timedelta(days=7.5))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """Hold one number and what it counts."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """Hold one mention as the digest shows it; `quoted` is empty while the veil is on.

    `capture_id` names what is kept of it, for its picture; it is not shown.
    """

    source: str
    likelihood: str
    reason: str
    found: str
    evidence: str
    review: str
    place: Place
    quoted: tuple[Row, ...]
    capture_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Hold the cards of one statement."""

    heading: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Hold one sentence of a list, with what it is about where that can be opened."""

    text: str
    place: Place | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Hold one digest as it is shown."""

    title: str
    state: str
    period: str
    client: str
    tiles: tuple[Tile, ...]
    groups: tuple[Group, ...]
    more: str
    more_place: Place
    capture_failures: str
    changes: tuple[Line, ...]
    gaps: tuple[Line, ...]
    no_gaps: str
    clocks: tuple[Line, ...]
    still_up: tuple[Line, ...]
    chain_head: str
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryWriter:
    """Write digests in one language, veiled or not; times are in the digest's own time zone."""

    words: Words
    opener: Opener
    veil: bool

    def write(self, digest: Digest, *, reference: str) -> Summary:
        """Say what a digest says, also of an empty day."""
        timezone = hits.zone(digest.timezone)
        looked = coverage.sort_coverage(digest.coverage)
        ordered = by_weight(digest.hits)
        more = len(ordered) - CARDS
        failures = digest.capture_failures
        return Summary(
            title=self._title(digest, looked),
            state=self._state(digest, looked, timezone),
            period=self._period(digest, timezone),
            client=self.words.say("digest.client", client=one_line(digest.client_id, 80)) if digest.client_id else "",
            tiles=self._tiles(digest),
            groups=self._groups(ordered, timezone),
            more=self.words.count("digest.more", more) if more > 0 else "",
            more_place=self.opener.everything(),
            capture_failures=self.words.count("digest.capture_failures", failures) if failures > 0 else "",
            changes=self._capped(self._change(change, digest.hits, timezone) for change in digest.changes),
            gaps=self._capped(
                Line(text=text) for text in coverage.gap_lines(self.words, looked, timezone, veil=self.veil)
            ),
            no_gaps=self.words.say("digest.unchecked.none" if looked.total else "digest.state.no_sources"),
            clocks=self._capped(self._clock(clock) for clock in digest.clocks),
            still_up=self._capped(self._still_up(digest.still_up)),
            chain_head=one_line(digest.chain_head, 64),
            reference=reference,
        )

    def _clock(self, clock: CaseClock) -> Line:
        """Name a day of a case; what it is for stands there only without the veil, for people write names into it."""
        day, by = clock.due_on.isoformat(), self.words.say(f"clock.by.{clock.set_by}")
        text = self.words.say("digest.clock", day=day, case=clock.case_id, by=by)
        return Line(text=text if self.veil else f"{text} {one_line(clock.title, 200)}")

    def _still_up(self, found: Iterable[StillUp]) -> Iterator[Line]:
        """Name each letter or report once, with how much of what it named is still there; the addressee unveiled."""
        counts = Counter((one.action, one.days) for one in found)
        for (action, days), count in counts.items():
            text = self.words.count("digest.still_up.line", count, case=action.case_id, days=days)
            shown = "" if self.veil else one_line(action.addressee or action.title, 120)
            yield Line(text=f"{text} {shown}".rstrip())

    def _title(self, digest: Digest, looked: Looked) -> str:
        count, length = len(digest.hits), digest.ends_at - digest.starts_at
        is_week = _A_WEEK[0] <= length <= _A_WEEK[1]
        name = "digest.title.week" if is_week else "digest.title"
        if not count:
            return coverage.nothing_title(self.words, looked, name)
        if not is_week and not _A_DAY[0] <= length <= _A_DAY[1]:
            return self.words.say("digest.title.period", count=count)
        return self.words.count(name, count)

    def _state(self, digest: Digest, looked: Looked, timezone: tzinfo) -> str:
        changed = (self.words.count("digest.state.changes", len(digest.changes)),) if digest.changes else ()
        if not digest.hits:
            return " ".join((coverage.nothing_sentence(self.words, looked, timezone), *changed))
        likely = len(digest.likely)
        parts = (
            self.words.count("digest.state.new", len(digest.hits)),
            self.words.count("digest.state.likely", likely) if likely else self.words.say("digest.state.likely.none"),
            *changed,
            coverage.checked_sentence(self.words, looked),
        )
        return " ".join(parts)

    def _period(self, digest: Digest, timezone: tzinfo) -> str:
        start, end = (hits.local(at, timezone) for at in (digest.starts_at, digest.ends_at))
        return self.words.say(
            "digest.period",
            start=self.words.short_moment(start),
            end=self.words.short_moment(end),
            timezone=one_line(digest.timezone, 40) if str(timezone) == digest.timezone else "UTC",
        )

    def _tiles(self, digest: Digest) -> tuple[Tile, ...]:
        numbers = (("new", len(digest.hits)), ("likely", len(digest.likely)), ("checked", digest.checked))
        return tuple(
            Tile(value=self.words.number(value), label=self.words.say(f"digest.tile.{name}")) for name, value in numbers
        )

    def _groups(self, ordered: Sequence[Hit], timezone: tzinfo) -> tuple[Group, ...]:
        numbers = {
            one: place
            for place, one in enumerate(dict.fromkeys(statement_key(hit) for hit in ordered if statement_key(hit)), 1)
        }
        groups: dict[str, list[Hit]] = {}
        for hit in ordered[:CARDS]:
            groups.setdefault(statement_key(hit), []).append(hit)
        return tuple(
            Group(
                heading=self._heading(key, numbers, members[0]),
                cards=tuple(self._card(hit, timezone) for hit in members),
            )
            for key, members in groups.items()
        )

    def _heading(self, key: str, numbers: dict[str, int], hit: Hit) -> str:
        if not key:
            return self.words.say("digest.group.other")
        heading = self.words.say("digest.group.statement", number=numbers[key])
        return heading if self.veil else f"{heading}: {one_line(hit.statement, hits.QUOTE_LIMIT)}"

    def _card(self, hit: Hit, timezone: tzinfo) -> Card:
        found = self.words.short_moment(hits.local(hit.first_seen_at, timezone))
        quoted = () if self.veil else hits.quoted_rows(self.words, hit)[1 if hit.statement else 0 :]
        return Card(
            source=hits.source_name(hit.source),
            likelihood=hits.likelihood(self.words, hit),
            reason=hits.why(self.words, hit),
            found=self.words.say("digest.found", moment=found),
            evidence=hits.evidence(self.words, hit),
            review=self.words.say(f"digest.review.{hit.review}") if hit.review in _REVIEWS else "",
            place=self.opener.mention(hit.mention_id),
            quoted=quoted,
            capture_id=hit.capture_id,
        )

    def _change(self, change: Change, known: Iterable[Hit], timezone: tzinfo) -> Line:
        clock = self.words.short_moment(hits.local(change.observed_at, timezone))
        text = self.words.say(f"digest.change.{change.state}", source=hits.source_name(change.source), clock=clock)
        if any(hit.mention_id == change.mention_id and hits.is_kept(hit) for hit in known):
            text += f" {self.words.say('digest.change.kept')}"
        return Line(text=text, place=self.opener.mention(change.mention_id))

    def _capped(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        everything = tuple(lines)
        rest = len(everything) - LINES
        return everything if rest <= 0 else (*everything[:LINES], Line(text=self.words.count("digest.more", rest)))


_REVIEWS = frozenset({"confirmed", "not_about_subject", "not_harmful", "later"})


def summary_text(words: Words, summary: Summary) -> str:
    """Write a digest as text that stands alone."""
    unchecked = summary.gaps or (Line(text=summary.no_gaps),)
    parts = [
        "\n".join(line for line in (summary.state, summary.period, summary.client) if line),
        " · ".join(f"{tile.value} {tile.label}" for tile in summary.tiles),
        *(_group_text(words, group) for group in summary.groups),
        _more_text(words, summary),
        summary.capture_failures,
        _list_text(words, words.say("digest.changes"), summary.changes),
        _list_text(words, words.say("digest.clocks"), summary.clocks),
        _list_text(words, words.say("digest.still_up"), summary.still_up),
        _list_text(words, words.say("digest.unchecked"), unchecked),
        "\n".join((words.say("later"), words.say("digest.support"), words.say("digest.promise"))),
        words.say("digest.pause"),
        _foot_text(words, summary),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _group_text(words: Words, group: Group) -> str:
    return "\n\n".join([_underlined(group.heading), *(_card_text(words, card) for card in group.cards)])


def _card_text(words: Words, card: Card) -> str:
    lines = [
        f"* {card.source}: {card.likelihood}",
        f"  {card.found}. {card.reason}",
        f"  {card.evidence}",
        f"  {card.review}" if card.review else "",
        *(f"  {row.label}: {row.value}".replace("\n", "\n    ") for row in card.quoted),
        f"  {words.say('open')}: {card.place.command}",
        f"  {card.place.link}" if card.place.link else "",
    ]
    return "\n".join(line for line in lines if line)


def _more_text(words: Words, summary: Summary) -> str:
    if not summary.more:
        return ""
    return f"{summary.more}. {words.say('digest.more.open', command=summary.more_place.command)}"


def _list_text(words: Words, heading: str, lines: Sequence[Line]) -> str:
    return "\n".join([_underlined(heading), *(_line_text(words, line) for line in lines)]) if lines else ""


def _line_text(words: Words, line: Line) -> str:
    return f"* {line.text}" + (f" {words.say('open')}: {line.place.command}" if line.place else "")


def _underlined(heading: str) -> str:
    return f"{heading}\n{'-' * min(len(heading), 72)}"


def _foot_text(words: Words, summary: Summary) -> str:
    head = [f"{words.say('chain_head')}: {summary.chain_head}", words.say("chain_head.why")]
    return "\n".join([*(head if summary.chain_head else []), f"{words.say('reference')}: {summary.reference}"])
