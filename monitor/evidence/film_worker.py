"""Fetch the films of one page with yt-dlp, in a process of its own that can do little else; run as a program.

Reads one JSON order from standard input, writes files into its working folder and one JSON list to standard output.
Stands alone, so that nothing else of the product is loaded beside what others' pages are fed to. What breaks, breaks
it: the words on standard error's last line are the reason, and whoever started it judges the files.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from typing import Any

_MEMORY = 1 << 30
_OPEN_FILES = 64
_MOST_FILMS = 4
_FORBIDDEN = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork", "os.forkpty", "ctypes.dlopen")


class Forbidden(OSError):
    """Something was tried that fetching a film does not need; taken for a program or network that is not there."""


def confine(proxy: tuple[str, int], *, seconds: int, file_bytes: int) -> None:
    """Bound memory, processor time and file sizes of this process, and let it speak to the proxy alone."""
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise Forbidden(f"{event} is not allowed here")
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind") and args[1] != proxy:
            raise Forbidden(f"{event} to anything but the proxy is not allowed")
        if event == "socket.getaddrinfo" and args[0] not in (proxy[0], None):
            raise Forbidden("names are looked up by the proxy")

    sys.addaudithook(watch)


def fetch(order: Mapping[str, Any]) -> list[dict[str, str]]:
    """Confine this process and fetch what the page plays; give each file's name, source and protocol."""
    # Loaded before the limits, since loading asks the system for libraries, and only for the work itself.
    from yt_dlp import YoutubeDL  # noqa: PLC0415
    from yt_dlp.utils import DownloadCancelled  # noqa: PLC0415

    most, sizes = int(order["max_bytes"]), dict[str, int]()
    proxy = str(order["proxy_host"]), int(order["proxy_port"])
    confine(proxy, seconds=int(order["cpu_seconds"]), file_bytes=most + (1 << 20))

    def weigh(progress: Mapping[str, Any]) -> None:
        sizes[str(progress.get("filename"))] = int(progress.get("downloaded_bytes") or 0)
        if sum(sizes.values()) > most:
            raise DownloadCancelled(f"the films are larger than {most >> 20} MB together")

    with YoutubeDL(_options(order) | {"progress_hooks": [weigh]}) as loader:
        found = loader.extract_info(str(order["url"]))
    entries = [one for one in found.get("entries") or [found] if one] if found else []
    return [_described(one) for entry in entries for one in entry.get("requested_downloads") or ()]


def _options(order: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "proxy": order["proxy"],
        "format": "b/(bv,ba)",  # one whole file, else picture and sound as two: nothing is put together here
        "outtmpl": "film-%(autonumber)02d.%(ext)s",
        "restrictfilenames": True,
        "max_filesize": int(order["max_bytes"]),
        "playlist_items": f"1:{_MOST_FILMS}",
        "match_filter": _no_live,
        "fixup": "never",
        "hls_prefer_native": True,
        "ffmpeg_location": "/nonexistent",
        "js_runtimes": {},
        "cachedir": False,
        "updatetime": False,
        "continuedl": False,
        "nopart": False,
        "retries": 1,
        "fragment_retries": 1,
        "skip_unavailable_fragments": False,
        "extractor_retries": 1,
        "socket_timeout": 15,
        "noprogress": True,
        "quiet": True,
        "no_warnings": True,
        "color": "no_color",
        "logtostderr": True,
    }


def _no_live(info: Mapping[str, Any], *, incomplete: bool = False) -> str | None:
    del incomplete
    return "the stream is live and has no end yet" if info.get("is_live") else None


def _described(one: Mapping[str, Any]) -> dict[str, str]:
    names = {"file": "filepath", "url": "url", "protocol": "protocol"}
    return {name: str(one.get(key) or "") for name, key in names.items()}


if __name__ == "__main__":
    json.dump(fetch(json.load(sys.stdin)), sys.stdout)
