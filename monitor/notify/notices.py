"""Say what an alert says, as a view that becomes text and HTML; pure.

What each kind reads from `Alert.payload` (every key may be missing; times are ISO 8601):

| kind | keys |
|---|---|
| match | count and hours (numbers) where it tells of several, spread (true or missing); the rest is read from the hit |
| capture_failed | source (text), why (text), attempts (number) |
| source_failing | source (text), since (time), why or error (text), try (text), failures (number), at_once (flag) |
| source_back | source (text), since (time), until (time) |
| store_failing | why (text); store_back has nothing |
| disk_low | free_mb (number), stopped (yes or no), since (time) |
| disk_ok | free_mb (number), since (time), until (time) |
| channel_failing | channel (text), why (text), given_up, switched_off (true or missing) |
| change | source (text), state (a LiveState), at (time) |
| spread | count (number), hours (number), statement_id (not shown) |
| unseen | hours (number) since the alert that nobody looked at |
| test | none; with a hit it also shows what an alert about it looks like |
| digest | none: digests are rendered by `digest` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from monitor.domain import Alert, AlertKind, Hit, Level, LiveState, to_utc
from monitor.notify import hits
from monitor.notify.hits import Opener, Place, Row
from monitor.notify.safe import hide_paths, one_line
from monitor.notify.words import Words

REASON_LIMIT = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Hold one alert as it is shown: sentences, labelled facts, how to open and answer it, and a calm close."""

    title: str
    sentences: tuple[str, ...]
    rows: tuple[Row, ...]
    place: Place | None
    close: str
    chain_head: str
    reference: str
    acts: tuple[Row, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Read an alert's payload, trusting none of it."""

    alert: Alert
    timezone: tzinfo

    def text(self, key: str, limit: int = REASON_LIMIT) -> str:
        """Give a text or number as one clean line, or an empty string."""
        value = self.alert.payload.get(key, "")
        return one_line(str(value), limit) if isinstance(value, str | int | float) else ""

    def number(self, key: str) -> int:
        """Give a whole number of at least 0; 0 for anything else."""
        value = self.alert.payload.get(key, 0)
        return max(0, value) if isinstance(value, int) else 0

    def flag(self, key: str) -> bool:
        """Tell whether something is said to be so."""
        return self.alert.payload.get(key) is True

    def moment_of(self, words: Words, key: str) -> str:
        """Give a time in words, or an empty string."""
        try:
            at = to_utc(datetime.fromisoformat(self.text(key)))
        except ValueError:
            return ""
        return moment(words, at, self.timezone)


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeWriter:
    """Write notices in one language and time zone, veiled or not."""

    words: Words
    opener: Opener
    timezone: tzinfo
    veil: bool
    links: Callable[[Alert], Mapping[str, str]] | None = None

    def write(self, alert: Alert, hit: Hit | None, *, chain_head: str, reference: str) -> Notice:
        """Say what an alert says; `hit` is what is known of its mention now."""
        facts = Facts(alert=alert, timezone=self.timezone)
        sentences, rows = self._body(alert.kind, facts, hit)
        shows_hit = hit is not None and alert.kind in (AlertKind.MATCH, AlertKind.TEST, AlertKind.CHANGE)
        place = self.opener.mention(alert.mention_id) if alert.mention_id > 0 else None
        if place is None and hit is not None:
            place = self.opener.mention(hit.mention_id)
        return Notice(
            title=self.words.say(f"{self._stem(alert.kind, facts)}.title"),
            sentences=tuple(line for line in sentences if line),
            rows=tuple(row for row in rows if row.value),
            place=place,
            close=self.words.say(_close(alert.kind, is_kept=shows_hit and hit is not None and hits.is_kept(hit))),
            chain_head=one_line(chain_head, 64),
            reference=reference,
            acts=self._acts(alert),
        )

    def _acts(self, alert: Alert) -> tuple[Row, ...]:
        links = self.links(alert) if self.links else {}
        return tuple(Row(label=self.words.say(f"act.{name}"), value=link) for name, link in links.items())

    def minimal(self, alert: Alert, *, reference: str) -> Notice:
        """Say the least: that there is something, and how to open it; reads nothing but numbers."""
        return Notice(
            title=self.words.say("minimal.title"),
            sentences=(self.words.say("minimal.state"),),
            rows=(),
            place=self.opener.mention(alert.mention_id) if alert.mention_id > 0 else self.opener.everything(),
            close=self.words.say("later"),
            chain_head="",
            reference=reference,
        )

    def _stem(self, kind: AlertKind, facts: Facts) -> str:
        if kind is AlertKind.MATCH and facts.number("count") > 1:
            return "spread"
        return "minimal" if kind is AlertKind.DIGEST else str(kind)

    def _body(self, kind: AlertKind, facts: Facts, hit: Hit | None) -> tuple[list[str], list[Row]]:
        writers = {
            AlertKind.MATCH: self._match,
            AlertKind.CAPTURE_FAILED: self._capture_failed,
            AlertKind.SOURCE_FAILING: self._source_failing,
            AlertKind.SOURCE_BACK: self._source_back,
            AlertKind.CHANNEL_FAILING: self._channel_failing,
            AlertKind.DISK_LOW: self._disk_low,
            AlertKind.DISK_OK: self._disk_ok,
            AlertKind.STORE_FAILING: self._store_failing,
            AlertKind.STORE_BACK: self._store_back,
            AlertKind.CHANGE: self._change,
            AlertKind.SPREAD: self._spread,
            AlertKind.UNSEEN: self._unseen,
            AlertKind.TEST: self._test,
        }
        write = writers.get(kind)
        return write(facts, hit) if write else ([self.words.say("minimal.state")], [])

    def _match(self, facts: Facts, hit: Hit | None) -> tuple[list[str], list[Row]]:
        if facts.number("count") > 1:
            return self._several(facts), self._hit_rows(hit) if hit else []
        if hit is None:
            return [self.words.say("match.state.unknown")], []
        return [self.words.say("match.state", source=hits.source_name(hit.source))], self._hit_rows(hit)

    def _several(self, facts: Facts) -> list[str]:
        """Say how many mentions one alert tells of; that they repeat the same only where that is so."""
        is_same = facts.alert.level is Level.LIKELY and bool(facts.text("statement_id")) and not facts.flag("mixed")
        hours = facts.number("hours")
        return [
            self.words.count("spread.state" if is_same else "several.state", facts.number("count")),
            self.words.count("spread.hours", hours) if hours else "",
            self.words.say("spread.next" if facts.flag("spread") else "several.next"),
        ]

    def _hit_rows(self, hit: Hit) -> list[Row]:
        found = moment(self.words, hit.first_seen_at, self.timezone)
        return [
            self._row("likelihood", hits.likelihood(self.words, hit)),
            self._row("reason", hits.why(self.words, hit)),
            self._row("found", found),
            self._row("evidence", hits.evidence(self.words, hit)),
            *(() if self.veil else hits.quoted_rows(self.words, hit)),
        ]

    def _capture_failed(self, facts: Facts, hit: Hit | None) -> tuple[list[str], list[Row]]:
        attempts = facts.number("attempts")
        sentences = [
            self.words.say("capture_failed.state", source=self._source(facts, hit)),
            self.words.count("capture_failed.attempts", attempts) if attempts else "",
            self.words.say("capture_failed.next"),
        ]
        return sentences, [self._row("reason", self._reason(facts))]

    def _source_failing(self, facts: Facts, hit: Hit | None) -> tuple[list[str], list[Row]]:
        failures = facts.number("failures")
        sentences = [
            self.words.say("source_failing.state", source=self._source(facts, hit)),
            self.words.say("source_failing.long") if facts.flag("at_once") else "",
            self.words.count("source_failing.failures", failures) if failures else "",
            self.words.say("source_failing.next"),
        ]
        rows = [
            self._row("since", facts.moment_of(self.words, "since")),
            self._row("reason", self._reason(facts)),
            self._row("try", facts.text("try")),
        ]
        return sentences, rows

    def _source_back(self, facts: Facts, hit: Hit | None) -> tuple[list[str], list[Row]]:
        sentences = [
            self.words.say("source_back.state", source=self._source(facts, hit)),
            self.words.say("source_back.next"),
        ]
        return sentences, [self._row(key, facts.moment_of(self.words, key)) for key in ("since", "until")]

    def _channel_failing(self, facts: Facts, _: Hit | None) -> tuple[list[str], list[Row]]:
        told = facts.alert.payload
        after = next((one for one in ("given_up", "switched_off") if told.get(one) is True), "next")
        channel = facts.text("channel", hits.SOURCE_LIMIT)
        sentences = [
            self.words.say("channel_failing.state", channel=channel),
            self.words.say(f"channel_failing.{after}"),
            self.words.say("channel_failing.put_back", channel=channel) if after == "switched_off" else "",
        ]
        return sentences, [self._row("reason", self._reason(facts))]

    def _disk_low(self, facts: Facts, _: Hit | None) -> tuple[list[str], list[Row]]:
        after = "stopped" if facts.alert.payload.get("stopped") is True else "goes_on"
        sentences = [
            self.words.count("disk_low.state", facts.number("free_mb")),
            self.words.say(f"disk_low.{after}"),
            self.words.say("disk_low.next"),
        ]
        return sentences, [self._row("since", facts.moment_of(self.words, "since"))]

    def _disk_ok(self, facts: Facts, _: Hit | None) -> tuple[list[str], list[Row]]:
        return [self.words.say("disk_ok.state")], [
            self._row(key, facts.moment_of(self.words, key)) for key in ("since", "until")
        ]

    def _store_failing(self, facts: Facts, _: Hit | None) -> tuple[list[str], list[Row]]:
        sentences = [self.words.say("store_failing.state"), self.words.say("store_failing.next")]
        return sentences, [
            self._row("reason", self._reason(facts)),
            self._row("try", self.words.say("store_failing.try")),
        ]

    def _store_back(self, _facts: Facts, _: Hit | None) -> tuple[list[str], list[Row]]:
        return [self.words.say("store_back.state")], []

    def _change(self, facts: Facts, hit: Hit | None) -> tuple[list[str], list[Row]]:
        state = facts.text("state")
        known = state if state in set(LiveState) else LiveState.UNKNOWN.value
        rows = [self._row("found", facts.moment_of(self.words, "at"))]
        if hit is not None:
            rows.append(self._row("evidence", hits.evidence(self.words, hit)))
        return [self.words.say(f"change.state.{known}", source=self._source(facts, hit))], rows

    def _spread(self, facts: Facts, _: Hit | None) -> tuple[list[str], list[Row]]:
        hours = facts.number("hours")
        sentences = [
            self.words.count("spread.state", facts.number("count")),
            self.words.count("spread.hours", hours) if hours else "",
            self.words.say("spread.next"),
        ]
        return sentences, []

    def _unseen(self, facts: Facts, _: Hit | None) -> tuple[list[str], list[Row]]:
        return [self.words.count("unseen.state", facts.number("hours")), self.words.say("unseen.next")], []

    def _test(self, _: Facts, hit: Hit | None) -> tuple[list[str], list[Row]]:
        if hit is None:
            return [self.words.say("test.state"), self.words.say("test.next")], []
        return [self.words.say("test.with_hit", source=hits.source_name(hit.source))], self._hit_rows(hit)

    def _source(self, facts: Facts, hit: Hit | None) -> str:
        name = facts.text("source", hits.SOURCE_LIMIT) or (hit.source if hit else "")
        return hits.source_name(name) or self.words.say("source.unknown")

    def _reason(self, facts: Facts) -> str:
        reason = facts.text("why") or facts.text("error")
        return hide_paths(reason) if self.veil else reason

    def _row(self, label: str, value: str) -> Row:
        return Row(label=self.words.say(f"label.{label}"), value=value)


def moment(words: Words, at: datetime, timezone: tzinfo) -> str:
    """Write a moment in full, with the name of its time zone."""
    return f"{words.moment(hits.local(at, timezone))} ({timezone})"


def _close(kind: AlertKind, *, is_kept: bool) -> str:
    """Name the sentence that ends a notice: all can wait, but a program that notes nothing not for long."""
    if kind is AlertKind.STORE_FAILING:
        return "later.today"
    return "later.kept" if is_kept else "later"


def notice_text(words: Words, notice: Notice) -> str:
    """Write a notice as text that stands alone."""
    lines = ["\n".join(notice.sentences)]
    if notice.rows:
        lines.append("\n".join(f"{row.label}: {row.value}" for row in notice.rows))
    if notice.place:
        lines.append("\n".join([f"{words.say('label.open')}: {notice.place.command}", notice.place.link]).rstrip())
    if notice.acts:
        lines.append("\n".join(f"{act.label}:\n{act.value}" for act in notice.acts))
    lines.append(notice.close)
    foot = [f"{words.say('chain_head')}: {notice.chain_head}"] if notice.chain_head else []
    lines.append("\n".join([*foot, f"{words.say('reference')}: {notice.reference}"]))
    return "\n\n".join(lines) + "\n"
