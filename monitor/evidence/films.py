"""Keep the films that a page plays from a stream, or that are too large to be kept beside the page.

yt-dlp finds and fetches them in a process of its own, with limits, through a guarded proxy. Its word counts for
nothing: what it left behind is looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from monitor.domain import ArtifactRole, Origin
from monitor.evidence.proxies import ProxyFactory
from monitor.evidence.sight import Sight
from monitor.ports import Staging
from monitor.text.clean import clean_text

MAX_BYTES = 200 * 1024 * 1024
MAX_SECONDS = 90.0

_WORKER = Path(__file__).with_name("film_worker.py")
_CPU_SECONDS = 60
_BLOCK = 1 << 20
_SAID_CAP = 200_000
_DIRECT = frozenset({"http", "https"})
_UNFINISHED = (".part", ".ytdl", ".temp")
_NOT_INSTALLED = "a film on the page is not kept: install goodname[media]"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fetched:
    """Hold what the process said of one file; nothing of it is believed before the file was looked at."""

    url: str
    protocol: str


class FilmKeeper:
    """Fetch a page's films within `max_seconds` and `max_bytes` for all of them together.

    `proxy` makes the guarded loopback proxy that is the process's only way out.
    """

    def __init__(self, proxy: ProxyFactory, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> None:
        self._make_proxy = proxy
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds

    async def keep(self, url: str, sight: Sight, staging: Staging) -> int:
        """Fetch the films of a page into the staging area, give how many; what is not kept is named in the sight.

        Without more than a hint of a film that it was not found is a lesser thing.
        """
        tell = sight.gap if sight.has_film or sight.lost_recordings else sight.note
        loader = _loader_version()
        if not loader:
            tell(_NOT_INSTALLED)
            return 0
        sight.options["films_by"] = f"yt-dlp {loader}"
        with tempfile.TemporaryDirectory(prefix="goodname-film-") as name:
            said, why = await self._fetch(url, Path(name), sight)
            kept = await asyncio.to_thread(self._take, Path(name), said, sight, staging)
        if why or not kept:
            size = f"none was found, or it is larger than {self._max_bytes / (1 << 20):.0f} MB"
            tell(f"a film on the page is not kept: {why or size}")
        return kept

    async def _fetch(self, url: str, folder: Path, sight: Sight) -> tuple[dict[str, _Fetched], str]:
        proxy = self._make_proxy()
        try:
            return await self._run(url, await proxy.start(), folder)
        finally:
            sight.blocked = tuple(dict.fromkeys((*sight.blocked, *proxy.blocked)))
            await proxy.close()

    async def _run(self, url: str, proxy: str, folder: Path) -> tuple[dict[str, _Fetched], str]:
        """Run the process to its end or its time; give what it said of each file, and why it failed or nothing."""
        place = urlsplit(proxy)
        order = {
            "url": url,
            "proxy": proxy,
            "proxy_host": place.hostname,
            "proxy_port": place.port,
            "max_bytes": self._max_bytes,
            "cpu_seconds": _CPU_SECONDS,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(_WORKER),
            cwd=folder, env=_environment(folder), start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._max_seconds):
                said, complaint = await process.communicate(json.dumps(order).encode())
        except TimeoutError:
            return {}, f"it was not fetched within {self._max_seconds:.0f} s"
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            return {}, _last_line(complaint) or f"the program that fetches films ended with {process.returncode}"
        return _read(said), ""

    def _take(self, folder: Path, said: Mapping[str, _Fetched], sight: Sight, staging: Staging) -> int:
        kept, left = 0, self._max_bytes
        for name in sorted(os.listdir(folder)):
            path = folder / name
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode) or name.endswith(_UNFINISHED) or not name.startswith("film-"):
                continue
            media_type, suffix = film_type(_beginning(path))
            if not media_type:
                sight.gap("what was fetched as a film is none")
            elif status.st_size > left:
                sight.gap(f"a film of {status.st_size} bytes is more than is kept")
            else:
                kept, left = kept + 1, left - status.st_size
                facts = said.get(name, _Fetched(url="", protocol="unknown"))
                origin = Origin.REFETCHED if facts.protocol in _DIRECT else Origin.ASSEMBLED
                artifact = staging.add(
                    ArtifactRole.MEDIA, f"film-{kept:02d}{suffix}", media_type, origin, _chunks(path)
                )
                sight.options[artifact.path] = f"{facts.protocol} {clean_text(facts.url)[:500]}"
        return kept


def film_type(beginning: bytes) -> tuple[str, str]:
    """Tell the media type and file extension of a film or sound by its first bytes; empty strings when it is none."""
    if beginning[4:8] == b"ftyp":
        is_sound = beginning[8:11] == b"M4A"
        return ("audio/mp4", ".m4a") if is_sound else ("video/mp4", ".mp4")
    if beginning[:1] == b"G" and beginning[188:189] in (b"G", b""):
        return "video/mp2t", ".ts"
    if beginning[:4] == b"RIFF":
        return ("audio/wav", ".wav") if beginning[8:12] == b"WAVE" else ("", "")
    for sign, media_type, suffix in (
        (b"\x1aE\xdf\xa3", "video/webm", ".webm"),
        (b"OggS", "application/ogg", ".ogg"),
        (b"ID3", "audio/mpeg", ".mp3"),
        (b"\xff\xfb", "audio/mpeg", ".mp3"),
        (b"\xff\xf1", "audio/aac", ".aac"),
        (b"FLV\x01", "video/x-flv", ".flv"),
    ):
        if beginning.startswith(sign):
            return media_type, suffix
    return "", ""


def _loader_version() -> str:
    try:
        return version("yt-dlp")
    except PackageNotFoundError:
        return ""


def _environment(folder: Path) -> dict[str, str]:
    """Give the process no programs, no home, no plugins: what it reads of itself lies in its empty folder."""
    home = str(folder)
    return {"PATH": "", "HOME": home, "XDG_CONFIG_HOME": home, "TMPDIR": home, "LC_ALL": "C", "YTDLP_NO_PLUGINS": "1"}


def _last_line(complaint: bytes) -> str:
    lines = [line.strip() for line in complaint[-4000:].decode("utf-8", "replace").splitlines() if line.strip()]
    words = clean_text(lines[-1])[:300] if lines else ""
    return words.removeprefix("yt_dlp.utils.").removeprefix("DownloadError: ").removeprefix("ERROR: ")


def _read(said: bytes) -> dict[str, _Fetched]:
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        entries = json.loads(said[:_SAID_CAP])
        return {Path(one["file"]).name: _Fetched(url=one["url"], protocol=one["protocol"]) for one in entries}
    return {}


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(256)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
