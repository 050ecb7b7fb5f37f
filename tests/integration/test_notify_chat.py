"""Send hostile texts as two chat services write them, to a loopback server that speaks their part."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from monitor.domain import Message
from monitor.notify import AppriseNotifier

TOKEN = "a" * 24


@pytest.fixture
async def room() -> AsyncIterator[tuple[int, list[dict[str, object]]]]:
    bodies: list[dict[str, object]] = []

    async def receive(request: web.Request) -> web.Response:
        bodies.append(json.loads(await request.text()))
        return web.json_response({"id": 1})

    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/{path:.*}", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], bodies
    await runner.cleanup()


@pytest.fixture(scope="module")
def hostile(request: pytest.FixtureRequest) -> list[str]:
    shared: Path = request.getfixturevalue("shared_data")
    strings = json.loads((shared / "hostile/text/blns.json").read_text("utf-8"))
    odd = ["\ud800", "x" * 5000, "Z" + "\u0301" * 500, "@everyone <!channel> <@U123>", "**@here**", "\0", "", "`a` | b"]
    return [*odd, *strings]


@pytest.mark.parametrize(
    ("url", "field"), [("mmost://127.0.0.1:{port}/" + TOKEN, "text"), ("gotify://127.0.0.1:{port}/" + TOKEN, "message")]
)
async def test_all_arrive_bounded_and_call_out_to_nobody(
    room: tuple[int, list[dict[str, object]]], hostile: list[str], url: str, field: str
) -> None:
    port, bodies = room
    notifier = AppriseNotifier([url.format(port=port)], paced=False)
    messages = [Message(message_id=f"m-{n}@x.invalid", title=text, text=text) for n, text in enumerate(hostile)]
    await asyncio.gather(*(notifier.send(notifier.channels[0], message) for message in messages))
    assert len(bodies) == len(messages)
    for body in bodies:
        said = str(body[field])
        assert said.strip()
        assert len(said) <= 20_300
        assert not any(call in said for call in ("@everyone", "@here", "<!channel", "<@U123"))
