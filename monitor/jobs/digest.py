"""Sum up a day, also an empty one: silence must never look like safety."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.domain import (
    Alert,
    AlertKind,
    CaptureOutcome,
    CaseStatus,
    Coverage,
    Digest,
    Hit,
    Level,
    LiveState,
    StillUp,
    Subject,
    clocks_coming,
    still_up,
)
from monitor.jobs.telling import mode_of
from monitor.ports import Clock, HitFilter, Store

ABOUT_MIN = 50
"""Mentions less likely about the subject than this (namesakes) are left to the review list."""

CLOCKS_AHEAD = timedelta(days=14)
"""How long before its day a clock of a case is told."""

STILL_UP_AFTER = 7
"""After how many days something reported and still there is told."""

MOST_HITS = 1_000
SHORTEST = timedelta(hours=12)
"""After a change of time zone the next summary waits rather than come twice within half a day."""

_DAYS_BACK = 10
_WEEK = timedelta(days=7)
_LAST_END = "digest{name}.last_end"
_STARTED = "digest.started"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """Say when a summary is due: a local time of day in an IANA time zone, each day or on one day of the week.

    `weekday` counts from Monday, 0; None is each day. It serves every client, or none, but for the `exceptions`.
    """

    at: time
    timezone: str
    weekday: int | None = None
    serves_all: bool = True
    exceptions: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Name it in keys; the daily one has no name of its own."""
        return "" if self.weekday is None else ".weekly"

    def serves(self, client_id: str) -> bool:
        """Tell whether a client gets this summary."""
        return self.serves_all != (client_id in self.exceptions)

    def latest_end(self, now: datetime) -> datetime:
        """Give the newest moment, not after `now`, at which a summary was due, in UTC.

        On a day whose clock change skips the set time, the summary is due at the moment the clock jumps to; on one
        that has it twice, at the first.
        """
        zone = ZoneInfo(self.timezone)
        day = now.astimezone(zone).date()
        for back in range(_DAYS_BACK):
            if self.weekday not in (None, (day - timedelta(days=back)).weekday()):
                continue
            due = datetime.combine(day - timedelta(days=back), self.at, tzinfo=zone).astimezone(UTC)
            if due <= now:
                return due
        raise AssertionError("any ten days have a set time on each day of the week")


def due_period(
    timetable: Timetable, now: datetime, *, last_end: datetime | None, started: datetime
) -> tuple[datetime, datetime] | None:
    """Give the period [start, end) that a summary is now due for, or None.

    Periods follow one another without gap or overlap; after a stop of several days one summary covers them all. A
    change of time zone never brings two within half a day.
    """
    end = timetable.latest_end(now)
    start = last_end or started
    if end <= start or (last_end and end - last_end < SHORTEST):
        return None
    return start, end


def run(store: Store, timetable: Timetable, clock: Clock) -> bool:
    """Put a due summary for each client into the outbox; gives whether one was due. Idempotent."""
    now = clock.now()
    if mode_of(store).is_paused(now):
        return False  # the summary after the pause covers all of it
    started = _moment(store.setting(_STARTED))
    if started is None or started > now:
        store.set_setting(_STARTED, now.isoformat())
        started = now
    period = due_period(timetable, now, last_end=_believable_end(store, timetable, now), started=started)
    if period is None:
        return False
    for client_id in clients_of(store.subjects()):
        if timetable.serves(client_id):
            store.enqueue(digest_alert(client_id, period, timetable, now))
    store.set_setting(_LAST_END.format(name=timetable.name), period[1].isoformat())
    return True


def _believable_end(store: Store, timetable: Timetable, now: datetime) -> datetime | None:
    """Give the end of the last summary; one more than a day ahead was set by a wrong clock and is brought back.

    Without this, a clock that once ran years ahead would stop the summaries for years. An end that is less far ahead
    stays: its summary was sent, and must not come twice.
    """
    key = _LAST_END.format(name=timetable.name)
    last_end = _moment(store.setting(key))
    if last_end is None or last_end <= now + timedelta(days=1):
        return last_end
    back = timetable.latest_end(now)
    store.set_setting(key, back.isoformat())
    return back


