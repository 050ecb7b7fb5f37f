"""The desk at which messages are put into words and sent at somebody's wish: tests, previews, summaries now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from monitor.domain import Alert, AlertKind, Digest, Hit, Level, Message
from monitor.errors import DeliveryError
from monitor.jobs import deliver, digest
from monitor.jobs.digest import Timetable
from monitor.jobs.takers import takers
from monitor.notify import AppriseNotifier
from monitor.ports import Notifier, Renderer


@dataclass(frozen=True, kw_only=True)
class MessageDesk:
    """Say and send what a person asks for; `office` is asked each time, as channels and sources change.

    `owner` are those of the notifier's channels that are the owner's. `reader` words alerts for feeds.
    """

    office: Callable[[], deliver.Office]
    notifier: AppriseNotifier
    owner: tuple[str, ...]
    renderer: Renderer
    reader: Renderer
    timetables: tuple[Timetable, Timetable]
    zone: str
    deliver_all: Callable[[], Awaitable[tuple[int, int]]]

    def in_words(self, alert: Alert) -> Message:
        """Put an alert into the words in which it is sent, without the links that act: a feed is only for reading."""
        return deliver.render(replace(self.office(), renderer=self.reader, shows_pictures=False), alert)

    def digest(self, client_id: str = "", *, is_weekly: bool = False) -> Digest:
        """Gather the summary since the last daily one, or of the last seven days, for a look."""
        office = self.office()
        period = digest.open_period(office.store, office.clock.now(), is_weekly=is_weekly)
        head = office.vault.chain_head()
        return digest.gather(office.store, client_id, period, self.zone, head, office.unread)

    def digest_message(self, shown: Digest) -> Message:
        """Put a summary into words."""
        office = replace(self.office(), shows_pictures=True)
        return deliver.say_digest(office, shown, f"preview-{shown.ends_at:%Y%m%dT%H%M%S}")

    async def tell_now(self, alert: Alert) -> None:
        """Send word of a fault at once, past the outbox and the database, which may be what is at fault.

        On each of the owner's channels that takes faults, once; a channel that does not take it is left at that.
        """
        message = self.renderer.alert(alert, None, chain_head="", thumbnails={})
        chosen = takers(self.owner, alert, self.notifier.tags, ())
        await asyncio.gather(*(_try_channel(self.notifier, channel, message) for channel in chosen))

    async def send_digest(self, *, is_weekly: bool = False) -> tuple[int, int]:
        """Send each client its summary now, as `digest` gathers it; gives how many were sent and how many wait."""
        office = self.office()
        now = office.clock.now()
        period = digest.open_period(office.store, now, is_weekly=is_weekly)
        for client_id in digest.clients_of(office.store.subjects()):
            office.store.enqueue(digest.digest_alert(client_id, period, self.timetables[is_weekly], now))
        return await self.deliver_all()

    async def send_test(self, hit: Hit | None = None) -> tuple[tuple[str, DeliveryError | None], ...]:
        """Send a test message, or an alert about this hit, on every channel; gives each channel's error, if any."""
        office = self.office()
        now = office.clock.now()
        alert = Alert(kind=AlertKind.TEST, dedupe_key=f"test:{now.isoformat()}", created_at=now)
        if hit:
            alert = replace(
                alert,
                kind=AlertKind.MATCH,
                subject_id=hit.subject_id,
                mention_id=hit.mention_id,
                level=max(hit.level, Level.POSSIBLE, key=lambda level: level.rank),
            )
        message = deliver.say_alert(office, alert, hit, office.vault.chain_head())
        message = replace(message, message_id=f"test-{now:%Y%m%dT%H%M%S%f}")
        channels = self.notifier.channels
        return tuple([(channel, await _try_channel(self.notifier, channel, message)) for channel in channels])


async def _try_channel(notifier: Notifier, channel: str, message: Message) -> DeliveryError | None:
    try:
        async with asyncio.timeout(deliver.SEND_DEADLINE_S):
            await notifier.send(channel, message)
    except DeliveryError as error:
        return error
    except TimeoutError:
        why = f"It did not answer within {deliver.SEND_DEADLINE_S:g} seconds."
        return DeliveryError(f"The channel {channel} did not take the message.", channel=channel, why=why)
    return None
