"""A case of 200 exhibits becomes a packet quickly, and the same each time; a hostile one is only words."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from monitor.cases.packet import packet
from monitor.cases.printing import print_packet
from monitor.testing import NOW

pytest.importorskip("typst")
pypdf = pytest.importorskip("pypdf")


@pytest.fixture(scope="module")
def benchmark(checkout: Path) -> ModuleType:
    spec = spec_from_file_location("benchmark_packet", checkout / "benchmarks" / "packet.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_two_hundred_exhibits_in_nine_scripts(benchmark: ModuleType) -> None:
    figures = benchmark.measure(200)
    assert figures["packet_cpu_s"] <= 10
    assert len(figures["scripts"]) == 9
    assert figures["characters_without_glyph"] == []
    assert figures["is_reproducible"] is True
    assert figures["pdf_a"] == "2b"
    assert figures["naive_one_document_an_exhibit_s"] > figures["packet_wall_s"]


@pytest.fixture(scope="module")
def lines(shared_data: Path) -> list[str]:
    found: dict[str, None] = {}
    for path in sorted((shared_data / "hostile").rglob("*.txt")):
        for line in path.read_bytes().decode("utf-8", "replace").splitlines():
            if line.strip():
                found[line[:2_000]] = None
    assert len(found) > 5_000
    return list(found)


def names(value: object, seen: set[int]) -> Iterator[str]:
    """Give the key of everything in a document, each object once."""
    value = value.get_object() if hasattr(value, "get_object") else value
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict):
        for key, entry in value.items():
            yield str(key)
            yield from names(entry, seen)
    elif isinstance(value, list):
        for entry in value:
            yield from names(entry, seen)


def test_hostile_words_are_only_words_in_a_packet(benchmark: ModuleType, tmp_path: Path, lines: list[str]) -> None:
    desk, case_id = benchmark.case_of(tmp_path, 9)
    overview = desk.overview(case_id)
    (first, *_) = overview.exhibits
    step = len(lines) // 120
    exhibits = tuple(
        replace(
            first, number=number, words=words, context=words, title=words, author=words, url=words, source=words[:60]
        )
        for number, words in enumerate(("\n".join(lines[at : at + 4]) for at in range(0, len(lines), step)), start=1)
    )
    shown = replace(overview, exhibits=exhibits)
    made = print_packet(packet(shown, chain_head="0" * 64, software="x", at=NOW), overview.spread, NOW)
    document = pypdf.PdfReader(io.BytesIO(made.body))
    active = {"/JS", "/JavaScript", "/Launch", "/URI", "/SubmitForm", "/OpenAction", "/AA", "/EmbeddedFile"}
    assert active.isdisjoint(names(document.trailer, set()))
    assert len(document.pages) > 50
