"""Tell: claim alerts, render, send, and only then mark; at least once, on purpose."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain import (
    Alert,
    AlertKind,
    AlertStatus,
    Coverage,
    Delivery,
    DeliveryOutcome,
    Digest,
    Hit,
    Message,
)
from monitor.errors import DeliveryError, StoreError
from monitor.jobs import channels, digest
from monitor.jobs.grouping import decide, key_of
from monitor.jobs.retries import LONGEST_WAIT, next_attempt, tried_for
from monitor.jobs.telling import Manner, Mode, Plan, mode_of, plan
from monitor.jobs.thumbnails import thumbnails
from monitor.ports import Clock, Notifier, Renderer, Step, Store, Turn, Vault

log = logging.getLogger("goodname.deliver")

LEASE = timedelta(minutes=5)
SEND_DEADLINE_S = 60.0
NO_WAIT = timedelta(0)
_MOST_TRIES = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """Hold what telling needs; `unread` are sources that could not be set up, so that no summary passes them over.

    Without a `manner` everything is told on every channel at once. Blurred pictures are made only where something
    `shows_pictures`.
    """

    store: Store
    vault: Vault
    notifier: Notifier
    renderer: Renderer
    clock: Clock
    unread: tuple[Coverage, ...] = ()
    manner: Manner | None = None
    shows_pictures: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryReport:
    """Count alerts that reached every channel, wait for another try, were given up, or were put off on purpose.

    `folded` of those that were put off are now told by another alert or by the summary.
    """

    sent: int = 0
    waiting: int = 0
    given_up: int = 0
    put_off: int = 0
    folded: int = 0

    @property
    def is_going_on(self) -> bool:
        """Tell whether something was settled, so that more of what is due may follow."""
        return bool(self.sent or self.folded)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sorted:
    """Hold what of a batch is told now, and how the rest ended."""

    now: tuple[Alert, ...]
    folded: int = 0
    held: int = 0


async def run(office: Office, *, limit: int = 20, ahead: timedelta = NO_WAIT) -> DeliveryReport:
    """Deliver due alerts; `ahead` also takes those that would only be due within that time."""
    alerts = await asyncio.to_thread(
        office.store.lease_alerts, office.clock.now() + ahead, limit=limit, lease_for=LEASE + ahead
    )
    if not alerts:
        return DeliveryReport()
    mode, batch = await asyncio.to_thread(_sort, office, alerts, ahead)
    refused: set[str] = set()
    ends = await asyncio.gather(*(_deliver_one(office, mode, alert, refused) for alert in batch.now))
    if refused:
        await asyncio.to_thread(_review, office, refused)
    return DeliveryReport(
        sent=ends.count(AlertStatus.SENT),
        waiting=ends.count(AlertStatus.PENDING),
        given_up=ends.count(AlertStatus.GIVEN_UP),
        put_off=ends.count(AlertStatus.FOLDED) + batch.folded + batch.held,
        folded=batch.folded,
    )


def _sort(office: Office, alerts: Sequence[Alert], ahead: timedelta) -> tuple[Mode, _Sorted]:
    """Decide which alerts of a batch are told together; without a manner, or without grouping, each by itself."""
    mode, manner = mode_of(office.store), office.manner
    grouping = manner.grouping if manner else None
    if manner is None or grouping is None:
        return mode, _Sorted(now=tuple(alerts))
    now = office.clock.now() + ahead
    plans = {alert.id: plan(alert, mode, manner, now) for alert in alerts if alert.kind is AlertKind.MATCH}
    grouped = {alert.id: alert for alert in alerts if alert.id in plans and not plans[alert.id].is_folded}
    if not grouped:
        return mode, _Sorted(now=tuple(alerts))
    keys = {alert.id: key_of(alert) for alert in grouped.values()}
    subjects = sorted({alert.subject_id for alert in grouped.values()})
    waits = [plans[one].wait_until for one in grouped]
    quiet_until = max((until for until in waits if until), default=None)
    turns = decide(
        tuple(grouped.values()), office.store.rounds(keys, subjects, now), grouping, now, quiet_until=quiet_until
    )
    payloads = office.store.take_turns(turns, now)
    begun = [
        replace(grouped[one], payload=payloads.get(one, grouped[one].payload)) for one in _steps(turns, Step.BEGIN)
    ]
    others = [alert for alert in alerts if alert.id not in grouped]
    folded = len(_steps(turns, Step.FOLD)) + len(_steps(turns, Step.LEAVE))
    return mode, _Sorted(now=(*others, *begun), folded=folded, held=len(_steps(turns, Step.WAIT)))


def _steps(turns: Sequence[Turn], step: Step) -> list[int]:
    return [turn.alert_id for turn in turns if turn.step is step]


def _review(office: Office, refused: set[str]) -> None:
    """Tell what refused, and switch off what does so for good.

    After the batch, so that two channels never each count on the other. A crash before it sends, and tells, again.
    """
    manner = office.manner or Manner(owner=office.notifier.channels)
    try:
        off = channels.review(office.store, sorted(refused), (manner.owner, manner.helper), office.clock.now())
        for channel in sorted(refused - off):
            _tell_others(office, channel, next(one.error for one in office.store.deliveries(channel=channel, limit=1)))
    except StoreError:
        log.warning("a refusing channel could not be switched off", exc_info=True)


async def _deliver_one(office: Office, mode: Mode, alert: Alert, refused: set[str]) -> AlertStatus:
    try:
        now = _plan(office, mode, alert)
        if now.is_folded or now.wait_until is not None:
            return await asyncio.to_thread(_put_off, office, alert, now)
        message = await asyncio.to_thread(render, office, alert)
        done = await asyncio.to_thread(office.store.delivered_channels, alert.id)
        off = office.manner.off if office.manner else frozenset()
        wanted = _addressed(now.channels, alert)
        addressed = [channel for channel in wanted if channel not in off]
        open_channels = [channel for channel in addressed if channel not in done]
        ends = await asyncio.gather(*(_send(office, alert, message, channel) for channel in open_channels))
        refused.update(one for one, end in zip(open_channels, ends, strict=True) if end is DeliveryOutcome.REFUSED)
        failed = [one for one, end in zip(open_channels, ends, strict=True) if end is not DeliveryOutcome.SENT]
        reached_all = bool(addressed) and not failed
        if reached_all:
            missed = [channel for channel in wanted if channel in off and channel not in done]
            await asyncio.to_thread(_note_missed, office, alert, missed)
        return await asyncio.to_thread(_settle, office, alert, reached_all, failed)
    except StoreError:
        # The lease runs out and the alert is sent again: twice rather than never.
        log.warning("the database could not record a delivery", extra={"alert": alert.id}, exc_info=True)
        return AlertStatus.PENDING


def _note_missed(office: Office, alert: Alert, missed: Sequence[str]) -> None:
    """Write down which channels an alert did not go to because they are switched off."""
    for channel in missed:
        office.store.save_delivery(
            Delivery(
                alert_id=alert.id,
                channel=channel,
                attempt=alert.attempts,
                outcome=DeliveryOutcome.MISSED,
                delivered_at=office.clock.now(),
            )
        )


def _addressed(planned: Sequence[str], alert: Alert) -> tuple[str, ...]:
    """Give the channels an alert is for: all that are planned, but word of a failing channel goes to the others."""
    silent = alert.payload.get("channel") if alert.kind is AlertKind.CHANNEL_FAILING else None
    return tuple(channel for channel in planned if channel != silent)


def _tell_others(office: Office, channel: str, why: str, *, given_up: Alert | None = None) -> None:
    """Say on the other channels that this one fails; nothing when there is no other.

    A refusal is told once a day and channel, a message given up once each. Word of a failing channel that is itself
    given up is not told again, or two broken channels would keep telling of each other.
    """
    others = [one for one in office.notifier.channels if one != channel]
    if not others or (given_up and given_up.kind is AlertKind.CHANNEL_FAILING):
        return
    now = office.clock.now()
    about = f"given_up:{given_up.id}" if given_up else f"refused:{now:%Y-%m-%d}"
    office.store.enqueue(
        Alert(
            kind=AlertKind.CHANNEL_FAILING,
            dedupe_key=f"channel_failing:{channel}:{about}",
            created_at=now,
            payload={"channel": channel, "why": why[:500], **({"given_up": True} if given_up else {})},
        )
    )


def _plan(office: Office, mode: Mode, alert: Alert) -> Plan:
    if office.manner is None:
        return Plan(channels=office.notifier.channels)
    return plan(alert, mode, office.manner, office.clock.now())


def _put_off(office: Office, alert: Alert, now: Plan) -> AlertStatus:
    """Leave an alert to the summary, or until the quiet hours are over; neither counts as a try that failed."""
    status = AlertStatus.FOLDED if now.is_folded else AlertStatus.PENDING
    office.store.settle_alert(alert.id, status, next_attempt_at=now.wait_until)
    return AlertStatus.FOLDED


def _settle(office: Office, alert: Alert, reached_all: bool, failed: Sequence[str]) -> AlertStatus:
    retry_at = None if reached_all else _retry_at(office, alert)
    status = AlertStatus.SENT if reached_all else AlertStatus.PENDING if retry_at else AlertStatus.GIVEN_UP
    if status is AlertStatus.GIVEN_UP:
        log.error("an alert was given up after seven days", extra={"alert": alert.id})
        errors = {row.channel: row.error for row in reversed(office.store.deliveries(alert_id=alert.id))}
        for channel in failed:
            _tell_others(office, channel, errors.get(channel, ""), given_up=alert)
    office.store.settle_alert(alert.id, status, next_attempt_at=retry_at if status is AlertStatus.PENDING else None)
    return status


def _retry_at(office: Office, alert: Alert) -> datetime | None:
    """Read from the tries that are written down when the next is due.

    A try that a crash broke off says nothing about the channel and does not count as a failure.
    """
    now = office.clock.now()
    rows = office.store.deliveries(alert_id=alert.id, limit=_MOST_TRIES)
    if not rows:
        # Nobody to send it to, so no try is written down; how often it was taken up says at most how long that was.
        return next_attempt(alert, alert.attempts, min(now - alert.created_at, alert.attempts * LONGEST_WAIT), now)
    failures = len({row.attempt for row in rows if row.outcome in (DeliveryOutcome.FAILED, DeliveryOutcome.REFUSED)})
    return next_attempt(alert, failures, tried_for(row.delivered_at for row in reversed(rows)), now)


def render(office: Office, alert: Alert) -> Message:
    """Put an alert into words with what is known now; the least that must always work when that fails."""
    try:
        chain_head = office.vault.chain_head()
        if alert.kind is AlertKind.DIGEST:
            message_id = f"digest-{alert.id}"
            return say_digest(office, digest.build(office.store, alert, chain_head, office.unread), message_id)
        hit = office.store.hit(alert.mention_id, alert.subject_id) if alert.mention_id and alert.subject_id else None
        return say_alert(office, alert, hit, chain_head)
    except StoreError:
        raise
    except Exception:  # boundary: nobody may silence an alert with a text that breaks its rendering
        log.exception("an alert could not be put into words", extra={"alert": alert.id})
        return office.renderer.minimal(alert)


def say_digest(office: Office, shown: Digest, message_id: str) -> Message:
    """Put a summary into words, with blurred pictures of what is kept."""
    return office.renderer.digest(shown, message_id=message_id, thumbnails=_pictures(office, shown.hits))


def say_alert(office: Office, alert: Alert, hit: Hit | None, chain_head: str) -> Message:
    """Put an alert into words; one about what was found shows a blurred picture of it, once a copy is kept."""
    found = [hit] if hit and alert.kind is AlertKind.MATCH else []
    return office.renderer.alert(alert, hit, chain_head=chain_head, thumbnails=_pictures(office, found))


def _pictures(office: Office, found: Sequence[Hit]) -> dict[str, bytes]:
    return thumbnails(office.store, office.vault, found) if office.shows_pictures else {}


async def _send(office: Office, alert: Alert, message: Message, channel: str) -> DeliveryOutcome:
    outcome, words, is_permanent = DeliveryOutcome.SENT, "", False
    try:
        await office.notifier.turn(channel)
        async with asyncio.timeout(SEND_DEADLINE_S):
            await office.notifier.send(channel, message)
    except DeliveryError as error:
        is_permanent = error.permanent
        is_refused = is_permanent and not error.is_about_message
        outcome = DeliveryOutcome.REFUSED if is_refused else DeliveryOutcome.FAILED
        words = str(error)
    except TimeoutError:
        outcome, words = DeliveryOutcome.FAILED, "The channel did not answer in time."
    except Exception as error:  # boundary: one channel's fault must not stop the others
        outcome, words = DeliveryOutcome.FAILED, f"The channel broke ({type(error).__name__})."
        log.exception("a channel broke", extra={"alert": alert.id, "channel": channel})
    delivery = Delivery(
        alert_id=alert.id,
        channel=channel,
        attempt=alert.attempts,
        outcome=outcome,
        delivered_at=office.clock.now(),
        error=words[:500],
    )
    await asyncio.to_thread(office.store.save_delivery, delivery)
    if is_permanent and outcome is not DeliveryOutcome.REFUSED:
        await asyncio.to_thread(_tell_others, office, channel, delivery.error)
    return outcome
