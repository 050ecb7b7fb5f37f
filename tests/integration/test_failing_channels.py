"""A channel that fails is told on the others, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from monitor.domain import Alert, AlertKind, AlertStatus, Message
from monitor.errors import DeliveryError
from monitor.jobs import deliver
from monitor.notify import WordRenderer
from monitor.store import SqlStore, open_store
from monitor.testing import FakeClock


class Channels:
    """Take messages on some channels and refuse them on others."""

    def __init__(self, *channels: str, broken: str, permanent: bool = True) -> None:
        self.channels = channels
        self.broken = broken
        self.permanent = permanent
        self.sent: list[tuple[str, Message]] = []

    async def turn(self, channel: str) -> None:
        """Take messages at any time."""

    async def send(self, channel: str, message: Message) -> None:
        if channel == self.broken:
            raise DeliveryError("The door is locked.", channel=channel, permanent=self.permanent)
        self.sent.append((channel, message))


class EmptyVault:
    def chain_head(self) -> str:
        return ""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[SqlStore]:
    with closing(open_store(f"sqlite:///{tmp_path}/goodname.db", clock=clock)) as opened:
        opened.enqueue(Alert(kind=AlertKind.TEST, dedupe_key="first", created_at=clock.now()))
        yield opened


def rounds(store: SqlStore, clock: FakeClock, channels: Channels, *steps: timedelta) -> None:
    office = deliver.Office(store=store, vault=EmptyVault(), notifier=channels, renderer=WordRenderer(), clock=clock)
    for step in (timedelta(0), *steps):
        clock.advance(step)
        asyncio.run(deliver.run(office))


def told(store: SqlStore) -> list[Alert]:
    return [one for one in store.alerts() if one.kind is AlertKind.CHANNEL_FAILING]


def test_a_refusal_is_told_once_a_day_on_the_other_channels_alone(store: SqlStore, clock: FakeClock) -> None:
    channels = Channels("mail", "chat", broken="chat")
    rounds(store, clock, channels, timedelta(minutes=1), timedelta(minutes=5))
    assert [alert.status for alert in told(store)] == [AlertStatus.SENT], "it does not wait for the broken channel"
    words = [message.text for channel, message in channels.sent if "does not take messages" in message.text]
    assert len(words) == 1
    assert "The channel chat does not take messages." in words[0]
    assert "Why: The door is locked." in words[0]
    rounds(store, clock, channels, timedelta(days=1))
    assert len(told(store)) == 2


def test_a_message_given_up_is_told_and_a_short_fault_is_not(store: SqlStore, clock: FakeClock) -> None:
    channels = Channels("mail", "chat", broken="chat", permanent=False)
    rounds(store, clock, channels, timedelta(minutes=1))
    assert told(store) == []
    rounds(store, clock, channels, *[timedelta(days=1)] * 8, timedelta(minutes=1))
    assert [alert.payload.get("given_up") for alert in told(store)] == [True]
    assert any("no longer tried" in message.text for _, message in channels.sent)


@pytest.mark.parametrize("permanent", [False, True])
def test_a_clock_ten_years_ahead_gives_nothing_up(store: SqlStore, clock: FakeClock, permanent: bool) -> None:
    channels = Channels("chat", broken="chat", permanent=permanent)
    rounds(store, clock, channels, timedelta(hours=1))
    clock.jump(timedelta(days=3652))
    store.mend_times(clock.now())
    rounds(store, clock, channels, *[timedelta(hours=2)] * 12)
    assert [alert.status for alert in store.alerts()] == [AlertStatus.PENDING]
    clock.jump(-timedelta(days=3652))
    store.mend_times(clock.now())
    rounds(store, clock, channels, *[timedelta(days=1)] * 5)
    assert [alert.status for alert in store.alerts()] == [AlertStatus.PENDING], "six days and a bit are not seven"
    channels.broken = ""
    rounds(store, clock, channels, timedelta(hours=2))
    assert [alert.status for alert in store.alerts()] == [AlertStatus.SENT]
    assert len(channels.sent) == 1


def test_with_one_channel_there_is_no_other_to_tell(store: SqlStore, clock: FakeClock) -> None:
    channels = Channels("mail", broken="mail")
    rounds(store, clock, channels, *[timedelta(days=1)] * 8)
    assert told(store) == []


def test_word_of_a_failing_channel_that_is_given_up_is_not_told_again(store: SqlStore, clock: FakeClock) -> None:
    notice = Alert(
        kind=AlertKind.CHANNEL_FAILING, dedupe_key="notice", created_at=clock.now(), payload={"channel": "push"}
    )
    store.enqueue(notice)
    channels = Channels("mail", "chat", "push", broken="chat", permanent=False)
    rounds(store, clock, channels, *[timedelta(days=1)] * 8)
    given_up = [one for one in told(store) if one.status is AlertStatus.GIVEN_UP]
    assert [one.dedupe_key for one in given_up] == ["notice"]
    assert len(told(store)) == 2, "the notice itself, and word of the first message alone"


def test_a_notice_that_has_no_channel_left_does_not_count_as_sent(store: SqlStore, clock: FakeClock) -> None:
    rounds(store, clock, Channels("mail", "chat", broken="chat"))
    rounds(store, clock, Channels("chat", broken=""), timedelta(minutes=1))
    assert [alert.status for alert in told(store)] == [AlertStatus.PENDING]


@pytest.mark.parametrize("kind", [AlertKind.TEST, AlertKind.DIGEST])
def test_what_cannot_be_put_into_words_is_told_in_short_and_reported(
    store: SqlStore, clock: FakeClock, caplog: pytest.LogCaptureFixture, kind: AlertKind
) -> None:
    period = {"client_id": "", "timezone": "UTC", "starts_at": clock.now().isoformat(), "ends_at": "no moment at all"}
    if kind is AlertKind.DIGEST:
        store.enqueue(Alert(kind=kind, dedupe_key="second", created_at=clock.now(), payload=period))
    channels = Channels("mail", "chat", broken="")
    pages = Environment(loader=DictLoader({"notice.html.j2": "{{ notice.no_such_thing.at_all }}"}), autoescape=True)
    renderer = WordRenderer(environment=pages)
    office = deliver.Office(store=store, vault=EmptyVault(), notifier=channels, renderer=renderer, clock=clock)
    asyncio.run(deliver.run(office))
    assert {alert.status for alert in store.alerts()} == {AlertStatus.SENT}
    assert len(channels.sent) == 2 * len(store.alerts())
    assert all("could not be shown here in full" in message.text for _, message in channels.sent)
    faults = [record for record in caplog.records if record.getMessage() == "an alert could not be put into words"]
    assert len(faults) == len(store.alerts())
    assert all(fault.levelname == "ERROR" and fault.exc_info for fault in faults)
