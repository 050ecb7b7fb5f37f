"""A small web of odd pages on the loopback address, and a capturer with a real Chromium behind the real guard."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio
from aiohttp import web

from monitor.domain import Capture, CaptureRequest, Observed
from monitor.evidence import BrowserCapturer, FileVault, find_chromium
from monitor.http import HttpClient, HttpLimits
from monitor.http.proxy import GuardedProxy

IN_CI = bool(os.environ.get("CI"))


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """Draw a one-coloured picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@dataclass
class Site:
    """Serve what a test puts into it; `url` is its address, `hits` are the paths asked for, in order."""

    url: str
    pages: dict[str, str | bytes | Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    hits: list[str] = field(default_factory=list)

    def page(self, path: str, body: str, *, title: str = "A forum") -> str:
        self.pages[path] = f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head>{body}</html>"
        return self.url + path

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(request.path)
        found = self.pages.get(request.path)
        if found is None:
            return web.Response(status=404, text="<h1>Page not found</h1>", content_type="text/html")
        if isinstance(found, str):
            return web.Response(text=found, content_type="text/html")
        if isinstance(found, bytes):
            return web.Response(body=found, content_type="image/png")
        return await found(request)


async def _serve(tls: ssl.SSLContext | None = None) -> tuple[Site, web.AppRunner]:
    site = Site(url="")
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await listener.start()
    port = runner.addresses[0][1]
    site.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    return site, runner


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site() -> AsyncIterator[Site]:
    served, runner = await _serve()
    yield served
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def secret_site() -> AsyncIterator[Site]:
    """Serve on an address that is not on the allow list."""
    served, runner = await _serve()
    yield served
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def tls_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Serve with a certificate that nobody vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    done = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "cert"),
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await done.wait() == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    served, runner = await _serve(context)
    yield served
    await runner.cleanup()


@pytest.fixture(scope="module")
def clock() -> RealClock:
    return RealClock()


@pytest.fixture(scope="module")
def chromium() -> Path:
    found = find_chromium("auto")
    if found is None:
        pytest.skip("Chromium is not installed")
    return found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def http(site: Site, tls_site: Site) -> AsyncIterator[HttpClient]:
    allow = [address.url.partition("://")[2] for address in (site, tls_site)]
    limits = HttpLimits(min_interval=timedelta(0), deadline=timedelta(seconds=2))
    client = HttpClient(clock=RealClock(), allow=allow, user_agent="goodname/0 (test)", limits=limits)
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def capturer(http: HttpClient, chromium: Path) -> AsyncIterator[BrowserCapturer]:
    made = BrowserCapturer(
        http=http.for_source("evidence", obey_robots=False),
        clock=RealClock(),
        chromium=chromium,
        proxy=lambda: GuardedProxy(http.guard),
        max_seconds=40,
    )
    yield made
    await made.close()


@dataclass
class Kept:
    """Hold one finished capture and where it lies."""

    observed: Observed
    capture: Capture
    folder: Path
    vault: FileVault

    def body(self, name: str) -> bytes:
        return self.vault.read(self.capture.id, name)

    @property
    def names(self) -> set[str]:
        return {artifact.path for artifact in self.capture.artifacts}

    def size(self, name: str) -> tuple[int, int]:
        """Give a picture's width and height."""
        width, height = struct.unpack(">II", self.body(name)[16:24])
        return width, height


Keeper = Callable[..., Awaitable[Kept]]


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault(tmp_path / "evidence", clock=RealClock(), actor="test", reserve_bytes=1)


@pytest.fixture
def keep(capturer: BrowserCapturer, vault: FileVault, tmp_path: Path) -> Keeper:
    """Give a function that captures one address, seals it, and checks that the whole vault is intact."""

    async def run(url: str, *quotes: str, by: BrowserCapturer | None = None, **more: object) -> Kept:
        request = CaptureRequest(id=1, mention_id=1, revision=1, url=url, quotes=quotes, **more)
        staging = vault.stage(request, RealClock().now())
        try:
            observed = await (by or capturer).capture(request, staging)
            capture = vault.commit(staging, request, observed)
        finally:
            staging.discard()
        assert vault.verify().is_intact
        return Kept(observed, capture, tmp_path / "evidence" / "captures" / capture.id, vault)

    return run


@pytest.fixture
def picture() -> Callable[..., bytes]:
    return png


Replayer = Callable[[Path], str]


@pytest.fixture
def replayer(tmp_path: Path) -> Iterator[Replayer]:
    """Give a function that serves a WACZ by a real pywb, with the WACZ's own index, as a proxy on the loopback address.

    Nothing but what the file holds can come out of it.
    """
    program = Path(sys.prefix) / "tools" / "replay" / "bin" / "wayback"
    if not program.exists():
        (pytest.fail if IN_CI else pytest.skip)("the replayer for tests is not installed: scripts/setup.sh dev")
    running: list[subprocess.Popen[bytes]] = []

    def serve(wacz: Path) -> str:
        folder = tmp_path / f"replay-{len(running)}"
        with zipfile.ZipFile(wacz) as archive:
            archive.extractall(folder)
        paths = f"{{index_paths: {folder}/indexes/index.cdxj, archive_paths: {folder}/archive/}}"
        settings = (
            f"collections: {{kept: {paths}}}\nproxy: {{coll: kept, enable_banner: false, enable_wombat: false}}\n"
        )
        (folder / "config.yaml").write_text(settings)
        (folder / "index.html").unlink(missing_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [str(program), "-b", "127.0.0.1", "-p", str(port), "-d", str(folder)]
        with (folder / "log").open("wb") as log:
            running.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder))
        for _ in range(300):
            assert running[-1].poll() is None, (folder / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return f"http://127.0.0.1:{port}"
            time.sleep(0.1)  # it says in no other way that it listens
        raise AssertionError((folder / "log").read_text())

    yield serve
    for process in running:
        process.terminate()
        process.wait(20)
