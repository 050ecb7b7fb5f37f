"""Bounded decompression."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SourceChanged, SourceUnavailable, TooLarge
from monitor.http.bodies import decode

MIB = 1024 * 1024
TEXT = b"The quay was quiet. " * 20_000


def _raw_deflate(body: bytes) -> bytes:
    maker = zlib.compressobj(wbits=-15)
    return maker.compress(body) + maker.flush()


PACK = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("body", [b"", b"x", TEXT, bytes(range(256)) * 3000])
def test_round_trip(name: str, body: bytes) -> None:
    assert decode(PACK[name](body), name, len(body)) == body


def test_bare_deflate() -> None:
    assert decode(_raw_deflate(TEXT), "deflate", len(TEXT)) == TEXT


def test_names_are_not_case_sensitive() -> None:
    assert decode(gzip.compress(TEXT), " GZip ", len(TEXT)) == TEXT


def test_several_members_and_padding() -> None:
    assert decode(gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0\0", "gzip", 100) == b"one two"
    assert decode(zstandard.compress(b"one ") + zstandard.compress(b"two"), "zstd", 100) == b"one two"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_one_byte_too_many(name: str) -> None:
    with pytest.raises(TooLarge):
        decode(PACK[name](TEXT), name, len(TEXT) - 1)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_bombs_stop_at_the_cap(name: str) -> None:
    zeros = b"\0" * (64 * MIB)
    packed = brotli.compress(zeros, quality=1) if name == "br" else PACK[name](zeros)
    with pytest.raises(TooLarge):
        decode(packed, name, MIB)


@pytest.mark.parametrize("suffix", ["br", "zst"])
def test_recorded_bombs_stop_at_the_cap(shared_data: Path, suffix: str) -> None:
    bomb = (shared_data / "hostile" / "text" / f"bomb_512MiB.{suffix}").read_bytes()
    with pytest.raises(TooLarge):
        decode(bomb, {"br": "br", "zst": "zstd"}[suffix], 20 * MIB)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_cut_short(name: str) -> None:
    packed = PACK[name](TEXT)
    for end in (1, len(packed) // 2, len(packed) - 1):
        with pytest.raises(SourceUnavailable):
            decode(packed[:end], name, len(TEXT))


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_not_what_it_says(name: str) -> None:
    with pytest.raises(SourceUnavailable):
        decode(b"<html>plain</html>", name, MIB)


@pytest.mark.parametrize("name", ["compress", "gzip, gzip", "br,gzip", "x" * 5000, "\ud800"])
def test_unknown_or_layered_encodings_are_refused(name: str) -> None:
    with pytest.raises(SourceChanged):
        decode(b"abc", name, MIB)


@given(body=st.binary(max_size=400), name=st.sampled_from(["gzip", "deflate", "br", "zstd", "", "identity"]))
def test_arbitrary_bytes_raise_nothing_else(body: bytes, name: str) -> None:
    with suppress(TooLarge, SourceUnavailable):
        assert len(decode(body, name, 10_000)) <= 10_000
