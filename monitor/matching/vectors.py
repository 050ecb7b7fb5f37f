"""Compare one vector with many, with numpy where it is installed: an encoder brings it along, nothing else needs it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import Any

try:
    import numpy as np
except ImportError:  # part of an optional extra; a hand-made encoder works without
    np = None  # type: ignore[assignment] # every use asks whether it is there

Vector = Sequence[float]


class Vectors:
    """Hold vectors of length 1, to be compared with others of their kind."""

    def __init__(self, vectors: Sequence[Vector]) -> None:
        self._numpy: Any = np
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
