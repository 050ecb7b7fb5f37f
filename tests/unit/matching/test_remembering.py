"""The benchmarks' memory of vectors changes no figure and encodes nothing twice."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("numpy", reason="the vectors of a sentence model need numpy")


class Counting:
    """Encode a text as its length, and count the texts."""

    def __init__(self, name: str = "lengths") -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked += texts
        return [[float(len(text)), 1.0] for text in texts]


@pytest.fixture
def remembering(checkout: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("remembering", checkout / "benchmarks" / "remembering.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(vectors: Sequence[Sequence[float]]) -> list[list[float]]:
    return [[float(value) for value in vector] for vector in vectors]


def test_each_text_is_encoded_once_and_comes_back_in_its_place(remembering: ModuleType) -> None:
    encoder = Counting()
    memory = remembering.Remembering(encoder)
    texts = ["long text", "a", "long text", "bb"]
    assert rows(memory.encode(texts)) == [[9, 1], [1, 1], [9, 1], [2, 1]]
    assert rows(memory.encode(["bb", "new"])) == [[2, 1], [3, 1]]
    assert sorted(encoder.asked) == ["a", "bb", "long text", "new"]
    assert (memory.encoded, memory.from_cache, memory.name) == (4, 0, "lengths")
    assert rows(memory.encode([])) == []


def test_a_folder_keeps_them_for_the_same_model_only(remembering: ModuleType, tmp_path: Path) -> None:
    remembering.Remembering(Counting(), tmp_path).encode(["a", "bb", "ccc"])
    same, other = Counting(), Counting("another")
    again = remembering.Remembering(same, tmp_path)
    assert rows(again.encode(["ccc", "a", "dddd"])) == [[3, 1], [1, 1], [4, 1]]
    assert same.asked == ["dddd"]
    assert again.from_cache == 3
    remembering.Remembering(other, tmp_path).encode(["a"])
    assert other.asked == ["a"]
