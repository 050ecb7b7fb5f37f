"""Sound and film that a page plays from a file are kept as their server gives them, or named."""

from __future__ import annotations

import struct

import pytest
from aiohttp import web

from monitor.domain import ArtifactRole, Origin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUOTE = "FIRST LAST stole money from patients"


def wav(seconds: float) -> bytes:
    """Make a quiet sound."""
    samples = b"\x80" * int(8000 * seconds)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(samples),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        8000,
        8000,
        1,
        8,
        b"data",
        len(samples),
    )
    return head + samples


async def test_a_sound_in_pieces_is_kept_whole(site, keep) -> None:
    sound = wav(20)

    async def in_pieces(request: web.Request) -> web.Response:
        wanted = request.http_range
        start, stop = wanted.start or 0, min(wanted.stop or len(sound), len(sound))
        if "Range" not in request.headers:
            return web.Response(body=sound, content_type="audio/wav", headers={"Accept-Ranges": "bytes"})
        headers = {"Content-Range": f"bytes {start}-{stop - 1}/{len(sound)}", "Accept-Ranges": "bytes"}
        return web.Response(status=206, body=sound[start:stop], content_type="audio/wav", headers=headers)

    site.pages["/sound.wav"] = in_pieces
    kept = await keep(site.page("/said", f"<body><p>{QUOTE}</p><audio src=/sound.wav preload=auto></audio>"), QUOTE)
    (recording,) = [one for one in kept.capture.artifacts if one.role is ArtifactRole.MEDIA]
    assert (recording.path.rpartition("/")[2], recording.origin) == ("recording-01.wav", Origin.REFETCHED)
    assert kept.body("recording-01.wav") == sound


async def test_a_recording_that_is_none_is_named(site, keep) -> None:
    kept = await keep(site.page("/broken", f"<body><p>{QUOTE}</p><video src=/missing.mp4 preload=auto></video>"), QUOTE)
    assert any(
        "a recording on the page is not kept" in gap and "/missing.mp4" in gap for gap in kept.observed.incomplete
    )
