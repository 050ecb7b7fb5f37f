"""Signed webhooks over a real socket: what a receiver checks, and how refusals are understood."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from monitor.domain import Message
from monitor.errors import ConfigError, DeliveryError
from monitor.http import HttpClient
from monitor.notify import AppriseNotifier
from monitor.testing import FakeClock, LoopbackServer, reply

SECRET = "a-secret-of-sixteen-and-more"
MESSAGE = Message(
    message_id="match-1@goodname.invalid", title="One new item\r\nX-Evil: 1", text="a\x00b \ud800 <b>", html="<p>"
)


def sign(key: bytes, head, body: bytes) -> str:
    """Sign as the specification tells a receiver to."""
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


async def send(answers, url="hook://:{secret}@{address}/in?x=1", *, secret=SECRET, allow=True):
    async with LoopbackServer(lambda received: answers.pop(0)) as server:
        clock = FakeClock()
        client = HttpClient(clock=clock, allow={server.address} if allow else (), user_agent="goodname/1")
        try:
            http = client.for_source("webhook", obey_robots=False)
            notifier = AppriseNotifier([url.format(secret=secret, address=server.address)], clock=clock, http=http)
            await notifier.send(notifier.channels[0], MESSAGE)
            return server.received, notifier.channels[0], clock
        finally:
            await client.close()


@pytest.mark.parametrize(
    ("secret", "key"),
    [(SECRET, SECRET.encode()), ("whsec_" + base64.b64encode(b"k" * 24).decode(), b"k" * 24)],
    ids=["plain", "whsec"],
)
async def test_a_receiver_can_check_the_call(secret, key):
    (received,), name, clock = await send([reply(b"")], secret=secret.replace("=", "%3D"))
    head = received.headers
    assert received.target == "/in?x=1"
    assert head["webhook-signature"] == sign(key, head, received.body)
    assert head["webhook-signature"] != sign(b"another key, just as long", head, received.body)
    assert int(head["webhook-timestamp"]) == int(clock.now().timestamp())
    assert head["webhook-id"] == head["idempotency-key"] == MESSAGE.message_id
    told = json.loads(received.body)
    assert told["id"] == MESSAGE.message_id
    assert (told["title"], told["text"]) == ("One new item X-Evil: 1", "a\ufffdb \ufffd <b>")
    assert "x-evil" not in head
    assert "authorization" not in head
    assert secret not in name
    assert secret.encode() not in received.body


@pytest.mark.parametrize(
    ("status", "is_permanent"),
    [(503, False), (429, False), (500, False), (401, True), (404, True), (410, True), (302, True)],
)
async def test_refusals(status, is_permanent):
    with pytest.raises(DeliveryError) as caught:
        await send([reply(b"no", status=status, headers={"Location": "https://elsewhere.example/"})])
    assert caught.value.permanent is is_permanent
    assert SECRET not in f"{caught.value.what} {caught.value.why} {caught.value.try_}"


async def test_a_private_address_must_be_listed():
    with pytest.raises(DeliveryError) as caught:
        await send([reply(b"")], allow=False)
    assert caught.value.permanent
    assert "allow" in caught.value.try_


@pytest.mark.parametrize(
    "url", ["hooks://host.example/x", "hooks://:short@host.example/x", "hooks://:whsec_%%%@h/x", "hooks://"]
)
def test_an_address_that_cannot_be_used_is_named_by_its_place(url):
    client = HttpClient(clock=FakeClock(), allow=(), user_agent="x")
    with pytest.raises(ConfigError) as caught:
        AppriseNotifier([url], http=client.for_source("webhook", obey_robots=False))
    assert "alerts.urls[1]" in caught.value.why
    assert "short" not in caught.value.why
