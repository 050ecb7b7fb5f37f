"""What every Notifier keeps: the same tests for the fake, webhooks and mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.domain import Message
from monitor.errors import DeliveryError
from monitor.notify import AppriseNotifier
from monitor.ports import Notifier
from monitor.testing.fakes import FakeNotifier

TEXT = "There is one new mention at town-forum.\n"
MESSAGE = Message(message_id="match-1@goodname.invalid", title="One new item", text=TEXT, html="<p>One new item</p>")


@dataclass
class Subject:
    """Hold a notifier with one channel, what arrived there, and ways to make it fail."""

    notifier: Notifier
    arrived: Callable[[], list[str]]
    fail_once: Callable[[], None]
    refuse: Callable[[], None]


@asynccontextmanager
async def fake() -> AsyncIterator[Subject]:
    notifier = FakeNotifier("one")
    error = DeliveryError("not now", channel="one", why="busy")
    refusal = DeliveryError("no", channel="one", permanent=True, why="closed")
    yield Subject(
        notifier,
        lambda: [message.message_id for _, message in notifier.sent],
        lambda: notifier.fail(error),
        lambda: notifier.fail(*[refusal] * 5),
    )


@asynccontextmanager
async def webhook() -> AsyncIterator[Subject]:
    arrived: list[str] = []
    answers: list[int] = []

    async def receive(request: web.Request) -> web.Response:
        body = await request.json()
        status = answers.pop(0) if answers else 200
        if status == 200:
            arrived.append(body["message_id"])
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    notifier = AppriseNotifier([f"json://127.0.0.1:{port}/hook"], paced=False)
    yield Subject(notifier, lambda: arrived, lambda: answers.append(503), lambda: answers.extend([403] * 5))
    await runner.cleanup()


@asynccontextmanager
async def mail() -> AsyncIterator[Subject]:
    arrived: list[str] = []
    replies: list[str] = []

    class Sink:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            if replies:
                return replies.pop(0)
            lines = envelope.content.decode("ascii").split("\r\n")
            arrived.extend(line[13:-1] for line in lines if line.startswith("Message-ID: <"))
            return "250 OK"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="mail.example"), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        notifier = AppriseNotifier([f"mailto://127.0.0.1:{port}?from=a@example.org"], paced=False)
        yield Subject(
            notifier, lambda: arrived, lambda: replies.append("451 later"), lambda: replies.extend(["550 no"] * 5)
        )


@pytest.fixture(params=[fake, webhook, mail], ids=lambda make: make.__name__)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    async with request.param() as made:
        yield made


async def test_a_message_arrives_with_its_id(subject: Subject) -> None:
    await subject.notifier.send(subject.notifier.channels[0], MESSAGE)
    assert subject.arrived() == [MESSAGE.message_id]


async def test_a_passing_fault_is_temporary_and_the_next_try_arrives(subject: Subject) -> None:
    (channel,) = subject.notifier.channels
    subject.fail_once()
    with pytest.raises(DeliveryError) as caught:
        await subject.notifier.send(channel, MESSAGE)
    assert caught.value.channel == channel
    assert not caught.value.permanent
    assert caught.value.why
    await subject.notifier.send(channel, MESSAGE)
    assert subject.arrived() == [MESSAGE.message_id]


async def test_a_refusal_is_permanent(subject: Subject) -> None:
    subject.refuse()
    with pytest.raises(DeliveryError) as caught:
        await subject.notifier.send(subject.notifier.channels[0], MESSAGE)
    assert caught.value.permanent
    assert subject.arrived() == []


async def test_a_channel_that_does_not_exist_refuses_for_good(subject: Subject) -> None:
    with pytest.raises(DeliveryError) as caught:
        await subject.notifier.send("nowhere", MESSAGE)
    assert caught.value.permanent
    assert subject.arrived() == []


async def test_channel_names_stay(subject: Subject) -> None:
    assert subject.notifier.channels == subject.notifier.channels
    assert len(subject.notifier.channels) == 1


async def test_many_at_once_all_arrive(subject: Subject) -> None:
    (channel,) = subject.notifier.channels
    messages = [Message(message_id=f"m-{n}@goodname.invalid", title="t", text=TEXT) for n in range(20)]
    await asyncio.gather(*(subject.notifier.send(channel, message) for message in messages))
    assert sorted(subject.arrived()) == sorted(message.message_id for message in messages)
