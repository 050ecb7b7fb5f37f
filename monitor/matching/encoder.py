"""Say what a sentence encoder must do; the matcher works without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Encoder(Protocol):
    """Turn texts into vectors whose dot product is their likeness in meaning.

    Vectors have length 1 and one dimension for all texts of one encoder. The same text always gives the same vector.
    An encoder may be used from one thread at a time and does no network access.
    """

    @property
    def name(self) -> str:
        """Name the model and its version, as judgements record it."""
        ...

    def encode(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Give one vector a text, in order."""
        ...
