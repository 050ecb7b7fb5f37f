"""Sending a JSON object through the one client, against a real loopback server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from monitor.clock import SystemClock
from monitor.contract import Http
from monitor.errors import AddressForbidden, AuthenticationFailed, RateLimited, SourceChanged
from monitor.http import HttpClient
from monitor.testing import FakeHttp, LoopbackServer, answer, reply


@asynccontextmanager
async def _http(*servers: LoopbackServer) -> AsyncIterator[Http]:
    client = HttpClient(clock=SystemClock(), allow={server.address for server in servers}, user_agent="goodname/0")
    try:
        yield client.for_source("town", obey_robots=True)
    finally:
        await client.close()


async def test_the_object_arrives_whole_and_robots_is_not_asked() -> None:
    async with LoopbackServer(lambda _: reply('{"ok": true}')) as server, _http(server) as http:
        got = await http.post_json(server.url("/in"), json={"name": "ä", "n": 1}, headers={"X-Key": "k"})
    (received,) = server.received
    assert (received.method, received.target) == ("POST", "/in")
    assert received.headers["content-type"] == "application/json"
    assert received.headers["x-key"] == "k"
    assert json.loads(received.body) == {"name": "ä", "n": 1}
    assert json.loads(got.body) == {"ok": True}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(status: int) -> None:
    async with LoopbackServer(lambda _: reply("caught")) as other:
        script = lambda _: reply(status=status, headers={"Location": other.url("/")})  # noqa: E731
        async with LoopbackServer(script) as server, _http(server, other) as http:
            with pytest.raises(SourceChanged, match="redirects"):
                await http.post_json(server.url(), json={"password": "x"})
    assert other.received == []


async def test_private_addresses_are_not_contacted() -> None:
    async with LoopbackServer(lambda _: reply("{}")) as server, _http() as http:
        with pytest.raises(AddressForbidden):
            await http.post_json(server.url(), json={})
    assert server.received == []


async def test_statuses_mean_what_they_mean_for_get() -> None:
    answers = {"/401": (401, AuthenticationFailed), "/429": (429, RateLimited), "/400": (400, SourceChanged)}
    async with (
        LoopbackServer(lambda got: reply(status=answers[got.target][0], headers={"Connection": "close"})) as server,
        _http(server) as http,
    ):
        for path, (status, error) in answers.items():
            with pytest.raises(error):
                await http.post_json(server.url(path), json={})
            assert (await http.post_json(server.url(path), json={}, ok=frozenset({status}))).status == status


async def test_the_fake_does_the_same() -> None:
    http = FakeHttp({"https://a.example/in": answer(status=401)})
    with pytest.raises(AuthenticationFailed):
        await http.post_json("https://a.example/in", json={"name": "a"})
    assert http.asked[0].json == {"name": "a"}
    assert (await http.post_json("https://a.example/in", json={}, ok=frozenset({401}))).status == 401
