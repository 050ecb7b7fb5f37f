"""Keep a page as a person would see it, with a real browser; whatever happens, end with an honest account."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.contract import Http
from monitor.domain import CaptureRequest, Observed
from monitor.evidence.browser import BrowserUnavailable, ChromiumPool
from monitor.evidence.films import FilmKeeper
from monitor.evidence.keep import PageKeeper
from monitor.evidence.plain import keep_plainly, keep_source
from monitor.evidence.proxies import ProxyFactory
from monitor.evidence.sight import Limits, Sight
from monitor.evidence.visit import BadCertificate, PageLost, PageStuck, Visit, VisitFailed
from monitor.ports import Clock, Staging
from monitor.text.links import is_web_url

_TRIES = 4
_NOT_THE_FILM = frozenset({"comment", "review"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mode:
    scripts: bool = True
    check_tls: bool = True


class BrowserCapturer:
    """Keep pages with Chromium: pictures, text, content, and the post's own images.

    Belongs to one event loop. `proxy` makes a guarded loopback proxy for each capture and one for the browser itself;
    nothing the browser does goes past them. At most `parallel` captures run at once, the others wait. The browser is
    started when first needed and again after `restart_after` captures, a crash, or when it holds more than
    `restart_above` bytes of memory after a capture. `max_seconds` bounds the browser's
    part of one capture, `max_bytes` what a page may load, `max_height` its picture in pixels. When the browser cannot
    show the page, what the server sends is kept instead. `films` fetches what the page plays and is not kept beside it;
    that takes time of its own, after the browser's.
    """

    def __init__(
        self,
        *,
        http: Http,
        clock: Clock,
        chromium: Path,
        proxy: ProxyFactory,
        max_seconds: float = 45.0,
        max_bytes: int = 100 * 1024 * 1024,
        max_height: int = 16_000,
        parallel: int = 2,
        restart_after: int = 50,
        restart_above: int = 900 * 1024 * 1024,
        films: FilmKeeper | None = None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._pool = ChromiumPool(chromium, proxy=proxy, restart_after=restart_after, restart_above=restart_above)
        self._limits = Limits(seconds=max_seconds, load_bytes=max_bytes, height=max_height)
        self._slots = asyncio.Semaphore(parallel)
        self._films = films

    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        """Keep one page; CaptureFailed only when neither browser nor plain fetching got anything to keep."""
        await keep_source(request, staging)
        now = self._clock.now()
        sight = Sight(request=request, started_at=now, captured_at=now)
        async with self._slots:
            if is_web_url(request.url):
                await self._look(sight, staging)
            else:
                sight.gap("the address is no web page")
        if not sight.has_page:
            return await keep_plainly(self._http, self._clock, request, staging, why=tuple(sight.gaps))
        await self._keep_films(sight, staging)
        return await asyncio.to_thread(sight.observed, self._options())

    async def close(self) -> None:
        """End the browser, if one runs; idempotent."""
        await self._pool.close()

    async def _keep_films(self, sight: Sight, staging: Staging) -> None:
        """Fetch films that are not kept yet; one above a comment is no part of what was said in the comment."""
        if sight.wants_film and self._films is not None:
            if sight.request.facts.get("kind") in _NOT_THE_FILM and not sight.lost_recordings:
                sight.note("the film on the page is not kept: what was found is a comment below it")
            elif await self._films.keep(sight.final_url or sight.request.url, sight, staging):
                return
        for words in sight.lost_recordings:
            sight.gap(words)

    def _options(self) -> dict[str, str]:
        limits = self._limits
        return {
            **self._pool.options,
            "max_seconds": f"{limits.seconds:.0f}",
            "max_load_bytes": str(limits.load_bytes),
            "max_picture_height": str(limits.height),
        }

    async def _look(self, sight: Sight, staging: Staging) -> None:
        """Visit the page, again in another way if need be, within the time there is."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                mode: _Mode | None = _Mode()
                for _ in range(_TRIES):
                    if mode is None:
                        break
                    mode = await self._try(mode, sight, staging)
        except TimeoutError:
            sight.gap(f"the capture was stopped after {self._limits.seconds:.0f} s")

    async def _try(self, mode: _Mode, sight: Sight, staging: Staging) -> _Mode | None:
        """Visit once; give the way to try next, or None when it is over."""
        sight.scripts_ran = mode.scripts
        sight.options["scripts"] = "on" if mode.scripts else "off"
        sight.options["certificate_checked"] = "yes" if mode.check_tls else "no"
        before = list(sight.gaps)
        try:
            await self._visit(mode, sight, staging)
        except BadCertificate as fault:
            sight.gap(f"{fault}; nobody vouches that this is the site it claims to be")
            return replace(mode, check_tls=False) if mode.check_tls else None
        except PageStuck as fault:
            sight.gap(f"{fault}; it is kept without running them")
            return replace(mode, scripts=False) if mode.scripts else None
        except PageLost as fault:
            if "retried_after" not in sight.options and not sight.has_page:
                sight.gaps[:] = before
                sight.options["retried_after"] = str(fault)
                return mode
            sight.gap(f"{fault} while it was kept")
        except (VisitFailed, BrowserUnavailable) as fault:
            sight.gap(str(fault))
        return None

    async def _visit(self, mode: _Mode, sight: Sight, staging: Staging) -> None:
        async with self._pool.room(scripts=mode.scripts, check_tls=mode.check_tls) as room:
            sight.software = self._pool.software
            visit = await Visit.begin(room, sight, self._limits, self._clock)
            try:
                await visit.go()
                await PageKeeper(visit, staging, self._http).keep()
            finally:
                await visit.leave()
