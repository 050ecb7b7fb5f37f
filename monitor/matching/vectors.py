"""Compare one vector with many, with numpy where it is installed: an encoder brings it along, nothing else needs it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from types import ModuleType
from typing import Any

Vector = Sequence[float]


class Vectors:
    """Hold vectors of length 1, to be compared with others of their kind."""

    def __init__(self, vectors: Sequence[Vector]) -> None:
        self._numpy: Any = _numpy() if len(vectors) else None
        self._rows: Any = vectors if self._numpy is None else self._numpy.asarray(vectors, dtype="float32")
        self._size = len(vectors)

    def likeness(self, asked: Vector) -> list[float]:
        """Give the dot product of each held vector with this one, in order."""
        if not self._size:
            return []
        if self._numpy is None:
            return [sum(map(mul, asked, row)) for row in self._rows]
        products: list[float] = (self._rows @ self._numpy.asarray(asked, dtype="float32")).tolist()
        return products


def _numpy() -> ModuleType | None:
    """Give numpy, loaded when vectors are first held; None where it is not installed."""
    try:
        import numpy as np  # noqa: PLC0415 # part of an optional extra, and heavy; a hand-made encoder works without
    except ImportError:
        return None
    return np
