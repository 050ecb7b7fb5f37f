"""Say what a change of the rules would do, before it is made; and what the present rules make of a text.

This is the port for whoever shows it: the command line and the review pages call the same methods. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain import Judgement, Level, Mention, Statement, StatementStatus, Subject
from monitor.errors import StoreError
from monitor.matching import Encoder, Matcher, Thresholds, decide
from monitor.ports import Clock, Store
from monitor.text import clean_text

PREVIEW_DAYS = 30
"""A preview looks at what was first seen in this many days."""

_BATCH = 500
_MOST_CHANGES = 200
_MOST_UNNAMED = 20
_LONGEST = 400_000

Tell = Callable[[int, int], None]
"""Is told now and then how many mentions were looked at and how many there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """Say how one stored mention would be judged otherwise; None where the subject is not found in it."""

    mention: Mention
    before: Judgement | None
    after: Judgement | None

    @property
    def level_before(self) -> Level:
        """Give the level by the present rules."""
        return self.before.level if self.before else Level.NONE

    @property
    def level_after(self) -> Level:
        """Give the level by the changed rules."""
        return self.after.level if self.after else Level.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """Hold what a change would do to the mentions first seen since a moment.

    `gained` would match that do not, or match more strongly; `lost` the reverse. Both hold at most 200, the strongest
    and then the newest first, while `gained_count` and `lost_count` count all. `looked_at` counts the mentions judged.
    """

    subject_id: str
    since: datetime
    looked_at: int
    gained: tuple[Changed, ...]
    lost: tuple[Changed, ...]
    gained_count: int
    lost_count: int


class Previewer:
    """Try rules on stored mentions and on texts; keeps nothing.

    Calls take as long as judging takes (about 10,000 mentions a second without the sentence model), so make them off
    the event loop; any thread may call, if the encoder takes threads in turn.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        thresholds: Thresholds,
        encoder: Encoder | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._store, self._clock = store, clock
        self._thresholds, self._encoder = thresholds, encoder
        self._tell = tell

    def subject(self, changed: Subject, *, days: int = PREVIEW_DAYS) -> Preview:
        """Say what would be found otherwise if a subject, known or new, were kept like this."""
        known = {one.id: one for one in self._store.subjects(active_only=False)}.get(changed.id)
        statements = self._store.statements(changed.id)
        return self._compare(changed.id, self._matcher(known, statements), self._matcher(changed, statements), days)

    def statement(self, changed: Statement, *, days: int = PREVIEW_DAYS) -> Preview:
        """Say what would be found otherwise if a statement, known or new, were kept like this.

        StoreError when its subject is unknown.
        """
        known = {one.id: one for one in self._store.subjects(active_only=False)}.get(changed.subject_id)
        if known is None:
            raise StoreError(f"There is no subject {changed.subject_id!r}.", try_="Run `goodname person list`.")
        before = self._store.statements(changed.subject_id)
        others = [one for one in before if one.id != changed.id]
        after = others if changed.status is StatementStatus.WITHDRAWN else [*others, changed]
        return self._compare(known.id, self._matcher(known, before), self._matcher(known, after), days)

    def text(self, text: str, title: str = "") -> tuple[Judgement, ...]:
        """Judge a text by the present rules, with reasons also where nobody is named or nothing is repeated."""
        mention = Mention(
            source="try",
            external_id="try",
            url="",
            title=clean_text(title),
            text=clean_text(text[:_LONGEST]),
            first_seen_at=self._clock.now(),
        )
        return self.mention(mention)

    def mention(self, mention: Mention) -> tuple[Judgement, ...]:
        """Judge a mention by the present rules, as `text` does."""
        return explain(
            mention, self._store.subjects(), self._store.statements(), self._thresholds, encoder=self._encoder
        )

    def _matcher(self, subject: Subject | None, statements: Sequence[Statement]) -> Matcher:
        # A paused subject is previewed as if it were watched: that is what the person wants to know.
        subjects = [replace(subject, is_active=True)] if subject else []
        return Matcher(subjects, statements, self._thresholds, self._encoder)

    def _compare(self, subject_id: str, before: Matcher, after: Matcher, days: int) -> Preview:
        now = self._clock.now()
        since = now - timedelta(days=days)
        gained: list[Changed] = []
        lost: list[Changed] = []
        looked_at = 0
        for mention in self._mentions(since, now):
            looked_at += 1
            change = Changed(mention=mention, before=_one(before, mention), after=_one(after, mention))
            if change.level_after.rank > change.level_before.rank:
                gained.append(change)
            elif change.level_after.rank < change.level_before.rank:
                lost.append(change)
        return Preview(
            subject_id=subject_id,
            since=since,
            looked_at=looked_at,
            gained=_newest(gained),
            lost=_newest(lost),
            gained_count=len(gained),
            lost_count=len(lost),
        )

    def _mentions(self, since: datetime, now: datetime) -> Iterator[Mention]:
        total = self._store.count_mentions(since, now) if self._tell else 0
        after_id = seen = 0
        while batch := self._store.stored(since=since, after_id=after_id, limit=_BATCH):
            yield from batch
            after_id = batch[-1].id
            seen += len(batch)
            if self._tell:
                self._tell(seen, max(seen, total))


def explain(
    mention: Mention,
    subjects: Sequence[Subject],
    statements: Sequence[Statement],
    thresholds: Thresholds,
    encoder: Encoder | None = None,
) -> tuple[Judgement, ...]:
    """Judge a mention as the service does; where nobody is named, say so of the first twenty subjects."""
    found = Matcher(subjects, statements, thresholds, encoder).judge(mention)
    return found or tuple(decide(mention, one, statements, thresholds) for one in subjects[:_MOST_UNNAMED])


def _one(matcher: Matcher, mention: Mention) -> Judgement | None:
    return next(iter(matcher.judge(mention)), None)


def _newest(changes: list[Changed]) -> tuple[Changed, ...]:
    def weight(one: Changed) -> tuple[int, float]:
        return max(one.level_before.rank, one.level_after.rank), one.mention.first_seen_at.timestamp()

    return tuple(sorted(changes, key=weight, reverse=True)[:_MOST_CHANGES])
