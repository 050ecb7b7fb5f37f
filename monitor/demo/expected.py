"""Compare what the program made of the invented town with what it must make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.demo.texts import FINDS, SUBJECT_ID, Find
from monitor.domain import (
    AlertKind,
    AlertStatus,
    Capture,
    CaptureOutcome,
    Change,
    Completeness,
    Coverage,
    DeliveryOutcome,
    Hit,
    Level,
    LiveState,
    Poll,
    PollOutcome,
)
from monitor.ports import HitFilter, Store

FAILING = "ferry-notes"
_CHANNELS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Hold what stands in the store after a pass."""

    step: int
    hits: tuple[Hit, ...]
    captures: dict[int, tuple[Capture, ...]]
    why: dict[int, tuple[str, ...]]
    changes: tuple[Change, ...]
    coverage: tuple[Coverage, ...]
    polls: tuple[Poll, ...]

    def hit(self, find: Find) -> Hit | None:
        """Give what was made of one post, or None."""
        return next((hit for hit in self.hits if find.words in hit.text), None)

    def capture(self, find: Find) -> Capture | None:
        """Give the newest capture of one post's newest revision, or None."""
        hit = self.hit(find)
        kept = self.captures.get(hit.mention_id, ()) if hit else ()
        fitting = [capture for capture in kept if hit and capture.revision == hit.revision]
        return fitting[-1] if fitting else None


def look(store: Store, step: int, polls: Sequence[Poll], start: datetime, end: datetime) -> Seen:
    """Read from the store what a person would be shown now."""
    hits = store.hits(HitFilter(subject_id=SUBJECT_ID))
    return Seen(
        step=step,
        hits=hits,
        captures={hit.mention_id: store.captures(hit.mention_id) for hit in hits},
        why={hit.mention_id: _why(store, hit.mention_id) for hit in hits},
        changes=store.changes(start, end),
        coverage=store.coverage(start, end),
        polls=tuple(polls),
    )


def _why(store: Store, mention_id: int) -> tuple[str, ...]:
    """Give the reasons for who is meant, then those for what is repeated."""
    judgements = [row.judgement for row in store.assessments(mention_id) if row.judgement.subject_id == SUBJECT_ID]
    reasons = [reason for judgement in judgements for reason in (*judgement.about.reasons, *judgement.reasons)]
    return tuple(reason for reason in reasons if not reason.startswith("language:"))


def expected_finds(step: int) -> tuple[Find, ...]:
    """Give what should be found up to and including a pass."""
    return tuple(find for find in FINDS if find.step <= step)


def judge_finds(seen: Seen) -> list[str]:
    """Name every post that was judged otherwise than it must be; one sentence each."""
    faults = []
    for find in expected_finds(seen.step):
        hit = seen.hit(find)
        if hit is None:
            faults.append(f"{find.label} ({find.source}): the post was not found to be about the subject")
        elif (hit.level is Level.LIKELY) is not find.likely:
            faults.append(f"{find.label} ({find.source}): called {hit.level.value}, {hit.score} of 100")
        elif find.likely and hit.statement_id != find.statement_id:
            faults.append(f"{find.label} ({find.source}): matched {hit.statement_id!r}, not {find.statement_id!r}")
    return faults


def judge_captures(seen: Seen, *, has_browser: bool) -> list[str]:
    """Name every likely repeat that was not kept as well as it can be here."""
    faults = []
    for find in expected_finds(seen.step):
        # The first pass has kept what is gone by the second; only what is new or changed is kept again.
        if not find.likely:
            continue
        capture = seen.capture(find)
        wanted = CaptureOutcome.COMPLETE if has_browser else CaptureOutcome.PARTIAL
        if capture is None:
            faults.append(f"{find.label} ({find.source}): nothing was kept")
        elif capture.outcome is not wanted:
            why = capture.failure or "; ".join(capture.incomplete)
            faults.append(f"{find.label} ({find.source}): the capture is {capture.outcome.value}: {why}")
        elif has_browser and capture.completeness is not Completeness.FOUND:
            faults.append(f"{find.label} ({find.source}): the words are not in what was kept")
    return faults


def judge_sources(seen: Seen) -> list[str]:
    """Name every source that was read otherwise than the town's sites answered."""
    faults = []
    for poll in seen.polls:
        is_good = poll.outcome in {PollOutcome.OK, PollOutcome.UNCHANGED}
        should_be_good = poll.source != FAILING or seen.step > 1
        if is_good is not should_be_good:
            faults.append(f"{poll.source}: the poll in pass {seen.step} was {poll.outcome.value} ({poll.error})")
    if seen.step == 1 and any(row.source == FAILING and row.was_checked for row in seen.coverage):
        faults.append(f"{FAILING} is counted as checked, but it answered with an error")
    if FAILING not in {poll.source for poll in seen.polls}:
        faults.append(f"{FAILING} was not polled in pass {seen.step}")
    return faults


def judge_changes(seen: Seen) -> list[str]:
    """Name the edit or the removal that was missed."""
    by_id = {hit.mention_id: hit for hit in seen.hits}
    states = {
        (by_id[change.mention_id].text[:10], change.state) for change in seen.changes if change.mention_id in by_id
    }
    faults = []
    if ("Keep away.", LiveState.GONE) not in states:
        faults.append("the removed post is not known to be gone")
    if ("I have a check-up"[:10], LiveState.EDITED) not in states:
        faults.append("the edited post is not known to be edited")
    return faults


def judge_telling(store: Store, mails: int, calls: int, read_call: Callable[[int], str]) -> list[str]:
    """Name every alert that did not arrive on both channels, and every alert that says too much."""
    wanted = sum(1 for find in FINDS if find.likely)
    alerts = store.alerts(limit=1000)
    matches = [alert for alert in alerts if alert.kind is AlertKind.MATCH]
    faults = []
    if len(matches) != wanted:
        faults.append(f"{len(matches)} alerts about repeats were written, not {wanted}")
    for alert in alerts:
        if alert.status is not AlertStatus.SENT:
            faults.append(f"the alert {alert.dedupe_key} was not delivered: {alert.status.value}")
        sent = {row.channel for row in store.deliveries(alert_id=alert.id) if row.outcome is DeliveryOutcome.SENT}
        if len(sent) != _CHANNELS:
            faults.append(f"the alert {alert.dedupe_key} reached {len(sent)} of {_CHANNELS} channels")
    for name, count in (("mails", mails), ("webhook calls", calls)):
        if count != len(alerts):
            faults.append(f"{count} {name} arrived for {len(alerts)} alerts")
    if any("Voss" in read_call(number) for number in range(calls)):
        faults.append("an alert names the person, though nobody lifted the veil")
    return faults
