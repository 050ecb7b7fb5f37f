"""A page cannot send a datagram past the guard; without the guard's flags the same page does."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from monitor.evidence import find_chromium

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUOTE = "FIRST LAST stole money from patients"


class Ear:
    """Listen for datagrams on the loopback address."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    def heard(self) -> int:
        count = 0
        while True:
            try:
                self._socket.recv(2048)
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear()
    yield listening
    listening.close()


def calling(port: int) -> str:
    servers = ", ".join(
        f"{{urls: '{kind}:127.0.0.1:{port}', username: 'u', credential: 'c'}}" for kind in ("stun", "turn")
    )
    return f"""<body><p>{QUOTE}</p><script>
    const call = new RTCPeerConnection({{iceServers: [{servers}]}});
    call.createDataChannel('d');
    call.createOffer().then(offer => call.setLocalDescription(offer));
    </script>"""


async def test_a_call_out_by_webrtc_sends_nothing(site, keep, ear) -> None:
    kept = await keep(site.page("/call", calling(ear.port)), QUOTE)
    assert QUOTE in kept.body("page.txt").decode()
    assert ear.heard() == 0


async def test_without_the_guard_the_same_page_calls_out(site, ear) -> None:
    """Else the test above could not fail."""
    url = site.page("/call", calling(ear.port))
    chromium = find_chromium("auto")
    assert chromium is not None
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=Path(chromium), headless=True, chromium_sandbox=os.geteuid() != 0
        )
        page = await browser.new_page()
        await page.goto(url)
        heard = 0
        for _ in range(50):
            heard += ear.heard()
            if heard:
                break
            await asyncio.sleep(0.1)
        await browser.close()
    assert heard > 0
