"""Each channel is told what its tags say, and nobody's silence swallows anything; on real webhooks and mail."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from monitor.bootstrap import open_app
from monitor.domain import Alert, AlertKind, AlertStatus, Level
from monitor.settings import load_settings
from monitor.testing import FakeClock, LoopbackServer, reply

KINDS = {
    "likely": (AlertKind.MATCH, Level.LIKELY, {}),
    "possible": (AlertKind.MATCH, Level.POSSIBLE, {}),
    "danger": (AlertKind.MATCH, Level.LIKELY, {"at_once": True}),
    "fault": (AlertKind.CAPTURE_FAILED, Level.NONE, {}),
}


class Inbox:
    """Take every mail."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mails.append(envelope.content)
        return "250 taken"


class Hooks:
    """Take every call but those to what is gone."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.taken: list[str] = []

    def __call__(self, received) -> bytes:
        if received.target in self.gone:
            return reply(b"", status=410)
        self.taken.append(received.target)
        assert json.loads(received.body)
        return reply(b"")


@pytest.fixture
async def town(tmp_path: Path):
    hooks, inbox, clock = Hooks(), Inbox(), FakeClock()
    async with LoopbackServer(hooks) as server:
        mail = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox), "127.0.0.1", 0)
        port = mail.sockets[0].getsockname()[1]
        urls = [
            f"likely=json://{server.address}/likely",
            f"danger,faults=json://{server.address}/faults",
            f"digest=mailto://127.0.0.1:{port}?from=me@example.org&to=you@example.org&mode=insecure",
        ]
        (tmp_path / "goodname.toml").write_text(
            f"[alerts]\nurls = {json.dumps(urls)}\nquiet_hours = ''\n"
            "group_every = '0s'\n[capture]\nbrowser = 'off'\n[web]\nbind = 'off'\n"
        )
        async with mail, open_app(load_settings(tmp_path / "goodname.toml"), clock=clock) as app:
            yield app, hooks, inbox, clock


def add(app, clock, name: str) -> int:
    kind, level, payload = KINDS[name]
    app.store.enqueue(Alert(kind=kind, dedupe_key=f"a:{name}", created_at=clock.now(), level=level, payload=payload))
    return app.store.alerts(limit=1)[0].id


def status_of(app, number: int) -> AlertStatus:
    return next(one.status for one in app.store.alerts() if one.id == number)


@pytest.mark.parametrize(
    ("name", "told"),
    [("likely", ["/likely"]), ("danger", ["/faults", "/likely"]), ("fault", ["/faults"]), ("possible", [])],
)
async def test_each_channel_is_told_what_it_takes(town, name, told):
    app, hooks, inbox, clock = town
    number = add(app, clock, name)
    await app.deliver()
    assert sorted(hooks.taken) == told
    assert inbox.mails == []
    assert status_of(app, number) is (AlertStatus.SENT if told else AlertStatus.FOLDED)


async def test_the_summary_goes_to_the_channel_that_takes_it(town):
    app, hooks, inbox, _ = town
    assert await app.messages.send_digest() == (1, 0)
    assert (hooks.taken, len(inbox.mails)) == ([], 1)


async def test_where_the_only_taker_is_switched_off_the_others_are_told(town):
    app, hooks, inbox, clock = town
    hooks.gone.add("/likely")
    add(app, clock, "likely")
    for step in (timedelta(0), timedelta(minutes=5), timedelta(minutes=6)):
        clock.advance(step)
        await app.deliver()
    assert app.manner.off
    clock.advance(timedelta(hours=1))
    while (await app.deliver()).is_going_on:
        continue
    assert "/faults" in hooks.taken
    assert inbox.mails, "the repeat itself went to who is left"
    assert {one.status for one in app.store.alerts()} == {AlertStatus.SENT}
