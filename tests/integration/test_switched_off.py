"""A channel that refuses for good is switched off, told on the others, and put back; on real webhooks and mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from monitor.bootstrap import App, open_app
from monitor.bootstrap.added import channel_states, put_back
from monitor.domain import Alert, AlertKind, AlertStatus, Delivery, DeliveryOutcome
from monitor.errors import InputError
from monitor.jobs import channels
from monitor.settings import load_settings
from monitor.testing import NOW, FakeClock, LoopbackServer, reply

MINUTE = timedelta(minutes=1)


class Hooks:
    """Answer each path with the status that is set for it."""

    def __init__(self) -> None:
        self.status: dict[str, int] = {}
        self.taken: list[tuple[str, str]] = []

    def __call__(self, received) -> bytes:
        status = self.status.get(received.target, 200)
        if status == 200:
            self.taken.append((received.target, received.body.decode()))
        return reply(b"", status=status)


class NobodyHere:
    """Know none of the recipients."""

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        return "550 5.1.1 There is nobody of that name"


class House:
    """An installation with channels on loopback, and a clock that a test moves."""

    def __init__(self, app: App, clock: FakeClock, hooks: Hooks) -> None:
        self.app, self.clock, self.hooks, self.number = app, clock, hooks, 0

    def name(self, place: int) -> str:
        return self.app.notifier.channels[place]

    def add(self) -> int:
        self.number += 1
        self.app.store.enqueue(
            Alert(kind=AlertKind.CAPTURE_FAILED, dedupe_key=f"a:{self.number}", created_at=self.clock.now())
        )
        return self.app.store.alerts(limit=1)[0].id

    async def rounds(self, *steps: timedelta) -> None:
        for step in steps:
            self.clock.advance(step)
            await self.app.deliver()

    def notices(self) -> list[Alert]:
        return [one for one in self.app.store.alerts() if one.payload.get("switched_off")]

    def status_of(self, alert_id: int) -> AlertStatus:
        return next(one.status for one in self.app.store.alerts() if one.id == alert_id)


@asynccontextmanager
async def house(folder: Path, urls: str, helper: str = "") -> AsyncIterator[House]:
    hooks, clock = Hooks(), FakeClock()
    async with LoopbackServer(hooks) as server:
        mail = await asyncio.get_running_loop().create_server(lambda: SMTP(NobodyHere()), "127.0.0.1", 0)
        port = mail.sockets[0].getsockname()[1]
        places = {
            "A": f'"json://{server.address}/a"',
            "B": f'"json://{server.address}/b"',
            "MAIL": f'"mailto://127.0.0.1:{port}?from=me@example.org&to=you@example.org&mode=insecure"',
        }
        listed, helpers = (", ".join(places[one] for one in some.split()) for some in (urls, helper))
        (folder / "goodname.toml").write_text(
            f'[alerts]\nurls = [{listed}]\nhelper_urls = [{helpers}]\nquiet_hours = ""\n[web]\nbind = "off"\n'
        )
        async with mail, open_app(load_settings(folder / "goodname.toml"), clock=clock) as app:
            yield House(app, clock, hooks)


OVER_TEN_MINUTES = (timedelta(0), 5 * MINUTE, 6 * MINUTE)


@pytest.mark.parametrize("status", [404, 410, 401])
async def test_a_webhook_that_is_gone_is_switched_off_and_told_once(tmp_path, status):
    async with house(tmp_path, "A B") as town:
        town.hooks.status["/a"] = status
        first = town.add()
        await town.rounds(*OVER_TEN_MINUTES)
        (name, off), *more = channels.switched_off(town.app.store).items()
        assert (name, more) == (town.name(0), [])
        assert name in off.why or "refuse" in off.why
        await town.rounds(MINUTE, MINUTE, timedelta(hours=2), timedelta(days=2))
        assert len(town.notices()) == 1
        told = [body for path, body in town.hooks.taken if path == "/b" and "switched off" in body]
        assert len(told) == 1
        assert f"goodname notify enable {name}" in told[0]
        assert "Why: " in told[0]
        assert town.status_of(first) is AlertStatus.SENT, "it reached every channel that is on"


async def test_an_unknown_mail_recipient_is_switched_off(tmp_path):
    async with house(tmp_path, "MAIL B") as town:
        town.add()
        await town.rounds(*OVER_TEN_MINUTES)
        off = channels.switched_off(town.app.store)
        assert list(off) == [town.name(0)]
        tried = town.app.store.deliveries(channel=town.name(0))
        assert {one.outcome for one in tried} == {DeliveryOutcome.REFUSED}


async def test_what_it_missed_is_known_and_it_can_be_put_back(tmp_path):
    async with house(tmp_path, "A B") as town:
        town.hooks.status["/a"] = 404
        ids = [town.add()]
        await town.rounds(*OVER_TEN_MINUTES)
        ids.append(town.add())
        await town.rounds(MINUTE, timedelta(hours=2))
        (state, other) = channel_states(town.app.store, town.app.notifier)
        assert state.off_why
        assert state.missed == 2
        assert not other.off_why
        assert not any(path == "/a" for path, _ in town.hooks.taken)
        town.hooks.status["/a"] = 200
        was = put_back(town.app, town.name(0))
        assert was is not None
        assert channels.missed_on(town.app.store, town.name(0), was.since) == tuple(ids)
        town.add()
        await town.rounds(MINUTE)
        assert any(path == "/a" for path, _ in town.hooks.taken)
        assert channel_states(town.app.store, town.app.notifier)[0].missed == 0


async def test_put_back_but_not_mended_it_gets_its_three_refusals_anew(tmp_path):
    async with house(tmp_path, "A B") as town:
        town.hooks.status["/a"] = 404
        town.add()
        await town.rounds(*OVER_TEN_MINUTES)
        put_back(town.app, town.name(0))
        town.add()
        await town.rounds(MINUTE)
        assert not channels.switched_off(town.app.store)
        await town.rounds(5 * MINUTE, 6 * MINUTE)
        assert list(channels.switched_off(town.app.store)) == [town.name(0)]
        assert len(town.notices()) == 2


async def test_the_last_channel_stays_on_and_is_shown_as_failing(tmp_path):
    async with house(tmp_path, "A B", helper="MAIL") as town:
        town.hooks.status.update({"/a": 404, "/b": 410})
        alert = town.add()
        await town.rounds(*OVER_TEN_MINUTES)
        assert len(channels.switched_off(town.app.store)) == 1, "one of two that refuse is kept"
        states = channel_states(town.app.store, town.app.notifier)
        assert [one.is_refusing for one in states[:2]] == [not one.off_why for one in states[:2]]
        assert not states[2].off_why
        assert town.status_of(alert) is AlertStatus.PENDING, "it reached nobody, so it is tried on"


async def test_a_mishap_and_a_message_that_alone_is_refused_switch_nothing_off(tmp_path):
    async with house(tmp_path, "A B") as town:
        town.hooks.status["/a"] = 422
        town.add()
        await town.rounds(*OVER_TEN_MINUTES)
        assert not channels.switched_off(town.app.store)
        town.hooks.status["/a"] = 404
        town.add()
        await town.rounds(MINUTE, MINUTE, MINUTE)
        assert not channels.switched_off(town.app.store), "three times, but not for ten minutes"


async def test_a_channel_that_does_not_exist_cannot_be_put_back(tmp_path):
    async with house(tmp_path, "A") as town:
        with pytest.raises(InputError, match="There is no channel"):
            put_back(town.app, "nothing")


def tries(*outcomes: DeliveryOutcome, apart: timedelta = 5 * MINUTE) -> list[Delivery]:
    """Make tries on one channel from the oldest to the newest, and give the newest first."""
    made = [
        Delivery(alert_id=1, channel="a", attempt=place, outcome=outcome, delivered_at=NOW + place * apart)
        for place, outcome in enumerate(outcomes)
    ]
    return made[::-1]


@pytest.mark.parametrize(
    ("outcomes", "refuses"),
    [
        ("refused refused refused", True),
        ("sent refused refused refused", True),
        ("refused refused missed refused", True),
        ("refused refused", False),
        ("refused refused sent refused", False),
        ("refused refused refused sent", False),
        ("refused failed refused refused", False),
        ("", False),
    ],
)
def test_only_refusals_in_a_row_count(outcomes: str, refuses: bool) -> None:
    assert channels.refuses_for_good(tries(*map(DeliveryOutcome, outcomes.split()))) is refuses


def test_and_only_over_ten_minutes() -> None:
    quick = tries(*[DeliveryOutcome.REFUSED] * 5, apart=timedelta(minutes=2))
    assert not channels.refuses_for_good(quick)
