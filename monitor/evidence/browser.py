"""Run one Chromium for many captures: start it, give each capture a fresh context behind its own proxy, restart it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from monitor.evidence.memory import started_bytes
from monitor.evidence.proxies import BrowserProxy, ProxyFactory

_LOG = logging.getLogger("goodname.evidence")
VIEWPORT_WIDTH, VIEWPORT_HEIGHT = 1280, 900
_START_SECONDS = 30.0
_END_SECONDS = 8.0
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-pings",
    "--dns-prefetch-disable",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--font-render-hinting=none",
)


class BrowserUnavailable(Exception):
    """Chromium cannot be started, or ended by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Hold one capture's place in the browser."""

    context: BrowserContext
    proxy: BrowserProxy
    browser: Browser


class ChromiumPool:
    """Keep one Chromium running behind a guarded proxy; start it when first needed, and again after `restart_after`.

    It is started anew, too, when after a capture it holds more than `restart_above` bytes of memory and nobody uses it.
    Belongs to one event loop. As root Chromium refuses its sandbox, so it is switched off then, and `options` says so.
    """

    def __init__(self, executable: Path, *, proxy: ProxyFactory, restart_after: int, restart_above: int) -> None:
        self._executable = executable
        self._make_proxy = proxy
        self._restart_after = restart_after
        self._restart_above = restart_above
        self._is_root = os.geteuid() == 0
        self._change = asyncio.Condition()
        self._active = 0
        self._used = 0
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._own_proxy: BrowserProxy | None = None

    @property
    def options(self) -> dict[str, str]:
        """Say how the browser is started, for the manifest."""
        return {
            "flags": " ".join(_FLAGS),
            "sandbox": "off (running as root)" if self._is_root else "on",
            "viewport": f"{VIEWPORT_WIDTH}x{VIEWPORT_HEIGHT}",
            "timezone": "UTC",
            "service_workers": "blocked",
            "downloads": "refused",
        }

    @property
    def software(self) -> dict[str, str]:
        """Name the browser and the library that drives it."""
        chromium = self._browser.version if self._browser is not None else ""
        return {"chromium": chromium, "playwright": version("playwright")}

    @asynccontextmanager
    async def room(self, *, scripts: bool, check_tls: bool) -> AsyncIterator[Room]:
        """Give a fresh context; BrowserUnavailable when there is no browser to give it."""
        browser = await self._enter()
        proxy = self._make_proxy()
        context: BrowserContext | None = None
        try:
            address = await proxy.start()
            context = await self._context(browser, address, scripts=scripts, check_tls=check_tls)
            yield Room(context=context, proxy=proxy, browser=browser)
        finally:
            await _end(context.close() if context is not None else None)
            await proxy.close()
            await self._leave()

    async def close(self) -> None:
        """End the browser and its helper process; idempotent."""
        async with self._change:
            await self._stop()
            playwright, self._playwright = self._playwright, None
            await _end(playwright.stop() if playwright is not None else None)

    async def _context(self, browser: Browser, proxy: str, *, scripts: bool, check_tls: bool) -> BrowserContext:
        try:
            return await browser.new_context(
                viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT},
                # Chromium goes around a proxy for loopback addresses unless it is told not to.
                proxy={"server": proxy, "bypass": "<-loopback>"},
                timezone_id="UTC",
                service_workers="block",
                accept_downloads=False,
                java_script_enabled=scripts,
                ignore_https_errors=not check_tls,
                reduced_motion="reduce",
                color_scheme="light",
            )
        except PlaywrightError as fault:
            raise BrowserUnavailable(first_line(fault)) from fault

    async def _enter(self) -> Browser:
        async with self._change:
            while self._is_worn and self._active:
                await self._change.wait()
            if self._is_worn or self._browser is None or not self._browser.is_connected():
                await self._stop()
                self._browser = await self._start()
                self._used = 0
            self._active += 1
            self._used += 1
            return self._browser

    async def _leave(self) -> None:
        async with self._change:
            self._active -= 1
            if not self._active and await asyncio.to_thread(started_bytes) > self._restart_above:
                _LOG.info("the browser holds much memory and is started anew", extra={"captures": self._used})
                self._used = self._restart_after
            self._change.notify_all()

    @property
    def _is_worn(self) -> bool:
        return self._used >= self._restart_after

    async def _start(self) -> Browser:
        self._own_proxy = self._make_proxy()
        try:
            address = await self._own_proxy.start()
            if self._playwright is None:
                self._playwright = await _start_driver()
            return await self._playwright.chromium.launch(
                executable_path=self._executable,
                headless=True,
                args=list(_FLAGS),
                chromium_sandbox=not self._is_root,
                proxy={"server": address, "bypass": "<-loopback>"},
                timeout=_START_SECONDS * 1000,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except (PlaywrightError, BrowserUnavailable) as fault:
            await self._own_proxy.close()
            raise BrowserUnavailable(f"Chromium could not be started: {first_line(fault)}") from fault

    async def _stop(self) -> None:
        browser, self._browser = self._browser, None
        proxy, self._own_proxy = self._own_proxy, None
        if not await _end(browser.close() if browser is not None else None):
            # A browser that does not end by itself ends with the helper process that started it.
            playwright, self._playwright = self._playwright, None
            await _end(playwright.stop() if playwright is not None else None)
        if proxy is not None:
            await proxy.close()


async def _start_driver() -> Playwright:
    """Start Playwright's helper process; BrowserUnavailable when it ends at once, as without one of its libraries."""
    # Playwright raises a bare Exception when its helper process dies, so whatever comes is taken as a value.
    try:
        async with asyncio.timeout(_START_SECONDS):
            (started,) = await asyncio.gather(async_playwright().start(), return_exceptions=True)
    except TimeoutError as fault:
        raise BrowserUnavailable("Playwright's driver does not start in time") from fault
    if isinstance(started, BaseException):
        raise BrowserUnavailable("Playwright's driver does not start") from started
    return started


async def _end(ending: Coroutine[object, object, None] | None) -> bool:
    """Wait for something to end, but not for ever; tell whether it did: a hung browser must not hold anybody up."""
    if ending is None:
        return True
    try:
        async with asyncio.timeout(_END_SECONDS):
            await ending
    except PlaywrightError:
        return True  # it has ended already
    except TimeoutError:
        _LOG.warning("the browser does not end", extra={"outcome": "timeout"})
        return False
    return True


def first_line(fault: Exception) -> str:
    """Give what a Playwright error says, without its call log and its method's name."""
    line = str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
    return line.rpartition(": ")[2][:300] if line.startswith(("Page.", "Browser", "Frame.")) else line[:300]
