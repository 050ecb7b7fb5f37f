"""Read bodies without trusting their size: capped bytes in, capped bytes out."""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncIterator

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard

from monitor.errors import SourceChanged, SourceUnavailable, TooLarge

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
_PLAIN = frozenset({"", "identity", "none", "utf-8"})
_STEP = 64 * 1024
_ZSTD_SLICE = 32
_ZSTD_WINDOW = 8 * 1024 * 1024  # the largest window RFC 9659 lets a web server use


def _too_large(limit: int) -> TooLarge:
    return TooLarge(why=f"It is more than {limit // 1024} KiB.")


async def read_capped(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """Collect chunks; raises TooLarge as soon as there are more than `limit` bytes."""
    body = io.BytesIO()
    async for chunk in chunks:
        if body.tell() + len(chunk) > limit:
            raise _too_large(limit)
        body.write(chunk)
    return body.getvalue()


def decode(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo one layer of gzip, deflate, br or zstd; raises TooLarge before more than `limit` bytes are made.

    SourceUnavailable when the compressed bytes end early or are damaged, SourceChanged for any other encoding or
    several layers.
    """
    name = encoding.strip().lower()
    if name in _PLAIN or not body:
        if len(body) > limit:
            raise _too_large(limit)
        return body
    undo = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "br": _brotli, "zstd": _zstd}.get(name)
    if undo is None:
        raise SourceChanged("The answer is compressed in a way that is not read.", why=repr(encoding[:60]))
    try:
        return undo(body, limit)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as error:
        raise SourceUnavailable("The compressed answer is damaged or cut short.", why=str(error)) from error


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 means the zlib format; many servers send the bare one.
    is_zlib = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflate(body, limit, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


def _inflate(body: bytes, limit: int, wbits: int) -> bytes:
    out = io.BytesIO()
    position = 0
    # A gzip body may consist of several members; anything else behind the first one is padding and ignored.
    while position < len(body) and (position == 0 or body.startswith(b"\x1f\x8b", position)):
        position = _member(body, position, wbits, out, limit)
    return out.getvalue()


def _member(body: bytes, position: int, wbits: int, out: io.BytesIO, limit: int) -> int:
    """Undo one member and give the position behind it."""
    inflater = zlib.decompressobj(wbits)
    pending = b""
    while not inflater.eof:
        if not pending:
            pending = body[position : position + _STEP]
            position += len(pending)
        piece = inflater.decompress(pending, _STEP)
        if not piece and not pending and not inflater.eof:
            raise EOFError("ends early")
        out.write(piece)
        if out.tell() > limit:
            raise _too_large(limit)
        pending = inflater.unconsumed_tail
    return position - len(inflater.unused_data)


def _brotli(body: bytes, limit: int) -> bytes:
    inflater = brotli.Decompressor()
    out = io.BytesIO()
    out.write(inflater.process(body, output_buffer_limit=_STEP))
    while not inflater.is_finished():
        piece = inflater.process(b"", output_buffer_limit=_STEP)
        if not piece and inflater.can_accept_more_data():
            raise EOFError("ends early")
        out.write(piece)
        if out.tell() > limit:
            raise _too_large(limit)
    return out.getvalue()


def _zstd(body: bytes, limit: int) -> bytes:
    out = io.BytesIO()
    maker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    inflater = maker.decompressobj()
    # The library has no cap on output, but a block never gives more than 128 KiB: small slices keep it bounded.
    for start in range(0, len(body), _ZSTD_SLICE):
        pending = body[start : start + _ZSTD_SLICE]
        while pending:
            if inflater.eof:
                inflater = maker.decompressobj()
            out.write(inflater.decompress(pending))
            pending = inflater.unused_data
        if out.tell() > limit:
            raise _too_large(limit)
    if not inflater.eof:
        raise EOFError("ends early")
    return out.getvalue()
