"""Keep the pictures of a post, and name files by what they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from monitor.contract import Http
from monitor.domain import ArtifactRole, Origin
from monitor.errors import ConnectorError, FetchError
from monitor.ports import Staging
from monitor.text.links import is_web_url

MAX_IMAGES = 12
MAX_IMAGE_BYTES = 8 * 1024 * 1024
MAX_ALL_BYTES = 30 * 1024 * 1024

_EXTENSIONS = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "text/plain": ".txt",
    "text/xml": ".xml",
    "application/xml": ".xml",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "application/json": ".json",
    "application/feed+json": ".json",
    "application/ld+json": ".json",
    "application/pdf": ".pdf",
    "message/rfc822": ".eml",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/svg+xml": ".svg",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/ogg": ".ogv",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
}

Seen = Callable[[str], Awaitable[tuple[bytes, str] | None]]
"""Give the bytes and media type that a browser already has for an address, or None."""


@dataclass(slots=True)
class _Kept:
    count: int = 0
    size: int = 0
    missing: list[str] = field(default_factory=list)


def extension(media_type: str) -> str:
    """Give the file extension for a media type, with its dot; ".bin" when it is not known."""
    return _EXTENSIONS.get(media_type.partition(";")[0].strip().lower(), ".bin")


async def keep_images(
    http: Http, addresses: Sequence[str], staging: Staging, *, seen: Seen | None = None
) -> tuple[str, ...]:
    """Keep pictures, as a browser already has them or else fetched; name what could not be kept, in words.

    At most `MAX_IMAGES`, each up to `MAX_IMAGE_BYTES`, together up to `MAX_ALL_BYTES`; the rest is named too.
    """
    wanted = [address for address in dict.fromkeys(addresses) if is_web_url(address)]
    kept = _Kept()
    for address in wanted[:MAX_IMAGES]:
        found = await seen(address) if seen is not None else None
        origin = Origin.DECODED
        if found is None:
            found, origin = await _fetch(http, address, kept), Origin.REFETCHED
        if found is not None:
            await _keep(found, origin, address, staging, kept)
    if len(wanted) > MAX_IMAGES:
        kept.missing.append(f"{len(wanted) - MAX_IMAGES} more pictures of the post were left out")
    return tuple(kept.missing)


async def _fetch(http: Http, address: str, kept: _Kept) -> tuple[bytes, str] | None:
    try:
        response = await http.get(address)
    except (ConnectorError, FetchError) as fault:
        kept.missing.append(f"the picture {address} could not be fetched: {fault}")
        return None
    return response.body, response.media_type


async def _keep(found: tuple[bytes, str], origin: Origin, address: str, staging: Staging, kept: _Kept) -> None:
    body, media_type = found
    if not media_type.startswith("image/"):
        kept.missing.append(f"the picture {address} is no picture but {media_type or 'of unknown type'}")
    elif len(body) > MAX_IMAGE_BYTES or kept.size + len(body) > MAX_ALL_BYTES:
        kept.missing.append(f"the picture {address} is too large ({len(body)} bytes)")
    else:
        kept.count += 1
        kept.size += len(body)
        name = f"image-{kept.count:02d}{extension(media_type)}"
        await asyncio.to_thread(staging.add, ArtifactRole.MEDIA, name, media_type, origin, body)