def clients_of(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Give the clients that get a summary of their own; an installation without clients is one, named ""."""
    return tuple(sorted({subject.client_id for subject in subjects})) or ("",)


def digest_alert(client_id: str, period: tuple[datetime, datetime], timetable: Timetable, now: datetime) -> Alert:
    """Make the outbox row of a summary; its content is looked up when it is sent."""
    start, end = period
    return Alert(
        kind=AlertKind.DIGEST,
        dedupe_key=f"digest{timetable.name}:{client_id}:{end.isoformat()}",
        created_at=now,
        payload={
            "client_id": client_id,
            "starts_at": start.isoformat(),
            "ends_at": end.isoformat(),
            "timezone": timetable.timezone,
        },
    )


def open_period(store: Store, now: datetime, *, is_weekly: bool = False) -> tuple[datetime, datetime]:
    """Give the period since the last daily summary, or the last seven days, for a preview or one sent by hand."""
    last_end = _moment(store.setting(_LAST_END.format(name="")))
    start = last_end or _moment(store.setting(_STARTED)) or now - timedelta(days=1)
    return min(now - _WEEK if is_weekly else start, now - timedelta(minutes=1)), now


def build(store: Store, alert: Alert, chain_head: str, unread: Sequence[Coverage] = ()) -> Digest:
    """Gather what the summary of an outbox row says; `unread` are sources that could not even be set up."""
    given = {key: str(value) for key, value in alert.payload.items()}
    period = (datetime.fromisoformat(given["starts_at"]), datetime.fromisoformat(given["ends_at"]))
    return gather(store, given["client_id"], period, given["timezone"], chain_head, unread)


def gather(
    store: Store,
    client_id: str,
    period: tuple[datetime, datetime],
    timezone: str,
    chain_head: str,
    unread: Sequence[Coverage] = (),
) -> Digest:
    """Gather what was found, what changed, and what was not checked in [start, end)."""
    start, end = period
    chosen = HitFilter(client_id=client_id, since=start, until=end, limit=MOST_HITS)
    hunted = HitFilter(
        client_id=client_id, hunted_since=start, hunted_until=end, min_level=Level.POSSIBLE, limit=MOST_HITS
    )
    found = {(hit.mention_id, hit.subject_id): hit for hit in (*store.hits(chosen), *store.hits(hunted))}
    hits = tuple(hit for hit in found.values() if hit.about_score >= ABOUT_MIN)
    return Digest(
        client_id=client_id,
        starts_at=start,
        ends_at=end,
        timezone=timezone,
        hits=tuple(sorted(hits, key=_order)),
        changes=store.changes(start, end, client_id),
        coverage=_covered(store.coverage(start, end), unread),
        checked=store.count_mentions(start, end),
        chain_head=chain_head,
        clocks=clocks_coming(
            store.clocks(client_id=client_id), end.astimezone(ZoneInfo(timezone)).date(), CLOCKS_AHEAD
        ),
        still_up=_still_up(store, client_id, end),
        capture_failures=sum(hit.capture_state == CaptureOutcome.FAILED.value for hit in hits),
    )


def _covered(read: Sequence[Coverage], unread: Sequence[Coverage]) -> tuple[Coverage, ...]:
    """Put the sources that nobody looks at now in the place of what was read of them before."""
    left_out = {one.source for one in unread}
    return (*(one for one in read if one.source not in left_out), *unread)


def _still_up(store: Store, client_id: str, now: datetime) -> tuple[StillUp, ...]:
    """Give what open cases of this client reported a week ago or earlier and what is still there, longest first."""
    found: list[StillUp] = []
    for case in store.cases(client_id=client_id):
        sent = [action for action in store.actions(case.id) if action.sent_at is not None]
        if case.status is not CaseStatus.OPEN or not sent:
            continue
        states: dict[int, LiveState | None] = {}
        for mention_id in {one for action in sent for one in action.mention_ids}:
            looks = store.observations(mention_id)
            states[mention_id] = looks[-1].state if looks else None
        found += [one for one in still_up(sent, states, now) if one.days >= STILL_UP_AFTER]
    return tuple(sorted(found, key=lambda one: (-one.days, one.action.id, one.mention_id)))


def _order(hit: Hit) -> tuple[int, int, float]:
    return -hit.level.rank, -hit.score, hit.first_seen_at.timestamp()


def _moment(kept: str) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
